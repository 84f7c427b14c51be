"""Choose one of a few things."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical

from core.guard import one_line
from tui.modals.base import Dialog, frame
from tui.render.pieces import Pieces
from tui.widgets.row_list import RowList


class Pick(Dialog[str | None]):
    """A short list; Enter takes the selected row."""

    def __init__(self, title: str, choices: tuple[str, ...], current: str) -> None:
        super().__init__()
        self._title = title
        self._choices = choices
        self._current = current

    def compose(self) -> ComposeResult:
        """Lay the choices out below each other."""
        with Vertical(classes="dialog") as box:
            frame(box, self._title, "enter take it · esc back")
            rows: RowList[str] = RowList(self._paint, key=lambda row: row)
            rows.styles.height = min(len(self._choices), 16)
            yield rows

    def on_mount(self) -> None:
        """Start on the current choice."""
        rows = self.query_one(RowList)
        rows.put(self._choices)
        rows.select(self._current)
        rows.focus()

    def _paint(self, choice: str, width: int) -> list[Pieces]:
        mark = self.leitstand.glyphs.done if choice == self._current else " "
        return [[(f" {mark} ", "good"), (one_line(choice, width), "text")]]

    def on_row_list_opened(self, event: RowList.Opened) -> None:
        """Answer with the row."""
        self.dismiss(event.row)
