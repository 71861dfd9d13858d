"""Makes a virtual environment in the clone, with edged and one of its extras in it, and says what it is doing.

Rules:
  - Standard library only, and a syntax that Python 3.7 reads: a machine that is too old is told so in one sentence.
  - What is wrong is said as one sentence with what to do about it; pip's own words are shown only below that.
  - An environment is used again as long as pyproject.toml and the interpreter stay the same. It is an editable
    install, so that it always runs the code as it stands.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

CLONE = Path(__file__).resolve().parent.parent
OLDEST = (3, 11)
"""The oldest Python that edged runs on."""

_PROBE = "import sys; print(sys.version_info[0], sys.version_info[1], sys.version.split()[0]); import ensurepip, venv"
_OFFLINE = (
    "Temporary failure in name resolution",
    "Name or service not known",
    "Failed to establish a new connection",
    "Network is unreachable",
    "ConnectTimeoutError",
    "ReadTimeoutError",
    "ProxyError",
    "SSLError",
)


class SetUpError(Exception):
    """The environment can't be made; the text says what a person has to do."""


def environment(name: str, extra: str, python: str) -> Path:
    """Make or reuse the environment `name` in the clone, with `edged[extra]`; return the path of its Python.

    Raises SetUpError.
    """
    version = _check_interpreter(python)
    folder = CLONE / name
    inside = folder / "bin" / "python"
    stamp = folder / "made-for"
    made_for = _digest(version, extra)
    if stamp.is_file() and stamp.read_text() == made_for and _runs(inside):
        return inside
    print(f"making {name} with Python {version} (once; some minutes on a small device)", flush=True)
    _check_writable()
    shutil.rmtree(folder, ignore_errors=True)
    _call([python, "-m", "venv", str(folder)], "making the environment")
    _install(inside, extra)
    stamp.write_text(made_for)
    return inside


def _check_interpreter(python: str) -> str:
    """Return the version of the interpreter `python`, which is new enough and has venv."""
    try:
        probe = subprocess.run([python, "-c", _PROBE], capture_output=True, check=False)
    except OSError as error:
        raise SetUpError(f"{python} can't be started ({error.strerror}): name another with --python") from None
    words = probe.stdout.decode().split()
    if len(words) < 3:
        raise SetUpError(f"{python} doesn't answer as a Python interpreter: name another with --python")
    if (int(words[0]), int(words[1])) < OLDEST:
        raise SetUpError(
            f"{python} is Python {words[2]} and edged needs {OLDEST[0]}.{OLDEST[1]} or newer (Debian 12 has it): "
            "name a newer one with --python"
        )
    if probe.returncode != 0:
        raise SetUpError("Python's venv package is missing; install it with: sudo apt install python3-venv")
    return words[2]


def _check_writable() -> None:
    if not os.access(str(CLONE), os.W_OK):
        raise SetUpError(f"{CLONE} can't be written: the environment is made there; clone edged to a folder of yours")


def _digest(version: str, extra: str) -> str:
    # The path is in it because an environment that was moved along with its clone no longer works.
    parts = (version, extra, str(CLONE), (CLONE / "pyproject.toml").read_text(encoding="utf-8"))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _runs(python: Path) -> bool:
    try:
        return (
            subprocess.run([str(python), "-c", "import edged"], stderr=subprocess.DEVNULL, check=False).returncode == 0
        )
    except OSError:
        return False


def _call(command: list[str], doing: str) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        raise SetUpError(f"{doing} failed:\n{done.stdout.decode(errors='replace')}")


def _install(python: Path, extra: str) -> None:
    command = [str(python), "-m", "pip", "install", "--progress-bar", "off", "--disable-pip-version-check"]
    command += ["-e", f".[{extra}]"]
    pip = subprocess.Popen(command, cwd=str(CLONE), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said: list[str] = []
    with _Progress() as progress:
        assert pip.stdout is not None
        try:
            for raw in pip.stdout:
                line = raw.decode(errors="replace").rstrip()
                said.append(line)
                progress.doing(_in_short(line))
        except BaseException:
            pip.terminate()
            raise
        finally:
            pip.wait()
    if pip.returncode != 0:
        raise SetUpError(_why("\n".join(said)))
    print(f"  installed in {progress.seconds} s", flush=True)


def _in_short(line: str) -> str | None:
    """What a line of pip's amounts to, or None when it is nothing new."""
    words = line.split()
    if len(words) > 1 and words[0] in {"Collecting", "Downloading"}:
        what = words[1].rsplit("/", 1)[-1].split("-")[0].split("=")[0].split("<")[0].split(">")[0].split("[")[0]
        return f"fetching {what}"
    if line.startswith("Installing build dependencies"):
        return "fetching what builds edged"
    if line.startswith("Installing collected packages"):
        return f"unpacking {line.count(',') + 1} packages"
    return None


def _why(said: str) -> str:
    last = "\n".join(said.splitlines()[-12:])
    if any(sign in said for sign in _OFFLINE):
        return f"the package index can't be reached: check this machine's network and run this again\n{last}"
    if "No space left on device" in said:
        return f"the disk is full: about 600 MB are needed below {CLONE}\n{last}"
    if "No matching distribution found" in said:
        return (
            f"a package isn't made for this machine and Python: a 64-bit system and Python 3.11 to 3.13 serve\n{last}"
        )
    return f"pip failed:\n{last}"


class _Progress:
    """Shows what is being done and for how long: one line rewritten on a terminal, a line now and then elsewhere.

    Where there is no terminal, what was said already is said again only when twice the time has passed.
    """

    QUIET_S = 10.0
    """Seconds between two lines where there is no terminal."""

    def __init__(self) -> None:
        self._doing = "asking the package index"
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._show, daemon=True)
        self._begun = time.monotonic()

    def __enter__(self) -> _Progress:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def doing(self, what: str | None) -> None:
        """Note what is being done now; None: still the same."""
        self._doing = what or self._doing

    @property
    def seconds(self) -> int:
        """How long it has taken so far."""
        return int(time.monotonic() - self._begun)

    def _show(self) -> None:
        terminal = sys.stdout.isatty()
        signs = "|/-\\"
        turn = 0
        said, again_s = "", 0
        while not self._ended.wait(0.2 if terminal else self.QUIET_S):
            turn += 1
            if terminal:
                line = f"  {signs[turn % 4]} {self.seconds:3} s  {self._doing}"
                print(f"\r{line[:78]:<78}", end="", flush=True)
            elif self._doing != said or self.seconds >= again_s:
                said, again_s = self._doing, 2 * self.seconds
                print(f"  {self.seconds:3} s  {said}", flush=True)
        if terminal:
            print(f"\r{'':<78}\r", end="", flush=True)
