"""A text of several lines, changed in a dialog; what is wrong with it is said and nothing is lost."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical

from core.errors import LeitstandError
from tui.modals.base import Dialog, frame
from tui.widgets.detail import Detail
from tui.widgets.prompt import Prompt


class Edit(Dialog[bool]):
    """Enter takes it, ctrl+j breaks the line, escape leaves everything as it was."""

    def __init__(
        self, title: str, text: str, take: Callable[[str], Awaitable[None]], *, about: str = ""
    ) -> None:
        super().__init__()
        self._title = title
        self._text = text
        self._take = take
        self._about = about
        """What an empty text would mean; without it there is none."""

    def compose(self) -> ComposeResult:
        """Lay out the text and room for what is wrong."""
        with Vertical(classes="dialog -wide") as box:
            frame(box, self._title, "enter take it · ctrl+j new line · esc back")
            if self._about:
                yield Detail(id="about")
            yield Prompt()
            yield Detail(id="wrong")

    def on_mount(self) -> None:
        """Start at the end of the text."""
        if self._about:
            self.query_one("#about", Detail).say([[(self._about, "dim")], [("", "dim")]])
        prompt = self.query_one(Prompt)
        prompt.put(self._text)
        prompt.focus()

    @on(Prompt.Submitted)
    async def _submit(self, event: Prompt.Submitted) -> None:
        event.stop()
        if not event.text.strip() and not self._about:
            event.prompt.give_back(event.text)
            return
        try:
            await self._take(event.text)
        except LeitstandError as error:
            event.prompt.give_back(event.text)
            self.query_one("#wrong", Detail).say(
                [[("", "dim")], [(error.message, "bad")], [(error.hint, "dim")]]
            )
            return
        self.dismiss(result=True)
