"""The gauges of a machine with one GPU in a real terminal: `python -m tests.bench.pane moving|still|driver HOME`.

With `driver` the machine is the one it runs on, read through its driver.

An hour of history is there from the start, so that the graphs are full. Everything but the machine, the
server and the clock of its history is the product.
"""

from __future__ import annotations

import os
import sys
import time
from random import Random

import msgspec

from core.clock import SystemClock
from core.engine import Engine, Options
from core.simulator import Simulator
from core.store.database import Database
from core.telemetry.machine import this_machine
from core.telemetry.probes import Ask, GpuReading, HostReading
from core.telemetry.service import Sources
from core.telemetry.types import HostFacts, LoadedModel, RunningJob
from tests.bench.opened import stay
from tests.fakes.machine import CARD, FACTS, GIB, HOST, FakeMachine

PAST = 3600


class MovingMachine(FakeMachine):
    """A GPU that answers questions: everything moves as much as it does in life."""

    random = Random(7)

    def read(self, ask: Ask) -> GpuReading:
        """Look at it."""
        busy = min(max(self.random.gauss(91, 5), 0), 100)
        moved = msgspec.structs.replace(
            CARD,
            busy=round(busy),
            power=round(self.random.gauss(480, 25)),
            temperature=round(self.random.gauss(71, 0.7)),
            clock=round(self.random.gauss(2610, 15)),
            fan=round(self.random.gauss(58, 0.7)),
        )
        return GpuReading((moved,), (FACTS,))

    def _host(self, ask: Ask) -> HostReading:
        cores = tuple(min(max(self.random.gauss(core, 6), 0), 100) for core in HOST.cores or ())
        moved = msgspec.structs.replace(
            HOST,
            cores=cores,
            cpu=sum(cores) / len(cores),
            received=abs(self.random.gauss(40e6, 4e6)),
            sent=abs(self.random.gauss(2e5, 4e4)),
            memory_available=int(43 * GIB + self.random.gauss(0, 0.1) * GIB),
        )
        return HostReading(moved, HostFacts("gpubox", "Linux", "AMD Ryzen 9 9950X", 16, 32, 64 * GIB))


class Observed(Engine):
    """An engine whose telemetry knows a model at work and an hour of the past."""

    moving = True

    def _build(self, store: Database) -> None:
        super()._build(store)
        until = None if not self.moving else time.time() + 100_000
        models = (LoadedModel("qwen3-coder:30b", int(17.6 * GIB), int(17.6 * GIB), 32_768, until),)
        self.telemetry._sources = Sources(lambda: models, self._jobs)
        recorder, random, now = self.telemetry._keeper.recorder, Random(3), self.clock.monotonic()
        for second in range(-PAST, 0):
            quiet = 0 if not self.moving else 1
            values = {
                ("GPU-0", "busy"): 94.0 + quiet * random.gauss(-3, 5),
                ("GPU-0", "memory_used"): 19.0 * GIB,
                ("GPU-0", "power"): 480 + quiet * random.gauss(0, 25),
                ("host", "cpu"): 14 + quiet * random.gauss(0, 5),
                ("host", "memory_used"): 21.0 * GIB,
                ("host", "received"): 41.2e6 + quiet * random.gauss(0, 4e6),
            }
            recorder.add(iter(values.items()), self.clock.now() + second, now + second, 1.0)

    def _jobs(self) -> tuple[RunningJob, ...]:
        speed = 38.2 if not self.moving else round(Random(time.monotonic()).gauss(38, 1), 1)
        return (RunningJob("7", "qwen3-coder:30b", "Backup script for Postgres", tokens_per_second=speed),)


def main() -> None:
    """Open the page and stay."""
    kind, home = sys.argv[1:]
    environment = {**os.environ, "LEITSTAND_HOME": home}
    machine: FakeMachine = MovingMachine() if kind == "moving" else FakeMachine()
    Observed.moving = kind != "still"
    engine = Observed.prepare(
        Options(environment=environment),
        transport=Simulator(clock=SystemClock()).transport(),
        probes=this_machine(SystemClock(), lambda: None) if kind == "driver" else machine.probes(),
    )
    stay(engine, "gauges")


if __name__ == "__main__":
    main()
