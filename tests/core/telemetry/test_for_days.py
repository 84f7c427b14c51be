"""A pane that stays open: what it takes does not grow, and what it shows stays right."""

from __future__ import annotations

import asyncio
import gc
import threading
import tracemalloc
from pathlib import Path

import psutil
import pytest

from core.bus import Bus
from core.store.database import Database
from core.tasks import Tasks
from core.telemetry.host import HostProbe, VolumeProbe
from core.telemetry.nvidia import NvidiaProbe
from core.telemetry.probes import Probes
from core.telemetry.service import TelemetryService
from core.telemetry.types import History, Sampled
from tests.core.telemetry.station import Station
from tests.fakes.clock import ManualClock, settle
from tests.fakes.nvml import FakeGpu, FakeNvml

MINUTE, HOUR = 60, 3600
A_DAY = pytest.param(24 * HOUR, marks=[pytest.mark.bench, pytest.mark.timeout(600)], id="a day")


def wave(second: int) -> float:
    """A value that tells from when it is."""
    return float(second // MINUTE)


async def let_pass(station: Station, begin: int, end: int) -> None:
    for second in range(begin, end):
        station.machine.change(busy=wave(second))
        await station.clock.advance(1)
        if second % MINUTE == 0:
            station.events()
            await station.saved()


def check_minutes(history: History, end: int) -> None:
    (series,) = history.series
    first = round((history.start - ManualClock().now()) / MINUTE)
    for minute, value in enumerate(series.values, first):
        if 0 <= minute < end // MINUTE:
            # What is said in one second is read at the next: a minute holds a second of the one before.
            assert value == pytest.approx(minute, abs=0.05)


@pytest.mark.parametrize("end", [pytest.param(70 * MINUTE, id="70 minutes"), A_DAY])
async def test_every_second_and_every_minute_is_right_and_memory_is_flat(end: int, tmp_path: Path) -> None:
    station = Station()
    database = await Database.open(tmp_path / "leitstand.db", clock=station.clock)
    await station.service.start(database)
    with station.service.hold():
        await let_pass(station, 0, HOUR)
        tracemalloc.start()
        await let_pass(station, HOUR, HOUR + 5 * MINUTE)
        gc.collect()
        early, _ = tracemalloc.get_traced_memory()
        await let_pass(station, HOUR + 5 * MINUTE, end)
        gc.collect()
        late, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        seconds = await station.service.history(HOUR, 1, ("busy",))
        day = await station.service.history(24 * HOUR, MINUTE, ("busy",))
        assert station.looks() == end
    assert late - early < 100_000
    assert list(seconds.series[0].values) == [wave(second) for second in range(end - HOUR, end)]
    check_minutes(day, end)
    await station.saved()
    ((stored,),) = await database.read("SELECT count(*) FROM telemetry_minute")
    assert stored == end // MINUTE
    await station.close()
    await database.close()


def running(name: str) -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == f"leitstand-{name}"]


async def test_threads_tasks_and_handles_do_not_grow(tmp_path: Path) -> None:
    fake = FakeNvml([FakeGpu(), FakeGpu(uuid="GPU-b")])
    bus, clock = Bus(), ManualClock()
    tasks = Tasks(bus)
    probes = Probes(
        NvidiaProbe(root=tmp_path), HostProbe(tmp_path).read, VolumeProbe(lambda: tmp_path, tmp_path).read
    )
    service = TelemetryService(bus=bus, tasks=tasks, clock=clock, probes=probes)
    process = psutil.Process()
    taken = []
    with fake.installed(), bus.subscribe() as mailbox:
        await service.start()
        for _ in range(30):
            watches = [await service.watch(panel) for panel in ("gauges", "pcie", "processes")]
            for _ in range(3):
                mailbox.take()
                await clock.advance(1)
                async with asyncio.timeout(20):
                    while not any(isinstance(event, Sampled) for event in await mailbox.drain()):
                        pass
            for watch in watches:
                await service.release(watch.id)
            await clock.advance(11)  # a look without PCIe ends its thread
            for thread in running("traffic"):
                await tasks.in_thread(thread.join, 10)
            await settle()
            taken.append((len(tasks), len(threading.enumerate()), process.num_fds()))
        for early, late in zip(zip(*taken[:5], strict=True), zip(*taken[-5:], strict=True), strict=True):
            # A thread that reads has a file open just now; what leaks is open in every look.
            assert min(late) <= max(early)
        ending = [*running("gpus"), *running("host"), *running("volume")]
        assert len(ending) == 3
        await service.close()
        for thread in ending:
            await tasks.in_thread(thread.join, 10)
            assert not thread.is_alive()
        assert fake.references == 0
    await tasks.close(grace=1.0)
