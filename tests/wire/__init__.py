"""What really passes the device's borders: the wire, the disk, the log."""
