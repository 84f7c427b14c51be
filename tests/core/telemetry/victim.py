"""A program whose GPU driver hangs in a call; it says when it begins to end, and then ends."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from pathlib import Path

from core.bus import Bus
from core.clock import SystemClock
from core.tasks import Tasks
from core.telemetry.nvidia import NvidiaProbe
from core.telemetry.probes import HostReading, Probes
from core.telemetry.service import TelemetryService
from core.telemetry.types import Host, HostFacts, Sampled
from tests.fakes.nvml import FakeGpu, FakeNvml


async def main(where: str) -> None:
    never = threading.Event()
    gpu = FakeGpu()
    fake = FakeNvml([gpu])
    if where == "init":
        fake.init_hold = never
    elif where == "shutdown":
        fake.shutdown_hold = never
    else:
        gpu.holds[where] = never
    probes = Probes(
        NvidiaProbe(root=Path("/nowhere")), lambda ask: HostReading(Host(), HostFacts()), lambda ask: None
    )
    bus = Bus()
    tasks = Tasks(bus)
    with fake.installed(), bus.subscribe() as mailbox:
        service = TelemetryService(bus=bus, tasks=tasks, clock=SystemClock(), probes=probes)
        await service.start()
        await service.watch("gauges")
        await service.watch("pcie")
        seen = 0
        lags = []
        while seen < 2:
            before = time.monotonic()
            await asyncio.sleep(0.01)
            lags.append(time.monotonic() - before - 0.01)
            seen += sum(isinstance(event, Sampled) for event in mailbox.take())
        sys.stdout.write(f"ending {time.time()} {max(lags)}\n")
        sys.stdout.flush()
        await service.close()
        await tasks.close(grace=5.0)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
