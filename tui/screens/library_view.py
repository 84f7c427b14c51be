"""The library page's ground: spaces and what is in the selected one, following the engine."""

from __future__ import annotations

from collections.abc import Iterable

from textual import on
from textual.containers import Horizontal, Vertical
from textual.widget import Widget

from core.retrieval.library import Ingest, IngestProgress, Space, SpaceChanged, SpacesChanged
from tui import keymap
from tui.render import library
from tui.render.pieces import Pieces
from tui.screens.base import EngineScreen
from tui.widgets.detail import Detail
from tui.widgets.line import Line
from tui.widgets.row_list import RowList


class LibraryView(EngineScreen):
    """Spaces and their documents, and the story of the selected one under them."""

    PAGE = "library"
    DEFAULT_CSS = """
    LibraryView #spaces { width: 40; border-right: solid $ink-rule; }
    LibraryView.-narrow #spaces { width: 1fr; border-right: none; }
    LibraryView #shelf { width: 1fr; }
    LibraryView.-narrow #shelf { display: none; }
    LibraryView #library-detail { height: 6; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.known: dict[int, Space] = {}
        self.ingests: dict[int, Ingest] = {}
        self._read_once = False

    def body(self) -> Iterable[Widget]:
        """What there is in all, the spaces, the documents, and what is to say about the selected one."""
        with Vertical(id="library"):
            yield Line(id="together")
            with Horizontal(id="shelves"):
                yield RowList(self._paint_space, key=lambda space: space.id, row_height=2, id="spaces")
                with Vertical(id="shelf"):
                    yield Detail(id="shelf-words")
            yield Line(id="rule")
            yield Detail(id="library-detail")

    def follow_facts(self) -> None:
        """Follow spaces and what is read into them."""
        self.follow(SpaceChanged, self._space_changed)
        self.follow(SpacesChanged, self._spaces_changed)
        self.follow(IngestProgress, self._progressed)
        self.spaces.focus()
        self.spaces.put((), words=[[("Reading the library…", "dim")]])

    @property
    def spaces(self) -> RowList[Space]:
        """The spaces."""
        return self.query_one("#spaces", RowList)

    @property
    def space(self) -> Space | None:
        """The space the cursor is on."""
        return self.spaces.selected

    # What is known ------------------------------------------------------------------------------

    async def read(self) -> None:
        """Read all spaces."""
        found = await self.engine.library.spaces()
        self.known = {space.id: space for space in found}
        self._read_once = True
        self.show_spaces()

    def _space_changed(self, event: SpaceChanged) -> None:
        if event.space.deleted_at is None:
            self.known[event.space.id] = event.space
        else:
            self.known.pop(event.space.id, None)
        self.show_spaces()

    async def _spaces_changed(self, event: SpacesChanged) -> None:
        await self.resync()

    def _progressed(self, event: IngestProgress) -> None:
        self.ingests[event.ingest.space] = event.ingest
        self.spaces.repaint()
        self._explain()

    # What is shown ------------------------------------------------------------------------------

    @property
    def look(self) -> library.Look:
        """What the drawing needs besides what it draws."""
        return library.Look(self.leitstand.glyphs, self.engine.clock.now(), self.ingests)

    def show_spaces(self) -> None:
        """Show what is known."""
        spaces = sorted(
            self.known.values(), key=lambda each: (each.chat_id is not None, each.name.casefold())
        )
        self.spaces.put(spaces, words=self._no_spaces() if self._read_once else ())
        self.spaces.repaint()
        self.query_one("#together", Line).put([(" ", "text")], library.together(tuple(spaces)))
        self.query_one("#rule", Line).put([(self.leitstand.glyphs.rule * self.size.width, "rule")])
        self._explain()

    def _paint_space(self, space: Space, width: int) -> list[Pieces]:
        return library.space_row(space, width, self.look)

    @on(RowList.Moved, "#spaces")
    def _moved(self) -> None:
        self._explain()

    def _explain(self) -> None:
        space = self.space
        self.query_one("#library-detail", Detail).say(
            library.space_detail(space, self.look) if space is not None else []
        )
        self.query_one("#shelf-words", Detail).say(self._teach(space))
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

    def _teach(self, space: Space | None) -> list[Pieces]:
        """What stands at the right while there are no documents."""
        if not self._read_once or (space is not None and space.documents):
            return []
        lines: list[Pieces] = [[("", "text")]]
        if space is None:
            words = (
                "Leitstand reads files and folders into a space: Markdown, text, code, web pages, PDF, Word, "
                "slides, tables, books, mail. A model that is asked about them gets the passages that matter "
                "and names them in its answer as [1], [2] …; each opens where it stands."
            )
            lines += [
                [("Answers from your documents", "strong")],
                [("", "text")],
                [(words, "text")],
                [("", "text")],
                [("Everything stays on this machine.", "dim")],
            ]
        return lines

    def key_of(self, id: str) -> str:
        """The keys of a command, as people read them."""
        key = next(key for key in keymap.KEYS if key.id == id)
        return keymap.shown(keymap.effective(key, self.leitstand.key_overrides).split(",")[0])

    def offers(self, id: str) -> bool:
        """What makes sense for the selected space."""
        if id in ("library.change", "library.delete", "library.colour"):
            return self.space is not None and self.space.chat_id is None
        return True
