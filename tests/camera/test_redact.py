"""No part of a URL that may be a password is ever shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edged.camera.redact import is_url, redact


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("rtsp://192.168.1.20:554/live", "rtsp://192.168.1.20:554/…"),
        ("rtsp://camera.local", "rtsp://camera.local"),
        ("http://camera.local/", "http://camera.local"),
        ("rtsp://admin:secret@192.168.1.20:554/live", "rtsp://192.168.1.20:554/…"),
        ("rtsp://admin@[fe80::1]:554/live", "rtsp://[fe80::1]:554/…"),
        ("http://camera.local/video?user=admin&password=secret", "http://camera.local/…"),
        ("rtsp://10.0.0.5/user=admin_password=secret_channel=1.sdp", "rtsp://10.0.0.5/…"),
        ("rtsp://admin:se@cret@10.0.0.5/live", "rtsp://…"),
        ("rtsp://admin:se/cret@10.0.0.5/live", "rtsp://…"),
        ("rtsp://admin:se?cret@10.0.0.5/live", "rtsp://…"),
        ("rtsp://admin:se#cret@10.0.0.5/live", "rtsp://…"),
        ("rtsp://admin:secret@", "rtsp://…"),
        ("no url: secret", "…"),
    ],
)
def test_only_scheme_host_and_port_are_shown(url: str, shown: str) -> None:
    """User, password, path and query are left out, and the host too where it can't be told from a password."""
    assert redact(url) == shown
    assert "secret" not in redact(url)
    assert "cret" not in redact(url)


@given(st.text(st.characters(codec="utf-8"), min_size=1), st.text(st.characters(codec="utf-8")))
def test_any_password_stays_hidden(password: str, path: str) -> None:
    """Whatever characters the password holds, it isn't shown."""
    marked = f"Zq7{password}Zq7"
    assert "Zq7" not in redact(f"rtsp://admin:{marked}@camera.local/{path}")


def test_a_path_is_no_url() -> None:
    """Files and devices are told from URLs by the scheme."""
    assert is_url("rtsp://camera.local/live")
    assert not is_url("/dev/video0")
    assert not is_url("clips/a:b.mp4")
