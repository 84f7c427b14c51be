"""Somebody to talk to: the personas, and everything about the one under the cursor."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input

from core.chat.types import Persona
from tui.modals.base import frame
from tui.modals.own import ChooseOwn
from tui.render.option import Option
from tui.render.personas import NOBODY, about, option
from tui.render.pieces import Pieces
from tui.widgets.detail import Detail
from tui.widgets.row_list import RowList


class Personas(ChooseOwn):
    """A line to type in, the list, and below it what the selected one is like."""

    def __init__(self, personas: Sequence[Persona], *, current: str = "") -> None:
        self._personas = {one.name: one for one in personas}
        super().__init__("Personas", [NOBODY, *map(option, personas)], current=current)

    def compose(self) -> ComposeResult:
        """Lay out the line, the list and the details."""
        with Vertical(classes="dialog -wide -tall") as box:
            frame(box, self._title, self.KEYS_LINE)
            yield Input(placeholder="Filter…")
            yield RowList(self._paint, key=lambda option: option.key)
            yield Detail(id="about-persona")

    @on(RowList.Moved)
    def _moved(self) -> None:
        self._tell()

    def on_mount(self) -> None:
        """Start on the current one."""
        super().on_mount()
        self._tell()

    def _tell(self) -> None:
        chosen: Option | None = self.query_one(RowList).selected
        persona = self._personas.get(chosen.key) if chosen is not None else None
        lines: list[Pieces] = about(persona) if persona is not None else []
        self.query_one("#about-persona", Detail).say(lines)
