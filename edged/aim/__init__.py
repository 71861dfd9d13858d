"""`edged aim`: what the person who points a camera sees in a terminal, instead of a picture."""
