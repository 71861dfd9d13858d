"""Analysis room: single pictures and videos, for the person who asks. No way to outbox, messages or network."""
