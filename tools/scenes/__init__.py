"""Synthetic scenes with truth, and how well visits are followed in them. Used by `tools/evaluate visits`.

    shop.py → stage.py → eye.py → figures.py → table.py
    (who walks where)    (what could be seen)  (what a detector makes of it)  (the figures)  (scene by scene)

recipes.py lists the scenes; clips.py does the same for real videos. The same seed gives the same scenes everywhere.
"""
