"""serve: pictures and videos over HTTP, for who calls an API on this machine."""

import argparse
import errno
import ipaddress
import logging
import os
import signal
import ssl
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from edged.cli.common import config_arguments, config_of
from edged.errors import (
    ConfigError,
    EdgedError,
    ExitCode,
    InUseError,
    MissingInputError,
    UnavailableError,
    UsageError,
)
from edged.service.logs import set_up

CREDENTIAL: Final = "edged-http-token"
"""Name of the systemd credential that holds the token (systemd.exec(5), LoadCredential=)."""
_LEAST_TOKEN: Final = 16
_PARTS: Final = ("fastapi", "uvicorn", "python_multipart", "prometheus_client")


def serve(parsed: argparse.Namespace) -> int:
    """Answer requests until it is told to end."""
    if any(find_spec(part) is None for part in _PARTS):
        raise UnavailableError("edged serve needs parts that aren't installed: pip install 'edged[http]'")
    from edged.http.app import Settings, make_app  # noqa: PLC0415  (comes with the extra)
    from edged.http.server import listen, make_server  # noqa: PLC0415

    config = config_of(parsed)
    token = _token(parsed.token_file)
    _check(parsed, token)
    set_up("serve", config.log.level)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    failures: list[EdgedError] = []

    def on_failure(error: EdgedError) -> None:
        failures.append(error)
        server.should_exit = True

    def on_ready() -> None:
        print("edged: ready", file=sys.stderr)

    settings = Settings(
        vision=config.vision,
        analyze=(sys.executable, "-m", "edged", "analyze", *config_arguments(parsed)),
        threads=parsed.threads or len(os.sched_getaffinity(0)),
        token=token,
        on_ready=on_ready,
        on_failure=on_failure,
    )
    try:
        server = make_server(make_app(settings), parsed.tls_cert, parsed.tls_key)
    except ssl.SSLError:
        raise ConfigError(
            f"{parsed.tls_cert} and {parsed.tls_key} are not a PEM certificate and its private key"
        ) from None
    except OSError as error:
        raise MissingInputError(f"{error.filename or parsed.tls_cert} can't be read: {error.strerror}") from None
    try:
        with listen(parsed.address, parsed.port) as port:
            where = f"[{parsed.address}]" if ":" in parsed.address else parsed.address
            scheme = "https" if parsed.tls_cert else "http"
            print(
                f"edged: serving {scheme}://{where}:{port.getsockname()[1]}/ (page) and /docs; the models are loading",
                file=sys.stderr,
            )
            print(
                "edged: answers are about single faces: personal data; nothing is stored or published", file=sys.stderr
            )
            # uvicorn ends by these in good order, and then raises them again for whoever was there before: nobody.
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: None)
            server.run(sockets=[port])
    except OSError as error:
        raise _cant_listen(error, parsed) from error
    if failures:
        raise failures[0]
    return ExitCode.OK


def _token(file: Path | None) -> str | None:
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    credential = Path(folder, CREDENTIAL) if folder else None
    path = file or (credential if credential is not None and credential.is_file() else None)
    if path is None:
        return None
    try:
        token = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        told = error.strerror if isinstance(error, OSError) else "it is not ASCII text"
        raise MissingInputError(f"the token file {path} can't be read: {told}") from None
    if len(token) < _LEAST_TOKEN or not token.isprintable() or " " in token:
        raise ConfigError(
            f"the token in {path} can be guessed or sent badly: take {_LEAST_TOKEN} letters and digits at least, "
            "e.g. from: openssl rand -hex 32"
        )
    return token


def _check(parsed: argparse.Namespace, token: str | None) -> None:
    try:
        address = ipaddress.ip_address(parsed.address)
    except ValueError:
        raise UsageError(f"--address {parsed.address}: write an address, e.g. 127.0.0.1 or 0.0.0.0") from None
    if not 0 <= parsed.port <= 65535:
        raise UsageError(f"--port {parsed.port}: a port is between 0 and 65535")
    if parsed.threads is not None and not 1 <= parsed.threads <= 64:
        raise UsageError(f"--threads {parsed.threads}: between 1 and 64, please")
    if (parsed.tls_cert is None) != (parsed.tls_key is None):
        raise UsageError("--tls-cert and --tls-key belong together: give both")
    if address.is_loopback:
        return
    if token is None:
        raise UsageError(
            f"--address {parsed.address} is reached from other machines: give a token with --token-file, "
            f"or as the systemd credential {CREDENTIAL}"
        )
    if parsed.tls_cert is None and not parsed.insecure:
        raise UsageError(
            f"--address {parsed.address}: pictures and token would cross the network readable; give --tls-cert and "
            "--tls-key, or say --insecure"
        )


def _cant_listen(error: OSError, parsed: argparse.Namespace) -> EdgedError:
    where = f"{parsed.address} port {parsed.port}"
    if error.errno == errno.EADDRINUSE:
        return InUseError(f"{where} is in use by another process: choose another with --port")
    if error.errno == errno.EACCES:
        return UsageError(f"{where} may not be opened: choose a port above 1023")
    return UsageError(f"{where} can't be opened: {error.strerror}")
