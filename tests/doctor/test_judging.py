"""What facts amount to: verdicts and their mends, without a device."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edged.camera.sharpness import Quality
from edged.camera.state import CameraState
from edged.config.model import Broker, Camera, Config
from edged.doctor import broker, cameras, coral, machine, models, state, units
from edged.doctor.broker import Way
from edged.doctor.cameras import Watched
from edged.doctor.coral import FRESH, USED, Coral
from edged.doctor.finding import Finding, Level, exit_code, failure, ok, unseen, warning
from edged.doctor.machine import Wear
from edged.doctor.models import Trial
from edged.doctor.state import Right
from edged.messages.status import CameraStatus, SenseReport
from edged.outbox.peek import Seen
from edged.outbox.row import Counts
from edged.service.clock import Reading
from edged.windows.schedule import Clock

GOOD = Quality(light=120.0, blown=0.01, black=0.02, sharpness=0.55)
DOOR = Camera(id="door", source="rtsp://user:secret@192.0.2.1/live")
NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


def levels(findings: list[Finding]) -> list[Level]:
    return [finding.level for finding in findings]


def watched(
    condition: CameraState = CameraState.LIVE,
    *,
    size: tuple[int, int] | None = (1280, 720),
    fps: float | None = 15.0,
    quality: Quality | None = GOOD,
    differs: str | None = None,
) -> Watched:
    return Watched(condition, "it said so", size, fps, quality, differs)


@pytest.mark.parametrize(
    ("findings", "code"),
    [
        ([], 0),
        ([ok("a", "")], 0),
        ([ok("a", ""), unseen("b", "")], 0),
        ([unseen("b", ""), warning("c", "", "")], 1),
        ([failure("d", "", ""), warning("c", "", "")], 2),
    ],
)
def test_the_worst_finding_is_the_exit_code(findings: list[Finding], code: int) -> None:
    """What couldn't be seen is no reason for an alarm."""
    assert exit_code(findings) == code


@pytest.mark.parametrize(
    ("seen", "level", "mend"),
    [
        (watched(), Level.OK, ""),
        (watched(CameraState.DARK), Level.FAILURE, "cap"),
        (watched(CameraState.FROZEN), Level.FAILURE, "plug"),
        (watched(CameraState.OFFLINE, size=None, fps=None, quality=None), Level.FAILURE, "user, password"),
        (watched(CameraState.OFFLINE), Level.FAILURE, "user, password"),  # it went while it was watched
        (watched(CameraState.STALLED), Level.FAILURE, "user, password"),
        (watched(quality=Quality(20.0, 0.0, 0.3, 0.55)), Level.WARNING, "light"),
        (watched(quality=Quality(180.0, 0.4, 0.0, 0.55)), Level.WARNING, "windows"),
        (watched(quality=Quality(120.0, 0.0, 0.0, 0.2)), Level.WARNING, "focus"),
        (watched(fps=4.0), Level.WARNING, "light"),
        (watched(differs="fps 15"), Level.WARNING, "ask for what it has"),
    ],
)
def test_camera_is_judged_by_what_it_showed(seen: Watched, level: Level, mend: str) -> None:
    """Each fault has its own mend."""
    (finding,) = cameras.judge(DOOR, seen, 10.0)
    assert finding.level is level
    assert mend in finding.mend
    assert "secret" not in finding.text + finding.mend


def report(condition: str, at: datetime = NOW) -> SenseReport:
    status = CameraStatus.model_validate({"id": "door", "state": condition, "since": NOW, "reason": "it said so"})
    return SenseReport(at=at, cameras=(status,), models=(), runtime="litert", clock="synchronised", last_error=None)


@pytest.mark.parametrize(
    ("condition", "level"),
    [
        *(("live", Level.UNSEEN), ("closed", Level.OK), ("ended", Level.OK), ("opening", Level.WARNING)),
        *((condition, Level.FAILURE) for condition in ("stalled", "frozen", "dark", "offline")),
    ],
)
def test_while_the_service_runs_its_own_word_is_told(condition: str, level: Level) -> None:
    """A camera that is busy is no fault."""
    (finding,) = cameras.judge_report([DOOR], report(condition), NOW.timestamp() + 30)
    assert finding.level is level
    assert condition in finding.text


def test_an_old_report_is_not_believed() -> None:
    """A file of last week must not make a dead camera look alive."""
    for told in (None, report("live", NOW - timedelta(days=7))):
        assert levels(cameras.judge_report([DOOR], told, NOW.timestamp())) == [Level.WARNING]


@pytest.mark.parametrize(
    ("corals", "accelerator", "level"),
    [
        ([], "auto", Level.OK),
        ([], "edgetpu", Level.FAILURE),
        ([Coral(FRESH, 5000, usable=True)], "auto", Level.OK),
        ([Coral(USED, 480, usable=True)], "auto", Level.WARNING),
        ([Coral(USED, 5000, usable=False)], "edgetpu", Level.WARNING),
        ([Coral(USED, 5000, usable=True)], "cpu", Level.WARNING),
        ([Coral("/dev/apex_0", None, usable=True)], "auto", Level.OK),
    ],
)
def test_coral_is_judged_by_its_port_and_by_what_is_asked_for(
    corals: list[Coral], accelerator: str, level: Level
) -> None:
    """USB 2, a missing right, one that lies idle."""
    assert levels(coral.judge(corals, accelerator)) == [level]  # type: ignore[arg-type]


@pytest.mark.parametrize("id_", [FRESH, USED])
def test_coral_is_found_by_either_id(tmp_path: Path, id_: str) -> None:
    """It changes its USB id on first use."""
    device = tmp_path / "sys/bus/usb/devices/2-1"
    device.mkdir(parents=True)
    vendor, product = id_.split(":")
    facts = {"idVendor": vendor, "idProduct": product, "speed": "5000", "busnum": "2", "devnum": "3"}
    for name, text in facts.items():
        (device / name).write_text(f"{text}\n")
    node = tmp_path / "dev/bus/usb/002/003"
    assert coral.look(tmp_path / "sys", tmp_path / "dev") == [Coral(id_, 5000, usable=False)]
    node.parent.mkdir(parents=True)
    node.touch()
    assert coral.look(tmp_path / "sys", tmp_path / "dev") == [Coral(id_, 5000, usable=True)]


TOPIC = "edged/shop/doctor"


@pytest.mark.parametrize(
    ("way", "level", "words"),
    [
        (Way(fault="its name is unknown"), Level.FAILURE, "broker.host"),
        (Way(("192.0.2.1",), fault="nothing listens"), Level.FAILURE, "broker.port"),
        (Way(("192.0.2.1",), 3.0, fault="TLS failed"), Level.FAILURE, "log"),
        (Way(("192.0.2.1",), 3.0, 80.0, accepted=True, refusal="not authorised"), Level.WARNING, TOPIC),
        (Way(("192.0.2.1",), 3.0, 80.0, accepted=True), Level.OK, ""),
    ],
)
def test_broker_is_judged_by_how_far_we_came(way: Way, level: Level, words: str) -> None:
    """Each step has a mend of its own."""
    (finding,) = broker.judge(Broker(host="mqtt.local", tls=True), way, TOPIC)
    assert finding.level is level
    assert words in finding.mend


def test_a_certificate_that_expires_soon_is_said_in_time() -> None:
    """Three weeks are enough for a visit."""
    found = broker.judge(Broker(tls=True), Way(("127.0.0.1",), 1.0, 5.0, accepted=True), TOPIC)
    assert levels(found) == [Level.OK, Level.WARNING]


def test_clock_that_is_not_set_is_a_warning() -> None:
    """Windows are marked then, and go on."""
    assert levels(machine.judge_clock(Reading(0.0, 0.0, Clock.SYNCHRONISED))) == [Level.OK]
    assert levels(machine.judge_clock(Reading(0.0, 0.0, Clock.UNSYNCHRONISED))) == [Level.WARNING]


@pytest.mark.parametrize(
    ("heat", "throttled", "now", "subjects"),
    [
        (None, None, False, [("heat", Level.UNSEEN)]),
        (50.0, frozenset(), False, [("heat", Level.OK)]),
        (50.0, {"under_voltage"}, False, [("power", Level.FAILURE)]),
        (78.0, None, False, [("heat", Level.WARNING)]),
        (84.0, {"under_voltage"}, True, [("power", Level.FAILURE), ("heat", Level.FAILURE)]),
        (60.0, None, True, [("heat", Level.WARNING)]),
        (60.0, {"throttled"}, False, [("heat", Level.WARNING)]),
    ],
)
def test_heat_and_power_are_told_apart(
    heat: float | None, throttled: frozenset[str] | None, now: bool, subjects: list[tuple[str, Level]]
) -> None:
    """One asks for air, the other for a better supply."""
    found = machine.judge_heat(heat, None if throttled is None else frozenset(throttled), now=now)  # type: ignore[arg-type]
    assert [(finding.subject, finding.level) for finding in found] == subjects


@pytest.mark.parametrize(
    ("free_mb", "read_only", "level"),
    [
        (None, False, Level.UNSEEN),
        (9000, False, Level.OK),
        (200, False, Level.WARNING),
        (10, False, Level.FAILURE),
        (9000, True, Level.FAILURE),
    ],
)
def test_disk_is_judged_by_its_room(free_mb: int | None, read_only: bool, level: Level) -> None:
    """A card that turned read-only comes first."""
    assert levels(machine.judge_disk(free_mb, read_only=read_only, folder=Path("/var/lib/edged"))) == [level]


@pytest.mark.parametrize(
    ("wear", "level"),
    [
        (Wear("mmcblk0", (), 0), Level.UNSEEN),
        (Wear("mmcblk0", (1, 2), 1), Level.OK),
        (Wear("mmcblk0", (9, 1), 1), Level.WARNING),
        (Wear("mmcblk0", (1, 1), 2), Level.WARNING),
        (Wear("mmcblk0", (11, 1), 1), Level.FAILURE),
        (Wear("mmcblk0", (), 3), Level.FAILURE),
    ],
)
def test_card_is_judged_by_what_it_says_of_its_age(wear: Wear, level: Level) -> None:
    """Most SD cards say nothing."""
    assert levels(machine.judge_wear([wear])) == [level]


def test_age_of_a_card_is_read_where_the_kernel_tells_it(tmp_path: Path) -> None:
    """Two kinds of cells, in hexadecimal."""
    device = tmp_path / "block/mmcblk0/device"
    device.mkdir(parents=True)
    (device / "life_time").write_text("0x01 0x0b\n")
    (device / "pre_eol_info").write_text("0x01\n")
    *_, card = machine.look_at_disk(tmp_path, tmp_path)
    assert (card.subject, card.level) == ("card", Level.FAILURE)


def test_a_slow_device_is_sent_to_bench() -> None:
    """Doctor measures; bench recommends."""
    trial = Trial(["face a", "emotion b"], "litert on cpu", 250.0, [], [])
    good, slow = models.judge(trial, 10.0, has_coral=False)
    assert (good.level, slow.level) == (Level.OK, Level.WARNING)
    assert "edged bench" in slow.mend
    assert levels(models.judge(Trial([], "", 0.0, [], [], "damaged"), 10.0, has_coral=False)) == [Level.FAILURE]
    assert levels(models.judge(Trial(["a"], "", 9.0, [], ["golden"]), 10.0, has_coral=False)) == [Level.FAILURE]


def test_a_coral_that_no_model_can_use_is_said() -> None:
    """Without one, it is no news that models run on the CPU."""
    trial = Trial(["face a"], "litert on cpu", 20.0, ["it has no file compiled for the Edge TPU"], [])
    assert levels(models.judge(trial, 10.0, has_coral=True)) == [Level.OK, Level.WARNING, Level.OK]
    assert levels(models.judge(trial, 10.0, has_coral=False)) == [Level.OK, Level.OK]


def test_python_without_a_runtime_is_a_failure() -> None:
    """And one that nobody tested is a warning."""
    for version, runtimes, level in (
        ((3, 11), ["litert"], Level.OK),
        ((3, 11), [], Level.FAILURE),
        ((3, 9), ["litert"], Level.WARNING),
    ):
        assert levels(machine.judge_python(version, runtimes, "aarch64")) == [level]


def test_rights_of_the_services_user_count_and_ours_do_not() -> None:
    """What a technician's own user may not do is no fault."""
    held = Right(Path("/etc/edged/edged.toml"), "read", held=True)
    missing = Right(Path("/dev/video0"), "write", held=False)
    assert levels(state.judge_rights([held], "edged")) == [Level.OK]
    assert levels(state.judge_rights([], "edged")) == [Level.UNSEEN]
    (fault,) = state.judge_rights([held, missing], "edged")
    assert (fault.level, "usermod" in fault.mend) == (Level.FAILURE, True)
    assert levels(state.judge_rights([missing], "pi")) == [Level.UNSEEN]


def counted(**known: int) -> Counts:
    return Counts(**{each.name: known.get(each.name, 0) for each in fields(Counts)})


@pytest.mark.parametrize(
    ("waiting", "settled", "used", "level"),
    [
        (0, 90, 1000, Level.OK),
        (99, 0, 1000, Level.OK),
        (500, 0, 1000, Level.WARNING),
        (9, 0, 125_000_000, Level.WARNING),
    ],
)
def test_outbox_is_judged_by_what_waits(waiting: int, settled: int, used: int, level: Level) -> None:
    """Who has waited long will one day be dropped."""
    seen = Seen(Path("outbox.sqlite"), Counts(waiting, settled, 0, 1000), None, used)
    assert levels(state.judge_outbox(Config(), seen, publishing=True)) == [level]


def test_an_outbox_that_takes_nothing_is_a_failure() -> None:
    """As the running service says."""
    degraded = report("live").model_copy(update={"store": "degraded", "last_error": "disk full"})
    seen = Seen(Path("outbox.sqlite"), Counts(0, 0, 0, 1), degraded, 1000)
    (finding,) = state.judge_outbox(Config(), seen, publishing=True)
    assert (finding.level, "disk full" in finding.text) == (Level.FAILURE, True)


SHOWN = """\
Id=edged.target
LoadState=loaded
ActiveState=active
SubState=active
UnitFileState={enabled}

Id=edged-sense.service
LoadState=loaded
ActiveState={sense}
SubState=running
Result=exit-code
NRestarts={restarts}
StatusText=

Id=edged-publish.service
LoadState=loaded
ActiveState=active
SubState=running
Result=success
NRestarts=0
StatusText=the connection to the broker is online
"""


@pytest.mark.parametrize(
    ("enabled", "sense", "restarts", "expected"),
    [
        ("enabled", "active", 0, [Level.OK, Level.OK]),
        ("disabled", "active", 0, [Level.WARNING, Level.OK, Level.OK]),
        ("enabled", "inactive", 0, [Level.WARNING, Level.OK]),
        ("enabled", "activating", 12, [Level.FAILURE, Level.OK]),
        ("enabled", "active", 12, [Level.WARNING, Level.OK]),
    ],
)
def test_units_are_judged_by_what_systemd_says(enabled: str, sense: str, restarts: int, expected: list[Level]) -> None:
    """Not enabled, not running, restarting."""
    said = units.parsed(SHOWN.format(enabled=enabled, sense=sense, restarts=restarts))
    assert levels(units.judge(said)) == expected


def test_units_that_are_not_installed_are_no_fault() -> None:
    """`edged run` needs none."""
    assert levels(units.judge(units.parsed("Id=edged.target\nLoadState=not-found\n"))) == [Level.UNSEEN]
