"""Messages room: the wire. Every message and topic as a pydantic model; JSON Schema is generated from them."""
