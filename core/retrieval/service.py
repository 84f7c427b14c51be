"""The verbs of the library: spaces, what is read into them, and what is found in them.

library = LibraryService(store, bus, tasks, clock, jobs, models, server, …)
await library.recover()     # before the queue starts
await jobs.start()
await library.start()
space = await library.create_space("manuals")
ingest = await library.ingest(space.id, ("/srv/manuals",))
"""

from __future__ import annotations

from collections.abc import Callable

from core.bus import Bus
from core.clock import Clock
from core.config.library import Library as Settings
from core.exposed import exposed
from core.jobs.service import JobService
from core.models.service import ModelService
from core.ollama.connection import ServerService
from core.retrieval.desk import Desk
from core.retrieval.library import Choice, Mode, Space, Spaces
from core.retrieval.shelves import Shelves
from core.store.database import Database
from core.tasks import Tasks


class LibraryService:
    """Owns spaces and their documents."""

    def __init__(
        self,
        store: Database,
        bus: Bus,
        tasks: Tasks,
        clock: Clock,
        jobs: JobService,
        models: ModelService,
        server: ServerService,
        *,
        settings: Callable[[], Settings] = Settings,
    ) -> None:
        self._desk = desk = Desk(store, bus, tasks, clock, jobs, models, server, settings=settings)
        self._shelves = Shelves(desk)

    async def start(self) -> None:
        """Clear away what was deleted long ago."""
        await self._shelves.forget_expired()

    async def close(self) -> None:
        """Let go of everything; what runs is the queue's to end."""

    # Spaces.

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
        """Change a space; None leaves something as it is. Another model or language asks for a re-index."""
        return await self._shelves.change(
            id, name=name, description=description, colour=colour, language=language, model=model
        )

    @exposed
    async def delete_space(self, id: int) -> Space:
        """Delete a space; for some days that can be undone."""
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
    async def choose(self, chat_id: int, mode: Mode, spaces: tuple[int, ...] = ()) -> Choice:
        """Say what the questions of a chat are looked up in from now on."""
        return await self._shelves.choose(chat_id, mode, spaces)
