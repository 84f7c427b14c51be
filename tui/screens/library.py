"""The library: spaces of documents, what is read into them, and what is found in them."""

from __future__ import annotations

from collections.abc import Awaitable

from core.errors import LeitstandError
from core.guard import one_line
from core.retrieval.library import COLOURS, Space
from tui import keymap
from tui.modals.ask import Ask
from tui.modals.confirm import Confirm
from tui.modals.pick import Pick
from tui.render.library import plural
from tui.screens.library_view import LibraryView


class LibraryScreen(LibraryView):
    """Every key asks the engine and says what came of it."""

    BINDINGS = keymap.bindings("library")

    def __init__(self) -> None:
        super().__init__()
        self._deleted: list[int] = []

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

        def chosen(word: str | None) -> None:
            if word is not None:
                self._work(self._do(self.engine.library.change_space(space.id, colour=words[word])))

        self.app.push_screen(Pick("Colour of the space", tuple(words), space.colour or "none"), chosen)

    def action_delete(self) -> None:
        """Delete the selected space after a question; that can be undone."""
        if (space := self._chosen()) is None:
            return

        def answered(yes: bool | None) -> None:  # noqa: FBT001 - as Textual calls it
            if yes:
                self._work(self._delete(space))

        undo = self.key_of("library.undo")
        gone = (
            f"{plural(space.documents, 'document')} leave the library" if space.documents else "It is empty"
        )
        consequence = f"{gone}; no file is touched. {undo} takes it back."
        self.app.push_screen(
            Confirm(f"Delete {one_line(space.name, 50)}?", consequence, "delete it"), answered
        )

    async def _delete(self, space: Space) -> None:
        if await self._do(
            self.engine.library.delete_space(space.id),
            f"Deleted {one_line(space.name, 60)}.",
            "u takes it back.",
        ):
            self._deleted.append(space.id)

    async def action_undo(self) -> None:
        """Take the last deletion back, also one of an earlier day."""
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
