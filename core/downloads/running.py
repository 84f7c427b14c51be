"""One attempt at a download, and the trying out of what it brought: what the jobs do."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing

import msgspec

from core.clock import Clock
from core.config.schema import Config
from core.downloads.floors import Floors
from core.downloads.plan import Outlook, Planner, refusal
from core.downloads.progress import Meter, Reading, newest
from core.downloads.types import Proof
from core.downloads.verify import prove
from core.errors import (
    BadRequest,
    DiskFull,
    LeitstandError,
    ModelNotFound,
    NeedsSignIn,
    NotInRegistry,
    Refused,
    ServerError,
    ServerUnavailable,
    Timeout,
    UsageError,
)
from core.jobs.context import JobContext, TryLater
from core.jobs.endings import fault_of
from core.jobs.service import JobService
from core.jobs.types import NewJob, Progress, packed
from core.jobs.watchdog import Watchdog
from core.models.roster import key_of
from core.models.service import ModelService
from core.ollama import names
from core.ollama.connection import ServerService
from core.tasks import Tasks

PULL, PROVE = "download", "download.proof"

CHECKING = 3600.0
"""So long the server may check what it fetched: it reads every byte again and says nothing meanwhile."""
PULSE = 0.5
"""Seconds between two lines about a download."""
_MANY = 4
"""From so many downloads at once each is told half as often: nobody reads twenty lines twice a second."""
_SAVES = 4
"""Every that many lines one goes to the disk."""
_PAUSES = (5.0, 10.0, 20.0, 40.0, 60.0)
"""Before another attempt, longer each time it brought nothing."""

_FINAL = (NotInRegistry, NeedsSignIn, BadRequest, UsageError, Refused, ModelNotFound)
"""Another attempt would end the same way."""


class PullAsk(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a download job is to do."""

    name: str
    insecure: bool = False
    verify: bool = True


class ProveAsk(msgspec.Struct, frozen=True):
    """Which model is to be tried out, and for which download."""

    name: str
    download: int


class Pulled(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a download brought."""

    name: str
    total: int | None = None
    digest: str = ""
    proof: int | None = None
    """The job that tries it out."""


class Runner:
    """Runs the jobs of downloads."""

    def __init__(
        self,
        server: ServerService,
        models: ModelService,
        jobs: JobService,
        planner: Planner,
        *,
        tasks: Tasks,
        clock: Clock,
        config: Callable[[], Config],
        floors: Floors,
    ) -> None:
        self._server = server
        self._models = models
        self._jobs = jobs
        self._planner = planner
        self._tasks = tasks
        self._clock = clock
        self._config = config
        self._floors = floors
        self._left: dict[str, int] = {}
        """Bytes that running downloads still fetch: their room on the disk is not free."""

    async def pull(self, ctx: JobContext) -> Pulled:
        """Fetch a model; raise TryLater for what another attempt may mend."""
        ask = ctx.payload(PullAsk)
        key = key_of(ask.name)
        meter = Meter(floor=self._floors.of(key))
        _tell(ctx, meter.read(self._clock.monotonic()))
        before = self._models.roster.find(ask.name)
        try:
            outlook = await self._planner.outlook(ask.name, reserved=self._reserved(key))
            if outlook.plan.enough is False:
                raise refusal(outlook.plan)
            self._left[key] = outlook.plan.missing or 0
            meter = Meter(outlook.layers, outlook.present, self._floors.of(key))
            await self._fetch(ctx, ask, meter, outlook)
            await self._models.sync()
            pulled = await self._listed(ctx, ask, meter, before.digest if before else "")
        except BaseException as error:
            _tell(ctx, meter.read(self._clock.monotonic()))
            if ctx.stopping == "cancel":
                self._floors.drop(key)
            else:
                self._floors.keep(key, meter.floor)
            await self._floors.save()
            if isinstance(error, LeitstandError):
                raise self._verdict(ctx, meter, error) from error
            raise
        finally:
            self._left.pop(key, None)
        self._floors.drop(key)
        await self._floors.save()
        return pulled

    async def prove(self, ctx: JobContext) -> Proof:
        """Try a model out; what is wrong with it is noted on it."""
        ask = ctx.payload(ProveAsk)
        model = self._models.roster.here(ask.name)
        # A model that pushes another out of the memory does not stay there for having said hello.
        others = [each for each in await self._models.loaded() if each.server == model.server]
        alone = model.memory is not None or not others
        limit = self._config().chat.load_limit
        silent = f"{model.name} was loaded, or was to be, for {limit / 60:.0f} minutes without a word."
        try:
            await ctx.phase("proving")
            async with ctx.watchdog(limit, silent, "It may be too large for this machine."):
                found = await prove(
                    self._server.client,
                    model,
                    context=await self._models.context_of(model),
                    keep_alive=None if alone else 0,
                )
        except ServerUnavailable as error:
            self._models.report(error, model.server)
            raise
        except LeitstandError as error:
            await self._models.note_fault(model.name, fault_of(error))
            raise
        await self._models.note_fault(model.name, None)
        if found.speed is not None:
            await self._models.note_answer(model.name, found.speed)
        if model.memory is None and found.load_seconds is not None:
            ctx.loaded(found.load_seconds)
        return found

    def _beat(self) -> float:
        """Seconds between two lines about a download; a server reports many times a second."""
        return PULSE if len(self._left) <= _MANY else 2 * PULSE

    def _reserved(self, key: str) -> int:
        return sum(left for other, left in self._left.items() if other != key)

    async def _fetch(self, ctx: JobContext, ask: PullAsk, meter: Meter, outlook: Outlook) -> None:
        stall = self._config().downloads.stall
        still = f"The download of {ask.name} stood still for {stall:.0f} s."
        missing = outlook.plan.missing or 0
        async with ctx.watchdog(stall, still, "Pulled again, it goes on where it stopped.") as dog:
            pulse = self._tasks.spawn(f"progress of {ask.name}", self._pulse(ctx, meter, key_of(ask.name)))
            try:
                gulps = self._server.client.pull_in_gulps(
                    ask.name, lambda: 0.8 * self._beat(), insecure=ask.insecure
                )
                async with aclosing(gulps):
                    async for statuses in gulps:
                        phase, now = meter.phase, self._clock.monotonic()
                        moved = [meter.feed(status, now) for status in newest(statuses)]
                        if any(moved):
                            self._left[key_of(ask.name)] = max(missing - meter.received, 0)
                            _feed(dog, meter, phase, stall)
                        if meter.phase != phase:
                            _tell(ctx, meter.read(now))
            finally:
                pulse.cancel()

    async def _pulse(self, ctx: JobContext, meter: Meter, key: str) -> None:
        while True:
            # All of them speak at the same moments: what is told together is painted and saved together.
            beat, now = self._beat(), self._clock.monotonic()
            at = int(now / beat + 1.1)
            await self._clock.sleep(at * beat - now)
            _tell(ctx, meter.read(self._clock.monotonic()))
            self._floors.keep(key, meter.floor)
            if at % _SAVES == 0:
                # A slow disk must not hold up what is shown.
                self._tasks.spawn("notes on downloads", self._floors.save_changes())

    async def _listed(self, ctx: JobContext, ask: PullAsk, meter: Meter, digest: str) -> Pulled:
        """See that the server has it, and let it be tried out."""
        model = self._models.roster.find(ask.name)
        if model is None or not model.installed:
            raise ServerError(
                f"The server fetched {ask.name}, but does not list it.",
                "Pull it again; if it is missing then, too, look at the server's log.",
            )
        await self._server.client.show(model.name)
        proof = None
        # What is as it was has been tried out before.
        proven = model.digest == digest and model.fault is None
        if ask.verify and not model.remote and not proven:
            proof = (await self._jobs.enqueue(_proof_of(model.name, ctx.job.id))).id
        return Pulled(model.name, meter.total, model.digest, proof)

    def _verdict(self, ctx: JobContext, meter: Meter, error: LeitstandError) -> Exception:
        """Say what a failure means: the end, another attempt, or waiting for the server."""
        if isinstance(error, ServerUnavailable):
            server = names.server_of(ctx.payload(PullAsk).name)
            self._models.report(error, server)
            # Another server that is away holds up no download of this one.
            return TryLater(error, after=_PAUSES[-1], counts=False) if server else error
        if isinstance(error, (DiskFull, *_FINAL)):
            return error
        # What brought bytes was no attempt in vain; but what has to be fetched again counts.
        vain = meter.received == 0 or meter.phase != "downloading"
        pause = _PAUSES[min(ctx.job.attempt - 1, len(_PAUSES) - 1)] if vain else _PAUSES[0]
        if isinstance(error, Timeout) and not vain:
            pause = 0.0
        return TryLater(error, after=pause, counts=vain)


def pull_job(ask: PullAsk, attempts: int) -> NewJob:
    """The job that downloads a model; one at a time for each."""
    name = names.parse(ask.name).shown
    return NewJob(
        kind=PULL,
        title=name,
        payload=packed(msgspec.structs.replace(ask, name=name)),
        sole=f"{PULL}:{key_of(name)}",
        max_attempts=attempts,
    )


def _proof_of(name: str, download: int) -> NewJob:
    return NewJob(
        kind=PROVE,
        title=f"Try out {name}",
        model=name,
        payload=packed(ProveAsk(name, download)),
        sole=f"{PROVE}:{key_of(name)}",
    )


def _feed(dog: Watchdog, meter: Meter, phase: str, stall: float) -> None:
    if meter.phase == phase:
        dog.fed()
    else:
        dog.limit(CHECKING if meter.phase in ("checking", "finishing") else stall)


def _tell(ctx: JobContext, reading: Reading) -> None:
    numbers = {"completed": float(reading.completed), "exact": float(reading.exact)}
    for name, value in (("total", reading.total), ("speed", reading.speed), ("eta", reading.eta)):
        if value is not None:
            numbers[name] = float(value)
    progress = Progress(reading.phase, reading.percent, "", numbers)
    if progress != ctx.job.progress:
        ctx.update(progress=progress)
