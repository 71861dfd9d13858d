"""Where each message goes. All topics of a device lie below edged/<device>/, so that one ACL line covers it."""

from edged.messages.gap import GapMessage
from edged.messages.window import WindowMessage

OutboxMessage = WindowMessage | GapMessage
"""What the outbox takes; nothing else goes in."""


def status_topic(device: str) -> str:
    """Topic of the retained status."""
    return f"edged/{device}/status"


def window_topic(device: str, camera: str) -> str:
    """Topic of a camera's windows."""
    return f"edged/{device}/{camera}/window"


def gap_topic(device: str) -> str:
    """Topic of the gap messages."""
    return f"edged/{device}/gap"


def doctor_topic(device: str) -> str:
    """Topic of the empty message by which `edged doctor` tries whether the device may publish; nothing is retained."""
    return f"edged/{device}/doctor"


def topic_of(message: OutboxMessage) -> str:
    """Topic of a message of the outbox."""
    match message:
        case WindowMessage():
            return window_topic(message.device, message.camera)
        case GapMessage():
            return gap_topic(message.device)
