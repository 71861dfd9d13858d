"""What a connection needs from disk, read anew for each, so that a replaced file is taken up without a restart."""

import ssl

from edged.config.model import Broker


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
    """Make what TLS needs: who is trusted, TLS 1.2 at least. Raises UnreadableError."""
    try:
        context = ssl.create_default_context(cafile=None if broker.ca_file is None else str(broker.ca_file))
    except (OSError, ssl.SSLError) as error:
        told = error.strerror or "it holds no PEM certificate"
        raise UnreadableError(f"the CA file {broker.ca_file} can't be used: {told}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
