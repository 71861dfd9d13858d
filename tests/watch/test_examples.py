"""The examples of docs/SUBSCRIBERS.md do what the page says: taken from it, run against a real broker."""

import csv
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edged.config.model import Config
from edged.messages.common import Stamp
from edged.messages.window import WindowMessage
from edged.outbox import Outbox
from tests.brokers import HOST, Mosquitto, wait_until
from tests.messages import making
from tests.outbox.making import window as withheld
from tests.publish.conftest import Configure, Running, configure, outbox, run

__all__ = ["configure", "outbox", "run"]

Send = Callable[[], None]
RELEASED, WITHHELD = 3, 2


@pytest.fixture(scope="module")
def page() -> str:
    """The document."""
    path = Path(__file__).resolve().parents[2] / "docs" / "SUBSCRIBERS.md"
    return path.read_text(encoding="utf-8")


def examples(page: str, heading: str, language: str) -> list[str]:
    """The blocks of a language below a heading."""
    (section,) = re.findall(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", page, re.DOTALL | re.MULTILINE)
    found = re.findall(rf"^```{language}\n(.*?)^```", section, re.DOTALL | re.MULTILINE)
    assert found, f"{heading} has no {language}"
    return found


def released(stamp: Stamp) -> WindowMessage:
    told = {"device": stamp.device, "epoch": stamp.epoch, "sequence": stamp.sequence, "visits": 20}
    return making.window().model_copy(update=told)


@pytest.fixture
def talkative(tmp_path: Path, require_tool: Callable[[str], str]) -> Iterator[Mosquitto]:
    """A running mosquitto that logs who subscribes."""
    folder = tmp_path / "broker"
    folder.mkdir()
    broker = Mosquitto(folder, program=require_tool("mosquitto"), lines=["allow_anonymous true", "log_type all"])
    broker.start()
    yield broker
    broker.kill()


def subscriptions(broker: Mosquitto) -> int:
    return (broker.folder / "broker.log").read_text().count("Sending SUBACK")


@pytest.fixture
def send(talkative: Mosquitto, outbox: Outbox, configure: Configure, run: Callable[..., Running]) -> Send:
    """Publish what is in the outbox: five windows; all of them again at every further call, as after a reconnect."""
    for compose in (released, withheld, released, withheld, released):
        outbox.append(compose)

    def publish() -> None:
        assert run(configure(talkative.port), drain=True).wait() == 0

    return publish


class Reader:
    """An example in a process of its own."""

    def __init__(self, command: list[str], folder: Path, home: Path) -> None:
        self.output = folder / "output"
        surroundings = {"HOME": str(home), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                command, stdout=output, stderr=output, cwd=folder, env=surroundings, start_new_session=True
            )

    @property
    def lines(self) -> list[str]:
        """What it has printed so far."""
        return self.output.read_text().splitlines()

    def kill(self) -> None:
        """End it, and all that it has started."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def read(talkative: Mosquitto, tmp_path: Path) -> Iterator[Callable[[list[str]], Reader]]:
    """Start an example and wait until it has subscribed; all are ended with the test."""
    home = tmp_path / "home"
    (home / ".config").mkdir(parents=True)
    (home / ".config" / "mosquitto_sub").write_text(f"-h {HOST}\n-p {talkative.port}\n")
    started: list[Reader] = []

    def start(command: list[str]) -> Reader:
        before = subscriptions(talkative)
        folder = tmp_path / "example"
        folder.mkdir(exist_ok=True)
        reader = Reader(command, folder, home)
        started.append(reader)
        wait_until(lambda: subscriptions(talkative) > before, f"{command} subscribes")
        return reader

    yield start
    for each in started:
        if each.process.poll() is None:
            each.kill()


Read = Callable[[list[str]], Reader]


@pytest.fixture
def shell(read: Read, require_tool: Callable[[str], str], talkative: Mosquitto) -> Callable[[str], Reader]:
    """Start an example in a shell."""
    for program in ("jq", "mosquitto_sub"):
        require_tool(program)
    return lambda text: read(["sh", "-c", text.replace("--broker localhost", f"--broker {HOST}:{talkative.port}")])


def test_edged_watch_in_a_pipe(shell: Callable[[str], Reader], send: Send, page: str) -> None:
    """Each window once, although all came twice."""
    (example,) = examples(page, "edged watch", "sh")
    reader = shell(example)
    send()
    send()
    wait_until(lambda: len(reader.lines) >= RELEASED + WITHHELD, "the windows")
    end = "2026-11-22T12:15:00.000Z"
    assert sorted(reader.lines) == sorted(
        [f"{end} shop/door 20"] * RELEASED + ["1970-01-01T00:15:00.000Z shop/door withheld"] * WITHHELD
    )


def test_everything(shell: Callable[[str], Reader], send: Send, page: str) -> None:
    """Topics and bodies."""
    reader = shell(examples(page, "mosquitto_sub and jq", "sh")[0])
    send()
    wait_until(lambda: any('"offline"' in line for line in reader.lines), "the farewell")
    topics = [line.split(" ", 1)[0] for line in reader.lines]
    assert topics.count("edged/shop/door/window") == RELEASED + WITHHELD
    assert set(topics) == {"edged/shop/door/window", "edged/shop/status"}


def test_released_windows_as_a_table(shell: Callable[[str], Reader], send: Send, page: str) -> None:
    """A row for each, and none for a withheld one."""
    reader = shell(examples(page, "mosquitto_sub and jq", "sh")[1])
    send()
    wait_until(lambda: len(reader.lines) >= RELEASED, "the rows")
    for row in csv.reader(reader.lines):
        assert row[:5] == ["2026-11-22T12:00:00.000Z", "shop", "door", "20", "7.5"]


def test_each_message_once_also_over_a_restart(shell: Callable[[str], Reader], send: Send, page: str) -> None:
    """The broker keeps what comes while the command isn't running."""
    example = examples(page, "mosquitto_sub and jq", "sh")[2]
    shell(example).kill()
    send()
    send()
    reader = shell(example)
    wait_until(lambda: len(reader.lines) >= RELEASED + WITHHELD, "the windows")
    assert [json.loads(line)["sequence"] for line in reader.lines] == [1, 2, 3, 4, 5]


def test_devices_that_are_not_well(shell: Callable[[str], Reader], send: Send, page: str) -> None:
    """An offline one is named."""
    reader = shell(examples(page, "mosquitto_sub and jq", "sh")[3])
    send()
    wait_until(lambda: "shop: offline " in reader.lines, "the farewell")
    assert not any("error" in line for line in reader.lines)


def test_python_stores_each_message_once_and_survives_a_kill(
    read: Read, send: Send, page: str, talkative: Mosquitto, tmp_path: Path, outbox: Outbox
) -> None:
    """What it had not stored comes again; a gap is counted."""
    (example,) = examples(page, "Python", "python")
    (tmp_path / "store.py").write_text(example)
    command = [sys.executable, str(tmp_path / "store.py"), str(talkative.port)]
    read(command).kill()
    send()
    gone = outbox.append(released)
    outbox.set_aside([row for row in outbox.waiting(10) if row.sequence == gone.sequence])
    send()
    read(command)

    def ask(query: str) -> list[tuple[Any, ...]]:
        db = sqlite3.connect(tmp_path / "example" / "edged.sqlite")
        try:
            return db.execute(query).fetchall()
        finally:
            db.close()

    wait_until(lambda: ask("SELECT count(*) FROM message") == [(RELEASED + WITHHELD + 1,)], "the messages")
    assert ask("SELECT * FROM visits") == [("shop", "door", "2026-11-22T12:00:00.000Z", 20)] * RELEASED
    assert [(device, messages) for device, _, messages in ask("SELECT * FROM dropped")] == [("shop", 1)]


def test_node_red_tells_the_withheld_from_the_released_and_drops_duplicates(
    require_tool: Callable[[str], str], page: str
) -> None:
    """The code of the flow's function, in the engine that Node-RED runs it in."""
    (flow,) = (json.loads(example) for example in examples(page, "Node-RED", "json"))
    ids = {node["id"] for node in flow}
    assert {target for node in flow for output in node.get("wires", []) for target in output} <= ids
    (function,) = (node["func"] for node in flow if node["type"] == "function")
    stamps = [Stamp("shop", "0a1b2c3d", sequence) for sequence in (1, 2, 1, 3)]
    composed = [(withheld if stamp.sequence == 2 else released)(stamp) for stamp in stamps]
    payloads = [json.loads(each.model_dump_json()) for each in composed]
    script = (
        "const kept = new Map(), context = {get: (k) => kept.get(k), set: (k, v) => kept.set(k, v)};"
        f"const run = new Function('msg', 'context', {json.dumps(function)});"
        f"console.log(JSON.stringify({json.dumps(payloads)}.map((payload) => run({{payload}}, context))));"
    )
    done = subprocess.run([require_tool("node"), "-e", script], capture_output=True, text=True, check=True)
    first, second, again, third = json.loads(done.stdout)
    assert (first[0], first[1]["payload"], first[1]["topic"]) == (None, 20, "shop/door")
    assert (second[0]["payload"]["state"], second[1]) == ("withheld", None)
    assert again is None
    assert third[1]["payload"] == 20


def test_telegraf_names_paths_that_exist(page: str) -> None:
    """Each path leads to something in a released window; what a withheld one lacks is optional."""
    (example,) = examples(page, "Telegraf", "toml")
    (plugin,) = tomllib.loads(example)["inputs"]["mqtt_consumer"]
    (parser,) = plugin["json_v2"]
    full = json.loads(released(Stamp("shop", "0a1b2c3d", 1)).model_dump_json())
    empty = json.loads(withheld(Stamp("shop", "0a1b2c3d", 1)).model_dump_json())
    for part in (*parser["tag"], *parser["field"], *parser["object"], {"path": parser["timestamp_path"]}):
        assert reached(full, part["path"]) is not None, part
        assert reached(empty, part["path"]) is not None or part.get("optional"), part


def reached(message: dict[str, Any], path: str) -> object:
    found: Any = message
    for name in path.split("."):
        found = found and found.get(name)
    return found


def test_configurations_are_accepted(page: str) -> None:
    """What is to be pasted into a file is understood by edged."""
    for heading in ("edged watch", "Home Assistant"):
        for example in examples(page, heading, "toml"):
            Config.model_validate(tomllib.loads(example))
