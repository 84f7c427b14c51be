"""The composition root: builds every service, starts them in order, stops them in order.

engine = Engine.prepare(options)    # at once: paths, lock, configuration
await engine.start()                # store, services; the server is found in the background
…
await engine.close()                # no new work, finish or checkpoint, save, close
"""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from core import logs
from core.bus import Bus, Notice
from core.clock import Clock, SystemClock
from core.config.service import ConfigService
from core.errors import StoreError
from core.health import Check, HealthService
from core.ollama.connection import ServerService
from core.ollama.hosts import HostsService
from core.paths import Paths, make_private
from core.presence import HERE
from core.store.lock import DataLock
from core.tasks import Tasks

if TYPE_CHECKING:
    # Imported by the work that needs them, after the first picture.
    from core.backup.service import BackupService
    from core.batches import BatchService
    from core.benchmarks.service import BenchmarkService
    from core.chat.service import ChatService
    from core.downloads.service import DownloadService
    from core.jobs.service import JobService
    from core.models.service import ModelService
    from core.ollama.address import Address
    from core.ollama.client import Ollama
    from core.ollama.registry import Registry
    from core.retrieval.service import LibraryService
    from core.router.service import RouterService
    from core.simulator import Simulator
    from core.store.database import Database
    from core.telemetry.probes import Probes
    from core.telemetry.service import TelemetryService

log = logging.getLogger("leitstand.engine")

STOP_GRACE = 3.0
"""Seconds that running jobs get to finish when Leitstand closes and nothing else is said."""


@dataclass(frozen=True)
class Options:
    """What the command line and the environment decide before anything runs."""

    data: str | None = None
    config: str | None = None
    host: str | None = None
    demo: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)


class Engine:
    """Owns everything that happens; faces call its services' verbs and follow its bus."""

    backups: BackupService
    batches: BatchService
    benchmarks: BenchmarkService
    chat: ChatService
    downloads: DownloadService
    jobs: JobService
    library: LibraryService
    models: ModelService
    router: RouterService
    telemetry: TelemetryService
    """These, and everything that rests on the database, are there once the engine has started."""

    def __init__(
        self,
        options: Options,
        paths: Paths,
        clock: Clock,
        transport: Any = None,
        probes: Probes | None = None,
    ) -> None:
        self.options = options
        self.paths = paths
        self.link = HERE
        self.clock = clock
        self.bus = Bus()
        self.tasks = Tasks(self.bus)
        self._lock: DataLock | None = None
        self._demo_home: Path | None = None
        self._store: Database | None = None
        self._closed = False
        self._transport = transport
        self._simulator: Simulator | None = None
        self._probes = probes
        overrides = {"server.url": options.host} if options.host else {}
        self.config = ConfigService(paths.config, self.bus, self.tasks, clock, overrides=overrides)
        self.server = ServerService(
            self._client,
            bus=self.bus,
            tasks=self.tasks,
            clock=clock,
            check_every=self._check_every,
            demonstration=lambda: self._demo_server().transport(),
        )
        self.hosts = HostsService(
            partial(ServerService, tasks=self.tasks, check_every=self._check_every),
            self._client,
            bus=self.bus,
            clock=clock,
            settings=lambda: {} if options.demo else self.config.current.hosts,
        )
        self.health = HealthService(
            paths=paths,
            server=lambda: self.server.current,
            hosts=self.hosts,
            problems=lambda: self.config.problems,
            store=self._store_check,
        )

    @classmethod
    def prepare(
        cls,
        options: Options,
        *,
        clock: Clock | None = None,
        transport: Any = None,
        probes: Probes | None = None,
    ) -> Self:
        """Take the data directory and read the configuration; quick, and nothing runs yet.

        *transport* takes the place of the network and *probes* that of the machine, for tests.
        """
        demo_home = None
        if options.demo:
            demo_home = Path(tempfile.mkdtemp(prefix="leitstand-demo-"))
            paths = Paths.find({"LEITSTAND_HOME": str(demo_home)}, config=options.config)
        else:
            paths = Paths.find(options.environment, data=options.data, config=options.config)
        make_private(paths.data)
        engine = cls(options, paths, clock or SystemClock(), transport, probes)
        engine._demo_home = demo_home
        engine._lock = DataLock.acquire(paths.lock, clock=engine.clock)
        engine.config.load()
        logs.begin(paths.log, engine.config.current.log.level, options.environment)
        return engine

    @property
    def store(self) -> Database:
        """The database, once the engine has started."""
        if self._store is None:
            raise StoreError("The database is not open yet.")
        return self._store

    @property
    def faces(self) -> int:
        """How many other processes are attached."""
        return 0

    async def revive(self) -> None:
        """Have the engine hosted again where that has ended; this one is here."""

    async def start(self) -> None:
        """Start in order; an absent server delays nothing."""
        await self.config.start()
        await self.tasks.in_thread(_import_services)
        if self.options.demo:
            await self.tasks.in_thread(self._demo_server)
        from core.store.database import Database

        self._store = await Database.open(self.paths.database, clock=self.clock)
        for sentence in self._store.notices:
            self.bus.publish(Notice("warning", sentence, at=self.clock.now()))
        for problem in self.config.problems[:3]:
            self.bus.publish(Notice("warning", problem.sentence, problem.hint, at=self.clock.now()))
        if self._store.check_due:
            self.tasks.spawn("database check", self._check_store(self._store))
        self._build(self._store)
        await self.chat.recover()
        await self.downloads.recover()
        await self.library.recover()
        await self.jobs.start()
        await self.router.start()
        await self.library.start()
        await self.chat.start()
        self._follower = self.tasks.spawn("joins", self._joins.follow())
        if self.options.demo:
            await self.server.start_demo()
            self.tasks.spawn("demonstration library", self.library.demonstrate())
        else:
            await self.server.start()
            await self.hosts.start()
        await self.models.start()
        await self.telemetry.start(self._store)
        if not self.options.demo:
            self.backups.start()
        log.info("started")

    def _build(self, store: Database) -> None:
        """Make every service that rests on the database; nothing runs yet."""
        from core.backup.service import BackupService
        from core.batches import BatchService
        from core.benchmarks.service import BenchmarkService
        from core.chat.service import ChatService
        from core.downloads.service import DownloadService
        from core.jobs.service import JobService
        from core.joins import Joins, watching
        from core.models.service import ModelService
        from core.ollama.places import models_directory
        from core.retrieval.parts import parts
        from core.retrieval.service import LibraryService
        from core.router.service import RouterService
        from core.routes import Routes
        from core.telemetry.service import Sources, TelemetryService

        joins = self._joins = Joins(self)
        self.jobs = JobService(
            store,
            self.bus,
            self.tasks,
            self.clock,
            settings=lambda: self.config.current.queue,
            memory=joins.memory,
            size_of=joins.size_of,
            servers=lambda: self.hosts.names,
        )
        registry = self._registry()
        self.models = ModelService(
            self.server,
            self.hosts,
            bus=self.bus,
            tasks=self.tasks,
            clock=self.clock,
            store=store,
            config=self.config,
            jobs=self.jobs,
            registry=registry,
            room=joins.room,
            usual_context=joins.usual_context,
            users_catalog=self.paths.config.parent / "models.toml",
        )
        self.benchmarks = BenchmarkService(
            self.server,
            self.models,
            self.jobs,
            clock=self.clock,
            store=store,
            config=lambda: self.config.current,
            room=joins.room,
        )
        self.downloads = DownloadService(
            self.server,
            self.models,
            self.jobs,
            bus=self.bus,
            tasks=self.tasks,
            clock=self.clock,
            store=store,
            config=self.config,
            registry=registry,
            directory=lambda: self.models.directory(models_directory(self.options.environment)),
        )
        routes = Routes(self)
        self.router = RouterService(
            store,
            self.bus,
            self.clock,
            settings=lambda: self.config.current.router,
            candidates=routes.candidates,
            memory=routes.memory,
            embed=routes.embed,
        )
        self.library = LibraryService(
            store,
            self.bus,
            self.tasks,
            self.clock,
            self.jobs,
            self.models,
            self.server,
            parts=parts(
                self.paths.library,
                self.tasks,
                self.clock,
                client=lambda: self.server.client,
                settings=lambda: self.config.current.library,
            ),
            settings=lambda: self.config.current.library,
        )
        self.chat = ChatService(
            store,
            self.bus,
            self.tasks,
            self.clock,
            self.jobs,
            client=lambda: self.server.client,
            report=self.models.report,
            settings=lambda: self.config.current.chat,
            personas=self.paths.config.parent / "personas.toml",
            largest_context=self.models.largest_context,
            note_answer=self.models.note_answer,
            router=routes,
            library=self.library,
        )
        self.backups = BackupService(
            self.paths,
            self.bus,
            self.tasks,
            self.clock,
            settings=lambda: self.config.current.backup,
            copy_index=self.library.copy_index,
        )
        self.batches = BatchService(
            self.jobs,
            self.clock,
            client=lambda: self.server.client,
            context=joins.context_of,
            settings=lambda: self.config.current.chat,
        )
        self.telemetry = TelemetryService(
            bus=self.bus,
            tasks=self.tasks,
            clock=self.clock,
            probes=self._probes or self._this_machine(),
            settings=watching(self.config.current.gauges),
            sources=Sources(
                loaded_models=joins.loaded_models,
                running_jobs=joins.running_jobs,
                server_is_here=joins.server_is_here,
                away_since=joins.away_since,
            ),
        )

    def _registry(self) -> Registry:
        from core.ollama.registry import Registry

        transport = self._demo_server().transport() if self.options.demo else self._transport
        return Registry(transport=transport, in_thread=self.tasks.in_thread)

    def _demo_server(self) -> Simulator:
        """The simulated server of the demonstration, made when it is first needed."""
        if self._simulator is None:
            from core.models import catalog, pretend
            from core.simulator import REAL, Setup, Simulator

            known, _ = catalog.load()
            self._simulator = Simulator(Setup(pullable=pretend.specs(known)), clock=self.clock, pace=REAL)
        return self._simulator

    def _this_machine(self) -> Probes:
        if self.options.demo:
            from core.telemetry.demo import DemoMachine

            return DemoMachine().probes()
        from core.ollama.places import models_directory
        from core.telemetry.machine import this_machine

        return this_machine(self.clock, lambda: models_directory(self.options.environment))

    async def _check_store(self, store: Database) -> None:
        if damage := await store.check():
            hint = "Export what matters now, then start Leitstand again."
            text = f"The database is damaged: {damage[0]}."
            self.bus.publish(Notice("error", text, hint, at=self.clock.now()))

    def _store_check(self) -> Check:
        if self._store is None:
            return Check("store", "warn", "The database is not open yet.")
        size = self.paths.database.stat().st_size / 1e6
        return Check("store", "ok", f"{self.paths.database} is open, {size:.1f} MB.")

    async def close(self, grace: float = STOP_GRACE, *, goes_on: bool = False) -> None:
        """Stop in order: no new work, finish or checkpoint what runs, save, close; bounded in time.

        Running jobs get *grace* seconds to finish; then they are stopped and put back. When another process
        *goes_on*, answers that have begun wait for it, too, instead of being marked as interrupted.
        """
        if self._closed:
            return
        self._closed = True
        if self._store is not None and hasattr(self, "telemetry"):
            await self.backups.stop()
            if goes_on:
                self.chat.hand_over()
            await self.jobs.stop(grace)
            await self.chat.close()
            await self.library.close()
            await self.downloads.stop()
            await self.models.stop()
            await self.telemetry.close()
            self._follower.cancel()
        await self.server.close()
        await self.hosts.close()
        await self.config.stop()
        await self.tasks.close()
        if self._store is not None:
            await self._store.close()
        if self._lock is not None:
            self._lock.release()
        if self._demo_home is not None:
            shutil.rmtree(self._demo_home, ignore_errors=True)
        log.info("closed")

    def address(self) -> Address:
        """The server's address: --host, then the configuration, then OLLAMA_HOST, then this machine."""
        from core.ollama.address import parse

        return parse(self.config.current.server.url or self.options.environment.get("OLLAMA_HOST", ""))

    def _check_every(self) -> float:
        return self.config.current.server.check_every

    def _client(self, address: Address | None = None, transport: Any = None) -> Ollama:
        from core.ollama.client import Ollama

        return Ollama(
            address or self.address(),
            transport=transport or self._transport,
            connect_timeout=self.config.current.server.connect_timeout,
            in_thread=self.tasks.in_thread,
            elsewhere=self.hosts.client,
        )


def _import_services() -> None:
    """Import what the first picture did not wait for: a thread's work, it takes longer than a frame."""
    import core.backup.service
    import core.benchmarks.service
    import core.chat.service
    import core.downloads.service
    import core.jobs.service
    import core.models.service
    import core.ollama.client
    import core.retrieval.service
    import core.routes
    import core.store.database
    import core.telemetry.machine
    import core.telemetry.service  # noqa: F401 - imported for what comes next
