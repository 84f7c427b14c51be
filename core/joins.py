"""What one service knows and another needs: siblings do not know each other, the engine joins them here."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from core.bus import Bus, Notice
from core.chat.desk import TURN
from core.chat.service import ChatService
from core.clock import Clock
from core.config.gauges import Gauges
from core.config.service import ConfigService
from core.config.types import ConfigChanged
from core.errors import ConfigError, LeitstandError
from core.jobs.service import JobService
from core.jobs.types import Job, JobChanged, Loaded, Memory
from core.models.memory import FRESH, Room, room_in
from core.models.service import ModelService
from core.models.types import InMemory
from core.ollama.address import Address
from core.ollama.connection import ServerChanged, ServerService
from core.ollama.hosts import Host, HostChanged, HostsService
from core.ollama.names import same
from core.telemetry.energy import Meter
from core.telemetry.service import TelemetryService
from core.telemetry.types import (
    LoadedModel,
    RunningJob,
    Sample,
    Sampled,
    TelemetrySettings,
    Thresholds,
)
from core.telemetry.work import Workload

_DOING = {
    "loading": "loading",
    "making room": "making room",
    "proving": "trying out",
    "measuring": "measuring",
    "reading": "reading for",
    "reading prompt": "reading for",
    "thinking": "thinking about",
    "answering": "answering",
}
"""What a job says of itself, as the gauges say it."""


class House(Protocol):
    """The engine, as far as it is needed here."""

    bus: Bus
    clock: Clock
    config: ConfigService
    chat: ChatService
    server: ServerService
    hosts: HostsService
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
        self._work = Workload(house.clock, self._meter)

    async def follow(self) -> None:
        """Keep the last look at the machine, follow the work, and wake what waits for the server."""
        kinds = (Sampled, ServerChanged, HostChanged, ConfigChanged, JobChanged)
        with self._house.bus.subscribe(*kinds) as mailbox:
            while True:
                for event in await mailbox.drain():
                    if isinstance(event, Sampled):
                        self._sample = event.sample
                    elif isinstance(event, JobChanged):
                        self._heard(event.job)
                    elif isinstance(event, ServerChanged) and event.state.phase == "online":
                        self._house.jobs.server_back()
                    elif isinstance(event, HostChanged):
                        self._heard_of(event.host)
                    elif isinstance(event, ConfigChanged):
                        await self._settings_changed(event)

    async def _settings_changed(self, event: ConfigChanged) -> None:
        """Let changed settings count at once."""
        house = self._house
        if any(key.startswith("queue.") for key in event.keys):
            house.jobs.settings_changed()
        if any(key.startswith("gauges.") for key in event.keys):
            house.telemetry.configure(watching(house.config.current.gauges))
        if any(key.partition(".")[0] == "hosts" for key in event.keys):
            await house.hosts.configure()
        if "server.url" in event.keys and not house.server.current.demo:
            try:
                await house.server.use(house.address())
            except ConfigError as error:
                house.bus.publish(Notice("error", error.message, error.hint))

    def _heard_of(self, host: Host) -> None:
        """Let the lane of another server follow it."""
        if host.state.phase == "online":
            self._house.jobs.server_back(host.name)
        self._house.jobs.settings_changed()

    def server_is_here(self) -> bool:
        """Whether the server runs on this machine, so that its GPUs are the ones we see."""
        return self._house.server.current.demo or self._house.address().loopback

    def away_since(self) -> float | None:
        """Since when nobody answers."""
        state = self._house.server.current
        return state.since if state.phase in {"away", "wrong"} else None

    def memory(self) -> Memory:
        """What the queue plans with: who is loaded, and how much room is left."""
        models = self._house.models.roster.all
        loaded = tuple(Loaded(model.name, model.memory.vram) for model in models if model.memory is not None)
        gpus = room_in(self._sample).gpus if self._sample is not None else None
        return Memory(loaded, sum(gpu.free for gpu in gpus) if gpus else None)

    def size_of(self, model: str) -> int | None:
        """How large a model is on disk."""
        try:
            return self._house.models.roster.get(model).size
        except LeitstandError:
            return None

    def loaded_models(self) -> list[LoadedModel]:
        """What the gauges show as the contents of the memory: each place once, whatever names share it."""
        return [
            LoadedModel(
                name,
                memory.size,
                memory.vram or 0,
                memory.context,
                memory.until,
                self._work.energy(name),
            )
            for name, memory in self._in_memory()
        ]

    def running_jobs(self) -> tuple[RunningJob, ...]:
        """What keeps the models busy now, and how fast it goes."""
        return self._work.jobs()

    def _heard(self, job: Job) -> None:
        """Follow a job that uses a model."""
        if job.lane != "inference":
            return  # another server's work is not done by the GPUs that are seen here
        if job.state != "running":
            self._work.rests(job.id)
        elif model := self._place(job.model):
            doing, title = _described(job)
            tokens = job.progress.numbers.get("tokens", 0.0)
            self._work.works(job.id, model=model, title=title, doing=doing, tokens=tokens)

    def _place(self, model: str) -> str:
        """The name under which a job's model is shown; of a job that names none, what alone is in memory."""
        if not model:
            places = self._in_memory()
            return places[0][0] if len(places) == 1 else ""
        found = self._house.models.roster.find(model)
        if found is None:
            return model
        return (found.memory.name if found.memory is not None else "") or found.name

    def _meter(self) -> AbstractContextManager[Meter] | None:
        """Measure what the GPUs take from here on, where they are the ones that work."""
        return self._house.telemetry.meter() if self.server_is_here() else None

    async def room(self) -> Room:
        """What memory is free now, where the server's GPUs are the ones we see."""
        return room_in(await self._house.telemetry.latest(FRESH))

    async def context_of(self, model: str) -> int | None:
        """The context length a model is used with; None when nothing is known of it."""
        models = self._house.models
        try:
            return await models.context_of(models.roster.get(model))
        except LeitstandError:
            return None

    async def usual_context(self, model: str) -> int | None:
        """The context length chats use for a model; None before its first answer."""
        speeds = await self._house.chat.speeds()
        return next((known.context for known in speeds if same(known.model, model)), None)

    def _in_memory(self) -> list[tuple[str, InMemory]]:
        """Every place in the main server's memory once, under the name that shows it under."""
        models = [model for model in self._house.models.roster.all if not model.server]
        places = {
            model.memory.name or model.name: model.memory for model in models if model.memory is not None
        }
        return list(places.items())


def _described(job: Job) -> tuple[str, str]:
    """What a job does, in words, and what about."""
    known = _DOING.get(job.progress.text) or _DOING.get(job.progress.phase, "")
    if job.kind == TURN:
        return known if known != "loading" else "loading for", job.title
    return known or job.title, ""


def watching(gauges: Gauges) -> TelemetrySettings:
    """How closely the machine is watched, out of the settings."""
    limits = Thresholds(
        gpu_memory=gauges.gpu_memory,
        temperature=gauges.temperature,
        host_memory=gauges.host_memory,
        disk_free=int(gauges.disk_free * 1e9),
        away=gauges.away,
    )
    return TelemetrySettings(
        interval=gauges.interval,
        background=gauges.background,
        keep_history=gauges.history,
        alerts=gauges.alerts,
        thresholds=limits,
    )
