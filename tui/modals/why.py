"""Why a model answered: the decision with every reason."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll

from core.router.types import Decision
from tui.modals.base import Dialog, frame
from tui.render.decisions import decision
from tui.widgets.detail import Detail


class Why(Dialog[bool]):
    """One decision to read; `m` goes on to choosing another model."""

    def __init__(self, found: Decision) -> None:
        super().__init__()
        self._found = found

    def compose(self) -> ComposeResult:
        """Lay out one scrolling text."""
        with Vertical(classes="dialog -wide") as box:
            frame(box, "Why this model", "m let another one answer · esc back")
            with VerticalScroll() as scroll:
                scroll.styles.height = "auto"
                scroll.styles.max_height = 24
                yield Detail()

    def on_mount(self) -> None:
        """Write it down."""
        self.query_one(VerticalScroll).focus()
        self.query_one(Detail).say(decision(self._found))

    def on_key(self, event: events.Key) -> None:
        """Take m for another model."""
        if event.character == "m":
            event.stop()
            self.dismiss(result=True)

    def action_close(self) -> None:
        """Leave it at that."""
        self.dismiss(result=False)
