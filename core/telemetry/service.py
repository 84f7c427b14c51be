"""The machine, watched: as closely as somebody needs, and never in anybody's way.

Lanes read on threads of their own; the rhythm, the history and the alerts live on the event loop. What a
driver does not answer goes stale, and nothing waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from core.bus import Bus
from core.clock import Clock
from core.errors import UsageError
from core.exposed import exposed
from core.tasks import Tasks
from core.telemetry.energy import Counters, Meter, counters
from core.telemetry.history import METRICS, SECONDS
from core.telemetry.interest import Interest
from core.telemetry.keeper import Keeper
from core.telemetry.lanes import MakeLane, ThreadLane
from core.telemetry.probes import Probes
from core.telemetry.sampler import Sampler, World
from core.telemetry.types import (
    Alert,
    History,
    LoadedModel,
    Panel,
    RunningJob,
    Sample,
    Sampled,
    Static,
    TelemetrySettings,
    Watch,
)

if TYPE_CHECKING:
    from core.store.database import Database

_DAY = 86_400.0
_MOST_STEPS = 3600
_PATIENCE = 2.0
"""Real seconds that who wants a fresh look is ready to wait for it."""


@dataclass(frozen=True)
class Sources:
    """What other services know, as functions that answer at once."""

    loaded_models: Callable[[], Sequence[LoadedModel]] = tuple
    running_jobs: Callable[[], Sequence[RunningJob]] = tuple
    server_is_here: Callable[[], bool] = lambda: True
    away_since: Callable[[], float | None] = lambda: None
    """Wall time since when the server does not answer; None while it does."""


class TelemetryService:
    """Samples, history and alerts."""

    def __init__(
        self,
        *,
        bus: Bus,
        tasks: Tasks,
        clock: Clock,
        probes: Probes,
        sources: Sources = Sources(),
        settings: TelemetrySettings = TelemetrySettings(),  # noqa: B008 - immutable
        make_lane: MakeLane = ThreadLane,
    ) -> None:
        self._bus = bus
        self._tasks = tasks
        self._clock = clock
        self._sources = sources
        self._settings = settings
        self._simulated = probes.simulated
        self._interest = Interest()
        self._sampler = Sampler(probes, self._finished, make_lane)
        self._keeper = Keeper(bus, tasks, clock)
        self._ticker: asyncio.Task[None] | None = None
        self._due: float | None = None
        """When the last look was due: the next is counted from there, so that nothing drifts."""
        self._eager = False
        self._running = False
        self._waiting: list[asyncio.Future[None]] = []
        self._meters: set[Meter] = set()
        self._counters: Counters | None = None

    # Life.

    async def start(self, store: Database | None = None) -> None:
        """Begin to watch, going on with the history of before; the first look waits until it is wanted."""
        if store is not None:
            await self._keeper.restore(store)
        self._due = self._clock.monotonic()
        self._running = True
        self._follow()

    async def close(self) -> None:
        """Stop at once; a driver that hangs is left behind."""
        self._running = False
        if self._ticker is not None:
            self._ticker.cancel()
        self._sampler.close()
        self._wake()
        await self._keeper.close()

    def configure(self, settings: TelemetrySettings) -> None:
        """Take other settings at once."""
        self._settings = settings
        if not settings.alerts:
            self._keeper.dismiss()
        self._follow()

    # Verbs.

    @exposed
    async def watch(self, panel: Panel) -> Watch:
        """Look closely while the watch lasts: renew it while the panel is open, release it afterwards."""
        watch = self._interest.watch(panel, self._clock.monotonic())
        # Who opens a panel sees something now, not at the next beat.
        self._eager, self._due = True, None
        self._follow()
        return watch

    @exposed
    async def renew(self, id: str) -> None:
        """Keep a watch for another lease."""
        self._interest.renew(id, self._clock.monotonic())

    @exposed
    async def release(self, id: str) -> None:
        """End a watch; one that has ended by itself is fine."""
        self._interest.release(id)
        self._follow()

    @exposed
    async def latest(self, max_age: float | None = None) -> Sample:
        """Return what is known; with *max_age*, look again first when that is older in seconds."""
        seen = self._seen()
        if max_age is not None and (seen.gpus_age is None or seen.gpus_age > max_age):
            await self._look_now()
            seen = self._seen()
        return seen

    @exposed
    async def history(
        self, seconds: float, resolution: float, metrics: tuple[str, ...] | None = None
    ) -> History:
        """Return the last *seconds* in steps of *resolution*: an hour by the second, a day by the minute."""
        if not 1 <= resolution <= seconds <= _DAY:
            raise UsageError("The history goes back a day, in steps of a second or more.")
        if seconds > SECONDS:
            resolution = max(resolution, 60.0)
        if seconds / resolution > _MOST_STEPS:
            raise UsageError(f"At most {_MOST_STEPS} steps are given at once.")
        if unknown := set(metrics or ()) - set(METRICS):
            raise UsageError(f"There is no history of {min(unknown)}.", f"There is: {', '.join(METRICS)}.")
        return self._keeper.recorder.window(
            seconds,
            resolution,
            self._clock.now(),
            self._clock.monotonic(),
            frozenset(METRICS if metrics is None else metrics),
        )

    @exposed
    async def alerts(self, limit: int = 100) -> tuple[Alert, ...]:
        """Return the alerts that stand, the gravest first, then those that ended, the newest first."""
        return (*self._keeper.standing, *self._keeper.ended)[: max(limit, 0)]

    @exposed
    async def static(self) -> Static:
        """Return what does not change about the GPUs and the host, as far as it was seen."""
        return Static(tuple(self._sampler.facts.values()), self._sampler.host_facts, self._simulated)

    # For other services.

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Look closely for the length of the block."""
        try:
            with self._interest.hold():
                self._follow()
                yield
        finally:
            self._follow()

    @contextmanager
    def meter(self) -> Iterator[Meter]:
        """Measure the energy used from here on: `joules()` of what is returned, inside the block."""
        with self.hold():
            meter = Meter(self._clock, self._counters)
            self._meters.add(meter)
            try:
                yield meter
            finally:
                self._meters.discard(meter)

    # The rhythm.

    def _follow(self) -> None:
        """Take up the rhythm that those who look need."""
        if not self._running:
            return
        if self._ticker is not None:
            self._ticker.cancel()
        self._ticker = self._tasks.spawn("telemetry", self._tick())

    async def _tick(self) -> None:
        while (pace := self._pace()) is not None:
            now = self._clock.monotonic()
            due = now if self._due is None else self._due + pace
            if now < due:
                await self._clock.sleep(due - now)
                continue
            # After a rest, or when the machine slept, what was missed is not made up for.
            self._due = due if now - due < pace else now
            self._begin(now)

    def _pace(self) -> float | None:
        self._interest.expire(self._clock.monotonic())
        working = bool(self._sources.running_jobs() or self._sources.loaded_models())
        return self._interest.pace(self._settings, working=working)

    def _begin(self, now: float) -> None:
        world = World(
            tuple(self._sources.loaded_models()),
            tuple(self._sources.running_jobs()),
            self._sources.server_is_here(),
        )
        eager, self._eager = self._eager, False
        self._sampler.begin(
            now,
            world,
            processes="processes" in self._interest,
            traffic="pcie" in self._interest,
            watched=self._interest.is_watched,
            eager=eager,
        )

    def _finished(self) -> None:
        """Keep, judge and tell what a round has seen."""
        pace = self._pace()
        now = self._clock.monotonic()
        sample = self._sampler.sample(now, self._clock.now(), pace)
        self._keeper.record(sample, self._sampler.read_at, pace or self._settings.background)
        if self._settings.alerts:
            away_since = self._sources.away_since()
            self._keeper.judge(
                sample,
                self._sampler.facts,
                self._settings.thresholds,
                silent_for=self._sampler.silent_for(now),
                away_for=None if away_since is None else sample.at - away_since,
            )
        read_at = self._sampler.read_at["gpus"]
        if read_at is not None:
            self._counters = counters(sample.gpus, read_at)
            for meter in self._meters:
                meter.take(self._counters)
        self._bus.publish(Sampled(msgspec.structs.replace(sample, alerts=self._keeper.standing)))
        self._wake()

    def _seen(self) -> Sample:
        sample = self._sampler.sample(self._clock.monotonic(), self._clock.now(), self._pace())
        return msgspec.structs.replace(sample, alerts=self._keeper.standing)

    async def _look_now(self) -> None:
        """Have a look now and wait for it, but not for ever."""
        if not self._running:
            return
        if not self._sampler.in_round:
            self._begin(self._clock.monotonic())
        if self._sampler.in_round:
            waiting = asyncio.get_running_loop().create_future()
            self._waiting.append(waiting)
            with suppress(TimeoutError):
                async with asyncio.timeout(_PATIENCE):
                    await waiting

    def _wake(self) -> None:
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)
        self._waiting.clear()
