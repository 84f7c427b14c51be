"""Fill the gaps of a ready prompt; what comes out stands in the composer, to be read before it is sent."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input

from core.chat.ready import Gap, ReadyPrompt
from core.guard import one_line
from tui.modals.base import Dialog, frame
from tui.widgets.detail import Detail
from tui.widgets.entry import Entry
from tui.widgets.prompt import Prompt


class Fill(Dialog[str | None]):
    """A line for each gap, and room for the text that is worked on."""

    DEFAULT_CSS = """
    Fill Detail { padding: 0 1; }
    Fill #main { max-height: 6; }
    """

    def __init__(self, prompt: ReadyPrompt, text: str) -> None:
        super().__init__()
        self._ready = prompt
        self._text = text

    def compose(self) -> ComposeResult:
        """Lay out what it does and the gaps: small ones first, the text last."""
        with Vertical(classes="dialog -wide") as box:
            frame(box, self._ready.name, "tab next · enter take it · ctrl+j new line · esc back")
            yield Detail(id="about")
            for number, gap in enumerate(self._small()):
                yield Detail(id=f"label-{number}")
                yield Entry(gap.default, id=f"gap-{number}", select_on_focus=True)
            if self._ready.main:
                yield Detail(id="label-main")
                yield Prompt(id="main")
            yield Detail(id="wrong")

    def on_mount(self) -> None:
        """Start with what is still missing."""
        self.query_one("#about", Detail).say([[(self._ready.about, "text")], [("", "dim")]])
        for number, gap in enumerate(self._small()):
            self.query_one(f"#label-{number}", Detail).say([[(one_line(gap.name, 60), "dim")]])
        if self._ready.main:
            self.query_one("#label-main", Detail).say([[(one_line(self._ready.main, 60), "dim")]])
            self.query_one("#main", Prompt).put(self._text)
        self._go_to_missing()

    def _small(self) -> list[Gap]:
        return [gap for gap in self._ready.gaps if gap.name != self._ready.main]

    def _values(self) -> dict[str, str]:
        values = {
            gap.name: self.query_one(f"#gap-{number}", Input).value
            for number, gap in enumerate(self._small())
        }
        if self._ready.main:
            values[self._ready.main] = self.query_one("#main", Prompt).text
        return values

    def _go_to_missing(self) -> str:
        """Put the cursor where something is missing, or where it was; return what is missing."""
        values = self._values()
        for number, gap in enumerate(self._small()):
            if not gap.default and not values[gap.name].strip():
                self.set_focus(self.query_one(f"#gap-{number}"))
                return gap.name
        if self._ready.main and not values[self._ready.main].strip():
            self.set_focus(self.query_one("#main"))
            return self._ready.main
        if self.focused is None:
            self.set_focus(self.query_one("#main" if self._ready.main else "#gap-0"))
        return ""

    @on(Prompt.Submitted)
    def _main_given(self, event: Prompt.Submitted) -> None:
        event.stop()
        event.prompt.give_back(event.text)
        self._try()

    @on(Input.Submitted)
    def _gap_given(self, event: Input.Submitted) -> None:
        event.stop()
        self._try()

    def _try(self) -> None:
        if missing := self._go_to_missing():
            words = f"“{one_line(missing, 60)}” is still empty."
            self.query_one("#wrong", Detail).say([[("", "dim")], [(words, "warn")]])
        else:
            self.dismiss(self._ready.filled(self._values()))
