"""What a connection needs from disk, read anew for each, and whether it has been replaced since.

Rules:
  - A file counts as replaced once it has looked the same for two looks: one that is just being written is left alone.
  - Nothing here asks at a terminal: a private key with a passphrase is refused.
"""

import ssl
from pathlib import Path
from typing import Final

from edged.config.model import Broker

LOOK_EVERY_S: Final = 5.0


class UnreadableError(Exception):
    """A file that the connection needs can't be read; the text says which."""


def password_of(broker: Broker) -> str | None:
    """Fetch the password: from the configuration, or anew from its file. Raises UnreadableError."""
    if broker.password is not None:
        return broker.password.get_secret_value()
    if broker.password_file is None:
        return None
    try:
        return broker.password_file.read_text(encoding="utf-8").strip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        told = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UnreadableError(f"the password file {broker.password_file} can't be read: {told}") from error


def tls_context(broker: Broker) -> ssl.SSLContext:
    """Make what TLS needs: who is trusted, who we are, TLS 1.2 at least. Raises UnreadableError."""
    try:
        context = ssl.create_default_context(cafile=None if broker.ca_file is None else str(broker.ca_file))
    except (OSError, ssl.SSLError) as error:
        told = error.strerror or "it holds no PEM certificate"
        raise UnreadableError(f"the CA file {broker.ca_file} can't be used: {told}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if broker.certificate_file is not None and broker.key_file is not None:
        try:
            context.load_cert_chain(broker.certificate_file, broker.key_file, password=lambda: "")
        except (OSError, ssl.SSLError) as error:
            told = "they are not a PEM certificate and its private key without a passphrase"
            if not isinstance(error, ssl.SSLError):
                told = error.strerror or "they can't be read"
            raise UnreadableError(
                f"the certificate {broker.certificate_file} and its key {broker.key_file} can't be used: {told}"
            ) from error
    return context


class Watch:
    """Tells when a file that a connection was made with has been replaced. Time is in monotonic seconds."""

    def __init__(self, broker: Broker) -> None:
        files = (broker.password_file, broker.ca_file, broker.certificate_file, broker.key_file)
        self._files = [file for file in files if file is not None]
        self._used = self._seen = self._look()
        self._due = 0.0

    def remember(self) -> None:
        """The files are being read now: from here on, others are news."""
        self._used = self._seen = self._look()

    def changed(self, now: float) -> bool:
        """Whether other files are there than those remembered, and they have stayed so for a while."""
        if not self._files or now < self._due:
            return False
        self._due = now + LOOK_EVERY_S
        before, self._seen = self._seen, self._look()
        return self._seen != self._used and self._seen == before

    def _look(self) -> tuple[tuple[int, int, int] | None, ...]:
        return tuple(_marks(file) for file in self._files)


def _marks(file: Path) -> tuple[int, int, int] | None:
    """What changes with a file: its inode, time and size; None when it isn't there."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
