"""What is known of models, memory and durations, put together for the planner."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from math import inf

from core.clock import Clock
from core.config.schema import Queue
from core.errors import UsageError
from core.jobs.forecast import Running, forecast
from core.jobs.habits import Habits
from core.jobs.line import Waiting
from core.jobs.rig import Rig
from core.jobs.schedule import Bounds, Choice, Scene, choose
from core.jobs.track import Kind, Planned, Track
from core.jobs.types import PRIORITIES, Job, Memory, base_of
from core.ollama.names import parse, server_of

AHEAD = 100
"""For so many jobs of a lane order, reason and expected start are worked out."""


@lru_cache(4096)
def model_key(name: str) -> str:
    """Return one spelling for all spellings of a model's name."""
    try:
        return parse(name).shown.lower() if name else ""
    except UsageError:
        return name


class Planner:
    """Chooses and forecasts for the tracks of one queue."""

    def __init__(
        self,
        clock: Clock,
        kinds: Mapping[str, Kind],
        settings: Callable[[], Queue],
        memory: Callable[[], Memory],
        size_of: Callable[[str], int | None],
    ) -> None:
        self._clock = clock
        self._kinds = kinds
        self._settings = settings
        self._memory = memory
        self._size_of = size_of
        self.habits = Habits()
        self._believed: dict[str, tuple[float, dict[str, int | None]]] = {}
        """What is thought to be in each server's memory, and since when; nobody looked after that."""

    def width(self, track: Track) -> int:
        """Return how many jobs of a lane run at once."""
        if track.own_width is not None:
            return track.own_width
        settings = self._settings()
        widths = {
            "inference": settings.inference_width,
            "network": settings.network_width,
            "cpu": settings.cpu_width,
        }
        return widths[base_of(track.name)]

    def waiting(self, job: Job) -> Waiting:
        """Return what planning needs of a job; one nobody can run is never ready."""
        ready_at = 0.0
        if job.kind not in self._kinds:
            ready_at = inf
        elif job.not_before is not None and (left := job.not_before - self._clock.now()) > 0:
            ready_at = self._clock.monotonic() + left
        return Waiting(
            job.id,
            job.place,
            model_key(job.model) if base_of(job.lane) == "inference" else "",
            PRIORITIES.index(job.priority),
            self.habits.run_seconds(job.kind, job.model),
            job.placed,
            ready_at,
        )

    def choose(self, track: Track) -> Choice:
        """Return who runs next on a lane that has room."""
        return choose(track.line, self._scene(track))

    def started(self, track: Track, model: str) -> None:
        """A job of this model starts: until somebody looks again, the model counts as loaded."""
        if base_of(track.name) != "inference" or not model:
            return
        rig = self._rig(track)
        rig.start(model)
        loaded = {name: self._size_of(name) for name in rig.loaded}
        self._believed[track.server] = self._clock.monotonic(), loaded

    def seconds(self, track: Track, job: Waiting) -> float:
        """Return how long a job will take if it starts now, loading included."""
        loading = not self._rig(track).has(job.model)
        return job.seconds + (self.habits.load_seconds(job.model) if loading else 0.0)

    def plan(self, track: Track) -> dict[int, Planned]:
        """Return in which order a lane's jobs will run, why, and when."""
        running = [
            Running(run.start.job.model, run.left(self._clock.monotonic())) for run in track.runs.values()
        ]
        places = forecast(track.line, self._scene(track), running, self.width(track), AHEAD, depth=3 * AHEAD)
        now = self._clock.now()
        blocked = track.paused or track.rests_until is not None
        return {
            place.id: Planned(
                order,
                f"next: {place.reason}" if order == 1 else f"{order - 1} before it, then: {place.reason}",
                None if blocked else now + place.starts_in,
            )
            for order, place in enumerate(places, 1)
        }

    def _scene(self, track: Track) -> Scene:
        settings = self._settings()
        bounds = Bounds(settings.overtaken_times, settings.overtaken_seconds, settings.urgent_in_a_row)
        return Scene(self._rig(track), bounds, self.habits.load_seconds, self._clock.monotonic())

    def _rig(self, track: Track) -> Rig:
        if base_of(track.name) != "inference":
            return Rig(running=[run.start.job.model for run in track.runs.values()])
        seen = self._memory()
        running = [run.start.job.model for run in track.runs.values()]
        since, loaded = self._believed.get(track.server, (-inf, {}))
        if seen.loaded is not None and (seen.at is None or seen.at > since):
            loaded = {
                model_key(model.model): model.bytes
                for model in seen.loaded
                if server_of(model.model) == track.server
            }
        # How much is free on another server cannot be seen, and is never guessed.
        free = None if track.server else seen.free
        return Rig(loaded=loaded, running=running, free=free, size_of=self._size_of)
