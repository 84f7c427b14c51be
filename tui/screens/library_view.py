"""The library page's ground: spaces and what is in the selected one, following the engine."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

from textual import on
from textual.containers import Horizontal, Vertical
from textual.timer import Timer
from textual.widget import Widget

from core.errors import LeitstandError
from core.retrieval.library import (
    DocumentChanged,
    DocumentsChanged,
    Ingest,
    IngestProgress,
    LibraryDocument,
    Space,
    SpaceChanged,
    SpacesChanged,
)
from tui import keymap
from tui.render import library, shelf
from tui.render.pieces import Pieces
from tui.screens.base import EngineScreen
from tui.screens.library_shelf import PAGE, Narrowed, Shelf
from tui.widgets.detail import Detail
from tui.widgets.entry import Entry
from tui.widgets.line import Line
from tui.widgets.row_list import RowList

_SOON = 0.3
"""Seconds after which a list that changed is read again: a job changes it many times a second."""
_SOON_A_PAGE = 0.7
"""How much later for each further page it has."""


class Documents(RowList[LibraryDocument]):
    """The documents of a space; some of them may be marked."""

    BINDINGS = keymap.bindings("documents")


class Heads(Line):
    """The names of the documents' columns, as wide as those are."""

    def pieces(self, width: int) -> Pieces:
        """Lay them out over the rows, which begin beside the cursor's bar."""
        return [(" ", "dim"), *shelf.document_head(max(width - 1, 20))]


class LibraryView(EngineScreen):
    """Spaces and their documents, and the story of the selected one under them."""

    PAGE = "library"
    SCOPES = ("documents",)
    DEFAULT_CSS = """
    LibraryView #spaces { width: 40; border-right: solid $ink-rule; }
    LibraryView.-narrow #spaces { width: 1fr; border-right: none; }
    LibraryView.-narrow #shelf { display: none; }
    LibraryView.-narrow.-inside #spaces { display: none; }
    LibraryView.-narrow.-inside #shelf { display: block; }
    LibraryView #shelf { width: 1fr; }
    LibraryView #top { height: 1; }
    LibraryView #filter { width: 40; display: none; }
    LibraryView #library-detail { height: 6; }
    LibraryView.-short.-taught #library-detail, LibraryView.-short.-taught #rule { display: none; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.known: dict[int, Space] = {}
        self.ingests: dict[int, Ingest] = {}
        self.text = ""
        self.only_failed = False
        self.shelf = Shelf()
        self._read_once = False
        self._soon: Timer | None = None

    def body(self) -> Iterable[Widget]:
        """What there is in all, the spaces, the documents, and what is to say about the selected one."""
        with Vertical(id="library"):
            with Horizontal(id="top"):
                yield Entry(placeholder="Words in the title or the path…", id="filter")
                yield Line(id="together")
            with Horizontal(id="shelves"):
                yield RowList(self._paint_space, key=lambda space: space.id, row_height=2, id="spaces")
                with Vertical(id="shelf"):
                    yield Heads(id="heads")
                    yield Documents(self._paint_document, key=lambda document: document.id, id="documents")
                    yield Detail(id="shelf-words")
            yield Line(id="rule")
            yield Detail(id="library-detail")

    def follow_facts(self) -> None:
        """Follow spaces, their documents, and what is read into them."""
        self.follow(SpaceChanged, self._space_changed)
        self.follow(SpacesChanged, self._spaces_changed)
        self.follow(DocumentChanged, self._document_changed)
        self.follow(DocumentsChanged, self._documents_changed)
        self.follow(IngestProgress, self._progressed)
        self.documents.display = self.query_one("#heads").display = False
        self.spaces.focus()
        self.spaces.put((), words=[[("Reading the library…", "dim")]])

    @property
    def spaces(self) -> RowList[Space]:
        """The spaces."""
        return self.query_one("#spaces", RowList)

    @property
    def documents(self) -> Documents:
        """The documents of the selected space."""
        return self.query_one(Documents)

    @property
    def space(self) -> Space | None:
        """The space the cursor is on."""
        return self.spaces.selected

    @property
    def document(self) -> LibraryDocument | None:
        """The document the cursor is on, while it is among the documents."""
        return self.documents.selected if self.documents.has_focus else None

    # What is known ------------------------------------------------------------------------------

    async def read(self) -> None:
        """Read all spaces, what is being read, and the documents that are shown."""
        found = await self.engine.library.spaces()
        running = await self.engine.library.ingests(limit=50)
        self.known = {space.id: space for space in found}
        self.ingests = {each.space: each for each in reversed(running)}
        self._read_once = True
        self.show_spaces()
        await self.read_documents()

    async def read_documents(self) -> None:
        """Read the documents of the selected space; the first page is waited for, the others follow."""
        space = self.space
        if space is None:
            self.shelf.clear()
            self.documents.put(())
            self._explain()
            return
        wanted = Narrowed(space.id, self.text, self.only_failed)
        first = asyncio.Event()

        def show() -> None:
            if self.space is not None and self.space.id == wanted.space:
                self._show_documents()
            first.set()

        async def read() -> None:
            try:
                await self.shelf.read(self.engine, wanted, show)
            except LeitstandError as error:
                self.leitstand.say_error(error)
            finally:
                first.set()

        self.run_worker(read(), group="documents", exit_on_error=False)
        await first.wait()

    def _show_documents(self) -> None:
        """Show what is known of them."""
        self.documents.put(tuple(self.shelf.rows), words=self._no_documents(self.space))
        self._explain()

    def _space_changed(self, event: SpaceChanged) -> None:
        if event.space.deleted_at is None:
            self.known[event.space.id] = event.space
        else:
            self.known.pop(event.space.id, None)
        self.show_spaces()

    async def _spaces_changed(self, event: SpacesChanged) -> None:
        await self.resync()

    def _document_changed(self, event: DocumentChanged) -> None:
        if event.document.space != self.shelf.space:
            return
        if self.shelf.put(event.document):
            self._show_documents()
        else:
            self._read_soon()

    def _documents_changed(self, event: DocumentsChanged) -> None:
        if event.space == self.shelf.space:
            self._read_soon()

    def _read_soon(self) -> None:
        if self._soon is None:
            pages = len(self.shelf.rows) // PAGE
            self._soon = self.set_timer(_SOON + pages * _SOON_A_PAGE, self._read_now)

    async def _read_now(self) -> None:
        self._soon = None
        await self.read_documents()

    def _progressed(self, event: IngestProgress) -> None:
        self.ingests[event.ingest.space] = event.ingest
        self.spaces.repaint()
        if not self.shelf.rows:
            self._show_documents()
        self._explain()

    def on_resize(self) -> None:
        """What is said below the lists is laid out for the new width, too."""
        super().on_resize()
        if self._read_once:
            self._explain()

    # What is shown ------------------------------------------------------------------------------

    @property
    def look(self) -> library.Look:
        """What the drawing needs besides what it draws."""
        return library.Look(
            self.leitstand.glyphs, self.engine.clock.now(), self.ingests, self.leitstand.short
        )

    def show_spaces(self) -> None:
        """Show what is known."""
        spaces = sorted(
            self.known.values(), key=lambda each: (each.chat_id is not None, each.name.casefold())
        )
        self.spaces.put(spaces, words=self._no_spaces() if self._read_once else ())
        self.spaces.repaint()
        self.query_one("#rule", Line).put([(self.leitstand.glyphs.rule * self.size.width, "rule")])
        self._explain()

    def _paint_space(self, space: Space, width: int) -> list[Pieces]:
        return library.space_row(space, width, self.look)

    def _paint_document(self, document: LibraryDocument, width: int) -> list[Pieces]:
        marked = document.id in self.shelf.marked
        return [shelf.document_row(document, width, self.look, marked=marked)]

    @on(RowList.Moved, "#spaces")
    async def _moved(self) -> None:
        self._explain()
        await self._read_now()

    @on(RowList.Moved, "#documents")
    def _document_moved(self) -> None:
        self._explain()

    def on_descendant_focus(self) -> None:
        """Speak of what the cursor is on."""
        if self._read_once:
            self._explain()

    def _explain(self) -> None:
        space, document = self.space, self.document
        lines: list[Pieces] = []
        if self.shelf.marked and self.documents.has_focus:
            lines = shelf.marked_detail(tuple(self.shelf.marked.values()), self.key_of)
        elif document is not None:
            lines = shelf.document_detail(document, self.look, self.key_of)
        elif space is not None:
            lines = library.space_detail(space, self.look, self.key_of, max(self.size.width - 4, 20))
        teach = self._teach(space)
        if self.has_class("-narrow"):
            # It has no second column to teach in, and no room for a title.
            lines = [*lines, *teach[3:]]
        self.query_one("#library-detail", Detail).say(lines)
        words = self.query_one("#shelf-words", Detail)
        words.display = bool(teach)
        # In a very low window every line is the list's, where there is nothing to be taught.
        self.set_class(not teach, "-taught")
        words.say(teach)
        self.documents.display = self.query_one("#heads").display = not teach
        self.query_one("#together", Line).put(
            library.narrowed(
                self.text,
                self.only_failed,
                len(self.documents.rows),
                self.shelf.total,
                len(self.shelf.marked),
            ),
            library.together(tuple(self.known.values())),
        )
        self.show_keys()

    def _no_spaces(self) -> list[Pieces]:
        """Teach where there is no space yet."""
        return [
            [("No space yet.", "strong")],
            [("", "text")],
            [("A space is a shelf of", "text")],
            [("documents to ask about.", "text")],
            [("", "text")],
            [(self.key_of("library.new"), "key"), (" makes the first.", "dim")],
        ]

    def _no_documents(self, space: Space | None) -> list[Pieces]:
        if self.text or self.only_failed:
            return [
                [("No document is like that.", "strong")],
                [(self.key_of("library.back"), "key"), (" shows all.", "dim")],
            ]
        if space is not None and self._held(space):
            return [
                [("Reading is paused.", "strong")],
                [(self.key_of("library.pause"), "key"), (" goes on.", "dim")],
            ]
        if space is not None and self._ingest(space) is not None:
            return [
                [("Documents come here as they are found.", "strong")],
                [("Each can be asked about as soon as it is read.", "dim")],
            ]
        return [[("Nothing is in it yet.", "strong")]]

    def _ingest(self, space: Space | None) -> Ingest | None:
        """What is being read into a space, also while that is paused."""
        ingest = self.ingests.get(space.id) if space is not None else None
        return ingest if ingest is not None and ingest.unfinished else None

    def _held(self, space: Space | None) -> bool:
        ingest = self._ingest(space)
        return ingest is not None and ingest.phase == "held"

    def _teach(self, space: Space | None) -> list[Pieces]:
        """What stands at the right while there are no documents."""
        if not self._read_once or (space is not None and (space.documents or self._ingest(space))):
            return []
        if space is None:
            words = (
                "Leitstand reads files and folders into a space: Markdown, text, code, web pages, PDF, Word, "
                "slides, tables, books, mail. A model that is asked about them gets the passages that matter "
                "and names them in its answer as [1], [2] …; each opens where it stands."
            )
            return [
                [("", "text")],
                [("Answers from your documents", "strong")],
                [("", "text")],
                [(words, "text")],
                [("", "text")],
                [("Everything stays on this machine.", "dim")],
            ]
        return [
            [("", "text")],
            [("Nothing is in it yet.", "strong")],
            [("", "text")],
            [(self.key_of("library.add"), "key"), (" reads a file or a whole folder into it. ", "text")],
            [
                (
                    "A folder's .gitignore is respected; hidden files and pictures are passed over.",
                    "dim",
                )
            ],
        ]

    def key_of(self, id: str) -> str:
        """The keys of a command, as people read them."""
        key = next(key for key in keymap.KEYS if key.id == id)
        return keymap.shown(keymap.effective(key, self.leitstand.key_overrides).split(",")[0])

    def labels(self) -> Mapping[str, str]:
        """What the keys do to what is selected."""
        found = {"library.pause": "go on"} if self._held(self.space) else {}
        return found | ({"library.delete": "take out"} if self.document is not None else {})

    def offers(self, id: str) -> bool:
        """What makes sense for what is selected."""
        space = self.space
        own = space is not None and space.chat_id is None
        return {
            "library.search": bool(self.known),
            "library.add": space is not None and not self.documents.has_focus,
            "library.new": not self.documents.has_focus,
            "library.pause": self._ingest(space) is not None and not self.documents.has_focus,
            # In a narrow window there is room for one of the two, and the other one is due.
            "library.again": space is not None
            and bool(space.roots or space.documents)
            and not (self.has_class("-narrow") and self._is_stale(space)),
            "library.change": own and self.document is None,
            "library.reindex": self._is_stale(space) and not self.documents.has_focus,
            "library.delete": own or self.document is not None,
            "library.other": space is not None and bool(space.documents) and not self.documents.has_focus,
            "library.back": self.documents.has_focus,
            "documents.mark": self.documents.has_focus,
            "documents.mark_all": self.documents.has_focus,
        }.get(id, True)

    def _is_stale(self, space: Space | None) -> bool:
        """Whether a re-index is due that nobody has begun."""
        return space is not None and space.stale and not library.is_built_anew(self._ingest(space))
