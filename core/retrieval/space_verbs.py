"""The verbs of spaces: made, changed, deleted and taken back, and chosen for a chat."""

from __future__ import annotations

from core.exposed import exposed
from core.retrieval.guiding import Guide
from core.retrieval.library import Choice, Mode, Space, Spaces
from core.retrieval.narrowing import EVERYTHING, Narrow
from core.retrieval.reading_verbs import ReadingVerbs
from core.retrieval.shelves import Shelves


class SpaceVerbs(ReadingVerbs):
    """Spaces as wholes, and which of them a chat is answered from."""

    _shelves: Shelves
    _guide: Guide

    @exposed
    async def spaces(self, *, deleted: bool = False) -> Spaces:
        """Return every space by name, then those of single chats; or those whose deletion can be undone."""
        return await self._shelves.all(deleted=deleted)

    @exposed
    async def space(self, id: int) -> Space:
        """Return a space."""
        return await self._desk.space(id)

    @exposed
    async def find_space(self, name: str) -> Space | None:
        """Return the space of that name, however its letters are written; None when there is none."""
        return await self._shelves.named(name)

    @exposed
    async def create_space(
        self,
        name: str,
        *,
        description: str = "",
        colour: str = "",
        language: str = "",
        model: str = "",
    ) -> Space:
        """Make a space; without a *model* the settings say who makes its vectors."""
        return await self._shelves.create(
            name, description=description, colour=colour, language=language, model=model
        )

    @exposed
    async def session_space(self, chat_id: int) -> Space:
        """Return the space of documents that only this chat sees; it is made when it is missing."""
        return await self._shelves.session(chat_id)

    @exposed
    async def change_space(
        self,
        id: int,
        *,
        name: str | None = None,
        description: str | None = None,
        colour: str | None = None,
        language: str | None = None,
        model: str | None = None,
    ) -> Space:
        """Change a space; None leaves something as it is. Another model asks for a re-index.

        In another language the words are taken apart anew, in the background.
        """
        before = await self._desk.open_space(id)
        changed = await self._shelves.change(
            id, name=name, description=description, colour=colour, language=language, model=model
        )
        if changed.language != before.language:
            await self.optimize(id)
        return changed

    @exposed
    async def delete_space(self, id: int) -> Space:
        """Delete a space; for some days that can be undone."""
        working = self._desk.working.get(id)
        if working is not None:
            await self._desk.jobs.cancel(working)
        self._guide.forget(id)
        return await self._shelves.delete(id)

    @exposed
    async def undo_delete_space(self, id: int) -> Space:
        """Take the deletion of a space back."""
        return await self._shelves.undo(id)

    @exposed
    async def choice(self, chat_id: int | None = None) -> Choice:
        """Say what the questions of a chat are looked up in; None: those of a new one."""
        return await self._shelves.choice(chat_id)

    @exposed
    async def choose(
        self, chat_id: int, mode: Mode, spaces: tuple[int, ...] = (), narrow: Narrow = EVERYTHING
    ) -> Choice:
        """Say what the questions of a chat are looked up in from now on, and in which documents of that."""
        return await self._shelves.choose(chat_id, mode, spaces, narrow)
