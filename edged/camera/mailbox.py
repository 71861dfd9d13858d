"""One camera's newest frame, in memory that its capture process and the sensing process share.

    capture process ─put→ [slot][slot][slot] ─take→ sensing process

Strategy: three slots (triple buffering). One belongs to who takes, one holds the newest frame, one is free for the
next; so neither side waits for the other, and no pixel is written while it is read. A frame is written once, into a
slot, and read where it lies.

Rules:
  - The newest frame wins. One that is replaced before anyone took it is counted as dropped; there is no queue.
  - Which slot is whose stands in a header, under a lock that is held for a few bytes and never for pixels: a record
    lock (fcntl(2)), which the kernel lets go when its holder dies at whatever instant.
  - The memory has no name (memfd_create(2)): nobody else can open it, it never touches a disk, and it is gone with the
    last of the two processes. It is sealed, so that a capture process gone wild can't shrink it under its reader.
  - A mailbox serves one capture process. Another gets a new one, whatever state the last one was killed in.
  - Pages that no frame was written to cost nothing, so there is room for the largest picture from the start.
"""

import fcntl
import mmap
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edged.camera.frame import Frame
from edged.errors import CameraError

MOST_PIXELS: Final = 3840 * 2160
"""The largest picture that is taken (4K UHD)."""

_SLOTS: Final = 3
_SLOT_BYTES: Final = MOST_PIXELS * 3
_HEADER: Final = struct.Struct("=iiQ")
"""Newest slot, slot that is being read, frames dropped so far. No slot: -1."""
_LABEL: Final = struct.Struct("=dII")
"""Of the frame in a slot: when it was captured, height, width."""
_LABELS_AT: Final = 64
_PIXELS_AT: Final = 4096
_SIZE: Final = _PIXELS_AT + _SLOTS * _SLOT_BYTES
_NONE: Final = -1
_SEALS: Final = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
_LOCK_ATTEMPTS: Final = 100


class Mailbox:
    """Either end of the shared memory."""

    def __init__(self, descriptor: int) -> None:
        """Map the memory behind a descriptor, which stays the caller's to close."""
        self._descriptor = descriptor
        self._memory = mmap.mmap(descriptor, _SIZE)

    @staticmethod
    def allocate() -> int:
        """Return the descriptor of a new, empty and sealed piece of memory."""
        descriptor = os.memfd_create("edged-frames", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(descriptor, _SIZE)
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, _SEALS)
        os.pwrite(descriptor, _HEADER.pack(_NONE, _NONE, 0), 0)
        return descriptor

    @property
    def dropped(self) -> int:
        """Frames that were replaced before anyone took them, or that arrived damaged."""
        dropped: int = _HEADER.unpack_from(self._memory)[2]
        return dropped

    def put(self, pixels: NDArray[np.uint8], captured: float) -> None:
        """Lay down the newest picture, (height, width, 3) uint8 of at most MOST_PIXELS. Called by one process only."""
        with self._locked():
            newest, reading, _ = _HEADER.unpack_from(self._memory)
        slot = next(slot for slot in range(_SLOTS) if slot not in {newest, reading})
        height, width = pixels.shape[:2]
        np.copyto(self._pixels(slot, height, width), pixels)
        _LABEL.pack_into(self._memory, _LABELS_AT + slot * _LABEL.size, captured, height, width)
        with self._locked():
            newest, reading, dropped = _HEADER.unpack_from(self._memory)
            _HEADER.pack_into(self._memory, 0, slot, reading, dropped + (newest != _NONE))

    def drop(self) -> None:
        """Count a frame that was due and arrived damaged."""
        with self._locked():
            newest, reading, dropped = _HEADER.unpack_from(self._memory)
            _HEADER.pack_into(self._memory, 0, newest, reading, dropped + 1)

    def take(self, camera: str) -> Frame | None:
        """Return the newest frame, or None if there is none that wasn't taken. Called by one process only.

        Its pixels lie in the shared memory: they can't be written to, and are valid until the next call. Raises
        CameraError when what lies there is no frame.
        """
        if not self._try_lock():
            return None
        try:
            slot, _, dropped = _HEADER.unpack_from(self._memory)
            if slot == _NONE:
                return None
            _HEADER.pack_into(self._memory, 0, _NONE, slot, dropped)
        finally:
            fcntl.lockf(self._descriptor, fcntl.LOCK_UN)
        captured, height, width = _LABEL.unpack_from(self._memory, _LABELS_AT + slot * _LABEL.size)
        if not 0 < height * width <= MOST_PIXELS:
            raise CameraError(f"the capture process of camera {camera!r} has written over its own memory")
        pixels = self._pixels(slot, height, width)
        pixels.flags.writeable = False
        return Frame(camera, captured, pixels)

    def _pixels(self, slot: int, height: int, width: int) -> NDArray[np.uint8]:
        offset = _PIXELS_AT + slot * _SLOT_BYTES
        count = height * width * 3
        return np.frombuffer(self._memory, np.uint8, count, offset).reshape(height, width, 3)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        fcntl.lockf(self._descriptor, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.lockf(self._descriptor, fcntl.LOCK_UN)

    def _try_lock(self) -> bool:
        # A capture process that was halted (SIGSTOP) inside the lock holds it: whoever takes must not wait for it.
        for _ in range(_LOCK_ATTEMPTS):
            try:
                fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.sched_yield()
            else:
                return True
        return False
