"""Twenty downloads of the same weights at once: the page and the server, each a process of its own.

python -m tests.bench.pulls serve          →   prints its address, and serves
python -m tests.bench.pulls show HOME URL  →   the page Downloads in this terminal
"""

from __future__ import annotations

import asyncio
import os
import sys

from core.clock import SystemClock
from core.engine import Engine, Options
from core.ollama.registry import Registry
from core.simulator import Pace, Setup, Simulator
from core.simulator.serve import serve
from tests.bench.opened import stay
from tests.core.models.workshop import sized
from tests.fakes.machine import FakeMachine

PULLS = 20
SETUP = Setup(
    installed=(),
    pullable=tuple(sized(f"pull{number}", 40, base="the same weights") for number in range(PULLS)),
)
PACE = Pace(pull=100e6)


class Pulling(Engine):
    """An engine whose registry is at hand, and that fetches everything at once."""

    def _registry(self) -> Registry:
        transport = Simulator(SETUP, clock=SystemClock()).transport()
        return Registry(transport=transport, in_thread=self.tasks.in_thread)

    async def start(self) -> None:
        """Start, and begin twenty downloads."""
        await super().start()
        await self.jobs.set_width("network", PULLS)
        for number in range(PULLS):
            await self.downloads.pull(f"pull{number}", verify=False)


async def answer() -> None:
    """Serve until killed."""
    await serve(
        Simulator(SETUP, clock=SystemClock(), pace=PACE),
        "127.0.0.1",
        0,
        ready=lambda address: print(address, flush=True),
    )


def show(home: str, url: str) -> None:
    """Open the page and stay."""
    engine = Pulling.prepare(
        Options(environment={**os.environ, "LEITSTAND_HOME": home}, host=url), probes=FakeMachine().probes()
    )
    stay(engine, "downloads")


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        asyncio.run(answer())
    else:
        show(*sys.argv[2:])
