"""The server itself: who may ask, slow and broken connections, what it refuses to start with, and how it ends."""

import asyncio
import contextlib
import os
import resource
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import httpx
import pytest

from edged.cli.main import main
from edged.config.model import Vision
from edged.errors import ExitCode
from edged.http.app import Settings, make_app
from edged.http.metrics import Metrics
from edged.http.server import MOST_CONNECTIONS, listen
from tests.certificates import certificate
from tests.end_to_end.process import LONG_S, environment, finish_plain, wait_for
from tests.http.conftest import Server, serving
from tests.http.test_pictures import ADDRESS, check_problem

TOKEN = "0123456789abcdef0123"


@pytest.fixture
def token(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n")
    return path


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--address", "0.0.0.0"], ExitCode.USAGE, "--token-file"),
        (["--address", "0.0.0.0", "--token-file", "{token}"], ExitCode.USAGE, "--insecure"),
        (["--address", "shop.example"], ExitCode.USAGE, "address"),
        (["--port", "70000"], ExitCode.USAGE, "--port"),
        (["--tls-cert", "x"], ExitCode.USAGE, "--tls-key"),
        (["--token-file", "{folder}/none"], ExitCode.NO_INPUT, "none"),
        (["--token-file", os.devnull], ExitCode.CONFIG, "guessed"),
        (["--tls-cert", "{token}", "--tls-key", "{token}"], ExitCode.CONFIG, "PEM"),
    ],
)
def test_refuses_to_start_with_a_sentence(
    words: list[str], code: int, said: str, token: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Nothing is served that would be open by mistake."""
    filled = [word.format(token=token, folder=token.parent) for word in words]
    assert main(["serve", "--port", "0", "--config", os.devnull, *filled]) == code
    assert said in capfd.readouterr().err


def test_a_port_in_use_is_said(server: Server) -> None:
    """75: it may be free later."""
    done = finish_plain("serve", "--port", server.url.rpartition(":")[2], "--config", os.devnull)
    assert done.returncode == ExitCode.TRY_LATER
    assert "in use" in done.stderr


def test_it_says_that_the_models_are_loading_and_when_they_are_loaded(server: Server) -> None:
    """So that nobody wonders about a 503."""
    wait_for(lambda: "edged: ready\n" in server.said(), "said", server.said)
    assert "the models are loading\n" in server.said().partition("edged: ready")[0]


def test_models_that_can_t_be_had_end_it() -> None:
    """It doesn't go on without models, and says why in a sentence."""
    done = finish_plain("serve", "--port", "0", "--config", os.devnull, "--set", "vision.face_model=none-such")
    assert done.returncode == ExitCode.CONFIG
    assert "none-such" in done.stderr
    assert "edged: ready" not in done.stderr
    assert "Traceback" not in done.stderr


def test_without_the_extra_it_says_how_to_install_it(tmp_path: Path) -> None:
    """69, and one sentence."""
    hiding = "import sys; sys.modules['fastapi'] = None; from edged.cli.main import main; sys.exit(main(['serve']))"
    done = subprocess.run(
        [sys.executable, "-c", hiding], env=environment(), cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == ExitCode.UNAVAILABLE
    assert done.stderr.splitlines() == [
        "edged: edged serve needs parts that aren't installed: pip install 'edged[http]'"
    ]


def test_a_token_and_tls(token: Path, tmp_path: Path, require_tool: Callable[[str], str], portrait: Path) -> None:
    """From other machines: encrypted, and for nobody without the token, sent in either of two ways."""
    key, pem = certificate(tmp_path, require_tool("openssl"), "localhost")
    words = ["--address", "0.0.0.0", "--token-file", str(token), "--tls-cert", str(pem), "--tls-key", str(key)]
    with serving(words, tmp_path / "log", verify=False) as guarded:
        port = int(guarded.url.rpartition(":")[2])
        context = ssl.create_default_context(cafile=str(pem))
        with httpx.Client(base_url=f"https://localhost:{port}", verify=context, trust_env=False) as client:
            assert client.get("/healthz").status_code == 200
            for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": TOKEN}):
                answer = client.post(ADDRESS, content=portrait.read_bytes(), headers=headers)
                check_problem(answer, 401)
                assert answer.headers["www-authenticate"] == "Bearer"
            check_problem(client.get("/metrics"), 401)
            for headers in ({"authorization": f"Bearer {TOKEN}"}, {"ocp-apim-subscription-key": TOKEN}):
                assert client.get("/metrics", headers=headers).status_code == 200
    assert TOKEN not in guarded.said()


def test_without_a_token_only_this_machine_may_ask(server: Server) -> None:
    """Neither a name that was bent to this machine, nor another site's page in a browser on it."""
    for headers in ({"host": "shop.example"}, {"origin": "https://shop.example"}, {"origin": "null"}):
        check_problem(server.client.get("/healthz", headers=headers), 403)
    assert server.client.get("/healthz", headers={"origin": server.url}).status_code == 200


def talk(server: Server, said: bytes) -> bytes:
    """Say something to the port, and listen until it hangs up."""
    host, _, port = server.url.removeprefix("http://").rpartition(":")
    with socket.create_connection((host, int(port)), timeout=LONG_S) as connection:
        connection.sendall(said)
        heard = b""
        while part := connection.recv(4096):
            heard += part
    return heard


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (b"milk and bread\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 40_000, b"400"),
        (b"GET / HTTP/1.1\r\nHost: loc", b"408"),
        (b"POST /v1/emotion HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n\r\n\xff\xd8\xff", b"408"),
        (b"POST /v1/emotion HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n", b"413"),
    ],
)
def test_broken_and_slow_requests_end_with_a_problem(server: Server, said: bytes, status: bytes) -> None:
    """Who stops in the middle is not waited for, whether in the header or in the body."""
    heard = talk(server, said)
    assert heard.startswith(b"HTTP/1.1 " + status), heard
    assert b"application/problem+json" in heard


def test_more_connections_than_may_be_are_told_so(server: Server) -> None:
    """503 for the newest; who was there before is answered."""
    host, _, port = server.url.removeprefix("http://").rpartition(":")
    assert server.client.get("/healthz").status_code == 200
    with contextlib.ExitStack() as stack:
        many = [
            stack.enter_context(socket.create_connection((host, int(port)), LONG_S)) for _ in range(MOST_CONNECTIONS)
        ]
        heard = many[-1].recv(4096)
        assert heard.startswith(b"HTTP/1.1 503")
        assert b"Retry-After" in heard
        assert b"application/problem+json" in heard
        assert server.client.get("/healthz").status_code == 200


def test_a_full_disk_is_told(clip: Path, tmp_path: Path) -> None:
    """503 for a video that finds no room, in a body or in a form; the server goes on."""
    with serving([], tmp_path / "log") as server:
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (1 << 17, 1 << 17))
        assert clip.stat().st_size > 1 << 17
        server.until_ready()
        ways: list[dict[str, Any]] = [{"content": clip.read_bytes()}, {"files": {"file": clip.read_bytes()}}]
        for sent in ways:
            assert "disk" in check_problem(server.client.post("/v1/emotion/video", **sent), 503)
        assert server.client.get("/healthz").status_code == 200


def test_a_fault_of_ours_is_told_and_logged(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """500, without a word of the fault itself; the log has it, and the next request is answered."""

    def fails(_: Metrics) -> NoReturn:
        raise RuntimeError("the moon is full")

    monkeypatch.setattr(Metrics, "text", fails)
    app = make_app(Settings(Vision(), (), threads=1, token=None, on_ready=lambda: None, on_failure=lambda _: None))

    async def ask() -> None:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
            assert "moon" not in check_problem(await client.get("/metrics"), 500)
            assert (await client.get("/healthz")).status_code == 200

    asyncio.run(ask())
    assert "the moon is full" in caplog.text


def test_an_answer_is_not_held_back() -> None:
    """A connection sends what it has at once (TCP_NODELAY): otherwise every answer would come 40 ms late."""
    with (
        listen("127.0.0.1", 0) as listener,
        socket.create_connection(listener.getsockname()),
        listener.accept()[0] as accepted,
    ):
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_nothing_is_left_on_the_disk(clip: Path, tmp_path: Path) -> None:
    """A video and its result are in files without a name: killed in the middle, it leaves nothing."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    os.environ["TMPDIR"] = str(folder)
    try:
        server = Server([], tmp_path / "log").until_ready()
    finally:
        del os.environ["TMPDIR"]
    try:
        assert server.client.post("/v1/emotion/video", content=clip.read_bytes()).status_code == 202
        assert not list(folder.iterdir())
    finally:
        server.client.close()
        server.process.kill()
        server.process.wait()
    assert not list(folder.iterdir())
