"""/v1/emotion/video as a caller sees it: handed in, asked after, fetched, cancelled."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.process import finish, wait_for
from tests.formats.documented import check_aggregate, check_per_face
from tests.http.conftest import Server
from tests.http.test_pictures import check_problem

ADDRESS = "/v1/emotion/video"


def hand_in(server: Server, video: Path, **asked: str) -> str:
    answer = server.client.post(ADDRESS, params=asked, content=video.read_bytes())
    assert answer.status_code == 202, answer.text
    assert answer.headers["operation-location"] == answer.headers["location"]
    return answer.headers["location"]


def ended(server: Server, where: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        told: dict[str, Any] = server.client.get(where).json()
        return told if told["status"] in {"succeeded", "failed"} else None

    found = wait_for(look, "an end", server.said)
    assert found is not None
    return found


def test_a_video_as_analyze_tells_it(server: Server, clip: Path) -> None:
    """The same bytes as `edged analyze --format microsoft`; twice fetched, then forgotten."""
    where = hand_in(server, clip)
    check_problem(server.client.get(f"{where}/result"), 409)
    told = ended(server, where)
    assert (told["status"], told["progress"], told["problem"]) == ("succeeded", 1.0, None)
    results = [server.client.get(told["result"]).text for _ in range(2)]
    assert results[0] == results[1] == finish(["analyze", "--format", "microsoft", str(clip)], {}).stdout
    check_aggregate(json.loads(results[0]))
    assert server.client.delete(where).status_code == 204
    for address in (where, told["result"]):
        check_problem(server.client.get(address), 404)


def test_settings_reach_the_analysis(server: Server, clip: Path) -> None:
    """The mode perFace tells of single faces; in a form, too."""
    answer = server.client.post(f"{ADDRESS}?mode=perFace&smoothing=false", files={"file": clip.read_bytes()})
    told = ended(server, answer.headers["location"])
    check_per_face(server.client.get(told["result"]).json())


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"mode": "perFace", "window": "1"}, 400),
        ({"window": "0.25", "interval": "0.5"}, 400),
        ({"window": "9"}, 400),
        ({"outputStyle": "perFrame"}, 400),
        ({"format": "smartclick"}, 501),
    ],
)
def test_what_can_t_be_had_is_refused(server: Server, clip: Path, asked: dict[str, str], status: int) -> None:
    """Before anything is begun."""
    check_problem(server.client.post(ADDRESS, params=asked, content=clip.read_bytes()), status)


def test_what_is_no_video_fails_with_a_problem(server: Server, portrait: Path) -> None:
    """A picture at once; anything else when FFmpeg has had a look, and the child's words name no file of ours."""
    assert "/v1/emotion" in check_problem(server.client.post(ADDRESS, content=portrait.read_bytes()), 415)
    where = server.client.post(ADDRESS, content=b"milk and bread\n" * 100).headers["location"]
    told = ended(server, where)
    assert (told["status"], told["problem"]["status"]) == ("failed", 422)
    assert "/dev/fd" not in told["problem"]["detail"]
    check_problem(server.client.get(f"{where}/result"), 422)


def test_cancelling_ends_the_child_and_frees_the_place(server: Server, repository: Path) -> None:
    """Of more videos than may be under way the last is told to come back; cancelled ones leave no process behind."""
    sample = repository / "tools" / "sample" / "sample.mp4"
    places = [hand_in(server, sample) for _ in range(4)]
    refused = server.client.post(ADDRESS, content=sample.read_bytes())
    check_problem(refused, 429)
    assert refused.headers["retry-after"]
    share = wait_for(lambda: server.client.get(places[0]).json()["progress"], "some progress", server.said)
    assert 0 < share <= 1
    for where in places:
        assert server.client.delete(where).status_code == 204
    assert children(server) == []


def children(server: Server) -> list[str]:
    """Ids of the processes that the server has begun and that still are."""
    process = server.process.pid
    return Path(f"/proc/{process}/task/{process}/children").read_text().split()
