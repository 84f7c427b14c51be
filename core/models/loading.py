"""Loading as a job: room is made, the model is loaded, and how long it takes is learned."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from core.clock import Clock
from core.config.schema import Config
from core.errors import LoadFailed, NotEnoughMemory, OutOfMemory
from core.jobs.context import LOADING, JobContext
from core.jobs.endings import fault_of
from core.jobs.types import NewJob, packed
from core.models import estimates
from core.models.fit import gibibytes, listed, spilled, worded
from core.models.learning import Memories
from core.models.roster import Roster, key_of
from core.models.sync import Synchroniser
from core.models.types import Fit, Model
from core.ollama.connection import ServerService
from core.ollama.wire import KeepAlive
from core.tasks import Tasks

KIND = "model.load"
_TICK = 0.5
"""Seconds between two steps of the estimate."""


class LoadAsk(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a load job is to do."""

    name: str
    context: int | None = None
    keep_alive: KeepAlive | None = None
    unload: tuple[str, ...] = ()
    """These make room first."""


class Loaded(msgspec.Struct, frozen=True, omit_defaults=True):
    """What came of it."""

    name: str
    seconds: float
    context: int | None = None
    size: int | None = None
    gpu_percent: int | None = None


def job_for(ask: LoadAsk) -> NewJob:
    """The job that loads a model."""
    return NewJob(
        kind=KIND,
        title=f"Load {ask.name}",
        model=ask.name,
        priority="interactive",
        payload=packed(ask),
        sole=f"{KIND}:{key_of(ask.name)}:{ask.context}",
    )


def refusal(fit: Fit) -> NotEnoughMemory:
    """Say why a model is not loaded just so, and what could be done."""
    needed, free = gibibytes(fit.needed or 0), gibibytes(fit.free or 0)
    message = f"{fit.name} needs {needed} of GPU memory ({worded(fit.source)}), and {free} are free."
    if fit.verdict == "tight":
        message = f"{fit.name} needs {needed} of GPU memory ({worded(fit.source)}), and only {free} are free."
    if fit.could_unload:
        return NotEnoughMemory(message, f"Unload {listed(fit.could_unload)} to make room, or load it anyway.")
    if fit.verdict == "too big":
        return NotEnoughMemory(message, "The host's memory does not suffice either: choose a smaller one.")
    if fit.largest_context and fit.context and fit.largest_context < fit.context:
        return NotEnoughMemory(
            message, f"With a context of {fit.largest_context} it fits; or load it anyway."
        )
    if fit.verdict == "tight":
        return NotEnoughMemory(message, "Load it anyway, or choose a smaller context or model.")
    return NotEnoughMemory(message, f"Load it anyway ({spilled(fit)}), or choose a smaller context or model.")


class Loader:
    """Runs the jobs that load models."""

    def __init__(
        self,
        server: ServerService,
        roster: Roster,
        memories: Memories,
        sync: Synchroniser,
        *,
        tasks: Tasks,
        clock: Clock,
        config: Callable[[], Config],
    ) -> None:
        self._server = server
        self._roster = roster
        self._memories = memories
        self._sync = sync
        self._tasks = tasks
        self._clock = clock
        self._config = config

    async def run(self, ctx: JobContext) -> Loaded:
        """Load a model."""
        ask = ctx.payload(LoadAsk)
        model = self._roster.here(ask.name)
        client = self._server.client
        for name in ask.unload:
            await ctx.phase("making room", f"unloading {name}")
            await client.unload(name)
        fresh = model.memory is None or model.memory.context != ask.context
        began = self._clock.monotonic()
        await ctx.phase(LOADING)
        estimate = self._tasks.spawn(f"estimate of loading {model.name}", self._estimate(ctx, model))
        try:
            options = None if ask.context is None else {"num_ctx": ask.context}
            await client.load(model.name, options, ask.keep_alive)
        except (LoadFailed, OutOfMemory) as error:
            if isinstance(error, LoadFailed):
                await self._memories.change(model.name, fault=fault_of(error))
            raise
        finally:
            estimate.cancel()
        seconds = self._clock.monotonic() - began
        ctx.progress(percent=100.0, text="")
        await self._sync.look_at_memory(model.server)
        if fresh:
            version = self._sync.version(model.server)
            await self._memories.loaded(
                model.name, seconds, cache=self._config().models.cache, version=version
            )
        await self._memories.change(model.name, fault=None)
        held = self._roster.here(model.name).memory
        if held is None:
            return Loaded(model.name, seconds)
        return Loaded(model.name, seconds, held.context, held.size, held.gpu_percent)

    async def _estimate(self, ctx: JobContext, model: Model) -> None:
        """Tell how far it probably is; without an earlier load, only for how long it has been going on."""
        learned = estimates.expected(model.files, model.size or 0, self._memories.loads)
        began = self._clock.monotonic()
        while True:
            elapsed = self._clock.monotonic() - began
            if learned is None:
                ctx.progress(text="no earlier load to go by", numbers={"elapsed": elapsed})
            else:
                percent = 100 * estimates.share(elapsed, learned.seconds)
                numbers = {"elapsed": elapsed, "expected": learned.seconds, "learned_from": learned.loads}
                ctx.progress(percent=percent, text=learned.worded, numbers=numbers)
            await self._clock.sleep(_TICK)
