"""Camera room: where frames come from. Pixels are born here; what leaves is `Frame`."""
