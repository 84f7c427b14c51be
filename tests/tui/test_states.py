"""Every page while it waits for the engine, and with trouble, at both sizes."""

from __future__ import annotations

import pytest

from tests.pictures import assert_picture, screen_text
from tests.tui.conftest import NARROW, WIDE, OpenShell
from tests.waiting import until

SIZES = pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
WORDS = {
    "chat": "Reading…",
    "settings": "Reading the settings…",
    "health": "Checking…",
}


@SIZES
@pytest.mark.parametrize("page", sorted(WORDS))
async def test_a_page_says_that_it_waits_for_the_engine(
    shell: OpenShell, page: str, size: tuple[int, int]
) -> None:
    async with shell(page, size, held=True) as here:
        await here.pilot.pause()
        text = screen_text(here.app)
        assert page.title() in text.partition("\n")[0]
        assert (WORDS[page] in text) or (page == "chat" and size == NARROW and "Ask anything" in text)
        assert_picture(here.app, f"{page}-loading")


@SIZES
async def test_a_chat_without_a_server_names_the_way_on(shell: OpenShell, size: tuple[int, int]) -> None:
    async with shell(
        "chat", size, config='[chat]\nmodel = "llama3.2:3b"\n', faults=("refuse@version:times=0",)
    ) as here:
        await until(lambda: "alt+d" in screen_text(here.app))
        await until(lambda: "llama3.2:3b" in screen_text(here.app))
        await here.pilot.pause()
        assert "AI temporarily unavailable" in screen_text(here.app)
        assert_picture(here.app, "chat-away")


@SIZES
async def test_a_wrong_setting_is_marked_at_every_size(shell: OpenShell, size: tuple[int, int]) -> None:
    async with shell("settings", size, config="# mine\n[ui]\ntheme = 'purple'\n") as here:
        await until(lambda: "wrong in the file" in screen_text(here.app))
        await here.pilot.press("down", "down", "down")
        await here.pilot.pause()
        assert "Line 3" in screen_text(here.app)
        assert_picture(here.app, "settings-problem")
