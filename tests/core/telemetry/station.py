"""A telemetry service over a machine that the test plays."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from core.bus import Bus, Event, Mailbox
from core.tasks import Tasks
from core.telemetry.lanes import Deliver, Read, attempt
from core.telemetry.probes import Ask, GpuReading, HostReading, Probes, Traffic
from core.telemetry.service import Sources, TelemetryService
from core.telemetry.types import (
    Gpu,
    GpuFacts,
    Host,
    HostFacts,
    LoadedModel,
    Pcie,
    RunningJob,
    Sample,
    Sampled,
    TelemetrySettings,
    Volume,
)
from tests.fakes.clock import ManualClock

GIB = 2**30
CARD = Gpu(
    "GPU-1",
    0,
    "RTX 5090",
    "nvidia",
    busy=10.0,
    memory_total=32 * GIB,
    memory_free=22 * GIB,
    memory_used=10 * GIB,
    power=200.0,
    temperature=60.0,
    energy=1000.0,
    throttle=(),
)


class InlineLane:
    """Answers at once, or when the test lets it."""

    def __init__(self, name: str, read: Read, deliver: Deliver) -> None:
        self.name, self.read, self.deliver = name, read, deliver
        self.hangs = False
        self.pending: Ask | None = None
        self.questions: deque[Ask] = deque(maxlen=200)
        self.asked = 0
        self.closed = False

    def ask(self, question: Ask) -> bool:
        if self.pending is not None:
            return False
        self.questions.append(question)
        self.asked += 1
        if self.hangs:
            self.pending = question
        else:
            self.deliver(attempt(self.name, self.read, question), question)
        return True

    def answer(self) -> None:
        """Let the call that hangs return."""
        assert self.pending is not None
        question, self.pending = self.pending, None
        self.hangs = False
        self.deliver(attempt(self.name, self.read, question), question)

    def close(self, last: Callable[[], None] | None = None) -> None:
        self.closed = True
        if last is not None and self.pending is None:
            last()


@dataclass
class Machine:
    """What the probes say."""

    gpus: tuple[Gpu, ...] = (CARD,)
    note: str = ""
    host: Host = field(
        default_factory=lambda: Host(cpu=20.0, memory_total=64 * GIB, memory_available=40 * GIB)
    )
    volume: Volume | None = field(default_factory=lambda: Volume("/models", 10**12, 5 * 10**11))
    closed: bool = False
    breaks: bool = False

    def read(self, ask: Ask) -> GpuReading:
        if self.breaks:
            raise RuntimeError("a driver's own words")
        return GpuReading(self.gpus, tuple(GpuFacts(gpu.key, gpu.name) for gpu in self.gpus), self.note)

    def traffic(self) -> Traffic:
        return {gpu.key: Pcie(5e6, 1e6) for gpu in self.gpus}

    def close(self) -> None:
        self.closed = True

    def change(self, **values: object) -> None:
        """Let the first GPU say something else."""
        self.gpus = (msgspec.structs.replace(self.gpus[0], **values), *self.gpus[1:])


class Station:
    """Everything around the service, in reach."""

    def __init__(self, settings: TelemetrySettings | None = None, *, simulated: bool = False) -> None:
        self.machine = Machine()
        self.clock = ManualClock()
        self.bus = Bus()
        self.tasks = Tasks(self.bus)
        self.models: list[LoadedModel] = []
        self.jobs: list[RunningJob] = []
        self.here = True
        self.away_since: float | None = None
        self.lanes: dict[str, InlineLane] = {}
        probes = Probes(
            self.machine,
            lambda ask: HostReading(self.machine.host, HostFacts(name="box")),
            lambda ask: self.machine.volume,
            simulated,
        )
        self.service = TelemetryService(
            bus=self.bus,
            tasks=self.tasks,
            clock=self.clock,
            probes=probes,
            sources=Sources(
                lambda: self.models, lambda: self.jobs, lambda: self.here, lambda: self.away_since
            ),
            settings=settings or TelemetrySettings(),
            make_lane=self._lane,
        )
        self._subscription = self.bus.subscribe()
        self.mailbox: Mailbox = self._subscription.__enter__()

    def _lane(self, name: str, read: Read, deliver: Deliver) -> InlineLane:
        self.lanes[name] = InlineLane(name, read, deliver)
        return self.lanes[name]

    def looks(self, part: str = "gpus") -> int:
        """How often a part was asked for."""
        return self.lanes[part].asked

    def events(self) -> list[Event]:
        """What was published since the last time."""
        return self.mailbox.take()

    def sample(self) -> Sample:
        """The last sample that was published and not yet taken."""
        return [event for event in self.events() if isinstance(event, Sampled)][-1].sample

    async def saved(self) -> None:
        """Wait until what was to be written is written."""
        if writing := [task for task, name in self.tasks._tasks.items() if name != "telemetry"]:
            await asyncio.wait(writing)

    async def close(self) -> None:
        await self.service.close()
        await self.tasks.close(grace=1.0)
        await asyncio.sleep(0)
        self._subscription.__exit__(None, None, None)
