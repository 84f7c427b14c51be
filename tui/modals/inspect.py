"""How passages were found: what was asked, where it was looked, both scores, and what was left out."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll

from core.retrieval.library import Inspection
from core.retrieval.types import SpaceScore
from tui import keymap
from tui.modals.base import Dialog, frame
from tui.render.inspection import inspection_lines
from tui.render.pieces import Pieces
from tui.widgets.detail import Detail


class Inspect(Dialog[None]):
    """A search laid open."""

    # With its place kept no line is cut for a width that the scroll bar then takes away.
    DEFAULT_CSS = "Inspect VerticalScroll { scrollbar-gutter: stable; }"
    BINDINGS = [*keymap.bindings("modal"), *keymap.bindings("inspect")]

    def __init__(self, found: Inspection, spaces: Sequence[SpaceScore], notes: Sequence[str] = ()) -> None:
        super().__init__()
        self._found = found
        self._spaces = spaces
        self._notes = notes

    def compose(self) -> ComposeResult:
        """Lay out one scrolling text."""
        with Vertical(classes="dialog -wide -tall") as box:
            frame(box, "How it was found", "↑↓ read · y copy · esc back")
            with VerticalScroll():
                yield Detail()

    def on_mount(self) -> None:
        """Write it down once it is known how wide it may be."""
        self.query_one(VerticalScroll).focus()
        self.call_after_refresh(self._say)

    def on_resize(self, event: events.Resize) -> None:
        """Write it anew for the new width."""
        self.call_after_refresh(self._say)

    def _lines(self, width: int) -> list[Pieces]:
        return inspection_lines(self._found, self._spaces, self.leitstand.glyphs, width, self._notes)

    def _say(self) -> None:
        text = self.query_one(Detail)
        lines = self._lines(max(text.content_size.width, 40))
        text.say(lines)
        self.fit(len(lines))

    async def action_copy_inspection(self) -> None:
        """Copy it as text."""
        lines = ["".join(text for text, _ in line).rstrip() for line in self._lines(160)]
        await self.leitstand.copy("\n".join(lines))
