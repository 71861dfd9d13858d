"""What tools/trial is made of."""
