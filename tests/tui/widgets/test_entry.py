"""A line to type in: keys that arrive together."""

from __future__ import annotations

import pytest
from textual import events, on
from textual.app import App, ComposeResult
from textual.widgets import Input

from tui.widgets.entry import Entry


class Desk(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.sent: list[str] = []

    def compose(self) -> ComposeResult:
        yield Entry()

    @on(Input.Submitted)
    def _sent(self, event: Input.Submitted) -> None:
        self.sent.append(event.value)


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        (("backspace", "a", "b", "backspace", "c"), "ac"),
        (("a", "b", "left", "c", "end", "d"), "acbd"),
        (("a", "b", "ctrl+u", "c"), "c"),
    ],
)
async def test_keys_that_arrive_together_do_what_they_do_one_after_the_other(
    keys: tuple[str, ...], text: str
) -> None:
    app = Desk()
    async with app.run_test() as pilot:
        for key in (*keys, "enter", "x"):
            app.post_message(events.Key(key, key if len(key) == 1 else None))
        await pilot.pause()
        assert (app.sent, app.query_one(Entry).value) == ([text], f"{text}x")
