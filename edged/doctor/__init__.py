"""What `edged doctor` looks at on a device, and what it makes of it."""
