"""The library: spaces of documents, what is read into them, and what is found in them."""

from __future__ import annotations

from textual import on
from textual.widgets import Input

from core.errors import LeitstandError
from core.guard import one_line
from core.retrieval.library import COLOURS, Ingest, Space
from tui import keymap
from tui.format import duration
from tui.modals.ask import Ask
from tui.modals.choose import Choose
from tui.modals.confirm import Confirm
from tui.modals.find import Find
from tui.modals.paths import AskPath
from tui.render.library import COLOUR_INKS, plural
from tui.render.option import Option
from tui.screens.chat_files import files_starting
from tui.screens.library_documents import LibraryDocuments, named
from tui.widgets.offers import Offer
from tui.widgets.row_list import RowList


class LibraryScreen(LibraryDocuments):
    """Every key asks the engine and says what came of it."""

    BINDINGS = keymap.bindings("library")

    def __init__(self) -> None:
        super().__init__()
        self._deleted: list[int] = []

    # Spaces -------------------------------------------------------------------------------------

    def action_new(self) -> None:
        """Ask for a name and make a space."""

        async def take(text: str) -> None:
            made = await self.engine.library.create_space(text.strip())
            await self.resync()
            self.spaces.select(made.id)
            self.spaces.keep()

        about = "A shelf of documents that is searched on its own: manuals, one project, contracts."
        self.app.push_screen(Ask("New space", about, "", take))

    def _chosen(self) -> Space | None:
        """The selected space; from now on the cursor stays with it, wherever it comes to stand."""
        self.spaces.keep()
        space = self.space
        if space is not None and space.chat_id is not None:
            self.leitstand.toast("info", "These documents belong to one chat, and go with it.")
            return None
        return space

    def action_change(self) -> None:
        """Give the selected space another name, then another description."""
        if (space := self._chosen()) is None:
            return

        async def rename(text: str) -> None:
            await self.engine.library.change_space(space.id, name=text.strip())

        async def describe(text: str) -> None:
            await self.engine.library.change_space(space.id, description=text.strip())

        def renamed(taken: bool | None) -> None:  # noqa: FBT001 - as Textual calls it
            if taken:
                about = "What is in it, in a sentence: shown where spaces are chosen."
                self.app.push_screen(Ask("Describe it", about, space.description, describe))

        self.app.push_screen(
            Ask("Name of the space", "Enter goes on to its description.", space.name, rename), renamed
        )

    def action_colour(self) -> None:
        """Mark the selected space with a colour."""
        if (space := self._chosen()) is None:
            return
        words = {name or "none": name for name in COLOURS}
        live = self.leitstand.glyphs.live
        options = [Option(word, word, mark=live, mark_ink=COLOUR_INKS[words[word]]) for word in words]

        def chosen(word: str | None) -> None:
            if word is not None:
                self._work(self._do(self.engine.library.change_space(space.id, colour=words[word])))

        self.app.push_screen(Choose("Colour of the space", options, current=space.colour or "none"), chosen)

    async def action_model(self) -> None:
        """Choose who makes the vectors of the selected space; another one asks for a re-index."""
        if (space := self._chosen()) is None:
            return
        try:
            models = await self.leitstand.model_options(embedding=True)
        except LeitstandError as error:
            self.leitstand.say_error(error)
            return
        usual = self.engine.config.current.library.model
        options = [Option("", "as in the settings", one_line(usual, 60)), *models]
        about = "Vectors of two models are never mixed: with another one the space is embedded again."

        def chosen(name: str | None) -> None:
            if name is not None and name != space.model:
                self._work(self._change_model(space, name))

        self.app.push_screen(
            Choose("Embedding model of the space", options, current=space.model, about=about), chosen
        )

    async def _change_model(self, space: Space, name: str) -> None:
        if await self._do(self.engine.library.change_space(space.id, model=name)):
            now = self.known.get(space.id)
            if now is not None and now.stale:
                self.action_reindex()

    def action_delete(self) -> None:
        """Take documents out, or delete the selected space, after a question; that can be undone."""
        if self.documents.has_focus:
            self._ask_remove(purge=False)
            return
        if (space := self._chosen()) is None:
            return

        def answered(yes: bool | None) -> None:  # noqa: FBT001 - as Textual calls it
            if yes:
                self._work(self._delete(space))

        gone = (
            f"{plural(space.documents, 'document')} leave the library" if space.documents else "It is empty"
        )
        consequence = f"{gone}; no file is touched. {self.key_of('library.undo')} takes it back."
        self.app.push_screen(
            Confirm(f"Delete {one_line(space.name, 50)}?", consequence, "delete it"), answered
        )

    def action_erase(self) -> None:
        """Erase documents for good; among the spaces: what was deleted from the selected one before."""
        if self.documents.has_focus:
            self._ask_remove(purge=True)
            return
        if (space := self.space) is None:
            return

        def answered(yes: bool | None) -> None:  # noqa: FBT001 - as Textual calls it
            if yes:
                erased = self.engine.library.optimize(space.id, purge=True)
                self._work(self._do(erased, "What was deleted is being overwritten."))

        consequence = "What is left on the disk of documents taken out before is overwritten."
        self.app.push_screen(
            Confirm(f"Erase what was deleted from {one_line(space.name, 30)}?", consequence, "erase it"),
            answered,
        )

    async def _delete(self, space: Space) -> None:
        if await self._do(
            self.engine.library.delete_space(space.id),
            f"Deleted {one_line(space.name, 60)}.",
            f"{self.key_of('library.undo')} takes it back.",
        ):
            self._deleted.append(space.id)

    async def action_undo(self) -> None:
        """Take the last deletion back, also one of an earlier day."""
        if self._removed:
            await self._read_back(self._removed.pop())
            return
        if not self._deleted:
            gone = await self.engine.library.spaces(deleted=True)
            self._deleted = [each.id for each in sorted(gone, key=lambda each: each.deleted_at or 0.0)]
        if not self._deleted:
            self.leitstand.toast("info", "Nothing was deleted.")
            return
        id = self._deleted.pop()
        if await self._do(self.engine.library.undo_delete_space(id), "It is back."):
            self.spaces.select(id)
            self.spaces.keep()

    # Reading ------------------------------------------------------------------------------------

    def action_add(self) -> None:
        """Ask for a file or a folder and read it into the selected space."""
        self.spaces.keep()
        if (space := self.space) is None:
            self.action_new()
            return

        async def names(text: str) -> list[Offer]:
            found = await self.engine.tasks.in_thread(files_starting, text or "~/")
            return [_offer(name) for name in found]

        async def take(text: str) -> None:
            ingest = await self.engine.library.ingest(space.id, (text,))
            self.ingests[ingest.space] = ingest
            await self.resync()

        title = f"Read into {one_line(space.name, 40)}"
        about = "A file or a folder. What was read before is read again only if it changed."
        self.app.push_screen(AskPath(title, about, names, take))

    def _work_here(self) -> Ingest | None:
        """What works on the selected space."""
        ingest = self.ingests.get(self.space.id) if self.space is not None else None
        if ingest is None or not ingest.unfinished:
            self.leitstand.toast("info", "Nothing is being read into this space.")
            return None
        return ingest

    async def action_pause(self) -> None:
        """Set reading aside, or let it go on."""
        if (ingest := self._work_here()) is not None:
            jobs = self.engine.jobs
            await self._do(jobs.release(ingest.job) if ingest.phase == "held" else jobs.hold(ingest.job))

    async def action_stop(self) -> None:
        """End reading; what was read stays."""
        if (ingest := self._work_here()) is not None:
            await self._do(self.engine.jobs.cancel(ingest.job), "Stopped. r reads the rest.")

    async def action_again(self) -> None:
        """Read what is new or changed; among the documents: those that are meant."""
        if (space := self.space) is None:
            return
        if self.documents.has_focus:
            meant = self.shelf.meant(self.document)
            if paths := tuple(document.source for document in meant if document.kind == "file"):
                words = f"Reading {named(meant, 60)[0]} again."
                await self._do(self.engine.library.ingest(space.id, paths, again=True, keep=False), words)
            else:
                self.leitstand.toast("info", "It was pasted: there is no file to read again.")
        else:
            await self._do(self.engine.library.ingest(space.id), "Looking for what is new or changed.")

    async def action_watch(self) -> None:
        """Have the folders of the selected space looked through again and again, or no longer."""
        if (space := self._chosen()) is None:
            return
        if not space.roots:
            self.leitstand.toast("info", "No folder was read into this space yet.")
            return
        library = self.engine.library
        if space.watched:
            for path in space.watched:
                if not await self._do(library.unwatch(space.id, path)):
                    return
            self.leitstand.toast("good", "What changes is no longer read by itself.")
        else:
            every = self.engine.config.current.library.watch_every
            said = f"What changes is read by itself from now on, within {duration(every).strip()}."
            if not every:
                said = "Its folders are watched once library.watch_every is more than 0."
            await self._do(library.ingest(space.id, space.roots, watch=True), said)

    def action_reindex(self) -> None:
        """Build the index of the selected space anew, after a question."""
        if (space := self.space) is None:
            return

        def answered(yes: bool | None) -> None:  # noqa: FBT001 - as Textual calls it
            if yes:
                self._work(self._do(self.engine.library.reindex(space.id), "The index is built anew."))

        consequence = (
            f"{plural(space.chunks, 'chunk')} are embedded again. It is searched as it is meanwhile."
        )
        self.app.push_screen(
            Confirm(f"Re-index {one_line(space.name, 50)}?", consequence, "re-index"), answered
        )

    async def action_tidy(self) -> None:
        """Clean up the index of the selected space."""
        if (space := self.space) is not None:
            await self._do(self.engine.library.optimize(space.id), "The index is being tidied.")

    # Looking ------------------------------------------------------------------------------------

    def action_search(self) -> None:
        """Find passages while they are typed."""
        self.app.push_screen(Find(self.space))

    def action_other(self) -> None:
        """Go to the documents, or back to the spaces."""
        if self.documents.has_focus:
            self.action_back()
        elif self.space is not None and self.documents.display:
            self.add_class("-inside")
            self.documents.focus()

    def action_back(self) -> None:
        """Nothing marked; then all documents again; then back to the spaces."""
        if self.shelf.marked and self.documents.has_focus:
            self.shelf.marked.clear()
            self._marks_changed()
            return
        line = self.query_one("#filter", Input)
        if self.text or self.only_failed or line.display:
            self.text, self.only_failed = "", False
            line.value = ""
            line.display = False
            if line.has_focus:
                self.documents.focus()
            self._work(self._read_now())
            return
        self.remove_class("-inside")
        self.spaces.focus()

    @on(RowList.Opened, "#spaces")
    def _space_opened(self) -> None:
        self.action_other()


def _offer(name: str) -> Offer:
    """A file or folder to complete, shown by its own name."""
    folder = name.endswith("/")
    own = one_line(name.rstrip("/").rpartition("/")[2], 200) + ("/" if folder else "")
    return Offer(name, "folder" if folder else "file", own)
