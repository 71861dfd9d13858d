"""The page, in a real browser: a picture, a video, the keyboard, and nothing from elsewhere."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Request, sync_playwright

from edged.analysis.colours import RGB
from tests.end_to_end.process import LONG_S, wait_for
from tests.http.conftest import Server

LONG_MS = 1000 * LONG_S


@pytest.fixture
def page(server: Server, require_tool: Callable[[str], str]) -> Iterator[Page]:
    """The page, opened; whatever it asks for, and any error of its script, is watched."""
    asked: list[str] = []
    wrong: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    with sync_playwright() as playwright:
        path = require_tool("chromium")
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu"], timeout=LONG_MS
        )
        page = browser.new_page(viewport={"width": 390, "height": 844}, color_scheme="dark")
        page.set_default_timeout(LONG_MS)
        page.on("request", note)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if "Content Security" in said.text else None)
        page.goto(server.url)
        yield page
        browser.close()
    assert not wrong
    assert all(url.startswith((server.url, "blob:", "data:,")) for url in asked), asked


def test_a_picture_is_shown_with_boxes_and_bars(page: Page, two_faces: Path) -> None:
    """A box and a table of shares for each face; the table is what a screen reader reads; it fits a telephone."""
    page.set_input_files("#file", two_faces)
    page.locator("#result:not([hidden])").wait_for()
    assert page.inner_text("#status") == "Done."
    assert page.evaluate("() => document.activeElement.getAttribute('aria-labelledby')") == "title"
    assert page.inner_text("#title") == "2 faces in the picture"
    assert page.locator("#stage rect.halo").count() == 2
    assert page.locator("#stage text").all_text_contents() == ["1", "2"]
    tables = page.get_by_role("table")
    assert tables.count() == 2
    rows = tables.first.get_by_role("row").all_inner_texts()
    assert [row.split()[0] for row in rows] == list(RGB)
    assert abs(sum(int(row.split()[1]) for row in rows) - 100) <= 4
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="Clear").press("Enter")
    assert page.locator("#result").is_hidden()
    assert page.evaluate("() => document.activeElement.id") == "file"


def test_a_video_is_shown_with_its_timeline(page: Page, clip: Path) -> None:
    """Shares over time, as a chart and as a table."""
    page.set_input_files("#file", clip)
    page.locator("#result:not([hidden])").wait_for()
    assert re.fullmatch(r"0:\d\d of video, faces to be seen in \d+\s% of it", page.inner_text("#title"))
    assert page.locator(".timeline rect").count() > 5
    page.get_by_text("The timeline as a table").press("Enter")
    assert page.get_by_role("region", name="Table of the timeline").get_by_role("row").count() == 21


def test_a_video_can_be_cancelled(page: Page, repository: Path, server: Server) -> None:
    """By the keyboard; the service forgets it, and the page is ready for another file."""
    page.set_input_files("#file", repository / "tools" / "sample" / "sample.mp4")
    page.get_by_role("button", name="Cancel").press("Enter")
    assert page.inner_text("#status") == "Cancelled."
    assert page.evaluate("() => document.activeElement.id") == "file"
    wait_for(lambda: "edged_http_videos_under_way 0.0" in server.client.get("/metrics").text, "no video under way")


def test_what_goes_wrong_is_said(page: Page, tmp_path: Path) -> None:
    """In the service's own words, where a screen reader hears it."""
    path = tmp_path / "notes.jpg"
    path.write_text("milk and bread\n")
    page.set_input_files("#file", path)
    page.locator("#error:not(:empty)").wait_for()
    assert page.get_by_role("alert").inner_text().startswith("The file is not a picture that can be opened: ")


def test_the_keyboard_reaches_everything(page: Page) -> None:
    """In a sensible order: the file, the token, the links."""
    reached = []
    for _ in range(4):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("() => document.activeElement.id || document.activeElement.tagName"))
    assert reached == ["file", "SUMMARY", "A", "A"]


def test_colours_are_those_of_drawings_and_charts(server: Server) -> None:
    """One colour for each emotion, wherever it is seen."""
    told = dict(re.findall(r"--(\w+): (#[0-9a-f]{6});", server.client.get("/page.css").text))
    assert {name: told[name] for name in RGB} == {name: "#{:02x}{:02x}{:02x}".format(*rgb) for name, rgb in RGB.items()}
