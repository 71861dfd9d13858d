"""What `edged publish` keeps out of memory, and that it is there when it is needed."""

import subprocess
import sys

import pytest

UNNEEDED = ("email", "http.client", "zipfile")
_START = "import sys; from edged.cli import lean; lean.defer_unused()\n"


def after_start(code: str) -> str:
    """What a fresh interpreter prints that has deferred what `edged publish` defers."""
    return subprocess.run(
        [sys.executable, "-c", _START + code], check=True, capture_output=True, text=True
    ).stdout.strip()


def test_libraries_of_publish_load_nothing_that_they_never_use() -> None:
    """Each of these costs memory for years."""
    loaded = after_start("import edged.cli.services, edged.service.publish; print(*sys.modules)").split()
    assert "paho.mqtt.client" in loaded
    assert "pydantic.plugin._loader" in loaded
    assert not [name for name in UNNEEDED if name in loaded]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import urllib.request; print(urllib.request.getproxies.__name__)", "getproxies_environment"),
        ("from urllib.request import Request; print(Request('http://shop.example/').host)", "shop.example"),
        ("import urllib.request; print(hasattr(urllib.request, 'no_such_thing'))", "False"),
        ("from importlib.metadata import entry_points; print(len(entry_points(group='edged.none')))", "0"),
        ("import importlib.metadata; print(importlib.metadata.version('pydantic').split('.')[0])", "2"),
    ],
)
def test_what_is_used_after_all_is_there(code: str, said: str) -> None:
    """A stand-in is not to be told from the true module by what it does."""
    assert after_start(code) == said


def test_true_module_takes_its_place_once_used() -> None:
    """Who imports it later gets it without a detour."""
    assert after_start("import urllib.request; urllib.request.Request; print(sys.modules['urllib.request'].__file__)")
