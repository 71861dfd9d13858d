"""Certificates for brokers under test, made by openssl."""

import subprocess
from collections.abc import Sequence
from pathlib import Path


def certificate(folder: Path, openssl: str, name: str, wrapper: Sequence[str] = ()) -> tuple[Path, Path]:
    """A self-signed certificate for a host, good for two days from now: the paths of its key and of itself.

    Args:
        folder: where they go, as NAME.key and NAME.pem.
        openssl: the program.
        name: of the host.
        wrapper: a command that openssl is run by, e.g. on another day.
    """
    key, pem = folder / f"{name}.key", folder / f"{name}.pem"
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
    names = ("-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}")
    subprocess.run(
        [*wrapper, openssl, "req", "-x509", *curve, "-nodes", "-days", "2", *names, "-keyout", key, "-out", pem],
        check=True,
        capture_output=True,
    )
    return key, pem
