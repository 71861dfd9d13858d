"""tools/soak: the whole service for a long time, with cameras and a broker that fail."""
