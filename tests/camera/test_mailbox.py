"""Frames cross between two processes whole, newest first, and whoever dies leaves nothing behind."""

import fcntl
import mmap
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edged.camera.mailbox import _LABELS_AT, MOST_PIXELS, Mailbox
from edged.errors import CameraError

WRITER = """
import sys, time
import numpy as np
from edged.camera.mailbox import Mailbox
mailbox, pixels, number = Mailbox(int(sys.argv[1])), np.empty((480, 640, 3), np.uint8), 0
while True:
    number += 1
    pixels[:] = number % 256
    mailbox.put(pixels, float(number))
    if number == 1:
        print("writing", flush=True)
"""


@pytest.fixture
def memory() -> Iterator[int]:
    descriptor = Mailbox.allocate()
    yield descriptor
    os.close(descriptor)


def plain(value: int, height: int = 2, width: int = 3) -> NDArray[np.uint8]:
    return np.full((height, width, 3), value, np.uint8)


def test_a_frame_crosses_as_it_was(memory: int) -> None:
    """Pixels, shape, time and camera."""
    mailbox = Mailbox(memory)
    pixels = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    mailbox.put(pixels, 12.5)
    frame = mailbox.take("door")
    assert frame is not None
    assert (frame.camera, frame.captured) == ("door", 12.5)
    assert np.array_equal(frame.pixels, pixels)
    assert mailbox.take("door") is None


def test_the_newest_wins_and_the_others_are_counted(memory: int) -> None:
    """Of five frames four were replaced."""
    mailbox = Mailbox(memory)
    for value in range(5):
        mailbox.put(plain(value), float(value))
    frame = mailbox.take("door")
    assert frame is not None
    assert frame.captured == 4.0
    assert mailbox.dropped == 4
    mailbox.drop()
    assert mailbox.dropped == 5


def test_a_frame_that_is_looked_at_is_not_written_over(memory: int) -> None:
    """However many come meanwhile, and it can't be written to by who looks at it."""
    mailbox = Mailbox(memory)
    mailbox.put(plain(7), 0.0)
    frame = mailbox.take("door")
    assert frame is not None
    for value in range(10, 20):
        mailbox.put(plain(value), float(value))
    assert (frame.pixels == 7).all()
    with pytest.raises(ValueError, match="read-only"):
        frame.pixels[0, 0, 0] = 1


def test_pictures_may_change_size(memory: int) -> None:
    """Up to the largest there is room for; each has its own shape."""
    mailbox = Mailbox(memory)
    for height, width in ((2, 3), (2160, 3840), (1, 1)):
        mailbox.put(plain(9, height, width), 0.0)
        frame = mailbox.take("door")
        assert frame is not None
        assert frame.pixels.shape == (height, width, 3)


def test_a_frame_outlives_its_mailbox(memory: int) -> None:
    """The last frame of a process that was replaced may still be looked at."""
    mailbox = Mailbox(memory)
    mailbox.put(plain(7), 0.0)
    frame = mailbox.take("door")
    del mailbox
    assert frame is not None
    assert (frame.pixels == 7).all()


def test_a_label_that_is_none_is_refused(memory: int) -> None:
    """A capture process whose memory was overwritten can't make its reader read beyond the slot."""
    mailbox = Mailbox(memory)
    mailbox.put(plain(7), 0.0)
    for slot in range(3):
        os.pwrite(memory, (2**31).to_bytes(4, sys.byteorder), _LABELS_AT + slot * 16 + 8)
    with pytest.raises(CameraError, match="written over its own memory"):
        mailbox.take("door")


def test_the_memory_has_no_name_and_can_not_shrink(memory: int) -> None:
    """No other program can open it, and who maps it can't be made to fault."""
    assert "memfd:edged-frames (deleted)" in str(Path(f"/proc/self/fd/{memory}").readlink())
    with pytest.raises(PermissionError):
        os.ftruncate(memory, 0)
    assert not list(Path("/dev/shm").glob("*edged*"))


def test_room_that_is_not_used_costs_nothing(memory: int) -> None:
    """A small camera takes little memory although a large one would have room."""
    mailbox = Mailbox(memory)
    for value in range(10):
        mailbox.put(plain(value, 480, 640), 0.0)
        mailbox.take("door")
    taken = os.fstat(memory).st_blocks * 512
    assert 480 * 640 * 3 <= taken <= 3 * 480 * 640 * 3 + 16 * mmap.PAGESIZE
    assert os.fstat(memory).st_size >= 3 * MOST_PIXELS * 3


def test_no_frame_is_torn(memory: int) -> None:
    """Two processes, as fast as they can: every frame taken is of one piece, and newer than the one before."""
    mailbox = Mailbox(memory)
    with writer(memory) as process:
        last = 0.0
        for _ in range(500):
            while (frame := mailbox.take("door")) is None:
                assert process.poll() is None
            assert frame.captured > last
            last = frame.captured
            values = frame.pixels.reshape(-1)
            assert values.min() == values.max() == int(frame.captured) % 256
        process.kill()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_writer_that_is_stopped_anywhere_never_holds_up_the_reader(number: signal.Signals) -> None:
    """Killed or halted at fifty odd instants: taking returns at once, with a whole frame or with none."""
    for _ in range(5):
        memory = Mailbox.allocate()
        mailbox = Mailbox(memory)
        with writer(memory) as process:
            for _ in range(10):
                process.send_signal(number)
                frame = mailbox.take("door")
                assert frame is None or frame.pixels.min() == frame.pixels.max()
                process.send_signal(signal.SIGCONT)
            process.kill()
        # The lock of the dead is free.
        fcntl.lockf(memory, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(memory)


def writer(memory: int) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(memory)], pass_fds=(memory,), stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"writing\n"
    return process
