"""The GPUs in a status line: one look, on a thread of its own, for a driver may hang."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping

from core.telemetry.probes import Ask, GpuProbe
from core.telemetry.types import Gpu

DEADLINE = 0.8


def this_machine() -> GpuProbe:
    """What looks at the GPUs of the machine we run on."""
    from core.clock import SystemClock
    from core.telemetry import machine

    return machine.this_machine(SystemClock(), lambda: None).gpus


def fields(make: Callable[[], GpuProbe] = this_machine, deadline: float = DEADLINE) -> Mapping[str, str]:
    """What is known of the GPUs together; empty where there are none, or the driver is silent."""
    found: list[Gpu] = []

    def look() -> None:
        # Probes never raise. The process ends with this thread, whatever becomes of its call.
        found.extend(make().read(Ask(time.monotonic())).gpus)

    thread = threading.Thread(target=look, name="leitstand-gpus", daemon=True)
    thread.start()
    thread.join(deadline)
    return told([] if thread.is_alive() else found)


def told(gpus: Iterable[Gpu]) -> Mapping[str, str]:
    """Say it in as few characters as a status line has: the busiest, the hottest, and all of their memory."""
    whole = [gpu for gpu in gpus if gpu.parent is None]
    busy = [gpu.busy for gpu in whole if gpu.busy is not None]
    heat = [gpu.temperature for gpu in whole if gpu.temperature is not None]
    watts = [gpu.power for gpu in whole if gpu.power is not None]
    held = [
        (gpu.memory_used, gpu.memory_total)
        for gpu in whole
        if gpu.memory_used is not None and gpu.memory_total is not None
    ]
    used, total = (sum(each[at] for each in held) / 2**30 for at in (0, 1))
    return {
        "gpu": f"{max(busy):.0f}%" if busy else "",
        "vram": f"{used:.1f}/{total:.1f}G" if held else "",
        "heat": f"{max(heat):.0f}C" if heat else "",
        "power": f"{sum(watts):.0f}W" if watts else "",
    }
