"""The library page: spaces, what is in them, and what is found."""

from __future__ import annotations

import pytest

from tests.pictures import assert_picture, screen_text
from tests.tui.conftest import NARROW, WIDE, OpenShell, Shell
from tests.waiting import until
from tui.app import LeitstandApp
from tui.screens.library import LibraryScreen

SIZES = pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the person was told in passing; windows for it are not opened in tests."""
    words: list[str] = []
    monkeypatch.setattr(LeitstandApp, "toast", lambda app, level, text, hint="": words.append(text))
    return words


def page_of(here: Shell) -> LibraryScreen:
    screen = here.app.screen_stack[0]
    assert isinstance(screen, LibraryScreen)
    return screen


async def shows(here: Shell, *words: str) -> str:
    await until(lambda: all(word in screen_text(here.app) for word in words))
    await here.pilot.pause()
    return screen_text(here.app)


@SIZES
async def test_an_empty_library_says_what_it_is_and_how_to_begin(
    shell: OpenShell, size: tuple[int, int]
) -> None:
    async with shell("library", size) as here:
        text = await shows(here, "No space yet.", "n makes the first.")
        assert size == NARROW or "Answers from your documents" in text
        assert_picture(here.app, "library-empty")


@SIZES
async def test_the_library_waits_for_the_engine(shell: OpenShell, size: tuple[int, int]) -> None:
    async with shell("library", size, held=True) as here:
        await shows(here, "Reading the library…")
        assert_picture(here.app, "library-loading")


async def test_a_space_is_made_renamed_described_and_coloured(shell: OpenShell) -> None:
    async with shell("library") as here:
        await shows(here, "No space yet.")
        await here.pilot.press("n", *"manuals", "enter")
        await shows(here, "manuals", "1 space")
        await here.pilot.press("e", *[*["backspace"] * 7, *"handbooks"], "enter")
        await shows(here, "Describe it")
        await here.pilot.press(*"pumps", "enter")
        await shows(here, "handbooks   pumps")
        await here.pilot.press("c", "down", "down", "enter")
        await until(lambda: page_of(here).space is not None)
        await here.pilot.pause()
        (space,) = await here.engine.library.spaces()
        assert (space.name, space.description, space.colour) == ("handbooks", "pumps", "orange")


async def test_a_name_that_is_taken_is_said_in_the_dialog(shell: OpenShell) -> None:
    async with shell("library") as here:
        await here.engine.library.create_space("manuals")
        await shows(here, "manuals")
        await here.pilot.press("n", *"Manuals", "enter")
        await shows(here, "New space", "manuals")
        assert len(await here.engine.library.spaces()) == 1
        await here.pilot.press("escape")


async def test_a_deleted_space_comes_back(shell: OpenShell, said: list[str]) -> None:
    async with shell("library") as here:
        await here.engine.library.create_space("contracts")
        await here.engine.library.create_space("manuals")
        await shows(here, "contracts", "2 spaces")
        await here.pilot.press("x")
        await shows(here, "Delete contracts?", "u takes it back.")
        await here.pilot.press("y")
        await until(lambda: "contracts" not in screen_text(here.app))
        await here.pilot.press("u")
        await shows(here, "contracts", "2 spaces")
        assert said == ["Deleted contracts.", "It is back."]
        # Also one of an earlier day, which this page did not delete itself.
        await here.engine.library.delete_space((await here.engine.library.spaces())[1].id)
        await until(lambda: "manuals" not in screen_text(here.app))
        await here.pilot.press("u")
        await shows(here, "manuals")
        await here.pilot.press("u")
        assert said[-1] == "Nothing was deleted."


async def test_what_a_name_holds_is_never_obeyed(shell: OpenShell) -> None:
    async with shell("library") as here:
        await here.engine.library.create_space("[red]x[/] \x1b[2Jy", description="[link=a]b")
        text = await shows(here, "[red]x[/]", "[link=a]b")
        assert "\x1b" not in text
