"""What a subscriber knows after each message, and how it looks in a terminal of any size."""

from datetime import timedelta
from typing import Any

import pytest
from rich.console import Console

from edged.errors import InputError
from edged.messages.common import utc
from edged.messages.status import CameraStatus, OutboxStatus, SenseReport, StatusMessage
from edged.messages.topics import status_topic, topic_of
from edged.messages.window import WindowMessage
from edged.watch import screen
from edged.watch.board import Board, Health
from edged.watch.ledger import Verdict
from edged.watch.subscription import Arrival
from tests.messages import making

NOW, WALL = 100.0, 1_795_348_800.0


def window(sequence: int, *, device: str = "shop", released: bool = True, visits: int = 10) -> WindowMessage:
    plain = making.window(released)
    later = timedelta(seconds=900 * sequence)
    span = plain.window.model_copy(update={"start": plain.window.start + later, "end": plain.window.end + later})
    told = {"device": device, "sequence": sequence, "window": span, "visits": visits if released else None}
    return plain.model_copy(update=told)


def status(device: str = "shop", **told: Any) -> StatusMessage:
    camera = CameraStatus(id="door", state="live", since=utc(0), reason=None)
    sense = SenseReport(at=utc(0), cameras=(camera,), models=(), runtime="x", clock="synchronised", last_error=None)
    well: dict[str, object] = {
        "device": device,
        "state": "online",
        "at": utc(0),
        "uptime_s": 90_000,
        "sense": sense,
        "sense_silent": False,
        "outbox": OutboxStatus(waiting=0, dropped=0, store="ok"),
    }
    return making.status().model_copy(update=well | told)


def arrival(message: WindowMessage | StatusMessage) -> Arrival:
    topic = status_topic(message.device) if isinstance(message, StatusMessage) else topic_of(message)
    return Arrival(topic, message.model_dump_json().encode(), retained=False)


def board_of(*messages: WindowMessage | StatusMessage) -> Board:
    board = Board()
    for message in messages:
        board.take(arrival(message), NOW, WALL)
    return board


def drawn(board: Board, width: int = 100, height: int = 30, link: str = "") -> list[str]:
    console = Console(width=width, height=height, no_color=True)
    with console.capture() as captured:
        for line in screen.lines(board, "broker:1883", link, width, height, NOW + 5):
            console.print(line, highlight=False)
    return captured.get().splitlines()


def test_a_newcomer_sees_how_it_ends() -> None:
    """Before the first message, too."""
    assert drawn(Board())[0].endswith("Ctrl-C ends")


def test_a_message_that_comes_again_changes_no_picture() -> None:
    """It is counted, and dropped."""
    board = board_of(status(), window(1), window(2), window(1))
    device = board.devices["shop"]
    assert [each.sequence for each in device.cameras["door"].windows] == [1, 2]
    assert (device.repeated, device.arrived, device.health(NOW)) == (1, 2, Health.WELL)


def test_a_message_that_comes_late_is_put_in_its_place() -> None:
    """The history is in the order of time, not of arrival."""
    board = board_of(window(1), window(3), window(2))
    assert [each.sequence for each in board.devices["shop"].cameras["door"].windows] == [1, 2, 3]
    assert board.devices["shop"].missing == 0


@pytest.mark.parametrize(
    ("told", "health", "words"),
    [
        ({}, Health.WELL, None),
        ({"state": "offline", "at": None}, Health.BAD, "offline: fell silent"),
        ({"sense_silent": True}, Health.BAD, "the sensing process is silent"),
        ({"sense": None}, Health.CAUTION, "not sensing yet"),
        ({"outbox": OutboxStatus(waiting=5, dropped=0, store="degraded")}, Health.BAD, "its outbox can't be written"),
        ({"last_error": "the broker refuses"}, Health.CAUTION, "the broker refuses"),
    ],
)
def test_health_is_said_in_words(told: dict[str, Any], health: Health, words: str | None) -> None:
    """What the colour says stands there too."""
    board = board_of(status(**told))
    assert board.devices["shop"].health(NOW) is health
    assert words is None or any(words in line for line in drawn(board))


def test_a_hole_is_trouble_and_a_declared_one_is_said() -> None:
    """Whoever looks sees that messages are missing."""
    board = board_of(status(), window(1), window(4))
    assert "2 missing and not declared" in "\n".join(drawn(board))
    lost = making.gap().model_copy(update={"sequence": 5, "dropped": 2, "first_sequence": 2, "last_sequence": 3})
    board.take(Arrival("edged/shop/gap", lost.model_dump_json().encode(), retained=False), NOW, WALL)
    assert board.devices["shop"].health(NOW) == Health.CAUTION
    assert "2 dropped, as declared" in "\n".join(drawn(board))


def test_a_camera_shows_its_figures_its_history_and_its_emotions() -> None:
    """Visits as a sparkline with a dot for a withheld window; each emotion with its bar and its share."""
    board = board_of(status(), window(1, visits=10), window(2, released=False), window(3, visits=40))
    camera, emotions = drawn(board)[2:4]
    assert "40 visits  8 s each  0.1 in view" in camera
    assert camera.rstrip().endswith("▃·█")
    assert "neutral" in emotions
    assert "12%" in emotions
    board.take(arrival(window(4, released=False)), NOW, WALL)
    assert "withheld" in drawn(board)[2]


@pytest.mark.parametrize(("width", "height"), [(80, 24), (200, 60), (40, 6), (1, 1)])
def test_it_fits_the_terminal_and_the_worst_come_first(width: int, height: int) -> None:
    """No line wraps, and what is left out is counted."""
    names = [f"shop-{number:02}" for number in range(20)]
    messages = [each for name in names for each in (status(name), window(1, device=name))]
    board = board_of(*messages, status("shop-19", state="offline"))
    told = drawn(board, width, height)
    assert len(told) <= height
    assert all(len(line) <= width for line in told)
    if width >= 80:
        assert "shop-19  offline" in told[1]
    if height == 24:
        assert "and 13 more devices, all well" in told[-1]


def test_a_lost_connection_is_said_above_what_was_known() -> None:
    """Old figures stay, and nobody takes them for new ones."""
    told = drawn(board_of(status(), window(1)), link="the broker at x:1 can't be reached")
    assert told[1] == "the broker at x:1 can't be reached"
    assert "shop" in told[2]


def test_a_newer_device_is_read_as_far_as_it_is_understood() -> None:
    """Unknown fields are passed over; an unknown shape is said, and still counted."""
    board = board_of(status())
    body = window(1).model_dump_json().encode()
    board.take(Arrival("edged/shop/door/window", body.replace(b'"camera"', b'"novelty":1,"camera"'), False), NOW, WALL)
    assert board.devices["shop"].cameras["door"].last.visits == 10
    later = window(2).model_dump_json().encode().replace(b"edged.window/1", b"edged.window/2")
    taken = board.take(Arrival("edged/shop/door/window", later, False), NOW, WALL)
    assert taken.entry is not None
    assert (taken.message, taken.entry.verdict) == (None, Verdict.NEW)
    assert "can't read" in "\n".join(drawn(board))


@pytest.mark.parametrize(("interval_s", "age_s"), [(None, 86_400), (60, 450)])
def test_a_retained_online_that_is_old_is_not_believed(interval_s: float | None, age_s: float) -> None:
    """A broker that was away when a device vanished has no will to send."""
    board = Board()
    said = arrival(status(at=utc(WALL - age_s), interval_s=interval_s))
    board.take(Arrival(said.topic, said.body, retained=True), NOW, WALL)
    assert "said to be online, and silent" in "\n".join(drawn(board))
    board.take(arrival(status(at=utc(WALL))), NOW, WALL)
    assert board.devices["shop"].health(NOW) is Health.WELL


def test_a_forgotten_device_goes() -> None:
    """An empty retained status takes it away."""
    board = board_of(status(), window(1))
    board.take(Arrival("edged/shop/status", b"", retained=False), NOW, WALL)
    assert board.devices == {}


@pytest.mark.parametrize(
    ("topic", "body"),
    [
        ("edged/shop", b"hello"),
        ("edged/shop/door/window", b"\xff"),
        ("edged/other/door/window", window(1).model_dump_json().encode()),
    ],
)
def test_what_is_not_of_edged_is_refused(topic: str, body: bytes) -> None:
    """Nothing else gets onto the board, and no device speaks for another."""
    board = Board()
    with pytest.raises(InputError):
        board.take(Arrival(topic, body, retained=False), NOW, WALL)
    assert board.devices == {}
