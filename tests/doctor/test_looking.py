"""The looks themselves: a real broker, a real camera, a real outbox file."""

import hashlib
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from edged.camera.state import CameraState
from edged.cli.main import main
from edged.config.model import Camera, Config
from edged.doctor import broker, cameras
from edged.doctor.finding import Finding, Level
from edged.errors import ConfigError
from edged.outbox.files import at_work, exclusive
from edged.outbox.peek import peek
from edged.outbox.store import Outbox
from tests.authority import Authority
from tests.brokers import DEADLINE_S, HOST, Mosquitto, free_port, mosquitto, wait_until
from tests.camera.clips import HEIGHT, WIDTH, jpeg
from tests.camera.conftest import _workshop, h264_clip, rtsp
from tests.camera.servers import MjpegServer, RtspServer
from tests.certificates import certificate
from tests.outbox.making import report, window
from tools.faults_support.wrong_clock import WrongClock

__all__ = ["_workshop", "h264_clip", "mosquitto", "rtsp"]

TOPIC = "edged/shop/doctor"


def configured(tmp_path: Path, port: int, **keys: object) -> Config:
    return Config.model_validate(
        {
            "device": {"id": "shop"},
            "outbox": {"folder": tmp_path / "state"},
            "broker": {"host": "localhost", "port": port, **keys},
        }
    )


def the_one(findings: list[Finding]) -> Finding:
    (finding,) = findings
    return finding


def test_a_good_way_leaves_nothing_behind(mosquitto: Mosquitto, tmp_path: Path) -> None:
    """Who listens gets one empty message; who comes later gets nothing."""
    came: list[mqtt.MQTTMessage] = []
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    ready: list[bool] = []
    client.on_connect = lambda client, *_: client.subscribe("#", qos=1)
    client.on_subscribe = lambda *_: ready.append(True)
    client.on_message = lambda _client, _data, message: came.append(message)
    client.connect(HOST, mosquitto.port)
    client.loop_start()
    try:
        wait_until(lambda: bool(ready), "the subscription")
        finding = the_one(broker.look(configured(tmp_path, mosquitto.port)))
        assert finding.level is Level.OK
        wait_until(lambda: len(came) == 1, "the message")
        client.publish("end", b"retained ones come first", qos=1).wait_for_publish(DEADLINE_S)
        ready.clear()
        client.subscribe("+/#", qos=1)  # anew: retained messages would come now
        wait_until(lambda: bool(ready), "the second subscription")
        client.publish("end", b"", qos=1).wait_for_publish(DEADLINE_S)
        wait_until(lambda: sum(message.topic == "end" for message in came) >= 2, "the end")
    finally:
        client.disconnect()
        client.loop_stop()
    ours = [message for message in came if message.topic != "end"]
    assert {(message.topic, bytes(message.payload), message.retain) for message in ours} == {(TOPIC, b"", False)}


def test_a_wrong_password_is_said_after_what_went_well(
    mosquitto: Mosquitto, tmp_path: Path, require_tool: Callable[[str], str]
) -> None:
    """Name and TCP are right; the password isn't, and isn't shown."""
    users, password = tmp_path / "users", tmp_path / "password"
    subprocess.run([require_tool("mosquitto_passwd"), "-b", "-c", users, "shop", "right"], check=True)
    mosquitto.start_anew(["allow_anonymous false", f"password_file {users}"])
    for secret, level in (("wr0ng-secret", Level.FAILURE), ("right", Level.OK)):
        password.write_text(secret)
        finding = the_one(broker.look(configured(tmp_path, mosquitto.port, username="shop", password_file=password)))
        assert finding.level is level, finding
        assert "reached in" in finding.text
        assert ("user name or password is wrong" in finding.text) is (level is Level.FAILURE)
        assert "wr0ng-secret" not in finding.text + finding.mend


def test_an_access_list_that_refuses_is_a_warning(mosquitto: Mosquitto, tmp_path: Path) -> None:
    """The way is good; the right is missing, and the topic is named."""
    access = tmp_path / "acl"
    access.write_text("topic write edged/other/#\n")
    mosquitto.start_anew(["allow_anonymous true", f"acl_file {access}"])
    finding = the_one(broker.look(configured(tmp_path, mosquitto.port)))
    assert (finding.level, TOPIC in finding.mend) == (Level.WARNING, True)


def test_an_expired_certificate_is_said_and_a_good_ones_days_are_told(
    mosquitto: Mosquitto, tmp_path: Path, require_tool: Callable[[str], str]
) -> None:
    """TLS is tried before anything is sent."""
    openssl, _ = require_tool("openssl"), require_tool("cc")
    authority = Authority.founded(tmp_path, openssl, "authority")
    good = authority.issue("localhost", "good")
    clock = WrongClock(tmp_path)
    clock.set(-10 * 86400)
    old = certificate(tmp_path, openssl, "localhost", clock.wrapper)
    for (key, pem), trusted, level, words in (
        (good, authority.pem, Level.OK, "good for 2 days"),
        (old, old[1], Level.FAILURE, "has expired"),
    ):
        mosquitto.start_anew(["allow_anonymous true", f"keyfile {key}", f"certfile {pem}"])
        first, *soon = broker.look(configured(tmp_path, mosquitto.port, tls=True, ca_file=trusted))
        assert first.level is level, first
        assert words in first.text
        assert [finding.level for finding in soon] == ([Level.WARNING] if level is Level.OK else [])


def test_nobody_there_and_no_such_name(tmp_path: Path) -> None:
    """TCP and DNS, each by its own words."""
    assert "nothing listens" in the_one(broker.look(configured(tmp_path, free_port()))).text
    nowhere = configured(tmp_path, 1883, host="no-such-host.invalid")
    assert "name is unknown" in the_one(broker.look(nowhere)).text


def noise(seed: int) -> bytes:
    """A picture with detail, as a camera gives it."""
    grain = np.random.default_rng(seed).integers(60, 200, (120, 160, 1), np.uint8)
    return jpeg(np.repeat(grain, 3, axis=2))


def test_a_camera_is_watched_for_size_rate_light_and_sharpness() -> None:
    """What really comes, not what was asked for."""
    with MjpegServer([noise(seed) for seed in range(10)], rate=20.0) as server:
        camera = Camera(id="door", source=f"http://{server.place}/video")
        seen = cameras.watch(camera, cameras.Remarks())
    assert (seen.state, seen.size) == (CameraState.LIVE, (160, 120))
    assert seen.fps is not None
    assert 2 < seen.fps < 25
    assert seen.quality is not None
    assert 100 < seen.quality.light < 160
    assert seen.quality.sharpness > 0.5


def test_an_rtsp_camera_is_watched_too(rtsp: RtspServer) -> None:
    """As the service opens it."""
    camera = Camera(id="door", source=f"rtsp://user:s3cret@{rtsp.place}/live")
    seen = cameras.watch(camera, cameras.Remarks())
    assert (seen.state, seen.size) == (CameraState.LIVE, (WIDTH, HEIGHT))
    finding = the_one(cameras.judge(camera, seen, 1.0))
    assert f"{WIDTH}×{HEIGHT}" in finding.text
    assert "s3cret" not in finding.text + finding.mend


def test_a_camera_that_is_not_there_is_a_failure_without_its_password() -> None:
    """And is given up at the first try."""
    camera = Camera(id="door", source=f"http://user:s3cret@127.0.0.1:{free_port()}/video")
    finding = the_one(cameras.look(camera, 10.0, cameras.Remarks()))
    assert finding.level is Level.FAILURE
    assert "s3cret" not in finding.text + finding.mend


def test_peeking_changes_nothing_and_needs_nobody_to_stop(tmp_path: Path) -> None:
    """The file's bytes are the same before and after; the service goes on writing."""
    assert peek(tmp_path / "absent", "shop") is None
    outbox = Outbox.open(tmp_path, "shop")
    outbox.append(window)
    outbox.report(report())
    before = [hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(tmp_path.glob("outbox.sqlite*[!m]"))]
    seen = peek(tmp_path, "shop")
    after = [hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(tmp_path.glob("outbox.sqlite*[!m]"))]
    assert seen is not None
    assert (seen.counts.waiting, seen.report) == (1, report())
    assert before == after
    outbox.append(window)
    outbox.close()
    closed = peek(tmp_path, "shop")
    assert closed is not None
    assert closed.counts.waiting == 2
    with pytest.raises(ConfigError):
        peek(tmp_path, "another")


def test_who_is_at_work_is_known_by_its_lock(tmp_path: Path) -> None:
    """And asking doesn't take it."""
    assert at_work(tmp_path, "sense") is False
    with exclusive(tmp_path, "sense"):
        assert at_work(tmp_path, "sense") is True
    assert at_work(tmp_path, "sense") is False


def doctor(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, dict[str, list[dict[str, str]]]]:
    """Run `edged doctor --json`; give its exit code, and its findings by subject."""
    code = main(["doctor", "--json", *options])
    found: dict[str, list[dict[str, str]]] = {}
    for finding in json.loads(capsys.readouterr().out):
        found.setdefault(finding["subject"], []).append(finding)
    return code, found


def test_a_broken_configuration_is_told_and_the_rest_is_looked_at(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each fault is a line; what needs no configuration is checked all the same."""
    file = tmp_path / "edged.toml"
    file.write_text('[broker]\nport = "many"\n[windows]\nlength_s = 7\n')
    code, found = doctor(capsys, "-c", str(file))
    assert code == 2
    assert [finding["level"] for finding in found["configuration"]] == ["failure", "failure"]
    assert {"runtime", "clock", "heat", "units"} <= set(found)
    assert "cameras" in found["rest"][0]["text"]


def test_while_the_service_runs_its_cameras_are_left_alone(
    mosquitto: Mosquitto, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The whole table; what is busy is told as such, by a report that has to be fresh."""
    folder = tmp_path / "state"
    options = [
        f"broker.port={mosquitto.port}",
        f"outbox.folder={folder}",
        "device.id=shop",
        "camera.source=/dev/video7",
    ]
    with exclusive(folder, "sense"):
        Outbox.open(folder, "shop").close()
        code, found = doctor(capsys, *(word for option in options for word in ("--set", option)))
    assert code == 1
    assert found["cameras"][0]["level"] == "warning"
    assert "running service" in found["cameras"][0]["text"]
    for subject in ("configuration", "runtime", "models", "broker", "outbox"):
        assert found[subject][0]["level"] == "ok", found[subject]
