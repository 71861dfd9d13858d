"""A certificate authority for tests, made by openssl."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


@dataclass(frozen=True, slots=True)
class Authority:
    """Signs certificates; `pem` is its own."""

    folder: Path
    openssl: str
    name: str

    @classmethod
    def founded(cls, folder: Path, openssl: str, name: str) -> Self:
        """Make a new one."""
        made = cls(folder, openssl, name)
        made._run("req", "-x509", *_CURVE, "-days", "2", "-subj", f"/CN={name}", "-keyout", made._key, "-out", made.pem)
        return made

    @property
    def pem(self) -> Path:
        """Its certificate."""
        return self.folder / f"{self.name}.pem"

    @property
    def _key(self) -> Path:
        return self.folder / f"{self.name}.key"

    def issue(self, common_name: str, file: str) -> tuple[Path, Path]:
        """Issue a certificate to a host or a device; give the paths of its key and of itself: FILE.key, FILE.pem."""
        key, request, pem = (self.folder / f"{file}.{suffix}" for suffix in ("key", "csr", "pem"))
        extensions = self.folder / f"{file}.ext"
        extensions.write_text(f"subjectAltName=DNS:{common_name}\n")
        self._run("req", "-new", *_CURVE, "-subj", f"/CN={common_name}", "-keyout", key, "-out", request)
        signer = ("-CA", self.pem, "-CAkey", self._key, "-CAcreateserial", "-extfile", extensions)
        self._run("x509", "-req", "-in", request, "-days", "2", *signer, "-out", pem)
        return key, pem

    def _run(self, *words: str | Path) -> None:
        subprocess.run([self.openssl, *words], check=True, capture_output=True)
