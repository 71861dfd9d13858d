"""Watch room: a subscriber for people, and the ledger of what arrived, which every delivery test keeps as well.

broker ─PUBLISH→ subscription ─bytes→ ledger (new, repeated, missing) → board (what is known) → screen, or JSON lines
"""
