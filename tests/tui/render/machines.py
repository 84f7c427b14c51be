"""Machines to draw: samples and pasts that are the same every time."""

from __future__ import annotations

from math import sin
from typing import Any

import msgspec

from core.telemetry.join import models_in_use
from core.telemetry.types import (
    Alert,
    Gpu,
    GpuProcess,
    History,
    LoadedModel,
    RunningJob,
    Sample,
    Series,
    Volume,
)
from tests.fakes.clock import START
from tests.fakes.machine import CARD, FACTS, GIB, HOST
from tui.render.machine_past import ZOOMS, Past
from tui.render.machine_scene import Scene

SECOND = msgspec.structs.replace(
    CARD,
    key="GPU-1",
    index=1,
    name="NVIDIA GeForce RTX 4090",
    busy=3.0,
    memory_total=24 * GIB,
    memory_used=int(3.1 * GIB),
    memory_free=int(20.9 * GIB),
    power=38.0,
    power_limit=450.0,
    temperature=39.0,
    clock=210.0,
    memory_clock=405.0,
    fan=0.0,
    processes=(
        GpuProcess(41_001, "llama-server", int(0.3 * GIB), "compute", "nomic-embed-text:latest"),
        GpuProcess(3117, "python", int(2.1 * GIB)),
    ),
)
FIRST = msgspec.structs.replace(
    CARD, processes=(GpuProcess(41_000, "llama-server", int(17.6 * GIB), "compute", "qwen3-coder:30b"),)
)
MODELS = (
    LoadedModel("qwen3-coder:30b", int(17.6 * GIB), int(17.6 * GIB), 32_768, START + 252),
    LoadedModel("nomic-embed-text:latest", int(0.3 * GIB), int(0.3 * GIB), 8192, None),
)
JOBS = (RunningJob("7", "qwen3-coder:30b", "Backup script for Postgres", tokens_per_second=38.2),)
HOT = Alert(
    "gpu_temperature",
    "GPU-0",
    "warning",
    "GPU 0 is 85 °C hot; it slows down at 88 °C.",
    "Check its fans.",
    START,
)


def several(count: int) -> tuple[Gpu, ...]:
    """GPUs that differ."""
    return tuple(
        msgspec.structs.replace(
            (FIRST, SECOND)[index % 2],
            key=f"GPU-{index}",
            index=index,
            busy=float(index * 37 % 101),
            temperature=40.0 + index * 29 % 50,
        )
        for index in range(count)
    )


def sample(gpus: tuple[Gpu, ...] = (FIRST, SECOND), **changes: Any) -> Sample:
    """A look at a machine that answers a question."""
    models = changes.pop("loaded", MODELS)
    jobs = changes.pop("jobs", JOBS)
    seen = Sample(
        START,
        1.0,
        gpus=gpus,
        gpus_age=0.0,
        host=HOST,
        host_age=0.0,
        volume=Volume("/models", 2 * 10**12, 812 * 10**9, 0.0, 40_000.0),
        volume_age=0.0,
        models=models_in_use(models, jobs, gpus, now=START, here=True),
    )
    return msgspec.structs.replace(seen, **changes)


def wave(at: float, low: float, high: float, period: float) -> float:
    """A value that goes up and down."""
    return low + (high - low) * (sin(at / period) + 1) / 2


def history(gpus: tuple[Gpu, ...], *, seconds: int = 300, step: int = 1, peaks: bool = False) -> History:
    """A past in which everything moved a little."""
    moments = range(0, seconds, step)
    series = [Series("host", "cpu", tuple(wave(at, 5, 40, 17) for at in moments))]
    series.append(Series("host", "memory_used", tuple(21.0 * GIB for _ in moments)))
    series.append(Series("host", "received", tuple(wave(at, 0, 41e6, 60) for at in moments)))
    for gpu in gpus:
        busy = tuple(wave(at + 40 * gpu.index, 4, 96, 23 / (gpu.index + 1)) for at in moments)
        highest = tuple(min(value + 8, 100.0) for value in busy) if peaks else None
        used, watts = float(gpu.memory_used or 0), gpu.power_limit or 0.0
        series.append(Series(gpu.key, "busy", busy, highest))
        series.append(Series(gpu.key, "memory_used", tuple(used * (at > seconds / 3) for at in moments)))
        series.append(Series(gpu.key, "power", tuple(wave(at, 0.1, 0.9, 23) * watts for at in moments)))
    return History(START - seconds, float(step), tuple(series))


def scene(gpus: tuple[Gpu, ...] = (FIRST, SECOND), *, of: Sample | None = None, **changes: Any) -> Scene:
    """Everything a picture is drawn from."""
    seen = of or sample(gpus)
    past = Past(history(seen.gpus), ZOOMS[1].seconds)
    return Scene(sample=seen, past=past, facts={FACTS.key: FACTS}, **changes)
