"""HTTP room: pictures and videos for who calls an API on this machine. No way to messages, outbox or broker."""
