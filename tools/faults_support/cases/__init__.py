"""One module a kind of fault. Every module here is imported, and its cases are known by that."""
