from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual import events, on
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from tui.theme import THEMES
from tui.widgets.prompt import NEWLINE, Prompt


class Room(App[None]):
    def __init__(self) -> None:
        super().__init__()
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = "leitstand-dark"
        self.sent: list[str] = []
        self.asked = 0

    def compose(self) -> ComposeResult:
        yield Prompt(placeholder="Ask anything…")

    @on(Prompt.Submitted)
    def _sent(self, event: Prompt.Submitted) -> None:
        self.sent.append(event.text)
        event.prompt.empty()

    @on(Prompt.Asked)
    def _asked(self) -> None:
        self.asked += 1


@asynccontextmanager
async def room() -> AsyncIterator[tuple[Room, Pilot[None], Prompt]]:
    app = Room()
    async with app.run_test(size=(60, 20)) as pilot:
        prompt = app.query_one(Prompt)
        prompt.focus()
        await pilot.pause()
        yield app, pilot, prompt


async def test_enter_sends_and_empties() -> None:
    async with room() as (app, pilot, prompt):
        await pilot.press(*"hello", "enter")
        assert app.sent == ["hello"]
        assert prompt.text == ""


@pytest.mark.parametrize("key", sorted(NEWLINE - {"alt+enter", "newline", "shift+\n", "ctrl+\n"}))
async def test_every_newline_key_breaks_the_line_and_sends_nothing(key: str) -> None:
    async with room() as (app, pilot, prompt):
        await pilot.press("a", key, "b")
        assert prompt.text == "a\nb"
        assert app.sent == []


async def test_a_paste_of_many_lines_never_sends() -> None:
    async with room() as (app, pilot, prompt):
        app.post_message(events.Paste("one\ntwo\r\nthree\n"))
        await pilot.pause()
        assert app.sent == []
        assert prompt.text.splitlines() == ["one", "two", "three"]


async def test_up_goes_back_through_what_was_asked_and_down_returns_to_what_was_typed() -> None:
    async with room() as (_, pilot, prompt):
        prompt.remember(["first", "second\nline"])
        await pilot.press("up")
        assert prompt.text == "second\nline"
        await pilot.press("up", "up")
        assert prompt.text == "first"
        await pilot.press("down", "down")
        assert prompt.text == ""


async def test_up_moves_the_cursor_in_a_text_being_written() -> None:
    async with room() as (_, pilot, prompt):
        prompt.remember(["earlier"])
        await pilot.press("a", "ctrl+j", "b", "up")
        assert prompt.text == "a\nb"
        assert prompt.cursor_location[0] == 0


async def test_a_question_mark_asks_for_help_only_while_nothing_is_written() -> None:
    async with room() as (app, pilot, prompt):
        await pilot.press("?")
        assert app.asked == 1
        await pilot.press("a", "?")
        assert app.asked == 1
        assert prompt.text == "a?"


async def test_it_grows_with_its_lines_and_then_scrolls() -> None:
    async with room() as (_, pilot, prompt):
        assert prompt.size.height == 1
        prompt.put("\n".join(str(line) for line in range(30)))
        await pilot.pause()
        assert prompt.size.height == 10


async def test_the_word_before_the_cursor_is_what_a_completion_replaces() -> None:
    async with room() as (_, pilot, prompt):
        await pilot.press(*"see @not")
        assert prompt.word() == "@not"
        prompt.replace_word("@notes.md ")
        assert prompt.text == "see @notes.md "
        prompt.put("/mod")
        assert prompt.word() == "/mod"


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        (("a", "b", "c", "backspace", "backspace", "d", "e"), "ade"),
        (("backspace", "backspace", "a", "b"), "ab"),
        (("a", "b", "left", "c", "right", "d"), "acbd"),
        (("a", "b", "home", "c", "end", "d", "delete"), "cabd"),
        (("a", "ctrl+u", "b", "ctrl+w", "c"), "c"),
    ],
)
async def test_keys_that_arrive_together_do_what_they_do_one_after_the_other(
    keys: tuple[str, ...], text: str
) -> None:
    async with room() as (app, pilot, prompt):
        for key in keys:
            app.post_message(events.Key(key, key if len(key) == 1 else None))
        await pilot.pause()
        assert prompt.text == text


async def test_what_is_sent_is_what_was_mended_just_before() -> None:
    async with room() as (app, pilot, prompt):
        for key in ("o", "n", "backspace", "i", "l", "enter"):
            app.post_message(events.Key(key, "\r" if key == "enter" else key if len(key) == 1 else None))
        await pilot.pause()
        assert (app.sent, prompt.text) == (["oil"], "")
