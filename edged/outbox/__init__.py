"""Outbox room: the durable queue between the process that sees and the process that sends."""
