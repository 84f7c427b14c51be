"""Everything a picture of the machine is drawn from: one value, made by the screen, read by the drawing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from core.guard import one_line
from core.telemetry.types import Gpu, GpuFacts, HostFacts, Sample
from tui.glyphs import UNICODE, Glyphs
from tui.render.gauges import Level, level
from tui.render.machine_past import NOTHING, USUAL, ZOOMS, Past, Zoom
from tui.theme import Ink

GpuOrder = Literal["number", "busy", "memory", "heat"]
ProcessOrder = Literal["memory", "cpu", "name"]

GPU_ORDERS: tuple[GpuOrder, ...] = ("number", "busy", "memory", "heat")
PROCESS_ORDERS: tuple[ProcessOrder, ...] = ("memory", "cpu", "name")

GIB = 2**30
HOT, TOO_HOT, _MARGIN = 87.0, 95.0, 5.0
"""Degrees; where a GPU says where it begins to slow down, that counts."""

LEVELS: dict[Level, Ink] = {"unknown": "dim", "fine": "text", "warn": "warn", "bad": "bad"}


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """A moment of the machine, and how somebody wants to see it."""

    sample: Sample | None = None
    past: Past = NOTHING
    facts: Mapping[str, GpuFacts] = {}
    host: HostFacts | None = None
    zoom: int = USUAL
    frozen: bool = False
    processes: bool = False
    traffic: bool = False
    gpu_order: GpuOrder = "number"
    process_order: ProcessOrder = "memory"
    away: bool = False
    """The server does not answer: which models are loaded is not known."""
    queue: tuple[int, int] | None = None
    """How many questions run and how many wait."""
    glyphs: Glyphs = UNICODE

    @property
    def ascii_only(self) -> bool:
        """Whether the terminal shows nothing but ASCII."""
        return self.glyphs.live.isascii()

    @property
    def span(self) -> Zoom:
        """How far back it looks."""
        return ZOOMS[self.zoom]

    @property
    def gpus(self) -> tuple[Gpu, ...]:
        """The GPUs in the order they are shown."""
        return () if self.sample is None else ordered(self.sample.gpus, self.gpu_order)

    @property
    def stale(self) -> float | None:
        """Seconds since the GPUs were looked at, where that is too long ago to be the present."""
        sample = self.sample
        old = sample is not None and bool(sample.gpus) and sample.is_stale(sample.gpus_age)
        return sample.gpus_age if sample is not None and old else None


def ordered(gpus: tuple[Gpu, ...], order: GpuOrder) -> tuple[Gpu, ...]:
    """Return the GPUs in an order; what is not known comes last."""
    if order == "number":
        return gpus

    def weight(gpu: Gpu) -> float:
        value = {"busy": gpu.busy, "heat": gpu.temperature, "memory": memory_share(gpu)}[order]
        return 0.0 if value is None else -1.0 - value

    return tuple(sorted(gpus, key=weight))


def memory_share(gpu: Gpu) -> float | None:
    """Return how full a GPU is, from 0 to 1."""
    return gpu.memory_used / gpu.memory_total if gpu.memory_used is not None and gpu.memory_total else None


def heat(gpu: Gpu, facts: GpuFacts | None) -> Level:
    """Say whether a GPU is hot."""
    slows = facts.temperature_limit if facts is not None else None
    warn, bad = (HOT, TOO_HOT) if slows is None else (slows - _MARGIN, slows)
    return level(gpu.temperature, warn, bad)


def sign(state: Level, glyphs: Glyphs) -> str:
    """The sign beside a value in a state; always one cell wide, so that nothing moves."""
    return {"warn": glyphs.warning, "bad": glyphs.failed}.get(state, " ")


class Part(msgspec.Struct, frozen=True):
    """Who holds a part of a GPU's memory."""

    name: str
    size: int
    model: int | None = None
    """Its place among the loaded models; None for everything else."""


def parts(gpu: Gpu, sample: Sample) -> list[Part]:
    """Say who holds the memory of a GPU, as far as it is known; the parts add up to what is used."""
    if gpu.memory_used is None:
        return []
    held = {
        model.name: sum(p.memory or 0 for p in gpu.processes or () if p.model == model.name)
        for model in sample.models
    }
    if not any(held.values()) and sample.models_here and len(sample.gpus) == 1:
        # The only GPU there is: what the server says it holds in GPU memory can be nowhere else.
        held = {model.name: model.vram for model in sample.models}
    left = gpu.memory_used
    found: list[Part] = []
    for index, (name, size) in enumerate(held.items()):
        size = min(size, left)
        if size > 0:
            found.append(Part(name, size, index))
            left -= size
    return [*found, Part("other", left)] if left > 0 else found


def name_of(gpu: Gpu, *, short: bool = False) -> str:
    """Return a GPU's name as one harmless line; *short* without what every card of its maker says."""
    name = one_line(gpu.name, 60)
    for word in ("NVIDIA ", "GeForce ", "AMD ", "Radeon ", "Intel(R) ", "Apple ") if short else ():
        if len(name) > len(word) + 3:
            name = name.replace(word, "", 1)
    return name
