"""The parts of tools/demo: `start` runs on any Python, the rest in the environment that it makes."""
