"""Configuration: what is read, what overrides what, and what is said about faults."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from edged.config.load import load
from edged.config.model import Camera, Config, Line, Region, Zone
from edged.errors import ConfigError, MissingInputError, UsageError


def write(folder: Path, text: str) -> Path:
    path = folder / "edged.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_stronger_layers_win(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment wins over the file, the command line over both; other keys stay."""
    path = write(tmp_path, '[broker]\nhost = "file"\nport = 1\n[windows]\nlength_s = 60\n')
    monkeypatch.setenv("EDGED_BROKER__HOST", "environment")
    monkeypatch.setenv("EDGED_WINDOWS__LENGTH_S", "300")
    config = load(path, ["windows.length_s=600", "camera.source=film.mp4"])
    assert (config.broker.host, config.broker.port) == ("environment", 1)
    assert config.windows.length_s == 600
    assert config.cameras[0].source == "film.mp4"


def test_password_comes_from_a_systemd_credential(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A credential is read where systemd puts it, without its last line break."""
    (tmp_path / "edged-broker-password").write_text("geheim\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    config = load(write(tmp_path, '[broker]\nusername = "shop"\n'))
    assert config.broker.password is not None
    assert config.broker.password.get_secret_value() == "geheim"
    assert "geheim" not in repr(config)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[broker]\nport = 99999", "broker.port = 99999: it must be at most 65535"),
        ('[broker]\nhots = "x"', "unknown key broker.hots: did you mean host?"),
        ("[windows]\nlength = 60", "unknown key windows.length: did you mean length_s?"),
        ("[windows]\nlength_s = 7", "length_s must divide a day"),
        ("wifi = 1", "unknown key wifi; known here are device, cameras"),
        ('[[cameras]]\nid = "Front Door"', "cameras[1].id = 'Front Door': a name has 1 to 32 of"),
        ('[[cameras]]\nid = "a"\n[[cameras]]\nid = "a"', "two cameras have the id 'a'"),
        ('[cameras]\nid = "a"', "cameras: write [[cameras]], in double brackets"),
        ("[[cameras]]\nwidth = 640", "width and height go together"),
        ("[[cameras]]\nregion = { left = 0.5, right = 0.55 }", "right must be at least 0.1 more than left"),
        ('[[cameras]]\npace = "fast"\nloop = true', 'loop = true needs pace = "real-time"'),
        ("[[cameras]]\nstart = 2026-01-01T00:00:00Z", 'start needs pace = "fast"'),
        ('[[cameras]]\npace = "fast"\n[[cameras]]\nid = "b"', 'either all cameras have pace = "fast" or none'),
        ('[privacy]\npolicy = "none"', "privacy.policy = 'none': it must be 'threshold'"),
        ("[privacy]\nepsilon = 2\ndaily_epsilon = 1", "epsilon must not be more than daily_epsilon"),
        ("[privacy]\nepsilon = 0", "privacy.epsilon = 0: it must be at least 0.01"),
        ("[privacy]\nk = 1", "privacy.k = 1: it must be at least 2"),
        ("[visits]\nmin_duration_s = 20\nmax_duration_s = 10", "min_duration_s must be less than max_duration_s"),
        ('[broker]\npassword = "geheim"', "broker.password doesn't belong in this file"),
        ('[broker]\nhost = "h"\nusername = "u"\npassword_file = "/p"', "would travel in the clear"),
        ('[broker]\nhost = "127.0.0.1.example.org"\nusername = "token"', "would travel in the clear"),
        ('[broker]\ncertificate_file = "/c"\nkey_file = "/k"', "certificate_file needs tls = true"),
        ('[broker]\ntls = true\nkey_file = "/k"', "give both or neither"),
        ('[broker]\nwebsocket_path = "mqtt"', "broker.websocket_path"),
        ('[homeassistant]\nprefix = "home/#"', "homeassistant.prefix"),
        ('[broker]\npassword_file = "/p"', "a password needs a username"),
        ('[broker]\nca_file = "/ca"', "ca_file needs tls = true"),
        ('[device]\npurpose = "workplace"', "is refused: inferring emotions in the workplace"),
        ('[hours]\nmonday = "8 to 20"', "hours.monday: write ranges of hours"),
        ('[[cameras]]\nlines = [{ id = "a", start = [0, 0], end = [0, 0] }]', "start and end are the same point"),
        ("[privacy]\nk = 5\ngrid = 6", "grid must not be more than k"),
        ('[windows]\nlength_s = "15 min"', "windows.length_s = '15 min': a whole number is needed, without a unit"),
        ("[broker", "not valid TOML"),
        ("device = 3", "device = 3: a table of keys is needed"),
        ('[broker]\nhost = ""', "broker.host = '': 1 or more characters"),
        ("[[cameras]]\nlines = [{ start = [0, 0], end = [0, 1] }]", "cameras[1].lines[1].id is missing"),
        ("[[cameras]]\nlines = 3", "cameras[1].lines = 3: a list in square brackets is needed"),
        ('[[cameras]]\npace = "fast"\nstart = 2026-01-01T00:00:00', "a time with its zone is needed"),
    ],
)
def test_fault_is_told_with_file_key_and_what_is_allowed(tmp_path: Path, text: str, says: str) -> None:
    """Each fault gives one line that names file, key, and what is allowed; a secret is never repeated."""
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load(path)
    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"{path}: ")
    assert says in line
    assert "geheim" not in line


def test_every_fault_is_told_in_our_words(tmp_path: Path) -> None:
    """Whatever stands in place of a value, nobody reads what a library says of it."""
    places = [f"{name} = VALUE" for name in Config.model_fields]
    for name, field in Config.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            places += [f"[{name}]\n{key} = VALUE" for key in field.annotation.model_fields]
    places += [f"[[cameras]]\n{key} = VALUE" for key in Camera.model_fields]
    places += [f"[[cameras]]\nregion = {{ {key} = VALUE }}" for key in Region.model_fields]
    places += [f"[[cameras]]\nlines = [{{ {key} = VALUE }}]" for key in Line.model_fields]
    places += [f"[[cameras]]\nzones = [{{ {key} = VALUE }}]" for key in Zone.model_fields]
    junk = ("3", "-1.5", "1e300", "nan", "true", '""', f'"{"x" * 300}"', "[]", "[3]", "[[]]", "{}", "2026-01-01")
    for place in places:
        for value in junk:
            try:
                load(write(tmp_path, place.replace("VALUE", value)))
            except ConfigError as error:
                for line in str(error).splitlines():
                    assert not re.search(r"should|required|valid ", line), line


def test_only_purposes_that_are_allowed_are_offered(tmp_path: Path) -> None:
    """Nobody is sent from one refusal to the next."""
    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path, '[device]\npurpose = "school"'))
    assert "'museum'" in str(caught.value)
    assert "workplace" not in str(caught.value)
    assert "education" not in str(caught.value)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    """Nobody has to run the check three times to find three faults."""
    path = write(tmp_path, "[broker]\nport = 0\n[privacy]\nk = 0\n[windows]\nlenght_s = 60\n")
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert len(str(caught.value).splitlines()) == 3


def test_a_fault_elsewhere_hides_no_rule_over_several_cameras(tmp_path: Path) -> None:
    """Nobody mends the time zone to learn then that two cameras have one id."""
    path = write(tmp_path, '[hours]\ntime_zone = "Nowhere"\n[[cameras]]\nid = "a"\n[[cameras]]\nid = "a"')
    with pytest.raises(ConfigError) as caught:
        load(path)
    zone, ids = sorted(str(caught.value).splitlines(), key=lambda line: "two cameras" in line)
    assert "no such time zone" in zone
    assert ids == f"{path}: cameras: two cameras have the id 'a': each needs its own"


def test_fault_names_the_layer_it_comes_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody searches the file for what the environment or the command line said."""
    path = write(tmp_path, "[privacy]\nk = 0\n")
    monkeypatch.setenv("EDGED_BROKER__PORT", "0")
    with pytest.raises(ConfigError) as caught:
        load(path, ["windows.length_s=7.5", "camera.pace=quick"])
    places = {line.split(": ")[1].split(" ")[0]: line.split(": ")[0] for line in str(caught.value).splitlines()}
    assert places == {
        "privacy.k": str(path),
        "broker.port": "environment",
        "windows.length_s": "command line",
        "cameras[1].pace": "command line",
    }


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.9.1", "::1"])
def test_a_broker_on_this_machine_may_see_a_password_in_the_clear(tmp_path: Path, host: str) -> None:
    """It travels nowhere."""
    path = write(tmp_path, f'[broker]\nhost = "{host}"\nusername = "u"\npassword_file = "/p"\n')
    assert load(path).broker.username == "u"


@pytest.mark.parametrize("key", ["username", "password"])
def test_credentials_are_refused_on_the_command_line(key: str) -> None:
    """Every user of the machine reads it there; the value isn't repeated in the refusal."""
    with pytest.raises(UsageError, match=f"--set broker.{key}: not on the command line") as refusal:
        load(None, [f"broker.{key}=geheim"])
    assert "geheim" not in str(refusal.value)


def test_user_name_comes_from_a_systemd_credential(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both come the same way."""
    for name, text in (("edged-broker-username", "shop-1\n"), ("edged-broker-password", "geheim\n")):
        (tmp_path / name).write_text(text)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    broker = load(None).broker
    assert broker.username == "shop-1"
    assert broker.password is not None


def test_password_in_the_file_hides_no_other_fault(tmp_path: Path) -> None:
    """All faults are told at once, that one too."""
    path = write(tmp_path, '[broker]\npassword = "geheim"\nport = 0\n')
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert len(str(caught.value).splitlines()) == 2


def test_folder_in_place_of_a_file_is_told(tmp_path: Path) -> None:
    """What can't be read is a missing input, with a sentence that says so."""
    with pytest.raises(MissingInputError, match="can't be read"):
        load(tmp_path)


def test_missing_file_is_told() -> None:
    """A file that isn't there is said so, with a place to find a sample."""
    with pytest.raises(MissingInputError, match="no such configuration file"):
        load(Path("/nowhere/edged.toml"))


@pytest.mark.parametrize("override", ["windows", "windows.length_s", "=1", "k=3", ".k=3"])
def test_override_of_another_form_is_refused(override: str) -> None:
    """What isn't SECTION.KEY=VALUE is refused with an example."""
    with pytest.raises(UsageError, match="write SECTION"):
        load(None, [override])


def test_bad_environment_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list that isn't JSON in the environment is said so."""
    monkeypatch.setenv("EDGED_CAMERAS", "door")
    with pytest.raises(ConfigError, match=r"environment.*cameras.*JSON"):
        load(None)
