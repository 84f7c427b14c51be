"""The models' verbs: one list of what is on the server, in its memory, and in the catalogue."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from core.bus import Bus, Notice
from core.clock import Clock
from core.config.service import ConfigService
from core.exposed import exposed
from core.jobs.service import JobService
from core.models import catalog, store
from core.models.roster import Roster
from core.models.sync import Synchroniser
from core.models.types import GpuMemory, Model, Models, Scope, ranked
from core.ollama.connection import ServerService
from core.store.database import Database
from core.tasks import Tasks


async def _unknown() -> tuple[GpuMemory, ...] | None:
    return None


class ModelService:
    """Owns the knowledge of models, and what is done with them."""

    def __init__(
        self,
        server: ServerService,
        *,
        bus: Bus,
        tasks: Tasks,
        clock: Clock,
        store: Database,
        config: ConfigService,
        jobs: JobService,
        gpus: Callable[[], Awaitable[tuple[GpuMemory, ...] | None]] = _unknown,
        users_catalog: Path | None = None,
    ) -> None:
        self._server = server
        self._bus = bus
        self._tasks = tasks
        self._clock = clock
        self._store = store
        self._config = config
        self._jobs = jobs
        self._gpus = gpus
        self._users_catalog = users_catalog
        self.roster = Roster(bus, clock)
        self._sync = Synchroniser(
            self.roster,
            server,
            store=store,
            bus=bus,
            tasks=tasks,
            clock=clock,
            check_every=lambda: config.current.server.check_every,
        )

    # Life.

    async def start(self) -> None:
        """Read the catalogue and what was noted; the server is asked in the background."""
        known, problem = await self._tasks.in_thread(catalog.load, users=self._users_catalog)
        if problem is not None:
            self._bus.publish(Notice("warning", problem.message, problem.hint, self._clock.now()))
        self.roster.use_catalog(known)
        self.roster.use_notes(await store.notes(self._store))
        self.roster.set_default(self._config.current.chat.model)
        self._sync.start()

    async def stop(self) -> None:
        """Look no more."""
        self._sync.stop()

    # Verbs: what there is.

    @exposed
    async def list(self, scope: Scope = "here") -> Models:
        """Return models, favourites first: those on the server, in its memory, or all that are known."""
        return ranked(
            tuple(
                model
                for model in self.roster.all
                if scope == "all" or (model.installed if scope == "here" else model.memory is not None)
            )
        )

    @exposed
    async def get(self, name: str) -> Model:
        """Return one model, however its name is spelt."""
        return self.roster.get(name)

    @exposed
    async def loaded(self) -> Models:
        """Return the models in the server's memory."""
        return await self.list("memory")

    @exposed
    async def sync(self) -> Models:
        """Ask the server what it has, now; return what is on it."""
        await self._sync.sync()
        return await self.list()

    @exposed
    async def seen_at(self) -> float | None:
        """Return when the server was last asked what it has; None before the first time."""
        return self._sync.seen_at
