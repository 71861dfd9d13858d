"""What a process wrote to the disk, in order, as strace saw it; and what a power cut at any moment leaves of it.

The model of the disk: what was written is safe from the next sync of that file on. Of what was written since, each
sector of 512 bytes got there or did not, by chance, whatever the order. A file that was never synced may be missing
altogether, and one that was removed may be back, until its folder is synced. The shared index (-shm) is memory; nothing
of it is kept.
"""

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

SECTOR = 512

TRACE = (
    "strace",
    "-f",
    "-qq",
    "-xx",
    "-y",
    "-s",
    "2000000",
    "-e",
    "trace=pwrite64,write,fsync,fdatasync,ftruncate,unlink",
)

_CALL = re.compile(r"^(?:\d+ +)?(\w+)\((\d+)<((?:\\x[0-9a-f]{2})*|[^>]*)>(?:, (.*))?\) += (-?\d+)")
_UNLINK = re.compile(r'^(?:\d+ +)?unlink\("((?:\\x[0-9a-f]{2})*)"\) += 0')
_TEXT = re.compile(r'^"((?:\\x[0-9a-f]{2})*)", (\d+)(?:, (\d+))?$')


class Event(NamedTuple):
    """One write, sync or cut-off of a file; or a mark that the process left."""

    kind: str
    """write, sync, truncate, remove or mark."""
    name: str
    """The file's, empty for the folder; for a mark its text."""
    offset: int = 0
    data: bytes = b""


def read(log: Path, folder: Path, marks: Path) -> Iterator[Event]:
    """The events of a log that concern the files of a folder, and the lines that were written to `marks`."""
    with log.open(encoding="ascii") as lines:
        for line in lines:
            if removed := _UNLINK.match(line):
                gone = Path(_unescape(removed[1]).decode())
                if gone.parent == folder:
                    yield Event("remove", gone.name)
            found = _CALL.match(line)
            if found is None:
                continue
            call, path, rest, result = found[1], Path(_unescape(found[3]).decode()), found[4] or "", int(found[5])
            if result < 0:
                raise ValueError(f"a call failed while it was recorded: {line[:200]}")
            if call == "write" and path == marks:
                yield Event("mark", _written(rest)[0].decode().strip())
            elif path == folder:
                yield Event("sync", "")
            elif path.parent != folder or path.name.endswith("-shm"):
                continue
            elif call in {"fsync", "fdatasync"}:
                yield Event("sync", path.name)
            elif call == "ftruncate":
                yield Event("truncate", path.name, int(rest))
            elif call == "pwrite64":
                data, offset = _written(rest)
                yield Event("write", path.name, offset, data[:result])


@dataclass
class _File:
    safe: bytearray = field(default_factory=bytearray)
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)
    """(offset, data), or (length, None) for a cut-off, since the last sync."""
    exists: bool = False
    """Its name is safe."""
    removed: bool = False
    """It was removed, and its folder was not synced since."""


class Disk:
    """What is on the disk for certain, and what is only on its way."""

    def __init__(self) -> None:
        self._files: dict[str, _File] = {}

    def take(self, event: Event, *, honest: Callable[[], bool] = lambda: True) -> None:
        """Let an event happen; a sync that is not honest does nothing."""
        if event.kind == "mark":
            return
        if event.name == "":
            if honest():
                self._files = {name: file for name, file in self._files.items() if not file.removed}
            return
        if event.kind == "write" and (event.name not in self._files or self._files[event.name].removed):
            self._files[event.name] = _File()
        file = self._files.setdefault(event.name, _File())
        if event.kind == "write":
            file.pending.append((event.offset, event.data))
        elif event.kind == "remove":
            file.removed = True
        elif event.kind == "truncate":
            file.pending.append((event.offset, None))
        elif honest():
            for offset, data in file.pending:
                _apply(file.safe, offset, data)
            file.pending.clear()
            file.exists = True

    def cut(self, folder: Path, chance: random.Random) -> None:
        """Write into a folder what a power cut leaves now."""
        kept = chance.choice([0.0, 0.1, 0.5, 0.9, 1.0])
        for name, file in self._files.items():
            if not file.exists and chance.random() >= kept:
                continue
            if file.removed and chance.random() < kept:
                continue
            left = bytearray(file.safe)
            for offset, data in file.pending:
                if data is None:
                    if chance.random() < kept:
                        _apply(left, offset, None)
                    continue
                for begin in range(0, len(data), SECTOR):
                    if chance.random() < kept:
                        _apply(left, offset + begin, data[begin : begin + SECTOR])
            (folder / name).write_bytes(left)


def _apply(content: bytearray, offset: int, data: bytes | None) -> None:
    if data is None:
        del content[offset:]
        content.extend(bytes(offset - len(content)))
        return
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data


def _written(rest: str) -> tuple[bytes, int]:
    found = _TEXT.match(rest)
    if found is None:
        raise ValueError(f"strace told something unexpected: {rest[:200]}")
    return _unescape(found[1]), int(found[3] or 0)


def _unescape(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", "")) if "\\x" in text else text.encode()
