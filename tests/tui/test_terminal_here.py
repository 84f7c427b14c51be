"""What the screens make of the terminal they are in: too small, far away, not looked at, short of keys."""

from __future__ import annotations

import pytest
from textual import events

from core.presence import LinkState
from tests.pictures import assert_picture, screen_text
from tests.tui.conftest import NARROW, WIDE, OpenShell
from tests.waiting import until
from tui.facts import Facts, QueueFacts, trip_pieces
from tui.glyphs import glyphs
from tui.modals.help import help_lines
from tui.render.small import small_rows
from tui.terminal.pace import LinkState as LineState
from tui.widgets.prompt import Prompt

SIGNS = glyphs("unicode")


@pytest.mark.parametrize("size", [(30, 6), (39, 40), (120, 9), (24, 3)])
async def test_a_window_too_small_for_the_page_tells_in_short_what_goes_on(
    shell: OpenShell, size: tuple[int, int]
) -> None:
    async with shell("chat", size) as here:
        text = screen_text(here.app)
        assert f"{size[0]}×{size[1]}; pages from 40×10" in text
        assert ("ctrl+q" in text) == (size[1] > 3)
        assert max(map(len, text.splitlines())) <= size[0]
        assert "▆" not in text
        assert "Ask anything" not in text
        if size == (30, 6):
            await until(lambda: "VRAM" in screen_text(here.app))
            await here.pilot.pause()
            assert_picture(here.app, "small")
        await here.pilot.press("h", "i")
        await here.pilot.resize_terminal(*NARROW)
        await until(lambda: "pages from" not in screen_text(here.app))
        assert here.app.screen.query_one(Prompt).text == "hi"


@pytest.mark.parametrize("height", range(1, 8))
def test_however_few_rows_there_are_the_server_comes_first(height: int) -> None:
    facts = Facts(queue=QueueFacts(running=1, waiting=1))
    rows = small_rows(facts, SIGNS, (34, height), (40, 10))
    words = ["".join(text for text, _ in row) for row in rows]
    assert len(words) == min(height, 6)
    assert any("starting" in line for line in words)
    assert any("queue 2" in line for line in words) == (height > 1)
    assert all(len(line) <= 34 for line in words)


def test_a_lost_engine_is_told_even_in_one_row() -> None:
    facts = Facts(link=LinkState(phase="gone", message="Leitstand has ended."))
    [row] = small_rows(facts, SIGNS, (40, 1), (40, 10))
    assert "Leitstand has ended." in "".join(text for text, _ in row)


@pytest.mark.parametrize(
    ("trip", "slow", "brief", "words"),
    [
        (None, False, False, ""),
        (0.0523, False, False, "52 ms"),
        (0.0523, False, True, ""),
        (0.34, True, True, "▲ slow line 340 ms"),
        (None, True, False, "▲ slow line"),
    ],
)
def test_a_long_way_to_the_person_is_told(trip: float | None, slow: bool, brief: bool, words: str) -> None:
    pieces = trip_pieces(trip, SIGNS, slow=slow, brief=brief)
    assert "".join(text for text, _ in pieces) == words


async def test_the_status_line_says_how_far_away_one_is(shell: OpenShell) -> None:
    async with shell("health", WIDE) as here:
        here.app.line_changed(LineState(10, low=False, acknowledged=True, round_trip=0.052))
        await until(lambda: "52 ms" in screen_text(here.app))
        here.app.low_bandwidth_changed(True)
        await until(lambda: "slow line" in screen_text(here.app))
        assert here.app.animation_level == "none"


async def test_a_window_without_the_focus_rests_and_a_key_wakes_it(shell: OpenShell) -> None:
    async with shell("chat", WIDE) as here:
        frames = here.app.frames
        here.app.post_message(events.AppBlur())
        await until(lambda: here.app.frames < frames)
        here.app.post_message(events.AppFocus())
        await until(lambda: here.app.frames == frames)


async def test_the_help_says_which_keys_do_not_arrive_here(shell: OpenShell) -> None:
    async with shell("health", NARROW) as here:
        await here.pilot.press("question_mark", "end")
        await until(lambda: "does not arrive" in screen_text(here.app))
        assert "alt+enter" in screen_text(here.app)


def test_a_key_that_never_arrives_is_not_offered_while_there_is_another() -> None:
    lost = {"f9": "the terminal takes it", "ctrl+b": "tmux takes it"}
    lines = ["".join(text for text, _ in line) for line in help_lines(("app",), {"app.go": "ctrl+b"}, lost)]
    health = next(line for line in lines if "app.page.health" in line)
    assert health.startswith("alt+9 ")
    go = next(line for line in lines if "app.go " in line)
    assert go.startswith("ctrl+b ")
    assert "does not arrive here" in go


async def test_the_cursor_of_the_terminal_follows_the_chosen_row(shell: OpenShell) -> None:
    async with shell("health", WIDE) as here:
        await until(lambda: here.app.cursor_position.y == 1)
        await here.pilot.press("down")
        assert here.app.cursor_position == (0, 2)
