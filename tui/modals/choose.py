"""Choose one of many by typing a part of it."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input

from core.guard import one_line
from tui.modals.base import Dialog, frame
from tui.render.match import matching
from tui.render.option import Option
from tui.render.pieces import Piece, Pieces, column, spread
from tui.widgets.detail import Detail
from tui.widgets.entry import Entry
from tui.widgets.row_list import RowList

_WIDTH = 104
_BESIDE = 10
"""Columns of the dialog beside the words above its list: border, room, and the words' own margin."""


class Choose(Dialog[str | None]):
    """A line to type in and the list of what matches; Enter takes the selected row."""

    KEYS_LINE = "type to filter · ↑↓ · enter take it · esc back"

    def __init__(
        self,
        title: str,
        options: Sequence[Option],
        *,
        current: str = "",
        about: str = "",
        words: Sequence[Pieces] = (),
    ) -> None:
        super().__init__()
        self._title = title
        self._options = list(options)
        self._current = current
        self._about = about
        self._words = words or [[("Nothing matches.", "dim")]]

    def compose(self) -> ComposeResult:
        """Lay out the line and the list."""
        with Vertical(classes="dialog -wide -tall") as box:
            frame(box, self._title, self.KEYS_LINE)
            if self._about:
                yield Detail()
            yield Entry(placeholder="Filter…")
            yield RowList(self._paint, key=lambda option: option.key)

    def on_mount(self) -> None:
        """Start with everything, on the current choice."""
        if self._about:
            self.query_one(Detail).say([[(one_line(self._about, 400), "text")], []])
        rows = self.query_one(RowList)
        rows.put(self._options, words=self._words)
        rows.select(self._current)
        rows.can_focus = False
        self.query_one(Input).focus()
        self.fit_to_options()

    def on_resize(self) -> None:
        """What stands above the list may wrap otherwise now."""
        self.fit_to_options()

    def fit_to_options(self) -> None:
        """Be as tall as all there is to choose from: filtering moves nothing."""
        room = min(_WIDTH, self.app.size.width * 96 // 100) - _BESIDE
        above = len(textwrap.wrap(one_line(self._about, 400), max(room, 10))) + 1 if self._about else 0
        self.fit(above + 1 + max(len(self._options), len(self._words)))

    def _paint(self, option: Option, width: int) -> list[Pieces]:
        label = one_line(option.label, 200)
        left: list[Piece] = [
            (f" {option.mark or ' '} ", option.mark_ink),
            # A sentence with nothing beside it is not cut to a column.
            (
                column(label, 34) if option.about else label,
                "strong" if option.key == self._current else "text",
            ),
            (f"  {one_line(option.about, 300)}" if option.about else "", "dim"),
        ]
        return [spread(left, [(f"{option.right} ", "dim")] if option.right else [], width)]

    @on(Input.Changed)
    def _filter(self, event: Input.Changed) -> None:
        rows = self.query_one(RowList)
        rows.put(matching(self._options, event.value), words=self._words)
        if event.value:
            rows.action_first()

    def on_key(self, event: events.Key) -> None:
        """Move in the list while the line has the focus."""
        rows = self.query_one(RowList)
        moves = {"up": -1, "down": 1}
        if event.key in moves:
            event.stop()
            rows.action_cursor(moves[event.key])
        elif event.key in {"pageup", "pagedown"}:
            event.stop()
            rows.action_page(-1 if event.key == "pageup" else 1)

    @on(Input.Submitted)
    @on(RowList.Opened)
    def _taken(self) -> None:
        option: Option | None = self.query_one(RowList).selected
        if option is not None:
            self.dismiss(option.key)
