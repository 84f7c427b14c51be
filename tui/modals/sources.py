"""What an answer was given from: its passages with their scores, each opening where it stands."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical

from core.guard import one_line
from core.retrieval.library import Source, Sources
from core.retrieval.narrowing import in_words
from core.retrieval.types import Passage
from tui.modals.base import Dialog, frame
from tui.modals.passage import Reading
from tui.render.inspection import searched_pieces
from tui.render.passages import source_row, uncited_words
from tui.render.pieces import Pieces
from tui.widgets.detail import Detail
from tui.widgets.row_list import RowList


class ShowSources(Dialog[None]):
    """The passages, the searched spaces, and what is to say about both."""

    def __init__(self, sources: Sources, passages: Sequence[Passage], asked: str = "") -> None:
        super().__init__()
        self._asked = asked
        self._sources = sources
        self._passages = {passage.number: passage for passage in passages}

    def compose(self) -> ComposeResult:
        """Lay out the list and what is below it."""
        with Vertical(classes="dialog -wide -tall") as box:
            frame(box, "Sources of this answer", "↑↓ · enter open · esc back")
            yield RowList(self._paint, key=lambda source: source.number, row_height=2)
            yield Detail(id="searched")

    def on_mount(self) -> None:
        """Show them."""
        rows = self.query_one(RowList)
        rows.put(self._sources.sources, words=[[("Nothing was found for this question.", "strong")]])
        rows.focus()
        searched = searched_pieces(self._sources.spaces) or [("none", "text")]
        lines: list[Pieces] = [[("spaces  ", "dim"), *searched]]
        if self._sources.narrow:
            lines.append([("only    ", "dim"), (in_words(self._sources.narrow), "text")])
        lines += [[(one_line(note, 300), "dim")] for note in self._sources.notes]
        if words := uncited_words(self._sources):
            lines.append([(f"In the answer: {words}.", "dim")])
        if self._sources.unknown:
            numbers = ", ".join(f"[{number}]" for number in self._sources.unknown)
            lines.append([(f"The answer names {numbers}, which no passage has.", "warn")])
        self.query_one("#searched", Detail).say(lines)
        self.fit(2 * max(len(self._sources.sources), 1) + len(lines) + 1)

    def _paint(self, source: Source, width: int) -> list[Pieces]:
        return source_row(source, width, self._sources)

    @on(RowList.Opened)
    def _opened(self, event: RowList.Opened) -> None:
        if (passage := self._passages.get(event.row.number)) is not None:
            self.app.push_screen(Reading.at(passage, self._asked))
