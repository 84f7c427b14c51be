"""Ask before something that cannot be taken back."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical

from core.guard import one_line
from tui.modals.base import Dialog, frame
from tui.widgets.detail import Detail


class Confirm(Dialog[bool]):
    """A question with a named deed: `y` or Enter does it, anything else does not."""

    def __init__(self, question: str, consequence: str, deed: str) -> None:
        super().__init__()
        self._question = question
        self._consequence = consequence
        self._deed = deed

    def compose(self) -> ComposeResult:
        """Lay out the question and what follows from it."""
        with Vertical(classes="dialog") as box:
            frame(box, self._question, f"y or enter {self._deed} · esc back")
            yield Detail()

    def on_mount(self) -> None:
        """Say what follows."""
        self.query_one(Detail).say([[(one_line(self._consequence, 500), "text")]])

    def on_key(self, event: events.Key) -> None:
        """Take y for yes and n for no."""
        if event.character in {"y", "n"}:
            event.stop()
            self.dismiss(event.character == "y")

    def action_accept(self) -> None:
        """Do it."""
        self.dismiss(result=True)

    def action_close(self) -> None:
        """Do nothing."""
        self.dismiss(result=False)
