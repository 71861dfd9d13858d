"""models list, models verify."""
