"""Somebody to talk to: the personas, everything about the one under the cursor, and keys to change them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import msgspec
from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input

from core.chat.types import Persona
from core.errors import LeitstandError
from core.guard import one_line
from tui import keymap
from tui.modals.base import frame
from tui.modals.own import EDIT, ChooseOwn
from tui.render.match import matching
from tui.render.option import Option
from tui.render.personas import NOBODY, about, option
from tui.render.pieces import Pieces
from tui.widgets.detail import Detail
from tui.widgets.entry import Entry
from tui.widgets.row_list import RowList

_BESIDE_LIST = 2
"""Rows for the filter above it and what was done below it."""


class Acts(msgspec.Struct, frozen=True):
    """What the dialog may do; it knows no more of where personas live."""

    save: Callable[[Persona, str], Awaitable[Persona]]
    """Keep one, in the place of another of that name."""
    delete: Callable[[str], Awaitable[Persona]]
    read: Callable[[], Awaitable[Sequence[Persona]]]


class Personas(ChooseOwn):
    """A line to type in, the list, and below it what the selected one is like."""

    BINDINGS = keymap.bindings("personas")
    KEYS_LINE = "enter · ctrl+n new · ctrl+e change · ctrl+y copy · ctrl+d delete"

    def __init__(
        self,
        personas: Sequence[Persona],
        acts: Acts,
        *,
        current: str = "",
        models: Sequence[str] = (),
        deleted: list[Persona] | None = None,
    ) -> None:
        self._acts = acts
        self._models = models
        self._deleted = deleted if deleted is not None else []
        """What can be taken back; the page keeps it while the dialog is closed."""
        self._personas = {one.name: one for one in personas}
        super().__init__("Personas", [NOBODY, *map(option, personas)], current=current)

    def compose(self) -> ComposeResult:
        """Lay out the line, the list and the details."""
        with Vertical(classes="dialog -wide -tall") as box:
            frame(box, self._title, self.KEYS_LINE)
            yield Entry(placeholder="Filter…")
            yield RowList(self._paint, key=lambda option: option.key)
            yield Detail(id="about-persona")
            yield Detail(id="said")

    @on(RowList.Moved)
    def _moved(self) -> None:
        self._tell()

    def on_mount(self) -> None:
        """Start on the current one."""
        super().on_mount()
        self._tell()

    def fit_to_options(self) -> None:
        """Be as tall as the list and what is said of whoever has most to be said of."""
        words, room = Detail(), self.room()

        def rows(persona: Persona) -> int:
            words.say(about(persona))
            return words.rows_at(room)

        told = max(map(rows, self._personas.values()), default=0)
        self.fit(_BESIDE_LIST + len(self._options) + told)

    @property
    def _selected(self) -> Persona | None:
        chosen: Option | None = self.query_one(RowList).selected
        return self._personas.get(chosen.key) if chosen is not None else None

    def _tell(self) -> None:
        persona = self._selected
        lines: list[Pieces] = about(persona) if persona is not None else []
        self.query_one("#about-persona", Detail).say(lines)

    # Changing -----------------------------------------------------------------------------------

    def action_new(self) -> None:
        """Make another one; what was typed to filter is its name."""
        self._form("New persona", Persona(name=self.query_one(Input).value.strip()), "")

    def action_form(self) -> None:
        """Change the selected one; of one that comes with Leitstand one's own is made."""
        if (persona := self._selected) is not None:
            self._form(f"Change {one_line(persona.name, 40)}", persona, persona.name)
        else:
            self.action_new()

    def action_duplicate(self) -> None:
        """Make another one like the selected."""
        if (persona := self._selected) is not None:
            name = next(
                name
                for number in range(2, len(self._personas) + 3)
                if (name := f"{persona.name} {number}") not in self._personas
            )
            self._form(
                f"Another {one_line(persona.name, 40)}", msgspec.structs.replace(persona, name=name), ""
            )

    async def action_delete(self) -> None:
        """Delete the selected one; it can be taken back."""
        if (persona := self._selected) is None:
            return
        try:
            self._deleted.append(await self._acts.delete(persona.name))
        except LeitstandError as error:
            self._say(error.message, error.hint)
            return
        await self._read("")
        self._say(f"“{one_line(persona.name, 60)}” is deleted.", "ctrl+u takes it back.")

    async def action_undo(self) -> None:
        """Take the last deletion back."""
        if not self._deleted:
            self._say("Nothing was deleted here.", "")
            return
        try:
            back = await self._acts.save(self._deleted[-1], "")
        except LeitstandError as error:
            self._say(error.message, error.hint)
            return
        self._deleted.pop()
        await self._read(back.name)
        self._say(f"“{one_line(back.name, 60)}” is back.", "")

    def action_change(self) -> None:
        """Open the file in the editor, at the selected one."""
        persona = self._selected
        self.dismiss(EDIT + (persona.name if persona is not None else ""))

    def _form(self, title: str, persona: Persona, replacing: str) -> None:
        from tui.modals.persona_form import PersonaForm

        async def save(made: Persona) -> Persona:
            return await self._acts.save(made, replacing)

        async def saved(made: Persona | None) -> None:
            if made is not None:
                self.query_one(Input).value = ""
                await self._read(made.name)
                self._say(f"“{one_line(made.name, 60)}” is saved.", "enter takes it for this chat.")

        self.app.push_screen(PersonaForm(title, persona, save, models=self._models), saved)

    async def _read(self, name: str) -> None:
        """Show the list as it is now, on the one of that name."""
        try:
            personas = await self._acts.read()
        except LeitstandError as error:
            self._say(error.message, error.hint)
            return
        self._personas = {one.name: one for one in personas}
        self._options = [NOBODY, *map(option, personas)]
        rows = self.query_one(RowList)
        rows.put(matching(self._options, self.query_one(Input).value), words=self._words)
        self.fit_to_options()
        if name:
            rows.select(name)
        self._tell()

    def _say(self, message: str, hint: str) -> None:
        self.query_one("#said", Detail).say([[(message, "text"), (f"  {hint}" if hint else "", "dim")]])
