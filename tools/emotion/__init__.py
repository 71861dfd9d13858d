"""The emotion network, from the raters' votes to the int8 file and its card; README.md tells the order."""
