"""The memory models run in, as telemetry sees it: only where the server is on this machine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from core.models.types import GpuMemory
from core.telemetry.types import Sample

FRESH = 2.0
"""Seconds a look at the GPUs may be old when a load is decided by it."""


class Room(msgspec.Struct, frozen=True):
    """What is free. None is unknown; no GPUs at all is an empty tuple."""

    gpus: tuple[GpuMemory, ...] | None = None
    ram: int | None = None


NOWHERE = Room()

Look = Callable[[], Awaitable[Room]]


def room_in(sample: Sample) -> Room:
    """Read the free memory from a look at the machine."""
    if not sample.models_here:
        return NOWHERE
    ram = sample.host.memory_available if sample.host else None
    if sample.gpus_age is None or sample.is_stale(sample.gpus_age):
        return Room(None, ram)
    divided = {gpu.parent for gpu in sample.gpus if gpu.parent}
    gpus: list[GpuMemory] = []
    for gpu in sample.gpus:
        # Of a GPU in slices only the slices can be used.
        if gpu.key in divided or gpu.state in ("lost", "silent"):
            continue
        if gpu.memory_free is None or not gpu.memory_total:
            return Room(None, ram)
        gpus.append(GpuMemory(gpu.key, gpu.name, gpu.memory_free, gpu.memory_total))
    return Room(tuple(gpus), ram)
