"""What is done with the documents of a space: marked, opened, taken out, erased, narrowed down, copied."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import NamedTuple

from textual import on
from textual.widgets import Input

from core.errors import LeitstandError
from core.guard import one_line
from core.retrieval.library import LibraryDocument
from tui.modals.confirm import Confirm
from tui.modals.passage import Reading
from tui.render.library import plural
from tui.render.shelf import removal_words
from tui.screens.library_view import LibraryView
from tui.widgets.row_list import RowList


class Removed(NamedTuple):
    """Documents that were taken out of a space, by their files, and what no file holds."""

    space: int
    named: tuple[str, ...]
    """Those that had been named by themselves."""
    found: tuple[str, ...]
    """Those that were found in a folder."""
    texts: tuple[tuple[str, str], ...] = ()
    """Those that no file holds: their names and their words."""


class LibraryDocuments(LibraryView):
    """The side of the page that is about documents."""

    def __init__(self) -> None:
        super().__init__()
        self._removed: list[Removed] = []
        """What was taken out here, the last at the end: it can be read again."""

    async def _do(self, work: Awaitable[object], said: str = "", hint: str = "") -> bool:
        try:
            await work
        except LeitstandError as error:
            self.leitstand.say_error(error)
            return False
        if said:
            self.leitstand.toast("good", said, hint)
        await self.resync()
        return True

    def _work(self, work: Awaitable[object]) -> None:
        self.run_worker(work, group="library", exit_on_error=False)

    # Marking and removing -----------------------------------------------------------------------

    def action_mark(self) -> None:
        """Mark the document under the cursor, or not, and go on to the next."""
        if (document := self.document) is not None:
            self.documents.keep()
            self.shelf.mark(document)
            self._marks_changed()
            self.documents.action_cursor(1)

    def action_mark_all(self) -> None:
        """Mark everything that is listed, or nothing."""
        if self.documents.has_focus:
            self.shelf.mark_all()
            self._marks_changed()

    def _marks_changed(self) -> None:
        self.documents.repaint()
        self._explain()

    def _ask_remove(self, *, purge: bool) -> None:
        self.documents.keep()
        documents = self.shelf.meant(self.document)
        if not documents:
            return

        def answered(yes: bool | None) -> None:  # noqa: FBT001 - as Textual calls it
            if yes:
                self._work(self._remove(documents, purge=purge))

        what, _ = named(documents, 40)
        question = f"Erase {what} for good?" if purge else f"Take {what} out of the library?"
        words = removal_words(documents, self.space, undo=self.key_of("library.undo"), purge=purge)
        deed = "erase" if purge else "take out"
        self.app.push_screen(Confirm(question, words, f"{deed} {named(documents, 0)[1]}"), answered)

    async def _remove(self, documents: Sequence[LibraryDocument], *, purge: bool) -> None:
        ids = tuple(document.id for document in documents)
        what, _ = named(documents, 60)
        if purge:
            self.leitstand.toast("info", f"Erasing {what}…")
        pasted = [document for document in documents if document.kind == "text" and not purge]
        try:
            # Nowhere else are their words, once they are taken out.
            texts = [(one.source, await self.engine.library.kept_text(one.id)) for one in pasted]
        except LeitstandError as error:
            self.leitstand.say_error(error)
            return
        removed = self.engine.library.remove_documents(ids, purge=purge)
        files = [document.source for document in documents if document.kind == "file"]
        roots = self.space.roots if self.space is not None else ()
        gone = Removed(
            documents[0].space,
            tuple(file for file in files if file in roots),
            tuple(file for file in files if file not in roots),
            tuple(texts),
        )
        hint = f"{self.key_of('library.undo')} takes it back." if not purge else ""
        if await self._do(removed, f"{'Erased' if purge else 'Taken out'}: {what}.", hint):
            self.shelf.marked.clear()
            self._show_documents()
            self.documents.repaint()
            if not purge:
                self._removed.append(gone)

    async def _read_back(self, gone: Removed) -> None:
        """Read again what was taken out."""
        one = len(gone.named) + len(gone.found) + len(gone.texts) == 1
        library = self.engine.library
        works: list[Callable[[], Awaitable[object]]] = []
        if gone.named:
            works.append(partial(library.ingest, gone.space, gone.named))
        if gone.found:
            works.append(partial(library.ingest, gone.space, gone.found, keep=False))
        works += [partial(library.ingest_text, gone.space, name, text) for name, text in gone.texts]
        for number, work in enumerate(works, 1):
            said = "It is read again." if one else "They are read again."
            await self._do(work(), said if number == len(works) else "")

    # Looking ------------------------------------------------------------------------------------

    @on(RowList.Opened, "#documents")
    def _document_opened(self) -> None:
        document = self.documents.selected
        if document is None:
            return
        if document.sections:
            self.app.push_screen(Reading(document.id, title=document.title or document.source))
        else:
            self.leitstand.toast("info", one_line(document.error, 300) or "It is still to be read.")

    def action_filter(self) -> None:
        """Open the filter line."""
        line = self.query_one("#filter", Input)
        line.display = True
        self.set_focus(line)  # at once: the next letter may be on its way

    @on(Input.Changed, "#filter")
    async def _filtered(self, event: Input.Changed) -> None:
        self.text = event.value
        await self._read_now()

    @on(Input.Submitted, "#filter")
    def _filter_done(self) -> None:
        self.query_one("#filter", Input).display = False
        self.add_class("-inside")
        self.documents.focus()

    async def action_which(self) -> None:
        """List only what could not be read, or everything again."""
        self.only_failed = not self.only_failed
        await self._read_now()

    async def action_copy_path(self) -> None:
        """Copy the paths of the documents that are meant, or why the selected one was not read."""
        if self.documents.has_focus and self.shelf.marked:
            await self.leitstand.copy("\n".join(one.source for one in self.shelf.marked.values()))
        elif (document := self.document) is not None:
            await self.leitstand.copy(document.error or document.source)
        elif (space := self.space) is not None:
            await self.leitstand.copy(space.name)


def named(documents: Sequence[LibraryDocument], room: int) -> tuple[str, str]:
    """What documents are called in a sentence, and the word that stands for them."""
    if len(documents) == 1:
        return one_line(documents[0].title or documents[0].source, max(room, 1)), "it"
    return plural(len(documents), "document"), "them"
