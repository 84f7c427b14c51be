"""A host and its faces in one loop, over a real socket, with the simulator in the place of the network."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from core.daemon.client import AttachedEngine
from core.daemon.hosting import HostingEngine, attached
from core.engine import Options
from core.simulator import INSTANT, Pace, Simulator
from tests.fakes.clock import ManualClock
from tests.fakes.machine import FakeMachine
from tests.waiting import until

CONFIG = '[chat]\nmodel = "qwen3:8b"\ntitle_by_model = false\n'


class House(NamedTuple):
    """Everything a test holds in its hands."""

    host: HostingEngine
    simulator: Simulator
    clock: ManualClock
    options: Options
    faces: AsyncExitStack

    async def face(self) -> AttachedEngine:
        """One more face, attached and started."""
        face = await attach(self.host, self.options, self.clock)
        self.faces.push_async_callback(face.close)
        await face.start()
        return face


async def attach(host: HostingEngine, options: Options, clock: ManualClock) -> AttachedEngine:
    """Attach to a host of this very loop: the greeting blocks, so on a thread."""
    return await host.tasks.in_thread(attached, options, clock=clock)


def prepared(folder: Path, config: str = CONFIG) -> Path:
    """A home with a configuration."""
    folder.mkdir(exist_ok=True)
    (folder / "config.toml").write_text(config)
    return folder


@asynccontextmanager
async def house(
    folder: Path,
    *,
    config: str = CONFIG,
    pace: Pace = INSTANT,
    before: Callable[[Simulator], object] = lambda simulator: None,
) -> AsyncIterator[House]:
    """A started host."""
    prepared(folder, config)
    clock = ManualClock()
    simulator = Simulator(clock=clock, pace=pace)
    before(simulator)
    options = Options(environment={"LEITSTAND_HOME": str(folder), "HOME": str(folder)})
    host = HostingEngine.prepare(
        options, clock=clock, transport=simulator.transport(), probes=FakeMachine().probes()
    )
    async with AsyncExitStack() as faces:
        try:
            await host.start()
            await until(lambda: host.server.current.phase == "online")
            yield House(host, simulator, clock, options, faces)
        finally:
            await faces.aclose()
            await host.close()
