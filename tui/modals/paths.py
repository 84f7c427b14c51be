"""Ask for a file or a folder, completed while it is typed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input

from core.errors import LeitstandError
from tui.modals.base import Dialog, frame
from tui.render.pieces import Pieces
from tui.widgets.detail import Detail
from tui.widgets.entry import Entry
from tui.widgets.offers import Offer, Offers

Names = Callable[[str], Awaitable[Sequence[Offer]]]


class AskPath(Dialog[bool]):
    """One line; Tab completes it, and what is wrong with it is said beneath it.

    Enter takes what the line says. Of the names under it none is meant before the arrows went there: then
    Enter enters a folder, and takes a file.
    """

    def __init__(self, title: str, about: str, names: Names, take: Callable[[str], Awaitable[None]]) -> None:
        super().__init__()
        self._title = title
        self._about = about
        self._names = names
        self._take = take

    def compose(self) -> ComposeResult:
        """Lay out what is asked, the line, and what it could become."""
        with Vertical(classes="dialog -wide") as box:
            frame(box, self._title, "↑↓ choose · tab complete · enter take it · esc back")
            yield Detail(id="about")
            yield Entry(placeholder="~/documents", select_on_focus=False)
            yield Offers(id="names", free=True)
            yield Detail(id="wrong")

    def on_mount(self) -> None:
        """Start in the line."""
        self.query_one("#about", Detail).say([[(self._about, "dim")], [("", "dim")]])
        self.query_one(Input).focus()
        self._complete("")

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        self.query_one(Offers).leave()
        self._complete(event.value)

    def _complete(self, text: str) -> None:
        self.run_worker(self._offer(text), group="names", exclusive=True, exit_on_error=False)

    async def _offer(self, text: str) -> None:
        found = await self._names(text)
        if self.query_one(Input).value == text:
            self.query_one(Offers).put([offer for offer in found if offer.text != text])

    def on_key(self, event: events.Key) -> None:
        """Complete, and choose among what the line could become."""
        offers = self.query_one(Offers)
        if event.key in {"up", "down"}:
            event.stop()
            event.prevent_default()
            offers.move(-1 if event.key == "up" else 1)
        elif event.key == "tab":
            event.stop()
            event.prevent_default()
            if (offer := offers.selected) is not None:
                self._put(offer)

    def _put(self, offer: Offer) -> None:
        """Put an offer into the line."""
        line = self.query_one(Input)
        line.value = offer.text
        line.cursor_position = len(offer.text)

    @on(Input.Submitted)
    async def _submit(self, event: Input.Submitted) -> None:
        event.stop()
        text = event.value.strip()
        if (offer := self.query_one(Offers).chosen) is not None:
            self._put(offer)
            if offer.text.endswith("/"):
                # Entered first, so that it is seen what is taken.
                return
            text = offer.text
        if not text:
            return
        try:
            await self._take(text)
        except LeitstandError as error:
            lines: list[Pieces] = [[("", "dim")], [(error.message, "bad")]]
            if error.hint:
                lines.append([(error.hint, "dim")])
            self.query_one("#wrong", Detail).say(lines)
            return
        self.dismiss(result=True)
