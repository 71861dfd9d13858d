"""CLI room: the commands, thin."""
