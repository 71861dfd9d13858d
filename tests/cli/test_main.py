"""The command line: help a person can learn from, one sentence for each fault, an exit code of sysexits."""

import io
import json
import re
from pathlib import Path

import pytest

from edged.cli.main import INTERRUPTED, main, parser
from edged.errors import ExitCode
from edged.messages.window import WindowMessage

COMMANDS = ("run", "sense", "publish", "check-config", "privacy", "schema", "watch", "models", "bench", "analyze")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`edged COMMAND --help` says what it does."""
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == ExitCode.OK
    assert f"usage: edged {command}" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["fly"], ["run", "--fast"], ["models", "eat"], ["schema", "picture"]])
def test_wrong_command_line_is_one_line_and_64(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A slip of the fingers gets one line that names the help."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == ExitCode.USAGE
    (line,) = capsys.readouterr().err.splitlines()
    assert "--help` tells more" in line


def test_unknown_argument_is_told_with_the_help_of_its_command(capsys: pytest.CaptureFixture[str]) -> None:
    """Who has mistaken `edged models` isn't sent to the list of commands."""
    with pytest.raises(SystemExit):
        main(["models", "list", "all"])
    assert capsys.readouterr().err == "edged models: unrecognized arguments: all; `edged models --help` tells more\n"


def test_privacy_takes_a_file_as_check_config_does(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without -c too."""
    path = tmp_path / "edged.toml"
    path.write_text("[privacy]\nk = 23\n")
    assert main(["privacy", str(path)]) == ExitCode.OK
    assert "at least 23 people" in " ".join(capsys.readouterr().out.split())


def test_check_config_says_what_a_file_amounts_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Device, cameras and broker are told; a camera's password is not."""
    path = tmp_path / "edged.toml"
    path.write_text('[device]\nid = "shop-1"\n[[cameras]]\nsource = "rtsp://admin:geheim@cam.example/live"\n')
    assert main(["check-config", str(path)]) == ExitCode.OK
    told = capsys.readouterr().out
    assert "shop-1" in told
    assert "cam.example" in told
    assert "geheim" not in told


@pytest.mark.parametrize(
    ("text", "caution"),
    [
        ('[[cameras]]\nsource = "nofile.mp4"', "camera camera: there is no file or folder nofile.mp4"),
        ('[[cameras]]\nsource = "/dev/video99"', None),
        ('[vision]\nface_model = "foo"', "no model is called 'foo'"),
        ('[hours]\nmonday = "20:00-08:00, 21:00-23:00"', "hours: monday's ranges overlap"),
        ('[hours]\nmonday = "20:00-08:00"\ntuesday = "07:00-12:00"', "monday's and tuesday's ranges overlap"),
    ],
)
def test_check_config_says_what_doesn_t_fit_here(
    tmp_path: Path, text: str, caution: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    """What may be meant, or be right elsewhere, is a caution; a camera that isn't plugged in is none."""
    path = tmp_path / "edged.toml"
    path.write_text(f'device.id = "shop"\n{text}\n')
    assert main(["check-config", str(path)]) == ExitCode.OK
    cautions = [line for line in capsys.readouterr().out.splitlines() if "CAUTION" in line]
    assert len(cautions) == (caution is not None)
    assert caution is None or caution in cautions[0]


def test_check_config_refuses_with_78(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong file gives a line a fault and the code for wrong configuration."""
    path = tmp_path / "edged.toml"
    path.write_text("[privacy]\nk = 1\n[broker]\nport = 0\n")
    assert main(["check-config", str(path)]) == ExitCode.CONFIG
    assert len(capsys.readouterr().err.splitlines()) == 2


def test_privacy_says_what_is_in_force(capsys: pytest.CaptureFixture[str]) -> None:
    """The statement follows the configuration: k, window, broker, purpose; and its example is a real message."""
    options = ["--set", "privacy.k=20", "--set", "windows.length_s=3600", "--set", "broker.host=mqtt.example"]
    assert main(["privacy", "--config", "/dev/null", *options]) == ExitCode.OK
    told = capsys.readouterr().out
    broker = "mqtt.example:1883, not encrypted"
    for words in ("at least 20 people", "60 minutes", broker, "multiples of 20", "1 in 20", "retail"):
        assert words in " ".join(told.split())
    message = WindowMessage.model_validate_json(told[told.index("  {") :])
    assert (message.state, message.visits) == ("released", 60)


def test_privacy_names_one_camera_or_several(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As one would say it."""
    path = tmp_path / "edged.toml"
    for ids, said in (
        (["camera"], 'of the camera "camera", 10 a second at'),
        (["in", "out"], 'the cameras "in", "out", 10 a second of each'),
    ):
        path.write_text("".join(f'[[cameras]]\nid = "{name}"\n' for name in ids))
        assert main(["privacy", str(path)]) == ExitCode.OK
        assert said in " ".join(capsys.readouterr().out.split())


def test_forget_says_why_it_can_t_ask(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """In a script there is no terminal, however many people look on."""
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert main(["forget", "--config", "/dev/null"]) == ExitCode.USAGE
    assert "standard input is no terminal" in capsys.readouterr().err


def test_nothing_is_announced_where_nothing_follows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that can't be read holds no personal data."""
    text = tmp_path / "text.jpg"
    text.write_text("milk")
    assert main(["analyze", "--config", "/dev/null", str(text)]) == ExitCode.DATA
    (sentence,) = capsys.readouterr().err.splitlines()
    assert "is not a picture" in sentence


def test_privacy_warns_of_trial_settings(capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody runs exact figures on the public unawares."""
    assert main(["privacy", "--config", "/dev/null", "--set", "privacy.grid=1"]) == ExitCode.OK
    assert "CAUTION" in capsys.readouterr().out


def test_privacy_names_all_that_a_configuration_opens(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Pictures that come by a network, masks, hours, Home Assistant and one person taken for many are said."""
    path = tmp_path / "edged.toml"
    path.write_text(
        """
        device = {id = "shop-1"}
        hours = {time_zone = "Europe/Berlin", monday = "08:00-20:00"}
        privacy = {carry_windows = 0}
        visits = {same_person_s = 0}
        homeassistant = {discovery = true, prefix = "house"}
        [[cameras]]
        id = "door"
        source = "rtsp://user:geheim@cam.example/live"
        masks = [{id = "till", polygon = [[0, 0], [0.2, 0], [0.2, 1]]}]
        """
    )

    def told(*options: str) -> str:
        assert main(["privacy", "--config", str(path), *options]) == ExitCode.OK
        return " ".join(capsys.readouterr().out.split())

    opened, closed = told(), told("--set", "homeassistant.discovery=false", "--set", "visits.same_person_s=10")
    for words in ("over a network", "areas till", "Monday 08:00-20:00 (Europe/Berlin)", "edged/shop-1/"):
        assert words in opened
        assert words in closed
    for words in ("topic house/", "CAUTION: visits.same_person_s is 0", "What is held back is dropped."):
        assert words in opened
    assert "Home Assistant" not in closed
    assert "CAUTION" not in closed
    assert "geheim" not in opened


def test_schema_prints_json_schema(capsys: pytest.CaptureFixture[str]) -> None:
    """One message's schema, or all of them by name."""
    assert main(["schema", "window"]) == ExitCode.OK
    assert json.loads(capsys.readouterr().out)["title"] == "WindowMessage"
    assert main(["schema"]) == ExitCode.OK
    assert set(json.loads(capsys.readouterr().out)) == {"window", "gap", "status"}


def test_models_list_shows_every_card(capsys: pytest.CaptureFixture[str]) -> None:
    """The table has name, task, size, hash, licence."""
    assert main(["models", "list"]) == ExitCode.OK
    table = capsys.readouterr().out
    assert "centerface" in table
    assert "LICENCE" in table


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["analyze", "/nowhere.mp4"], ExitCode.NO_INPUT, "there is no file"),
        (["analyze", "--start", "noon", "a.mp4"], ExitCode.USAGE, "RFC 3339"),
        (["analyze", "--start", "2026-11-22T08:00:00", "a.mp4"], ExitCode.USAGE, "time zone"),
        (["analyze", "a.mp4", "b.mp4"], ExitCode.USAGE, "one video at a time"),
        (["bench", "/nowhere.mp4"], ExitCode.NO_INPUT, "there is no file"),
        (["bench", "a.mp4", "--face-px", "0"], ExitCode.USAGE, "is no height of a face"),
        (["bench", __file__], ExitCode.DATA, f"edged: {__file__}"),
        (["models", "list", "--folder", "/nowhere"], ExitCode.NO_INPUT, "--folder /nowhere"),
        (["models", "verify", "--folder", __file__], ExitCode.NO_INPUT, f"--folder {__file__}"),
    ],
)
def test_fault_is_one_sentence_and_a_code(
    arguments: list[str], code: ExitCode, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Bad input is told in one line that says what and where; nothing is printed as a result."""
    assert main(arguments) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert says in captured.err
    assert "camera '" not in captured.err
    assert "Traceback" not in captured.err


def test_help_and_document_list_the_codes_there_are(repository: Path) -> None:
    """Each code that a command may end with, and none that nothing ends with."""
    document = (repository / "docs" / "EXIT_CODES.md").read_text()
    listed = {int(code) for row in re.findall(r"^\| (\d[\d, ]*) \|", document, re.MULTILINE) for code in row.split(",")}
    assert listed == {*map(int, ExitCode), INTERRUPTED, 1, 2}
    told = parser().format_help()
    assert {int(code) for code in re.findall(r"\b\d+(?= )", told[told.index("exit codes") :])} == listed
    # The supervisor only reads them.
    sources = [path.read_text() for path in (repository / "edged").rglob("*.py") if path.name != "supervisor.py"]
    assert all(f"ExitCode.{code.name}" in "".join(sources) for code in ExitCode)
