"""What every dialog has in common: a frame, a title, escape closes."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

from textual.await_complete import AwaitComplete
from textual.markup import escape
from textual.screen import ModalScreen
from textual.widget import Widget

from core.guard import one_line
from tui import keymap
from tui.forgiving import Forgiving
from tui.terminal.lean import LeanCompositor

if TYPE_CHECKING:
    from tui.app import LeitstandApp

T = TypeVar("T")


_FRAME = 4
"""Rows above and below what a dialog holds: its border, and a free one inside."""
_BESIDE = 6
"""Columns beside what a dialog holds: its border, and two free ones inside."""
_WIDTH, _WIDE = 72, 104


def frame(box: Widget, title: str, subtitle: str) -> None:
    """Write the title and the keys into a dialog's frame; both are text, never markup."""
    box.border_title = escape(one_line(title, 60))
    box.border_subtitle = escape(one_line(subtitle, 66))


class Dialog(Forgiving, ModalScreen[T]):
    """A small window over a page."""

    BINDINGS = keymap.bindings("modal")

    def __init__(self) -> None:
        super().__init__()
        self._compositor = LeanCompositor()
        self._tallest = 0

    @property
    def leitstand(self) -> LeitstandApp:
        """The app, by its own type."""
        return cast("LeitstandApp", self.app)

    def dismiss(self, result: T | None = None) -> AwaitComplete:
        """Close with an answer; keys that come in quick succession close once."""
        return super().dismiss(result) if self.is_current else AwaitComplete()

    def fit(self, rows: int) -> None:
        """Be no taller than what it holds: so many rows beside the frame."""
        self.query_one(".dialog").styles.max_height = rows + _FRAME

    def grow(self, rows: int) -> None:
        """Be as tall as what it holds now, and never less tall than before: nothing goes up and down."""
        self._tallest = max(self._tallest, rows)
        self.fit(self._tallest)

    def room(self) -> int:
        """Columns for what it holds."""
        wide = self.query_one(".dialog").has_class("-wide")
        return min(_WIDE if wide else _WIDTH, self.app.size.width * 96 // 100) - _BESIDE

    def action_close(self) -> None:
        """Close without an answer."""
        self.dismiss(None)

    def action_accept(self) -> None:
        """Close; dialogs with something to accept say what."""
        self.dismiss(None)
