"""A form for a persona; what is wrong with it is said beneath it, and nothing typed is lost."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import msgspec
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.suggester import SuggestFromList
from textual.widgets import Input

from core.chat.personas import COLOURS
from core.chat.types import Persona
from core.errors import LeitstandError
from tui.modals.base import Dialog, frame
from tui.render.personas import options_read, options_written
from tui.render.pieces import Pieces
from tui.widgets.detail import Detail
from tui.widgets.entry import Entry
from tui.widgets.prompt import Prompt

_LINES = (
    ("name", "name", "What it is called"),
    ("description", "about", "What it does, in a sentence"),
    ("icon", "icon", "One letter or sign"),
    ("colour", "colour", "blue, green, orange or red"),
    ("model", "model", "Any; → takes what is offered"),
    ("options", "options", "For example: temperature 0.2, top_p 0.9"),
)
_TEXTS = (
    ("system", "is told", "What the model is told before everything else"),
    ("questions", "asks", "What one could ask it first, a line each"),
)


class PersonaForm(Dialog[Persona | None]):
    """A line for each thing about it, and room for what it is told."""

    DEFAULT_CSS = """
    PersonaForm .row { height: auto; }
    PersonaForm .row Detail { width: 12; padding: 0 1; }
    PersonaForm VerticalScroll { height: auto; scrollbar-size-vertical: 1; }
    PersonaForm #system { height: 6; max-height: 6; }
    PersonaForm #questions { height: 3; max-height: 3; }
    """

    def __init__(
        self,
        title: str,
        persona: Persona,
        save: Callable[[Persona], Awaitable[Persona]],
        *,
        models: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self._title = title
        self._persona = persona
        self._save = save
        self._models = list(models)
        self._left_once = False

    def compose(self) -> ComposeResult:
        """Lay out the lines, then the two texts."""
        offered = {"model": self._models, "colour": [colour for colour in COLOURS if colour]}
        with Vertical(classes="dialog -wide") as box:
            frame(box, self._title, "tab next · enter save · ctrl+j new line · esc back")
            with VerticalScroll(can_focus=False):
                for name, _, hint in _LINES:
                    with Horizontal(classes="row"):
                        yield Detail(id=f"label-{name}")
                        suggester = (
                            SuggestFromList(offered[name], case_sensitive=False) if name in offered else None
                        )
                        yield Entry(
                            self._line(name),
                            placeholder=hint,
                            id=name,
                            select_on_focus=False,
                            suggester=suggester,
                        )
                for name, _, hint in _TEXTS:
                    with Horizontal(classes="row"):
                        yield Detail(id=f"label-{name}")
                        yield Prompt(id=name, placeholder=hint)
            yield Detail(id="wrong")

    def on_mount(self) -> None:
        """Start with the name."""
        for name, label, _ in (*_LINES, *_TEXTS):
            self.query_one(f"#label-{name}", Detail).say([[(label, "dim")]])
        self.query_one("#system", Prompt).put(self._persona.system)
        self.query_one("#questions", Prompt).put("\n".join(self._persona.questions))
        self.set_focus(self.query_one("#name"))

    def _line(self, name: str) -> str:
        if name == "options":
            return options_written(self._persona.options)
        return str(getattr(self._persona, name))

    def _written(self) -> Persona:
        """The persona as it stands in the form."""
        lines = {name: self.query_one(f"#{name}", Input).value.strip() for name, _, _ in _LINES}
        return msgspec.structs.replace(
            self._persona,
            **lines | {"options": options_read(lines["options"])},
            system=self.query_one("#system", Prompt).text.strip(),
            questions=tuple(
                filter(None, map(str.strip, self.query_one("#questions", Prompt).text.split("\n")))
            ),
        )

    @on(Input.Changed)
    @on(Prompt.Typed)
    def _changed(self) -> None:
        """What was said of an earlier text is no longer true."""
        self._left_once = False
        self.query_one("#wrong", Detail).say([])

    @on(Prompt.Submitted)
    async def _text_given(self, event: Prompt.Submitted) -> None:
        event.stop()
        event.prompt.give_back(event.text)
        await self._try()

    @on(Input.Submitted)
    async def _line_given(self, event: Input.Submitted) -> None:
        event.stop()
        await self._try()

    async def _try(self) -> None:
        self._left_once = False
        try:
            saved = await self._save(self._written())
        except LeitstandError as error:
            self._say(error.message, error.hint)
            return
        self.dismiss(saved)

    def action_close(self) -> None:
        """Leave; what was typed is not thrown away at the first word."""
        try:
            changed = self._written() != self._persona
        except LeitstandError:
            changed = True
        if changed and not self._left_once:
            self._left_once = True
            self._say("Nothing is saved yet.", "enter saves it, esc once more leaves without.")
        else:
            self.dismiss(None)

    def _say(self, message: str, hint: str) -> None:
        words: list[Pieces] = [[("", "dim")], [(message, "warn"), (f"  {hint}" if hint else "", "dim")]]
        self.query_one("#wrong", Detail).say(words)
