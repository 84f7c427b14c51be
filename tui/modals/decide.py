"""One question with a few answers, each a letter."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical

from core.guard import one_line
from tui.modals.base import Dialog, frame
from tui.render.pieces import Pieces, column
from tui.widgets.detail import Detail


class Way(msgspec.Struct, frozen=True):
    """One answer: its letter, what it is called, and what follows from it."""

    letter: str
    label: str
    about: str = ""


class Decide(Dialog[str | None]):
    """A letter decides, Enter takes the first answer, escape none."""

    def __init__(self, question: str, words: str, ways: Sequence[Way]) -> None:
        super().__init__()
        self._question = question
        self._words = words
        self._ways = ways

    def compose(self) -> ComposeResult:
        """Lay out the question, what there is to know, and the answers."""
        with Vertical(classes="dialog") as box:
            letters = " ".join(way.letter for way in self._ways)
            frame(box, self._question, f"{letters} · enter {self._ways[0].letter} · esc back")
            yield Detail()

    def on_mount(self) -> None:
        """Say it."""
        lines: list[Pieces] = [[(one_line(self._words, 500), "text")], [("", "dim")]]
        width = max(len(way.label) for way in self._ways) + 2
        lines += [
            [(f"{way.letter}  ", "key"), (column(way.label, width), "strong"), (way.about, "dim")]
            for way in self._ways
        ]
        self.query_one(Detail).say(lines)

    def on_key(self, event: events.Key) -> None:
        """Take a letter."""
        if any(event.character == way.letter for way in self._ways):
            event.stop()
            self.dismiss(event.character)

    def action_accept(self) -> None:
        """Take the first answer."""
        self.dismiss(self._ways[0].letter)
