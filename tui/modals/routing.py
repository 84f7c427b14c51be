"""Routing: what was decided and how it went, the rules, and any question explained while it is typed."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.timer import Timer
from textual.widgets import Input

from core.errors import LeitstandError
from tui.modals.base import Dialog, frame
from tui.render import decisions
from tui.render.pieces import Pieces
from tui.widgets.detail import Detail
from tui.widgets.entry import Entry

PAUSE = 0.2
"""Seconds without a key after which a question is explained."""

_DAYS = 30
_RECENT = 12


class RoutingView(Dialog[None]):
    """A line for a question to be explained; below it the counts, the last decisions and the rules."""

    def __init__(self) -> None:
        super().__init__()
        self._overview: list[Pieces] = []
        self._quiet: Timer | None = None

    def compose(self) -> ComposeResult:
        """Lay out the line and one scrolling text."""
        with Vertical(classes="dialog -wide -tall") as box:
            frame(box, "Routing", "type a question to have it explained · ↑↓ scroll · esc back")
            yield Entry(placeholder="Explain a question…")
            with VerticalScroll(can_focus=False):
                yield Detail()

    async def on_mount(self) -> None:
        """Show what was decided."""
        self.query_one(Input).focus()
        await self._read()

    async def _read(self) -> None:
        router = self.leitstand.engine.router
        try:
            counted = await router.counts(days=_DAYS)
            last, rules = await router.recent(limit=_RECENT), await router.rules()
        except LeitstandError as error:
            self._overview = [[(error.message, "bad")], [(error.hint, "dim")]]
        else:
            width = self.query_one(Detail).content_size.width or 60
            lines: list[Pieces] = [[(f"The last {_DAYS} days", "dim")], *decisions.table(counted, width)]
            if last:
                lines += [[], [("Last", "dim")], *decisions.recent(last)]
            self._overview = [*lines, [], [("Rules", "dim")], *decisions.rules(rules)]
        self._say(self._overview)

    def _say(self, lines: Sequence[Pieces]) -> None:
        detail = self.query_one(Detail)
        detail.say(lines)
        self.grow(1 + detail.rows_at(self.room()))

    @on(Input.Changed)
    def _changed(self) -> None:
        if self._quiet is not None:
            self._quiet.stop()
        self._quiet = self.set_timer(PAUSE, self._explain)

    async def _explain(self) -> None:
        text = self.query_one(Input).value
        lines = self._overview
        if text.strip():
            try:
                lines = decisions.decision(await self.leitstand.engine.router.explain(text), kept=False)
            except LeitstandError as error:
                lines = [[(error.message, "bad")], [(error.hint, "dim")]]
        if text == self.query_one(Input).value:
            self._say(lines)
            self.query_one(VerticalScroll).scroll_home(animate=False)

    def on_key(self, event: events.Key) -> None:
        """Scroll while the line has the focus."""
        scroll = self.query_one(VerticalScroll)
        moves = {"up": -1, "down": 1, "pageup": -scroll.size.height, "pagedown": scroll.size.height}
        if event.key in moves:
            event.stop()
            scroll.scroll_relative(y=moves[event.key], animate=False)
