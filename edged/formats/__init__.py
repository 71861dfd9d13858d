"""Formats room: how an analysed picture or video is worded, our way and those of two other systems. Pure."""
