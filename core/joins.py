"""What one service knows and another needs: siblings do not know each other, the engine joins them here."""

from __future__ import annotations

from typing import Protocol

from core.bus import Bus, Notice
from core.chat.service import ChatService
from core.config.types import ConfigChanged
from core.errors import ConfigError, LeitstandError
from core.jobs.service import JobService
from core.jobs.types import Loaded, Memory
from core.models.memory import FRESH, Room, room_in
from core.models.service import ModelService
from core.models.types import InMemory
from core.ollama.address import Address
from core.ollama.connection import ServerChanged, ServerService
from core.ollama.names import same
from core.telemetry.service import TelemetryService
from core.telemetry.types import LoadedModel, Sample, Sampled


class House(Protocol):
    """The engine, as far as it is needed here."""

    bus: Bus
    chat: ChatService
    server: ServerService
    jobs: JobService
    models: ModelService
    telemetry: TelemetryService

    def address(self) -> Address:
        """The server's address."""
        ...


class Joins:
    """Small functions between services; they answer at once from what is known."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._sample: Sample | None = None

    async def follow(self) -> None:
        """Keep the last look at the machine, and wake what waits for the server when it is back."""
        with self._house.bus.subscribe(Sampled, ServerChanged, ConfigChanged) as mailbox:
            while True:
                for event in await mailbox.drain():
                    if isinstance(event, Sampled):
                        self._sample = event.sample
                    elif isinstance(event, ServerChanged) and event.state.phase == "online":
                        self._house.jobs.server_back()
                    elif isinstance(event, ConfigChanged):
                        await self._settings_changed(event)

    async def _settings_changed(self, event: ConfigChanged) -> None:
        """Let changed settings count at once."""
        house = self._house
        if any(key.startswith("queue.") for key in event.keys):
            house.jobs.settings_changed()
        if "server.url" in event.keys and not house.server.current.demo:
            try:
                await house.server.use(house.address())
            except ConfigError as error:
                house.bus.publish(Notice("error", error.message, error.hint))

    def server_is_here(self) -> bool:
        """Whether the server runs on this machine, so that its GPUs are the ones we see."""
        return self._house.server.current.demo or self._house.address().loopback

    def away_since(self) -> float | None:
        """Since when nobody answers."""
        state = self._house.server.current
        return state.since if state.phase in {"away", "wrong"} else None

    def memory(self) -> Memory:
        """What the queue plans with: who is loaded, and how much room is left."""
        loaded = tuple(Loaded(name, memory.vram) for name, memory in self._in_memory())
        gpus = room_in(self._sample).gpus if self._sample is not None else None
        return Memory(loaded, sum(gpu.free for gpu in gpus) if gpus else None)

    def size_of(self, model: str) -> int | None:
        """How large a model is on disk."""
        try:
            return self._house.models.roster.get(model).size
        except LeitstandError:
            return None

    def loaded_models(self) -> list[LoadedModel]:
        """What the gauges show as the contents of the memory."""
        return [
            LoadedModel(name, memory.size, memory.vram or 0, memory.context, memory.until)
            for name, memory in self._in_memory()
        ]

    async def room(self) -> Room:
        """What memory is free now, where the server's GPUs are the ones we see."""
        return room_in(await self._house.telemetry.latest(FRESH))

    async def usual_context(self, model: str) -> int | None:
        """The context length chats use for a model; None before its first answer."""
        speeds = await self._house.chat.speeds()
        return next((known.context for known in speeds if same(known.model, model)), None)

    def _in_memory(self) -> list[tuple[str, InMemory]]:
        models = self._house.models.roster.all
        return [(model.name, model.memory) for model in models if model.memory is not None]
