"""Every value beside `nvidia-smi` in the same second, on a machine with a real NVIDIA GPU.

    python -m pytest tests/live/test_nvml.py -m live -s

It needs nvidia-ml-py, psutil, msgspec and pytest, and nothing else of the project's dependencies; where those
for the whole suite are missing, `-c /dev/null --rootdir . --noconftest` leaves the project's settings out.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median

import pytest

from core.bus import Bus
from core.clock import SystemClock
from core.tasks import Tasks
from core.telemetry.host import HostProbe, Names, VolumeProbe, memory, own_processes
from core.telemetry.machine import this_machine
from core.telemetry.nvidia import NvidiaProbe
from core.telemetry.nvidia_device import Surroundings
from core.telemetry.probes import Ask, GpuReading, Probes
from core.telemetry.service import TelemetryService
from core.telemetry.types import Gpu, Sampled

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(shutil.which("nvidia-smi") is None, reason="no nvidia-smi: no NVIDIA driver here"),
]

MIB = 2**20
GIB = 2**30

# Holds 2 GiB and keeps the GPU busy when told to; only the driver's own library is needed.
_LOAD = """
import ctypes, sys
cuda = ctypes.CDLL("libcuda.so.1")
def check(result):
    if result: sys.exit(f"cuda error {result}")
device, context, block = ctypes.c_int(), ctypes.c_void_p(), ctypes.c_uint64()
check(cuda.cuInit(0)); check(cuda.cuDeviceGet(ctypes.byref(device), 0))
check(cuda.cuCtxCreate_v2(ctypes.byref(context), 0, device))
check(cuda.cuMemAlloc_v2(ctypes.byref(block), ctypes.c_size_t(2 << 30)))
print("ready", flush=True)
while sys.argv[1] == "busy":
    check(cuda.cuMemsetD8_v2(block, 7, ctypes.c_size_t(2 << 30))); check(cuda.cuCtxSynchronize())
sys.stdin.read()
"""


@contextmanager
def load(kind: str) -> Iterator[int]:
    """A process that uses the first GPU for the length of the block."""
    with subprocess.Popen(
        [sys.executable, "-c", _LOAD, kind], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        if process.stdout.readline().strip() != "ready":
            pytest.skip("CUDA does not start here")
        try:
            yield process.pid
        finally:
            process.kill()


@pytest.fixture
def probe() -> Iterator[NvidiaProbe]:
    made = NvidiaProbe(Surroundings(memory, Names(time.monotonic).describe, own_processes()))
    yield made
    made.close()


def look(probe: NvidiaProbe) -> GpuReading:
    return probe.read(Ask(time.monotonic(), processes=True))


def smi(*fields: str, what: str = "gpu") -> list[dict[str, str]]:
    done = subprocess.run(
        ["nvidia-smi", f"--query-{what}={','.join(fields)}", "--format=csv,noheader,nounits"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    rows = [[cell.strip() for cell in line.split(",")] for line in done.stdout.splitlines() if line.strip()]
    return [dict(zip(fields, row, strict=True)) for row in rows]


def said(text: str) -> float | None:
    """What nvidia-smi says, as a number; None where it says that there is none."""
    try:
        return float(int(text, 16)) if text.startswith("0x") else float(text)
    except ValueError:
        assert "N/A" in text or "Not Supported" in text or "Permission" in text, text
        return None


NUMBERS: dict[str, tuple[Callable[[Gpu], float | None], float]] = {
    # What nvidia-smi calls it: how we see it in its unit, and how far they may be apart.
    "memory.total": (lambda gpu: None if gpu.memory_total is None else gpu.memory_total / MIB, 1.0),
    "memory.free": (lambda gpu: None if gpu.memory_free is None else gpu.memory_free / MIB, 64.0),
    "memory.reserved": (lambda gpu: None if gpu.memory_reserved is None else gpu.memory_reserved / MIB, 16.0),
    "utilization.gpu": (lambda gpu: gpu.busy, 10.0),
    "power.draw": (lambda gpu: gpu.power, 25.0),
    "enforced.power.limit": (lambda gpu: gpu.power_limit, 0.5),
    "temperature.gpu": (lambda gpu: gpu.temperature, 2.0),
    "clocks.sm": (lambda gpu: gpu.clock, 60.0),
    "clocks.mem": (lambda gpu: gpu.memory_clock, 60.0),
    "fan.speed": (lambda gpu: gpu.fan, 3.0),
}


def beside(probe: NvidiaProbe) -> list[str]:
    """Look, ask nvidia-smi, look again; return a line for each value and fail where it lies outside."""
    before, rows, after = look(probe), smi("uuid", *NUMBERS), look(probe)
    lines, wrong = [], []
    for row in rows:
        (first,) = [gpu for gpu in before.gpus if gpu.key == row["uuid"]]
        (second,) = [gpu for gpu in after.gpus if gpu.key == row["uuid"]]
        for field, (value, tolerance) in NUMBERS.items():
            theirs, ours = said(row[field]), [value(gpu) for gpu in (first, second)]
            known = [number for number in ours if number is not None]
            if theirs is None:
                right = not known
            else:
                right = len(known) == 2 and min(known) - tolerance <= theirs <= max(known) + tolerance
            lines.append(f"  {field:22} nvidia-smi {row[field]:>12}   here {ours[0]} … {ours[1]}")
            if not right:
                wrong.append(lines[-1])
    assert not wrong, "\n" + "\n".join(wrong)
    return lines


def show(capsys: pytest.CaptureFixture[str], *lines: str) -> None:
    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join(lines) + "\n")


def test_at_rest_every_value_is_what_nvidia_smi_says(
    probe: NvidiaProbe, capsys: pytest.CaptureFixture[str]
) -> None:
    look(probe)
    time.sleep(1)  # opening the driver moves the clocks
    show(capsys, "at rest", *beside(probe))


def test_with_memory_held_every_value_is_what_nvidia_smi_says(
    probe: NvidiaProbe, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = look(probe).gpus[0]
    with load("hold") as pid:
        time.sleep(2)
        show(capsys, "2 GiB held", *beside(probe))
        full = look(probe).gpus[0]
        assert (full.memory_used or 0) - (empty.memory_used or 0) >= 2 * GIB
        apps = smi("pid", "used_memory", "gpu_uuid", what="compute-apps")
        mine = {process.pid: process for process in full.processes or ()}
        theirs = {int(app["pid"]): said(app["used_memory"]) for app in apps if app["gpu_uuid"] == full.key}
        assert mine.keys() >= theirs.keys()
        for number, used in theirs.items():
            held = mine[number].memory
            assert (held is None) == (used is None)
            assert held is None or used is None or abs(held / MIB - used) <= 16
        if own_processes() and theirs:
            assert pid in mine
            assert (mine[pid].name or "").startswith("python")


def test_under_load_every_value_is_what_nvidia_smi_says(
    probe: NvidiaProbe, capsys: pytest.CaptureFixture[str]
) -> None:
    with load("busy"):
        time.sleep(4)
        show(capsys, "busy", *beside(probe))
        assert (look(probe).gpus[0].busy or 0) > 50


def test_facts_are_what_nvidia_smi_says(probe: NvidiaProbe, capsys: pytest.CaptureFixture[str]) -> None:
    reading = look(probe)
    fields = ("uuid", "index", "name", "pci.bus_id", "driver_version", "clocks.max.sm", "power.max_limit")
    for row in smi(*fields):
        (gpu,) = [gpu for gpu in reading.gpus if gpu.key == row["uuid"]]
        (facts,) = [facts for facts in reading.facts if facts.key == row["uuid"]]
        assert (gpu.index, gpu.name) == (int(row["index"]), row["name"])
        assert row["pci.bus_id"].lower().endswith(facts.bus or "?")
        assert facts.driver == row["driver_version"]
        assert facts.clock_max == said(row["clocks.max.sm"])
        assert facts.power_max == said(row["power.max_limit"])
    show(capsys, *(str(facts) for facts in reading.facts))


def test_throttle_reasons_are_what_nvidia_smi_says(probe: NvidiaProbe) -> None:
    names = {"sw_thermal_slowdown": "hot", "hw_thermal_slowdown": "too hot", "sw_power_cap": "power cap"}
    before = look(probe).gpus[0].throttle or ()
    rows = smi("uuid", *(f"clocks_throttle_reasons.{name}" for name in names))
    after = look(probe).gpus[0].throttle or ()
    for name, word in names.items():
        active = rows[0][f"clocks_throttle_reasons.{name}"] == "Active"
        assert active in (word in before, word in after)


def test_the_energy_counter_agrees_with_the_power(probe: NvidiaProbe) -> None:
    with load("busy"):
        time.sleep(2)
        first, began, powers = look(probe).gpus[0], time.monotonic(), []
        for _ in range(20):
            time.sleep(0.2)
            powers.append(look(probe).gpus[0].power or 0)
        last, passed = look(probe).gpus[0], time.monotonic() - began
    if first.energy is None or last.energy is None:
        pytest.skip("this GPU does not count its energy")
    assert last.energy - first.energy == pytest.approx(sum(powers) / len(powers) * passed, rel=0.2)


def test_pcie_traffic_is_measured_where_there_is_a_bus(
    probe: NvidiaProbe, capsys: pytest.CaptureFixture[str]
) -> None:
    look(probe)
    began = time.monotonic()
    traffic = probe.traffic()
    show(capsys, f"PCIe in {1000 * (time.monotonic() - began):.0f} ms: {traffic}")
    for measured in traffic.values():
        assert measured.received is None or measured.received >= 0


def test_a_look_is_quick(probe: NvidiaProbe, capsys: pytest.CaptureFixture[str]) -> None:
    look(probe)
    times: dict[str, list[float]] = {"fast": [], "slow": []}
    for kind, spent in times.items():
        for _ in range(30):
            began = time.perf_counter()
            probe.read(Ask(time.monotonic(), slow=kind == "slow", processes=kind == "slow"))
            spent.append(1000 * (time.perf_counter() - began))
    show(capsys, *(f"{kind}: {median(t):.2f} ms, at most {max(t):.2f} ms" for kind, t in times.items()))
    assert median(times["fast"]) < 50


def test_the_whole_service_lives_on_this_machine(capsys: pytest.CaptureFixture[str]) -> None:
    async def run() -> tuple[list[Sampled], float]:
        bus, clock = Bus(), SystemClock()
        tasks = Tasks(bus)
        whole = this_machine(clock, lambda: None)
        probes = Probes(whole.gpus, HostProbe().read, VolumeProbe(lambda: None).read)
        service = TelemetryService(bus=bus, tasks=tasks, clock=clock, probes=probes)
        seen: list[Sampled] = []
        with bus.subscribe() as mailbox:
            await service.start()
            await service.watch("gauges")
            await asyncio.sleep(3)
            mailbox.take()
            cpu, began = time.process_time(), time.monotonic()
            while time.monotonic() - began < 10:
                seen += [event for event in await mailbox.drain() if isinstance(event, Sampled)]
            share = (time.process_time() - cpu) / (time.monotonic() - began)
            await service.close()
        await tasks.close(grace=1.0)
        return seen, share

    seen, share = asyncio.run(run())
    show(capsys, f"the service: {100 * share:.2f} % of a core, {len(seen)} samples", str(seen[-1].sample))
    assert len(seen) >= 9
    assert seen[-1].sample.gpus[0].vendor == "nvidia"
    assert seen[-1].sample.gpu_note == ""
    assert share < 0.02
