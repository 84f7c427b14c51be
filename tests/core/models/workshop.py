"""Everything the models rest on, on a simulated server, with a clock the test moves."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from core.bus import Bus, Mailbox, Notice
from core.clock import Clock
from core.config.service import ConfigService
from core.jobs.service import JobService
from core.models.memory import Room
from core.models.service import ModelService
from core.models.types import GpuMemory, ModelsChanged
from core.ollama.address import Address
from core.ollama.client import Ollama
from core.ollama.connection import ServerService
from core.ollama.hosts import HostsService
from core.ollama.registry import Registry
from core.simulator import INSTANT, Pace, Setup, Simulator, toy
from core.simulator.models import GIB, Spec
from core.simulator.wire import Reply, Request
from core.store.database import Database
from core.tasks import Tasks
from tests.fakes.clock import ManualClock
from tests.waiting import until

LOCAL = Address()


class Counting(Simulator):
    """Remembers how often each path was asked for."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.counts: Counter[str] = Counter()

    async def handle(self, request: Request) -> Reply:
        self.counts[request.path] += 1
        return await super().handle(request)


class Workshop:
    """One engine's worth of services, without the engine."""

    def __init__(
        self, home: Path, *, setup: Setup | None = None, clock: Clock | None = None, pace: Pace = INSTANT
    ) -> None:
        self.home = home
        self.clock: Any = clock or ManualClock()
        self.simulator = Counting(setup or small(), clock=self.clock, pace=pace)
        self.address = LOCAL
        self.gpus: int | None = 1
        self.ram: int | None = 64 * GIB

    async def open(self) -> None:
        """Build the services; nothing runs yet."""
        self.bus = Bus()
        self.tasks = Tasks(self.bus)
        self._watching = self.bus.subscribe()
        self.seen: Mailbox = self._watching.__enter__()
        self.database = await Database.open(self.home / "leitstand.db", clock=self.clock)
        self.config = ConfigService(self.home / "config.toml", self.bus, self.tasks, self.clock)
        self.config.load()
        self.server = ServerService(self.client, bus=self.bus, tasks=self.tasks, clock=self.clock)
        self.jobs = JobService(
            self.database,
            self.bus,
            self.tasks,
            self.clock,
            settings=lambda: self.config.current.queue,
            size_of=self._size_of,
        )
        self.registry = self.make_registry()
        self.hosts = HostsService(
            partial(ServerService, tasks=self.tasks), self.client, bus=self.bus, clock=self.clock
        )
        self.models = ModelService(
            self.server,
            self.hosts,
            bus=self.bus,
            tasks=self.tasks,
            clock=self.clock,
            store=self.database,
            config=self.config,
            jobs=self.jobs,
            registry=self.registry,
            room=self.room,
            users_catalog=self.home / "catalog.toml",
        )

    def _size_of(self, name: str) -> int | None:
        return self.models.size_of(name)

    async def start(self) -> None:
        """Run everything, and know what the server has."""
        await self.models.start()
        await self.jobs.start()
        await self.server.start()
        await until(lambda: self.server.current.phase == "online")
        await self.models.sync()

    async def close(self) -> None:
        """End in order."""
        await self.jobs.stop()
        await self.models.stop()
        await self.server.close()
        await self.tasks.close()
        await self.database.close()
        self._watching.__exit__(None, None, None)

    def make_registry(self) -> Registry:
        """The registry, which is the simulated server, too."""
        return Registry(transport=self.simulator.transport())

    def client(self, address: Address | None = None, transport: Any = None) -> Ollama:
        """A client of the simulated server."""
        return Ollama(address or self.address, transport=transport or self.simulator.transport())

    async def room(self) -> Room:
        """What is free, as the simulated server's own books say."""
        if self.gpus is None:
            return Room(None, self.ram)
        setup = self.simulator.server.setup
        used = sum(runner.footprint.vram for runner in self.simulator.server.runners.listed())
        each, taken = setup.vram // max(self.gpus, 1), used // max(self.gpus, 1)
        return Room(
            tuple(GpuMemory(f"gpu{n}", f"GPU {n}", each - taken, each) for n in range(self.gpus)), self.ram
        )

    def asked(self, path: str) -> int:
        """How often the server was asked for something."""
        return self.simulator.counts[path]

    def changes(self) -> list[ModelsChanged]:
        """What was told about models since the last time."""
        return [event for event in self.seen.take() if isinstance(event, ModelsChanged)]

    def notices(self) -> list[str]:
        """What people were told since the last time."""
        return [event.text for event in self.seen.take() if isinstance(event, Notice)]


@asynccontextmanager
async def working(home: Path, **options: Any) -> AsyncIterator[Workshop]:
    """A workshop in which everything runs."""
    workshop = Workshop(home, **options)
    await workshop.open()
    await workshop.start()
    try:
        yield workshop
    finally:
        await workshop.close()


def small(**changes: Any) -> Setup:
    """A server with few models of round sizes, and a GPU of 24 GiB."""
    return Setup(
        **{
            "installed": (sized("tiny", 1), sized("middle", 8), thinker("wise", 5), embedder()),
            "pullable": (sized("tiny", 1), sized("heavy", 20), sized("light", 2), embedder()),
            **changes,
        }
    )


def sized(name: str, gigabytes: float, **changes: Any) -> Spec:
    """A model whose weights take that many gigabytes."""
    shape: dict[str, Any] = {
        "blocks": 32, "width": 4096, "heads": 32, "kv_heads": 8, "head_dim": 128, "vocabulary": 128_256,
        "context": 131_072, "count": int(gigabytes * 1.7e9), "size_label": f"{gigabytes * 1.7:.1f}B",
    }  # fmt: skip
    return toy(name, **{**shape, "weights": int(gigabytes * 1e9), **changes})


def thinker(name: str, gigabytes: float) -> Spec:
    return sized(name, gigabytes, capabilities=("completion", "thinking"), thinking="tags")


def embedder() -> Spec:
    return sized("vectors", 0.3, capabilities=("embedding",))
