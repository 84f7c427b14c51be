"""Find words in every chat while they are typed."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input

from core.chat.types import SearchHit
from core.errors import LeitstandError
from core.guard import one_line
from tui.modals.base import Dialog, frame
from tui.render.chat_list import ago
from tui.render.pieces import Piece, Pieces, spread
from tui.widgets.entry import Entry
from tui.widgets.row_list import RowList

TEACH: list[Pieces] = [
    [("Find words in titles, questions, answers and thinking.", "strong")],
    [("Several words must all occur; the last may be only begun.", "dim")],
]


class Search(Dialog[SearchHit | None]):
    """A line to type in, and what was found below it."""

    def __init__(self) -> None:
        super().__init__()
        self.add_class("-top")

    def compose(self) -> ComposeResult:
        """Lay out the line and the list."""
        with Vertical(classes="dialog -wide -tall") as box:
            frame(box, "Search all chats", "↑↓ · enter open · esc back")
            yield Entry(placeholder="Words…")
            yield RowList(self._paint, key=lambda hit: (hit.chat_id, hit.turn_id, hit.part), row_height=2)

    def on_mount(self) -> None:
        """Say what can be found."""
        self.query_one(RowList).can_focus = False
        self._put((), TEACH)
        self.query_one(Input).focus()

    def _paint(self, hit: SearchHit, width: int) -> list[Pieces]:
        now = self.leitstand.engine.clock.now()
        head: list[Piece] = [(" ", "text"), (one_line(hit.title, 120) or "New chat", "strong")]
        right: list[Piece] = [(f"{hit.part} · {ago(hit.at, now)} ", "dim")]
        return [spread(head, right, width), [("   ", "dim"), *_marked(hit)]]

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        self.run_worker(self._find(event.value), group="search", exclusive=True, exit_on_error=False)

    async def _find(self, text: str) -> None:
        if not text.strip():
            self._put((), TEACH)
            return
        try:
            hits = await self.leitstand.engine.chat.search(text)
        except LeitstandError as error:
            self._put((), [[(error.message, "bad")], [(error.hint, "dim")]])
            return
        self._put(hits, [[("Nothing found.", "strong")], [("Fewer words find more.", "dim")]])

    def _put(self, hits: Sequence[SearchHit], words: Sequence[Pieces]) -> None:
        self.query_one(RowList).put(hits, words=words)
        self.grow(1 + max(2 * len(hits), len(words) + 1))

    def on_key(self, event: events.Key) -> None:
        """Move in the list while the line has the focus."""
        moves = {"up": -1, "down": 1}
        if event.key in moves:
            event.stop()
            self.query_one(RowList).action_cursor(moves[event.key])

    @on(Input.Submitted)
    @on(RowList.Opened)
    def _taken(self) -> None:
        hit: SearchHit | None = self.query_one(RowList).selected
        if hit is not None:
            self.dismiss(hit)


def _marked(hit: SearchHit) -> list[Piece]:
    """The snippet with the words that were found in another ink."""
    pieces: list[Piece] = []
    at = 0
    for start, end in hit.marks:
        pieces += [(_flat(hit.snippet[at:start]), "dim"), (_flat(hit.snippet[start:end]), "accent")]
        at = end
    return [*pieces, (_flat(hit.snippet[at:]), "dim")]


def _flat(text: str) -> str:
    """One harmless line that keeps the blanks at its ends."""
    line = one_line(text, 400)
    before = " " if text[:1].isspace() else ""
    after = " " if text[-1:].isspace() and line else ""
    return f"{before}{line}{after}"
