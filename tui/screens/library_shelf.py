"""What is known of the documents of a space: read page by page, however many there are, and marked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from core.retrieval.library import DocumentState, LibraryDocument

if TYPE_CHECKING:
    from core.face import Face

PAGE = 1_000
MOST = 50_000
"""Documents that are listed at most; words in the filter reach those behind them."""
_ONLY_FAILED: tuple[DocumentState, ...] = ("failed",)


class Narrowed(NamedTuple):
    """Which documents are listed."""

    space: int
    text: str = ""
    only_failed: bool = False


class Shelf:
    """The documents that are listed, in the order of their sources, and which of them are marked."""

    def __init__(self) -> None:
        self.of: Narrowed | None = None
        self.rows: list[LibraryDocument] = []
        self.total = 0
        self.marked: dict[str, LibraryDocument] = {}
        self._reading: object = None

    @property
    def space(self) -> int | None:
        """The space whose documents are listed."""
        return None if self.of is None else self.of.space

    def clear(self) -> None:
        """Nothing is listed."""
        self.of, self.rows, self.total = None, [], 0
        self.marked.clear()
        self._reading = None

    async def read(self, engine: Face, wanted: Narrowed, show: Callable[[], None]) -> None:
        """Read everything that is wanted and show each page as it comes.

        What stood behind a page that is read anew stays until it is reached, so that no list shrinks while
        somebody looks at it. A later reading takes the place of an earlier one.
        """
        self._reading = mine = object()
        fresh: list[LibraryDocument] = []
        while True:
            found = await engine.library.documents(
                wanted.space,
                text=wanted.text,
                states=_ONLY_FAILED if wanted.only_failed else (),
                skip=len(fresh),
                limit=PAGE,
            )
            if self._reading is not mine:
                return
            fresh += found.documents
            more = found.more and bool(found.documents) and len(fresh) < MOST
            if self.of is None or self.of.space != wanted.space:
                self.marked.clear()
            behind = self.rows[len(fresh) :] if more and self.of == wanted else []
            self.of, self.total = wanted, found.total
            self.rows = [*fresh, *behind]
            if not more:
                self._keep_marks()
            show()
            if not more:
                return

    def put(self, document: LibraryDocument) -> bool:
        """Show a document as it is now; False when it is not listed yet."""
        for at, row in enumerate(self.rows):
            if row.id == document.id:
                self.rows[at] = document
                if document.id in self.marked:
                    self.marked[document.id] = document
                return True
        return False

    # Marks.

    def mark(self, document: LibraryDocument) -> None:
        """Mark a document, or not."""
        if self.marked.pop(document.id, None) is None:
            self.marked[document.id] = document

    def mark_all(self) -> None:
        """Mark everything that is listed; when all of it is, nothing."""
        listed = {row.id: row for row in self.rows}
        if listed.keys() <= self.marked.keys():
            self.marked.clear()
        else:
            self.marked |= listed

    def meant(self, selected: LibraryDocument | None) -> Sequence[LibraryDocument]:
        """What a key is about: the marked documents, or the one under the cursor."""
        return tuple(self.marked.values()) or (() if selected is None else (selected,))

    def _keep_marks(self) -> None:
        """Forget marks of documents that are gone; those the filter hides stay."""
        assert self.of is not None
        if self.of.text or self.of.only_failed or len(self.rows) < self.total:
            return
        there = {row.id: row for row in self.rows}
        self.marked = {id: there[id] for id in self.marked if id in there}
