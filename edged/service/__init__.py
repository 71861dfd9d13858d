"""Service room: the mains of the two processes, their supervisor, and the one place that wires rooms together."""
