"""What it costs to watch the machine: CPU time of the whole process, as a share of one core."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from core.bus import Bus
from core.clock import SystemClock
from core.tasks import Tasks
from core.telemetry.host import HostProbe, Names, VolumeProbe, memory
from core.telemetry.nvidia import NvidiaProbe
from core.telemetry.nvidia_device import Surroundings
from core.telemetry.probes import Ask, Probes
from core.telemetry.service import TelemetryService
from core.telemetry.types import Panel, Sampled
from tests.fakes.nvml import FakeGpu, FakeNvml, FakeProcess

pytestmark = pytest.mark.bench

SECONDS = 12


def fake(gpus: int) -> FakeNvml:
    return FakeNvml(
        [
            FakeGpu(uuid=f"GPU-{n:02}", processes=[FakeProcess(100 + n), FakeProcess(200 + n)])
            for n in range(gpus)
        ]
    )


async def cost(gpus: int, panels: tuple[Panel, ...], seconds: float) -> tuple[float, int]:
    """CPU seconds a second of looking at real psutil and a fake driver, and how many samples there were."""
    bus, clock = Bus(), SystemClock()
    tasks = Tasks(bus)
    surroundings = Surroundings(memory, Names(clock.monotonic).describe, own_processes=True)
    probes = Probes(
        NvidiaProbe(surroundings, Path("/nowhere")), HostProbe().read, VolumeProbe(Path.home).read
    )
    service = TelemetryService(bus=bus, tasks=tasks, clock=clock, probes=probes)
    with fake(gpus).installed(), bus.subscribe() as mailbox:
        await service.start()
        for panel in panels:
            await service.watch(panel)
        await asyncio.sleep(3)  # imports and first looks are not what a pane costs that stays open
        mailbox.take()
        samples = 0
        began, cpu = time.monotonic(), time.process_time()
        while time.monotonic() - began < seconds:
            samples += sum(isinstance(event, Sampled) for event in await mailbox.drain())
        used, passed = time.process_time() - cpu, time.monotonic() - began
        await service.close()
    await tasks.close(grace=1.0)
    return used / passed, samples


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("gpus", "panels", "most"),
    [
        pytest.param(1, ("gauges",), 0.005, id="1 GPU"),
        pytest.param(16, ("gauges",), 0.02, id="16 GPUs"),
        pytest.param(16, ("gauges", "processes"), 0.02, id="16 GPUs with processes"),
    ],
)
async def test_watching_once_a_second_is_cheap(
    gpus: int, panels: tuple[Panel, ...], most: float, capsys: pytest.CaptureFixture[str]
) -> None:
    share, samples = await cost(gpus, panels, SECONDS)
    with capsys.disabled():
        shown = f"{100 * share:.2f} % of a core, at most {100 * most:.1f} %"
        print(f"\n  {gpus:2} GPUs, {'+'.join(panels):18} {shown}, {samples} samples")
    assert samples >= SECONDS - 1
    assert share <= most


async def test_one_look_costs_what_a_look_may_cost(capsys: pytest.CaptureFixture[str]) -> None:
    """Back to back, so that the clock of the processor does not matter: CPU time of one thread."""
    with fake(16).installed():
        probe, host = NvidiaProbe(root=Path("/nowhere")), HostProbe()
        probe.read(Ask(0.0))
        host.read(Ask(0.0))
        spent = []
        for read in (probe.read, host.read):
            began = time.thread_time()
            for step in range(200):
                read(Ask(1.0 + step / 100, slow=step % 5 == 0))
            spent.append(1000 * (time.thread_time() - began) / 200)
    with capsys.disabled():
        print(f"\n  a look at 16 GPUs {spent[0]:.2f} ms, at the host {spent[1]:.2f} ms")
    assert spent[0] < 10
    assert spent[1] < 5
