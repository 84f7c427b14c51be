"""Search the library while the words are typed: passages with their scores, each one key from its place."""

from __future__ import annotations

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.timer import Timer
from textual.widgets import Input

from core.errors import LeitstandError
from core.guard import one_line
from core.retrieval.library import Searched, Space
from core.retrieval.narrowing import EVERYTHING, Narrow, in_words, parsed
from core.retrieval.types import Passage
from tui import keymap
from tui.modals.base import Dialog, frame
from tui.modals.inspect import Inspect
from tui.modals.passage import Reading
from tui.render.library import plural
from tui.render.passages import passage_row, space_chip
from tui.render.pieces import Piece, Pieces
from tui.widgets.detail import Detail
from tui.widgets.entry import Entry
from tui.widgets.row_list import RowList

PAUSE = 0.2
"""Seconds without a key after which is searched."""
CALM = 0.8
"""Seconds after which a model puts the passages in order, where one is to: not at every letter."""
_LEAST = 9
"""Rows in which what can be searched for is taught, and three passages are shown."""


class Find(Dialog[None]):
    """A line to type in, and what was found below it."""

    BINDINGS = [*keymap.bindings("modal"), *keymap.bindings("find")]

    def __init__(self, space: Space | None, text: str = "") -> None:
        super().__init__()
        self.add_class("-top")
        self._space = space
        self._everywhere = space is None
        self._text = text
        self._narrow = EVERYTHING
        self._asked = ""
        """What the passages that are shown were found for."""
        self._found: Searched | None = None
        self._soon: Timer | None = None
        self._ordering = ""
        """Who puts the passages in order just now."""

    def compose(self) -> ComposeResult:
        """Lay out the line, the list and what is to say about all of it."""
        with Vertical(classes="dialog -wide -tall") as box:
            frame(box, "Search the library", "↑↓ · enter open · tab where · alt+i how found · esc back")
            yield Entry(self._text, placeholder="A question, or words…", select_on_focus=False)
            yield RowList(self._paint, key=lambda passage: passage.number, row_height=3)
            yield Detail(id="found-in")

    def on_mount(self) -> None:
        """Say what can be found."""
        self.rows.can_focus = False
        self.rows.put((), words=self._teach())
        self._say_where()
        self.query_one(Input).focus()

    @property
    def rows(self) -> RowList[Passage]:
        """The passages."""
        return self.query_one(RowList)

    def _teach(self) -> list[Pieces]:
        return [
            [("Ask as you would ask somebody.", "strong")],
            [("Other words are found by meaning, names and numbers by their words.", "dim")],
            *_examples(),
        ]

    def _paint(self, passage: Passage, width: int) -> list[Pieces]:
        return passage_row(passage, width, self._asked)

    def _say_where(self) -> None:
        where = "every space" if self._everywhere or self._space is None else one_line(self._space.name, 60)
        found = self._found
        inside: list[Piece] = [("in ", "dim"), (where, "text"), *_kept_to(self._narrow, found)]
        inside += self._order_words()
        pieces: list[Pieces] = [inside]
        if found is not None:
            # Of one space there is nothing to compare.
            several = found.spaces[:5] if len(found.spaces) > 1 else ()
            spaces = "   ".join(space_chip(space) for space in several)
            notes = "  ".join(one_line(note, 200) for note in found.notes)
            pieces = [[*inside, ("   " + spaces if spaces else "", "dim")]]
            pieces += [[(notes, "warn")]] if notes else []
        below = self.query_one("#found-in", Detail)
        below.say(pieces)
        held = max(3 * len(self.rows.rows), _LEAST)
        self.grow(1 + held + below.rows_at(self.room()))

    def _order_words(self) -> list[Piece]:
        """Who puts the passages in order, or did."""
        if self._ordering:
            return [(f"   {one_line(self._ordering, 40)} puts them in order…", "dim")]
        seen = self._found.inspection if self._found is not None else None
        if seen is None or seen.reranked is None or not seen.reranked.order:
            return []
        return [(f"   in the order of {one_line(seen.reranked.model, 40)}", "dim")]

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        self._text = event.value
        if self._soon is not None:
            self._soon.stop()
        self._soon = self.set_timer(PAUSE, self._search)

    def _search(self) -> None:
        self._ordering = ""
        self.run_worker(self._find(self._text), group="search", exclusive=True, exit_on_error=False)

    def _order(self) -> None:
        """Have a model put the passages in order, unless somebody is choosing among them already."""
        if self._found is not None and self._found.passages and self._at_first:
            self._ordering = self.leitstand.engine.config.current.library.rerank
            self._say_where()
            self.run_worker(
                self._put_in_order(self._text), group="search", exclusive=True, exit_on_error=False
            )

    async def _find(self, text: str) -> None:
        engine = self.leitstand.engine
        words, self._narrow = parsed(text, engine.clock.now())
        if not words:
            self._found = None
            kept: list[Pieces] = [[("Now what to look for in them.", "strong")]]
            self.rows.put((), words=kept if self._narrow else self._teach())
            self._say_where()
            return
        if self._found is None:
            # The first search of a process opens the index.
            self.rows.put((), words=[[("Searching…", "dim")]])
        try:
            found = await engine.library.search(
                words, spaces=self._where(), limit=20, narrow=self._narrow, rerank=""
            )
        except LeitstandError as error:
            self._found = None
            self._say_where()
            self.rows.put((), words=[[(error.message, "bad")], [(error.hint, "dim")]])
            return
        self._show(found, words)
        if found.passages and engine.config.current.library.rerank:
            self._soon = self.set_timer(CALM, self._order)

    async def _put_in_order(self, text: str) -> None:
        words, narrow = parsed(text, self.leitstand.engine.clock.now())
        try:
            found = await self.leitstand.engine.library.search(
                words, spaces=self._where(), limit=20, narrow=narrow
            )
        except LeitstandError:
            found = None  # what was found without stays
        self._ordering = ""
        if found is not None and self._at_first:
            self._show(found, words)
        else:
            self._say_where()

    @property
    def _at_first(self) -> bool:
        """Whether nobody is choosing among the passages yet."""
        return self.rows.selected in (None, *self.rows.rows[:1])

    def _where(self) -> tuple[int, ...]:
        return () if self._everywhere or self._space is None else (self._space.id,)

    def _show(self, found: Searched, words: str) -> None:
        self._found, self._asked = found, words
        nothing: list[Pieces] = [
            [("Nothing fits.", "strong")],
            [(f"Other words{', more documents' if self._narrow else ''} or every space (tab) may.", "dim")],
        ]
        self.rows.put(found.passages, words=nothing)
        self.rows.repaint()
        self._say_where()

    def action_where(self) -> None:
        """Search everywhere, or in the one space again."""
        if self._space is not None:
            self._everywhere = not self._everywhere
            self._say_where()
            self._search()

    def action_inspect(self) -> None:
        """Show how the passages were found."""
        if self._found is None or self._found.inspection is None:
            return
        self.app.push_screen(Inspect(self._found.inspection, self._found.spaces, self._found.notes))

    def on_key(self, event: events.Key) -> None:
        """Move in the list while the line has the focus."""
        moves = {"up": -1, "down": 1}
        if event.key in moves:
            event.stop()
            self.rows.action_cursor(moves[event.key])
        elif event.key in {"pageup", "pagedown"}:
            event.stop()
            self.rows.action_page(-1 if event.key == "pageup" else 1)

    @on(Input.Submitted)
    @on(RowList.Opened)
    def _taken(self) -> None:
        passage: Passage | None = self.rows.selected
        if passage is not None:
            self.app.push_screen(Reading.at(passage, self._asked))


def _examples() -> list[Pieces]:
    """The small words that keep to some documents."""
    words = (
        ("type:pdf", "only this type; code, mail, word …"),
        ("in:handbook", "only this document, folder or space"),
        ("since:2026-01", "only what was changed; until:, 7d, today"),
    )
    lines: list[Pieces] = [[(f"{word:<14}", "key"), (f" {about}", "dim")] for word, about in words]
    return [[("", "text")], *lines]


def _kept_to(narrow: Narrow, found: Searched | None) -> list[Piece]:
    """What was understood of the small words, and how many documents that lets through."""
    if not narrow:
        return []
    many = found.inspection.documents if found is not None and found.inspection is not None else None
    pieces: list[Piece] = [("   only ", "dim"), (in_words(narrow), "accent")]
    return pieces if many is None else [*pieces, (f"  {plural(many, 'document')}", "dim")]
