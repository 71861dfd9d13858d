"""Publish room: MQTT client, status, drain of the outbox. Sees messages, never a picture."""
