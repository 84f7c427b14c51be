"""Puts a look at the machine together from what several threads read, and never waits for any of them.

A round asks every lane that is free. It is over when all of them have answered, or when the next round
begins: what a hanging driver said last stays in the picture, with its age.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import msgspec

from core.telemetry.join import arriving, models_in_use, with_models
from core.telemetry.lanes import Lane, MakeLane, Read, ThreadLane
from core.telemetry.probes import Ask, GpuReading, HostReading, Probes, Traffic
from core.telemetry.types import Gpu, GpuFacts, HostFacts, LoadedModel, RunningJob, Sample, Volume

SLOW = 5.0
"""Seconds between two looks at what changes slowly."""

_SILENT = 5.0
_NO_GPU = "No GPU was found here: models run on the processor, which works and takes its time."
_ELSEWHERE = "The models run on another machine; these are the gauges of this one."

Part = Literal["gpus", "host", "volume", "traffic"]


@dataclass(frozen=True)
class World:
    """What other services know, at the moment of a round."""

    models: tuple[LoadedModel, ...] = ()
    jobs: tuple[RunningJob, ...] = ()
    here: bool = True
    """The server runs on this machine."""


class _Source:
    """One lane and the last thing it said."""

    def __init__(self, lane: Lane) -> None:
        self.lane = lane
        self.value: object = None
        self.at: float | None = None
        """The monotonic time of the question the value answers."""
        self.asked_at: float | None = None
        """Set while a question waits for its answer."""
        self.slow_at: float | None = None

    def age(self, now: float) -> float | None:
        return None if self.at is None else now - self.at


class Sampler:
    """Asks, gathers, and hands over a sample when a round is over."""

    def __init__(self, probes: Probes, done: Callable[[], None], make_lane: MakeLane = ThreadLane) -> None:
        self._probes = probes
        self._done = done
        self._make_lane = make_lane
        self._waiting: set[Part] = set()
        self._asking = False
        self._world = World()
        self.facts: dict[str, GpuFacts] = {}
        self.host_facts: HostFacts | None = None
        reads: dict[Part, Read] = {
            "gpus": probes.gpus.read,
            "host": probes.host,
            "volume": probes.volume,
        }
        self._sources: dict[Part, _Source] = {part: self._source(part, read) for part, read in reads.items()}

    def _source(self, part: Part, read: Read) -> _Source:
        return _Source(
            self._make_lane(part, read, lambda answer, question: self._answered(part, answer, question))
        )

    # Rounds.

    @property
    def in_round(self) -> bool:
        """Some of those who were asked have not answered."""
        return bool(self._waiting)

    def begin(
        self, now: float, world: World, *, processes: bool, traffic: bool, watched: bool, eager: bool = False
    ) -> None:
        """Ask everybody who is free; a round that was still open ends with what it has."""
        if self._waiting:
            self._finish()
        self._world = world
        self._follow_traffic(wanted=traffic)
        self._asking = True
        for part, source in self._sources.items():
            slow = eager or source.slow_at is None or now - source.slow_at > SLOW - 0.01
            if part == "volume" and not slow:
                continue
            question = Ask(now, slow, processes, watched, world.models if world.here else (), world.jobs)
            self._waiting.add(part)
            if source.lane.ask(question):
                source.asked_at = now if part in self._waiting else None
                source.slow_at = now if slow else source.slow_at
            else:
                self._waiting.discard(part)
        # PCIe is slow by nature: a round does not wait for it.
        self._waiting.discard("traffic")
        self._asking = False
        if not self._waiting:
            self._finish()

    def _answered(self, part: Part, answer: object, question: Ask) -> None:
        source = self._sources.get(part)
        if source is None:
            return
        source.asked_at = None
        if answer is not None:
            source.value, source.at = answer, question.now
            self._learn(answer)
        if part in self._waiting:
            self._waiting.discard(part)
            if not self._waiting and not self._asking:
                self._finish()

    def _finish(self) -> None:
        self._waiting.clear()
        self._done()

    def _learn(self, answer: object) -> None:
        if isinstance(answer, GpuReading):
            self.facts.update({facts.key: facts for facts in answer.facts})
        elif isinstance(answer, HostReading):
            self.host_facts = answer.facts

    def _follow_traffic(self, *, wanted: bool) -> None:
        """Measure PCIe traffic, on a thread of its own, while somebody looks at it."""
        source = self._sources.get("traffic")
        if wanted and source is None:
            self._sources["traffic"] = self._source("traffic", lambda ask: self._probes.gpus.traffic())
        elif source is not None and not wanted:
            source.lane.close()
            del self._sources["traffic"]

    def close(self) -> None:
        """Let go of everything, without waiting for anybody."""
        for part, source in self._sources.items():
            source.lane.close(self._probes.gpus.close if part == "gpus" else None)
        self._waiting.clear()

    # What is known.

    def silent_for(self, now: float) -> float | None:
        """Seconds the driver has left a question unanswered; None while that is nothing unusual."""
        asked_at = self._sources["gpus"].asked_at
        return None if asked_at is None or now - asked_at < _SILENT else now - asked_at

    @property
    def read_at(self) -> dict[str, float | None]:
        """The monotonic time each part is of."""
        return {part: source.at for part, source in self._sources.items()}

    def sample(self, now: float, wall: float, interval: float | None) -> Sample:
        """Put together what is known now."""
        gpus, note = self._gpus(now)
        host = self._sources["host"].value
        volume = self._sources["volume"].value
        world = self._world
        return Sample(
            wall,
            interval,
            self._probes.simulated,
            gpus,
            self._sources["gpus"].age(now),
            note,
            host.host if isinstance(host, HostReading) else None,
            self._sources["host"].age(now),
            volume if isinstance(volume, Volume) else None,
            self._sources["volume"].age(now),
            models_in_use(world.models, world.jobs, gpus, now=wall, here=world.here),
            world.here,
            arriving=arriving(world.models, world.jobs),
        )

    def _gpus(self, now: float) -> tuple[tuple[Gpu, ...], str]:
        silent = self.silent_for(now)
        reading = self._sources["gpus"].value
        if not isinstance(reading, GpuReading):
            return (), "" if silent is None else f"The GPU driver has not answered for {silent:.0f} s."
        gpus = reading.gpus
        if self._world.here and self._world.models:
            gpus = with_models(gpus, self._world.models)
        source = self._sources.get("traffic")
        traffic = source.value if source is not None else None
        if source is not None and isinstance(traffic, Mapping) and (source.age(now) or 0) < 2 * SLOW:
            gpus = _with_traffic(gpus, traffic)
        if silent is not None:
            return gpus, f"The GPU driver has not answered for {silent:.0f} s: its gauges are of before."
        if gpus or reading.note:
            return gpus, reading.note
        return gpus, _NO_GPU if self._world.here else _ELSEWHERE


def _with_traffic(gpus: tuple[Gpu, ...], traffic: Traffic) -> tuple[Gpu, ...]:
    return tuple(
        msgspec.structs.replace(gpu, pcie_received=found.received, pcie_sent=found.sent)
        if (found := traffic.get(gpu.key)) is not None
        else gpu
        for gpu in gpus
    )
