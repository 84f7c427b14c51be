"""What everybody who works on the library shares: its rows, the server, and who may make vectors."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from core.bus import Bus
from core.clock import Clock
from core.config.library import Library as Settings
from core.errors import LeitstandError, NotFound
from core.jobs.service import JobService
from core.models.service import ModelService
from core.models.types import Model
from core.ollama.connection import ServerService
from core.ollama.names import same
from core.retrieval.documents import DocumentStore
from core.retrieval.kept_out import KeptOut
from core.retrieval.library import DocumentChanged, LibraryDocument, Space, SpaceChanged
from core.retrieval.store import SpaceStore
from core.store.database import Database
from core.tasks import Tasks

_FIRST_LIST = 5.0
"""Seconds that the first work after the start waits for the server to say what it has."""


class Maker(msgspec.Struct, frozen=True):
    """Who is to make the vectors of a space, or why nobody does."""

    model: str = ""
    digest: str = ""
    note: str = ""
    """Why there is nobody, or why the vectors that are there cannot be added to."""


class Desk:
    """Everything the library's parts need."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        tasks: Tasks,
        clock: Clock,
        jobs: JobService,
        models: ModelService,
        server: ServerService,
        *,
        settings: Callable[[], Settings],
    ) -> None:
        self.database = database
        self.bus = bus
        self.tasks = tasks
        self.clock = clock
        self.jobs = jobs
        self.models = models
        self.server = server
        self.settings = settings
        self.spaces = SpaceStore(database)
        self.documents = DocumentStore(database)
        self.kept_out = KeptOut(database)
        self.working: dict[int, int] = {}
        """The job that works on a space, or waits to."""

    # Spaces as they are shown.

    async def space(self, id: int) -> Space:
        """A space as it is now."""
        return self.decorated(await self.spaces.space(id))

    async def open_space(self, id: int) -> Space:
        """A space that was not deleted."""
        space = await self.space(id)
        if space.deleted_at is not None:
            raise NotFound(f"The space {space.name} is deleted.", "Take the deletion back first.")
        return space

    def decorated(self, space: Space) -> Space:
        """A space with what follows from the server and the queue."""
        maker = self.maker(space)
        stale = self.is_stale(space)
        note = ""
        if stale:
            note = "Its vectors were made by another model, or another version of it: re-index it."
        elif space.chunks > space.embedded:
            note = maker.note
        return msgspec.structs.replace(space, stale=stale, note=note, job=self.working.get(space.id))

    async def tell(self, id: int) -> Space:
        """Publish how a space is now."""
        space = await self.space(id)
        self.bus.publish(SpaceChanged(space))
        return space

    def tell_document(self, document: LibraryDocument) -> None:
        """Publish how a document is now."""
        self.bus.publish(DocumentChanged(document))

    # Who makes vectors.

    async def know_models(self) -> None:
        """Wait for the first list of models after the start, but for no server that is away."""
        if await self.models.seen_at() is not None or self.server.current.phase in ("away", "wrong"):
            return
        try:
            async with asyncio.timeout(_FIRST_LIST):
                await self.models.sync()
        except (LeitstandError, TimeoutError):
            return

    def maker(self, space: Space, *, anew: bool = False) -> Maker:
        """Say who is to make a space's vectors; *anew*: all of them, as a re-index does."""
        if not anew and self.is_stale(space):
            return Maker(note="Its vectors are another model's: until it is re-indexed, new ones wait.")
        model = self._wanted(space, anew=anew)
        if model is not None:
            return Maker(model.name, bare(model.digest))
        state = self.server.current
        name = space.model or (space.made_by if not anew else "") or self.settings().model
        if state.phase != "online":
            return Maker(note="The server is away: until it is back, documents are found by their words.")
        return Maker(
            note=f"The server has no embedding model {name}: documents are found by their words. "
            f"Download it, and vectors follow."
        )

    def is_stale(self, space: Space) -> bool:
        """Whether a space's vectors are not those that are wanted."""
        if not space.made_by or not space.embedded:
            return False
        if space.model and not same(space.model, space.made_by):
            return True
        there = self.models.roster.find(space.made_by)
        if there is None or not there.installed or not space.digest:
            return False
        return bare(there.digest) != space.digest

    def _wanted(self, space: Space, *, anew: bool) -> Model | None:
        if space.model:
            return self._installed(space.model)
        if space.made_by and space.embedded and not anew:
            return self._installed(space.made_by)
        return self._installed(self.settings().model) or self._any()

    def _installed(self, name: str) -> Model | None:
        model = self.models.roster.find(name) if name else None
        return model if model is not None and model.installed and model.digest else None

    def _any(self) -> Model | None:
        """Some model that is made for vectors; always the same one."""
        found = [
            model
            for model in self.models.roster.all
            if model.installed and model.digest and not model.remote
            and model.can("embedding") and not model.can("completion")
        ]  # fmt: skip
        return min(found, key=lambda model: (model.size or 0, model.name), default=None)


def bare(digest: str) -> str:
    """A digest as it is compared."""
    return digest.removeprefix("sha256:")
