"""What one service knows and another needs: siblings do not know each other, the engine joins them here."""

from __future__ import annotations

from typing import Protocol

from core.bus import Bus
from core.errors import LeitstandError
from core.jobs.service import JobService
from core.jobs.types import Loaded, Memory
from core.models.service import ModelService
from core.models.types import GpuMemory, InMemory
from core.ollama.address import Address
from core.ollama.connection import ServerChanged, ServerService
from core.telemetry.service import TelemetryService
from core.telemetry.types import LoadedModel, Sample, Sampled


class House(Protocol):
    """The engine, as far as it is needed here."""

    bus: Bus
    server: ServerService
    jobs: JobService
    models: ModelService
    telemetry: TelemetryService

    def address(self) -> Address:
        """The server's address."""
        ...


class Joins:
    """Small functions between services; they answer at once from what is known."""

    def __init__(self, engine: House) -> None:
        self._engine = engine
        self._sample: Sample | None = None

    async def follow(self) -> None:
        """Keep the last look at the machine, and wake what waits for the server when it is back."""
        with self._engine.bus.subscribe() as mailbox:
            while True:
                for event in await mailbox.drain():
                    if isinstance(event, Sampled):
                        self._sample = event.sample
                    elif isinstance(event, ServerChanged) and event.state.phase == "online":
                        self._engine.jobs.server_back()

    def server_is_here(self) -> bool:
        """Whether the server runs on this machine, so that its GPUs are the ones we see."""
        engine = self._engine
        return engine.server.current.demo or engine.address().loopback

    def away_since(self) -> float | None:
        """Since when nobody answers."""
        state = self._engine.server.current
        return state.since if state.phase in {"away", "wrong"} else None

    def memory(self) -> Memory:
        """What the queue plans with: who is loaded, and how much room is left."""
        loaded = tuple(Loaded(name, memory.vram) for name, memory in self._in_memory())
        free = self._free()
        return Memory(loaded, sum(gpu.free for gpu in free) if free else None)

    def size_of(self, model: str) -> int | None:
        """How large a model is on disk."""
        try:
            return self._engine.models.roster.get(model).size
        except LeitstandError:
            return None

    def loaded_models(self) -> list[LoadedModel]:
        """What the gauges show as the contents of the memory."""
        return [
            LoadedModel(name, memory.size, memory.vram or 0, memory.context, memory.until)
            for name, memory in self._in_memory()
        ]

    async def gpu_memory(self) -> tuple[GpuMemory, ...] | None:
        """The GPUs' memory as it is now, when the server's GPUs are the ones we see."""
        if not self.server_is_here():
            return None
        self._sample = await self._engine.telemetry.latest(max_age=2.0)
        return self._free()

    def _in_memory(self) -> list[tuple[str, InMemory]]:
        models = self._engine.models.roster.all
        return [(model.name, model.memory) for model in models if model.memory is not None]

    def _free(self) -> tuple[GpuMemory, ...] | None:
        if self._sample is None or not self.server_is_here():
            return None
        return tuple(
            GpuMemory(gpu.key, gpu.name, gpu.memory_free, gpu.memory_total)
            for gpu in self._sample.gpus
            if gpu.memory_free is not None and gpu.memory_total is not None and gpu.parent is None
        )
