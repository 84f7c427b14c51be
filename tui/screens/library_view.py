"""The library page's ground: spaces and what is in the selected one, following the engine."""

from __future__ import annotations

from collections.abc import Iterable

from textual import on
from textual.containers import Horizontal, Vertical
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Input

from core.errors import LeitstandError
from core.retrieval.library import (
    DocumentChanged,
    DocumentsChanged,
    DocumentState,
    Ingest,
    IngestProgress,
    LibraryDocument,
    Space,
    SpaceChanged,
    SpacesChanged,
)
from tui import keymap
from tui.render import library
from tui.render.pieces import Pieces
from tui.screens.base import EngineScreen
from tui.widgets.detail import Detail
from tui.widgets.line import Line
from tui.widgets.row_list import RowList

MOST_SHOWN = 1_000
_ONLY_FAILED: tuple[DocumentState, ...] = ("failed",)
_SOON = 0.3
"""Seconds after which a list that changed is read again: a job changes it many times a second."""


class LibraryView(EngineScreen):
    """Spaces and their documents, and the story of the selected one under them."""

    PAGE = "library"
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
    """

    def __init__(self) -> None:
        super().__init__()
        self.known: dict[int, Space] = {}
        self.ingests: dict[int, Ingest] = {}
        self.text = ""
        self.only_failed = False
        self._shown: int | None = None
        """The space whose documents are listed."""
        self._total = 0
        self._read_once = False
        self._soon: Timer | None = None

    def body(self) -> Iterable[Widget]:
        """What there is in all, the spaces, the documents, and what is to say about the selected one."""
        with Vertical(id="library"):
            with Horizontal(id="top"):
                yield Input(placeholder="Words in the title or the path…", id="filter")
                yield Line(id="together")
            with Horizontal(id="shelves"):
                yield RowList(self._paint_space, key=lambda space: space.id, row_height=2, id="spaces")
                with Vertical(id="shelf"):
                    yield Line(id="heads")
                    yield RowList(self._paint_document, key=lambda document: document.id, id="documents")
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
    def documents(self) -> RowList[LibraryDocument]:
        """The documents of the selected space."""
        return self.query_one("#documents", RowList)

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
        """Read the documents of the selected space."""
        space = self.space
        if space is None:
            self._shown, self._total = None, 0
            self.documents.put(())
        else:
            states = _ONLY_FAILED if self.only_failed else ()
            found = await self.engine.library.documents(
                space.id, text=self.text, states=states, limit=MOST_SHOWN
            )
            if self.space is None or self.space.id != space.id:
                return  # the cursor moved on while this was read
            self._shown, self._total = space.id, found.total
            self.documents.put(found.documents, words=self._no_documents(space))
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
        if event.document.space != self._shown:
            return
        rows = self.documents.rows
        if any(row.id == event.document.id for row in rows):
            changed = [event.document if row.id == event.document.id else row for row in rows]
            self.documents.put(changed, words=self._no_documents(self.space))
            self._explain()
        else:
            self._read_soon()

    def _documents_changed(self, event: DocumentsChanged) -> None:
        if event.space == self._shown:
            self._read_soon()

    def _read_soon(self) -> None:
        if self._soon is None:
            self._soon = self.set_timer(_SOON, self._read_now)

    async def _read_now(self) -> None:
        self._soon = None
        try:
            await self.read_documents()
        except LeitstandError as error:
            self.leitstand.say_error(error)

    def _progressed(self, event: IngestProgress) -> None:
        self.ingests[event.ingest.space] = event.ingest
        self.spaces.repaint()
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
        return [library.document_row(document, width, self.look)]

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
        if document is not None:
            lines = library.document_detail(document, self.look)
        elif space is not None:
            lines = library.space_detail(space, self.look)
        self.query_one("#library-detail", Detail).say(lines)
        teach = self._teach(space)
        words = self.query_one("#shelf-words", Detail)
        words.display = bool(teach)
        words.say(teach)
        heads = self.query_one("#heads", Line)
        self.documents.display = heads.display = not teach
        heads.put([(" ", "dim"), *library.document_head(max(self.documents.size.width - 1, 20))])
        self.query_one("#together", Line).put(
            library.narrowed(self.text, self.only_failed, len(self.documents.rows), self._total),
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
        return [[("Nothing is in it yet.", "strong")]]

    def _teach(self, space: Space | None) -> list[Pieces]:
        """What stands at the right while there are no documents."""
        ingest = self.ingests.get(space.id) if space is not None else None
        if not self._read_once or (space is not None and space.documents) or (ingest and ingest.unfinished):
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

    def offers(self, id: str) -> bool:
        """What makes sense for what is selected."""
        space = self.space
        own = space is not None and space.chat_id is None
        ingest = self.ingests.get(space.id) if space is not None else None
        return {
            "library.search": bool(self.known),
            "library.add": space is not None,
            "library.pause": ingest is not None and ingest.unfinished,
            "library.again": space is not None and bool(space.roots or space.documents),
            "library.change": own and self.document is None,
            "library.delete": own or self.document is not None,
            "library.other": space is not None and bool(space.documents),
        }.get(id, True)
