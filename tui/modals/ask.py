"""Ask for one line of text, checked before the dialog closes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input

from core.errors import LeitstandError
from tui.modals.base import Dialog, frame
from tui.render.pieces import Pieces
from tui.widgets.detail import Detail
from tui.widgets.entry import Entry


class Ask(Dialog[bool]):
    """One line; what is wrong with it is said beneath it and nothing typed is lost."""

    def __init__(
        self,
        title: str,
        about: str,
        value: str,
        take: Callable[[str], Awaitable[None]],
        *,
        secret: bool = False,
    ) -> None:
        super().__init__()
        self._title = title
        self._about = about
        self._value = value
        self._take = take
        self._secret = secret

    def compose(self) -> ComposeResult:
        """Lay out what is asked, the line, and room for what is wrong."""
        with Vertical(classes="dialog") as box:
            frame(box, self._title, "enter take it · esc back")
            yield Detail(id="about")
            yield Entry(self._value, password=self._secret, select_on_focus=False)
            yield Detail(id="wrong")

    def on_mount(self) -> None:
        """Start in the line."""
        self.query_one("#about", Detail).say([[(self._about, "dim")], [("", "dim")]])
        self.query_one(Input).focus()

    @on(Input.Submitted)
    async def _submit(self, event: Input.Submitted) -> None:
        event.stop()
        try:
            await self._take(event.value)
        except LeitstandError as error:
            lines: list[Pieces] = [[("", "dim")], [(error.message, "bad")]]
            if error.hint:
                lines.append([(error.hint, "dim")])
            self.query_one("#wrong", Detail).say(lines)
            return
        self.dismiss(result=True)
