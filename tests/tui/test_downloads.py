from __future__ import annotations

from pathlib import Path

import pytest

from core.downloads.types import Download
from core.models.directory import Disk
from core.simulator import Pace
from tests.pictures import assert_picture, screen_text
from tests.tui.conftest import NARROW, WIDE, OpenShell, Shell, both_ways
from tests.waiting import until
from tui.app import LeitstandApp
from tui.screens.downloads import DownloadsScreen

pytestmark = both_ways

SIZES = pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
MB = 1_000_000
GB = 1000 * MB
SLOW = Pace(pull=100 * MB, verify=10_000 * MB, load=100_000 * MB, settle=0.1)
"""A hundred megabytes a second, on the clock the test moves."""
BIG = ("qwen3:14b", "mistral-small:24b", "deepseek-r1:32b")


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the person was told in passing; windows for it are not opened in tests."""
    words: list[str] = []
    monkeypatch.setattr(LeitstandApp, "toast", lambda app, level, text, hint="": words.append(text))
    return words


def page_of(here: Shell) -> DownloadsScreen:
    screen = here.app.screen_stack[0]
    assert isinstance(screen, DownloadsScreen)
    return screen


def prepare(here: Shell) -> None:
    """A disk that is the same on every machine."""
    planner = here.engine.downloads._planner
    planner._directory = lambda: Path("/models")
    planner._look = lambda path: Disk(str(path), 812 * GB, 2000 * GB)


async def shows(here: Shell, *words: str) -> str:
    await until(lambda: all(word in screen_text(here.app) for word in words))
    await here.pilot.pause()
    return screen_text(here.app)


async def state(here: Shell, download: Download, *wanted: str, step: float = 0.25) -> Download:
    """Let time pass until a download is in a state."""
    found = download
    for _ in range(4000):
        found = await here.engine.downloads.get(download.id)
        if found.state in wanted:
            await here.pilot.pause()
            return found
        await here.clock.advance(step)
        await here.pilot.pause()
    raise AssertionError(f"still {found.state}")


async def flowing(here: Shell, *downloads: Download) -> None:
    """Let half a minute pass beat by beat, so that graphs are full."""
    flow = here.app.flow
    assert flow is not None
    for _ in range(60):
        await here.clock.advance(0.5)
        await here.pilot.pause()
    assert all(len(flow.speeds[each.id]) >= 28 for each in downloads)
    # Facts reach the page by the time of its pictures, not by the clock of the test.
    for each in downloads:
        newest = (await here.engine.downloads.get(each.id)).completed
        await until(lambda each=each, newest=newest: flow.downloads[each.id].completed == newest)  # type: ignore[misc]


def line_with(text: str, words: str) -> str:
    return next(line for line in text.splitlines() if words in line)


@SIZES
async def test_without_downloads_the_page_says_how_to_begin(shell: OpenShell, size: tuple[int, int]) -> None:
    async with shell("downloads", size) as here:
        text = await shows(here, "Nothing is being fetched.")
        assert "d fetches a model by its name" in text
        assert_picture(here.app, "downloads-empty")


@SIZES
async def test_each_download_is_a_line_with_the_whole_model_and_the_selected_one_tells_its_plan(
    shell: OpenShell, size: tuple[int, int]
) -> None:
    async with shell("downloads", size, pace=SLOW) as here:
        prepare(here)
        await state(here, await here.engine.downloads.pull("all-minilm"), "done")
        # How long that was looked at differs; progress is told at whole half seconds.
        await here.clock.advance(20.0 - here.clock.monotonic())
        first, second, third = [await here.engine.downloads.pull(name) for name in BIG]
        # Time stands still until the server was asked for both: so they are as far every time.
        await until(lambda: sum(each.path == "/api/pull" for each in here.simulator.requests) == 3)
        await flowing(here, first, second)
        text = await shows(here, first.name, "to fetch", "MB/s", "Finished")
        await until(lambda: not page_of(here)._showing)
        await here.pilot.pause()
        text = screen_text(here.app)
        assert "%" in line_with(text, first.name)
        assert "812 GB free now" in text
        assert size == NARROW or "↓ 2 · 25 % 200 MB/s" in text.splitlines()[-2]
        order = [text.index(each.name) for each in (first, second, third)]
        assert order == sorted(order)
        assert text.index("Finished") < text.index("all-minilm")
        assert_picture(here.app, "downloads")


async def test_the_whole_model_is_counted_and_never_falls_until_it_was_tried_out(shell: OpenShell) -> None:
    async with shell("downloads", pace=SLOW) as here:
        prepare(here)
        download = await here.engine.downloads.pull("qwen3:4b")
        seen: list[float] = []
        for _ in range(400):
            known = page_of(here).known.get(download.id)
            if known is not None and known.percent is not None:
                seen.append(known.percent)
            if known is not None and known.state == "done":
                break
            await here.clock.advance(0.5)
            await here.pilot.pause()
        assert seen == sorted(seen)
        assert len(set(seen)) > 5
        assert seen[-1] == 100
        await state(here, download, "done")
        text = await shows(here, "It was tried out and works")
        assert "✓ qwen3:4b" in text


async def test_a_name_is_asked_for_planned_and_only_then_fetched(shell: OpenShell, said: list[str]) -> None:
    async with shell("downloads", pace=SLOW) as here:
        prepare(here)
        await here.pilot.press("d", *"no such", "enter")
        text = await shows(here, "Download a model", "no such")
        assert not here.engine.downloads._floors.of("no such").completed
        assert "esc back" in text
        await here.pilot.press(*["backspace"] * 7, *"qwen3:4b", "enter")
        text = await shows(here, "Download qwen3:4b?", "2.50 GB to fetch.", "fits on the GPU.")
        assert await here.engine.downloads.list() == ()
        assert_picture(here.app, "downloads-plan")
        await here.pilot.press("y")
        await shows(here, "qwen3:4b")
        await until(lambda: "qwen3:4b is on its way." in said)


async def test_too_little_room_is_said_with_the_numbers_and_nothing_is_fetched(
    shell: OpenShell, monkeypatch: pytest.MonkeyPatch
) -> None:
    hints: list[str] = []
    monkeypatch.setattr(LeitstandApp, "toast", lambda app, level, text, hint="": hints.append(hint))
    async with shell("downloads", pace=SLOW) as here:
        prepare(here)
        here.engine.downloads._planner._look = lambda path: Disk(str(path), 3 * GB, 2000 * GB)
        await here.pilot.press("d", *"qwen3:4b", "enter")
        await until(lambda: any("3.75 GB must be free for it; there are 3.00 GB." in hint for hint in hints))
        assert await here.engine.downloads.list() == ()


async def test_a_download_is_paused_goes_on_and_is_cancelled_by_key(shell: OpenShell) -> None:
    async with shell("downloads", pace=SLOW) as here:
        prepare(here)
        download = await here.engine.downloads.pull("qwen3:14b")
        await state(here, download, "downloading")
        await here.pilot.press("space")
        paused = await state(here, download, "paused")
        await shows(here, "space goes on where it stopped")
        assert paused.completed <= (await here.engine.downloads.get(download.id)).completed
        await here.pilot.press("space")
        await state(here, download, "downloading")
        await here.pilot.press("x")
        await shows(here, "Cancel the download of qwen3:14b?")
        await here.pilot.press("y")
        await state(here, download, "cancelled")
        await shows(here, "r starts it again")
        await here.pilot.press("r")
        await state(here, download, "downloading")


async def test_the_order_of_those_that_wait_is_changed_by_key(shell: OpenShell) -> None:
    async with shell("downloads", pace=SLOW) as here:
        prepare(here)
        pulls = [await here.engine.downloads.pull(name) for name in (*BIG, "phi4:14b")]
        await state(here, pulls[1], "downloading")
        await until(lambda: len(page_of(here).known) == 4)
        page_of(here).rows.select(pulls[3].id)
        page_of(here).rows.keep()
        await here.pilot.press("K")
        await until(lambda: page_of(here).known[pulls[3].id].position == 1)
        waiting = [row for row in page_of(here).rows.rows if isinstance(row, Download) and row.position]
        assert [row.name for row in waiting] == ["phi4:14b", BIG[2]]
        assert page_of(here).selected == waiting[0]


async def test_what_went_wrong_is_said_with_what_mends_it(shell: OpenShell) -> None:
    async with shell("downloads", pace=SLOW, faults=("disk@pull:after=30",)) as here:
        prepare(here)
        download = await here.engine.downloads.pull("qwen3:4b")
        failed = await state(here, download, "failed")
        assert failed.error is not None
        text = await shows(here, "✗ qwen3:4b", "r tries again")
        assert failed.error.message[:40] in text
        assert_picture(here.app, "downloads-failed")


async def test_a_download_that_stands_still_reconnects_and_the_page_remembers(shell: OpenShell) -> None:
    async with shell("downloads", pace=SLOW, faults=("stall@pull:after=30",)) as here:
        prepare(here)
        download = await here.engine.downloads.pull("qwen3:4b")
        await state(here, download, "downloading")
        for _ in range(600):
            if here.app.flow is not None and here.app.flow.troubles.get(download.id):
                break
            await here.clock.advance(0.5)
            await here.pilot.pause()
        await state(here, download, "done")
        assert here.app.flow is not None
        assert "stood still" in here.app.flow.troubles[download.id][0].text
        await shows(here, "stood still")


async def test_the_status_line_of_every_page_says_how_far_downloads_are(shell: OpenShell) -> None:
    async with shell("settings", pace=SLOW) as here:
        prepare(here)
        download = await here.engine.downloads.pull("qwen3:14b")
        await state(here, download, "downloading")
        await until(lambda: here.app.facts.downloads.percent is not None)
        assert "↓ 1 ·" in screen_text(here.app).splitlines()[-2]
        await here.engine.downloads.cancel(download.id)
        await state(here, download, "cancelled")
        await until(lambda: here.app.facts.downloads.moving == 0)
        await here.pilot.pause()
        assert "↓" not in screen_text(here.app).splitlines()[-2]


async def test_the_catalogue_fetches_by_key_and_shows_how_far(shell: OpenShell) -> None:
    async with shell("catalog", pace=SLOW) as here:
        prepare(here)
        await until(lambda: here.app.screen_stack[0].board.fits)  # type: ignore[attr-defined]  # the catalogue's board
        here.app.screen_stack[0].rows.select("llama3.2:1b")  # type: ignore[attr-defined]  # the catalogue's list
        await here.pilot.press("d")
        await shows(here, "Download llama3.2:1b?")
        await here.pilot.press("y")
        await until(lambda: here.app.facts.downloads.moving or here.app.facts.downloads.waiting)
        (download,) = await here.engine.downloads.list()
        await state(here, download, "downloading")
        text = await shows(here, "% downloading")
        assert "↓" in line_with(text, "llama3.2:1b")
        await state(here, download, "done")
        await until(lambda: here.app.screen_stack[0].board.models["llama3.2:1b"].installed)  # type: ignore[attr-defined]  # the catalogue's board
