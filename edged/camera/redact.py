"""What may be said of a camera's URL in a log line, an error or a status message.

Rule: only the scheme, the host and the port. Cameras carry their password in the user part, in the query and some in
the path (`/user=admin_password=…`), so none of those is ever shown.
"""

import re

_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<rest>.*)", re.DOTALL)
_HOST = re.compile(r"[A-Za-z0-9._-]+(:\d+)?|\[[0-9A-Fa-f:.]+\](:\d+)?")


def is_url(source: str) -> bool:
    """Tell whether a source is a URL rather than a path."""
    return _URL.fullmatch(source) is not None


def redact(url: str) -> str:
    """Return the URL without anything that could be a password.

    A password with an unescaped `@`, `/`, `?` or `#` leaves it open which part is the host; then none is shown.
    """
    match = _URL.fullmatch(url)
    if match is None:
        return "…"
    authority, *path = re.split(r"[/?#]", match["rest"], maxsplit=1)
    host = authority.split("@", maxsplit=1)[-1]
    ambiguous = "@" in host or any("@" in part for part in path)
    shown = host if _HOST.fullmatch(host) and not ambiguous else "…"
    return f"{match['scheme']}://{shown}" + ("/…" if path and path[0] and shown != "…" else "")
