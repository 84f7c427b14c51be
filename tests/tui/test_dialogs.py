"""Dialogs are as tall as what they hold, and what grows while it is used never goes up and down."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.containers import VerticalScroll
from textual.screen import Screen

from core.bus import Notice
from core.telemetry.types import Alert
from tests.pictures import assert_picture, screen_text
from tests.tui.conftest import NARROW, WIDE, OpenShell, Shell
from tests.waiting import until
from tui.modals.alerts import AlertsScreen
from tui.modals.help import HelpScreen
from tui.modals.notices import NoticesScreen
from tui.modals.search import Search
from tui.modals.words import Words

SIZES = pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
LONG = (
    "What is told here takes more than one row in any window that is not very wide indeed, doesn't it. " * 2
)

FEW: dict[str, Callable[[], Screen[None]]] = {
    "no notices": lambda: NoticesScreen(()),
    "notices": lambda: NoticesScreen((Notice("info", "It is done."), Notice("warning", LONG, "Look."))),
    "no alerts": lambda: AlertsScreen(()),
    "alerts": lambda: AlertsScreen((Alert("gpu_temperature", "gpu0", "error", LONG, "Wait.", 1.7e9),)),
    "words": lambda: Words("A text", [[("One.", "text")], [(LONG, "text")]]),
}  # fmt: skip


async def opened(here: Shell, screen: Screen[None]) -> VerticalScroll:
    await here.app.push_screen(screen)
    await here.pilot.pause()
    return screen.query_one(VerticalScroll)


@SIZES
@pytest.mark.parametrize("kind", FEW)
async def test_a_few_words_take_a_few_rows(shell: OpenShell, size: tuple[int, int], kind: str) -> None:
    async with shell("chat", size) as here:
        scroll = await opened(here, FEW[kind]())
        assert (scroll.max_scroll_y, scroll.size.height) == (0, scroll.virtual_size.height)


@SIZES
async def test_many_words_are_scrolled_through(shell: OpenShell, size: tuple[int, int]) -> None:
    async with shell("chat", size) as here:
        scroll = await opened(here, HelpScreen(("chat",)))
        assert scroll.max_scroll_y > 0
        assert here.app.screen.query_one(".dialog").region.bottom <= size[1]


async def test_a_dialog_follows_the_width_of_the_window(shell: OpenShell) -> None:
    async with shell("chat", WIDE) as here:
        scroll = await opened(here, Words("A text", [[(LONG, "text")]]))
        before = scroll.size.height
        await here.pilot.resize_terminal(60, 24)
        await until(lambda: scroll.size.height > before)
        assert scroll.max_scroll_y == 0


@SIZES
async def test_the_search_of_all_chats_grows_with_what_it_finds_and_its_line_stays(
    shell: OpenShell, size: tuple[int, int]
) -> None:
    async with shell("chat", size) as here:
        for number in range(4):
            chat = await here.engine.chat.create(title=f"Heron number {number}")
            assert chat.id
        await here.app.push_screen(Search())
        await here.pilot.pause()
        box = here.app.screen.query_one(".dialog")
        small, top = box.size.height, box.region.y
        assert "Find words in titles" in screen_text(here.app)
        await here.pilot.press(*"heron")
        await until(lambda: "Heron number 3" in screen_text(here.app))
        await until(lambda: box.size.height > small)
        tall = box.size.height
        assert box.region.y == top
        assert_picture(here.app, "search-chats")
        await here.pilot.press(*"xyz")
        await until(lambda: "Nothing found." in screen_text(here.app))
        assert (box.size.height, box.region.y) == (tall, top)
