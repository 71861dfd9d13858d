"""What tools/deb is made of."""
