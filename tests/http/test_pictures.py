"""POST /v1/emotion as a caller sees it: three systems' words, and for whatever is wrong a problem."""

import contextlib
import io
import select
import socket
import struct
import zlib
from pathlib import Path

import httpx
import pytest
from PIL import Image

from tests.end_to_end.process import LONG_S
from tests.formats.documented import check_microsoft, check_smartclick
from tests.http.conftest import Server, memory_bytes

ADDRESS = "/v1/emotion"


def check_problem(answer: httpx.Response, status: int) -> str:
    """A problem as RFC 9457 has them; its sentence."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["status"] == status
    assert told["title"]
    assert len(told["detail"]) > 20
    return str(told["detail"])


def png(width: int, height: int, rows: int = 0) -> bytes:
    """A PNG that says it is so large, and holds `rows` rows of zeros, a few bytes each."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    packer = zlib.compressobj(9)
    data = b"".join(packer.compress(bytes(1 + 3 * width)) for _ in range(rows)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def test_a_picture_in_each_systems_words(server: Server, portrait: Path, two_faces: Path) -> None:
    """As body and as form, by whatever name and type: the content decides."""
    for form, check in (("smartclick", check_smartclick), ("microsoft", check_microsoft)):
        for path, count in ((portrait, 1), (two_faces, 2)):
            as_body = server.client.post(ADDRESS, params={"format": form}, content=path.read_bytes())
            as_form = server.client.post(ADDRESS, params={"format": form}, files={"f": ("x", path.read_bytes())})
            assert as_body.status_code == as_form.status_code == 200
            assert as_body.json() == as_form.json()
            assert len(as_body.json()) == count
            check(as_body.json())
    ours = server.client.post(ADDRESS, content=portrait.read_bytes()).json()
    assert (ours["width"], ours["height"], len(ours["faces"])) == (512, 600, 1)


def test_given_rectangles_are_read_and_none_are_looked_for(server: Server, portrait: Path) -> None:
    """As Microsoft's parameter: largest first."""
    asked = {"format": "microsoft", "faceRectangles": "0,0,40,40;180,120,177,217"}
    told = server.client.post(ADDRESS, params=asked, content=portrait.read_bytes()).json()
    check_microsoft(told)
    assert [face["faceRectangle"]["width"] for face in told] == [177, 40]


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        ({"format": "word"}, "format"),
        ({"faceRectangles": "1,2,3"}, "faceRectangles"),
        ({"faceRectangles": "9000,9000,20,20"}, "outside"),
        ({"threshold": "2"}, "threshold"),
        ({"threshold": "0.5", "format": "microsoft"}, "threshold"),
        ({"thresold": "0.7"}, "threshold"),
    ],
)
def test_wrong_parameters_are_named(server: Server, portrait: Path, asked: dict[str, str], word: str) -> None:
    """400, and the sentence says which."""
    assert word in check_problem(server.client.post(ADDRESS, params=asked, content=portrait.read_bytes()), 400)


def polyglot(portrait: Path) -> bytes:
    """A whole picture behind which a web page stands."""
    return portrait.read_bytes() + b"<html><script>alert(1)</script></html>"


def test_what_is_no_sound_picture_is_refused_by_kind(server: Server, portrait: Path) -> None:
    """415 for another kind, 422 for a damaged one, 413 for too many pixels or bytes, 400 and 411 for none."""
    post = server.client.post
    check_problem(post(ADDRESS, content=b"milk and bread\n"), 415)
    for address in (ADDRESS, f"{ADDRESS}/video"):
        told = check_problem(post(address, json={"url": "http://example.org/a.jpg"}), 415)
        assert "nothing is fetched from elsewhere" in told
    check_problem(post(ADDRESS, content=b"GIF89a<svg onload=alert(1)>"), 415)
    check_problem(post(ADDRESS, content=portrait.read_bytes()[:300]), 422)
    check_problem(post(ADDRESS, content=png(20000, 20000)), 413)
    check_problem(post(ADDRESS, content=b""), 400)
    check_problem(post(ADDRESS, files={}, data={"a": "b"}, headers={"content-type": "multipart/form-data"}), 400)
    check_problem(post(ADDRESS, files={"a": ("a", b"x"), "b": ("b", b"y")}), 400)
    lengthless = httpx.Request("POST", f"{server.url}{ADDRESS}")
    lengthless.headers.pop("content-length")
    check_problem(server.client.send(lengthless), 411)
    check_problem(post(ADDRESS, content=(bytes(1 << 20) for _ in range(40))), 413)


def test_odd_pictures_are_answered_well(server: Server, portrait: Path) -> None:
    """One pixel, and a polyglot: a picture is a picture, and nothing of what else it is comes back."""
    tiny = io.BytesIO()
    Image.new("RGB", (1, 1)).save(tiny, "PNG")
    assert server.client.post(ADDRESS, content=tiny.getvalue()).json()["faces"] == []
    answer = server.client.post(ADDRESS, content=polyglot(portrait))
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "script" not in answer.text


def test_a_decompression_bomb_takes_bounded_memory(server: Server) -> None:
    """A file of 50 kB that unpacks to 48 MB is looked at, and its memory given back or used again."""
    bomb = png(4000, 4000, rows=4000)
    assert len(bomb) < 100_000
    sizes = []
    for _ in range(4):
        assert server.client.post(ADDRESS, content=bomb).status_code == 200
        sizes.append(memory_bytes(server.process.pid))
    assert sizes[-1] < sizes[1] + 60e6


def test_too_many_at_once_are_told_to_come_back(server: Server) -> None:
    """Places are few: of 16 senders in the middle of an upload six are told 429; the health is answered."""
    host, _, port = server.url.removeprefix("http://").rpartition(":")
    head = f"POST {ADDRESS} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 5\r\n\r\n"
    with contextlib.ExitStack() as stack:
        senders = [stack.enter_context(socket.create_connection((host, int(port)), LONG_S)) for _ in range(16)]
        for sender in senders:
            sender.sendall(head.encode() + b"\xff\xd8\xff")
        waiting, refused = set(senders), 0
        while waiting and refused < 6:
            ready = select.select(list(waiting), [], [], LONG_S)[0]
            assert ready
            for sender in ready:
                waiting.remove(sender)
                told = sender.recv(4096)
                if told.startswith(b"HTTP/1.1 429"):  # the others are told after 5 s that they are slow
                    assert b"retry-after: 1" in told
                    refused += 1
        assert refused == 6
        assert server.client.get("/healthz").status_code == 200


def test_other_addresses_and_methods(server: Server) -> None:
    """404 and 405 are problems, too."""
    check_problem(server.client.get("/nowhere"), 404)
    assert check_problem(server.client.get(ADDRESS), 405)
    assert server.client.get(ADDRESS).headers["allow"] == "POST"


def test_figures_tell_nothing_of_who_was_seen(server: Server, two_faces: Path) -> None:
    """A picture with faces moves the same figures as one without."""
    blank = io.BytesIO()
    Image.new("RGB", (640, 480)).save(blank, "PNG")

    def figures() -> dict[str, str]:
        lines = server.client.get("/metrics").text.splitlines()
        return dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#") and "seconds" not in line)

    moved = []
    for content in (two_faces.read_bytes(), blank.getvalue()):
        before = figures()
        assert server.client.post(ADDRESS, content=content).status_code == 200
        after = figures()
        moved.append({name for name in after if after[name] != before.get(name)})
    assert moved[0] == moved[1]
