"""Where each message goes. All topics of a device lie below edged/<device>/, so that one ACL line covers it."""

from edged.messages.gap import GapMessage
from edged.messages.window import WindowMessage

OutboxMessage = WindowMessage | GapMessage
"""What the outbox takes; nothing else goes in."""


def status_topic(device: str) -> str:
    """Topic of the retained status."""
    return f"edged/{device}/status"


def topic_of(message: OutboxMessage) -> str:
    """Topic of a message of the outbox."""
    match message:
        case WindowMessage():
            return f"edged/{message.device}/{message.camera}/window"
        case GapMessage():
            return f"edged/{message.device}/gap"
