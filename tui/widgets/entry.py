"""A line to type in, in which keys that arrive together keep their order."""

from __future__ import annotations

from collections.abc import Iterator

from textual import events
from textual.binding import Binding
from textual.reactive import reactive
from textual.widgets import Input


def _edits() -> Iterator[tuple[str, str]]:
    for binding in Input.BINDINGS:
        assert isinstance(binding, Binding)
        if binding.action.startswith(("cursor_", "delete_", "home", "end", "submit")):
            yield from ((key, binding.action) for key in binding.key.split(","))


EDITS = dict(_edits())
"""Keys that edit or send, and what each does; looked up by Textual, letters typed later overtake them."""


class Entry(Input):
    """One line; what a key does is done before the next one is looked at."""

    # A blinking cursor paints twice a second for as long as nobody types.
    cursor_blink = reactive(False, init=False)

    async def _on_key(self, event: events.Key) -> None:
        if (edit := EDITS.get(event.key)) is not None:
            event.stop()
            event.prevent_default()
            await self.run_action(edit)
        elif event.key.startswith("alt+"):
            # Terminals send its letter along, which is no text: the key goes on to whom it is meant for.
            event.prevent_default()
        else:
            await super()._on_key(event)
