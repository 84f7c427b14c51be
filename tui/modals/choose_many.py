"""Choose some of many: type to filter, Tab marks, Enter takes what is marked."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input

from core.guard import one_line
from tui.modals.base import Dialog, frame
from tui.render.option import Option
from tui.render.pieces import Piece, Pieces, column, spread
from tui.widgets.entry import Entry
from tui.widgets.row_list import RowList


class ChooseMany(Dialog[tuple[str, ...] | None]):
    """A line to type in and a list with marks."""

    def __init__(
        self,
        title: str,
        options: Sequence[Option],
        *,
        marked: Sequence[str] = (),
        words: Sequence[Pieces] = (),
    ) -> None:
        super().__init__()
        self._title = title
        self._options = list(options)
        self._marked = dict.fromkeys(marked)
        self._words = words or [[("Nothing matches.", "dim")]]

    def compose(self) -> ComposeResult:
        """Lay out the line and the list."""
        with Vertical(classes="dialog -wide -tall") as box:
            frame(box, self._title, "type to filter · ↑↓ · tab mark · enter take them · esc back")
            yield Entry(placeholder="Filter…")
            yield RowList(self._paint, key=lambda option: option.key)

    def on_mount(self) -> None:
        """Start with everything."""
        rows = self.query_one(RowList)
        rows.put(self._options, words=self._words)
        rows.can_focus = False
        self.query_one(Input).focus()
        self.fit(1 + max(len(self._options), len(self._words)))

    def _paint(self, option: Option, width: int) -> list[Pieces]:
        marked = option.key in self._marked
        sign = self.leitstand.glyphs.done if marked else " "
        left: list[Piece] = [
            (f" {sign} ", "good"),
            (f"{option.mark or ' '} ", option.mark_ink),
            (column(one_line(option.label, 200), 34), "strong" if marked else "text"),
            (f"  {one_line(option.about, 300)}", "dim"),
        ]
        return [spread(left, [(f"{option.right} ", "dim")] if option.right else [], width)]

    @on(Input.Changed)
    def _filter(self, event: Input.Changed) -> None:
        wanted = event.value.casefold().split()
        found = [
            option
            for option in self._options
            if all(word in f"{option.label} {option.about}".casefold() for word in wanted)
        ]
        self.query_one(RowList).put(found, words=self._words)

    def on_key(self, event: events.Key) -> None:
        """Move and mark in the list while the line has the focus."""
        rows = self.query_one(RowList)
        if event.key in {"up", "down"}:
            event.stop()
            rows.action_cursor(-1 if event.key == "up" else 1)
        elif event.key in {"pageup", "pagedown"}:
            event.stop()
            rows.action_page(-1 if event.key == "pageup" else 1)
        elif event.key == "tab":
            event.stop()
            event.prevent_default()
            self._turn_mark(rows.selected)
            rows.action_cursor(1)

    def _turn_mark(self, option: Option | None) -> None:
        if option is None:
            return
        if option.key in self._marked:
            del self._marked[option.key]
        else:
            self._marked[option.key] = None
        self.query_one(RowList).repaint()

    @on(Input.Submitted)
    @on(RowList.Opened)
    def _taken(self) -> None:
        option: Option | None = self.query_one(RowList).selected
        if self._marked:
            self.dismiss(tuple(self._marked))
        elif option is not None:
            self.dismiss((option.key,))
