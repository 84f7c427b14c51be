"""Letters that were on their way when a line got the focus: they belong into that line."""

from __future__ import annotations

from textual import events
from textual.app import App
from textual.widgets import Input


class TypedAhead(App[int]):
    """An app in which what is typed in one go after a key that opens a line is all in it."""

    async def _on_key(self, event: events.Key) -> None:
        # A line takes its letters itself; those that come here were sent to what had the focus before.
        line = self.focused
        if isinstance(line, Input) and event.is_printable and event.character:
            line.insert_text_at_cursor(event.character)
            event.prevent_default()
