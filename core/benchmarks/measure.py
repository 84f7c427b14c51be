"""The job that measures one model: loading, reading, the first word, speaking; several times, alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager

import msgspec

from core.benchmarks import figures, prompts, store
from core.benchmarks.types import Repeat, Report, Run, Setting
from core.clock import Clock
from core.config.schema import Config
from core.errors import StreamCut
from core.jobs.context import LOADING, JobContext
from core.jobs.service import JobService
from core.jobs.watchdog import Watchdog
from core.models.memory import NOWHERE, Look
from core.models.service import ModelService
from core.models.types import Model
from core.ollama import reading
from core.ollama.connection import ServerService
from core.ollama.names import at, server_of
from core.ollama.wire import GenerateChunk, GenerateRequest
from core.store.database import Database

_LEAVES = 10.0
"""Seconds a server may take to give a model's memory back."""
_LOOK = 0.25
_TELL = 0.5
"""Seconds between two words about how many tokens came."""
MEASURING = "measuring"


class BenchAsk(msgspec.Struct, frozen=True, kw_only=True):
    """What a benchmark is to do."""

    name: str
    repeats: int
    context: int | None = None


class _Said(msgspec.Struct, frozen=True):
    """One prompt's end, and how long its first word took."""

    last: GenerateChunk
    first_token: float | None


class Measurer:
    """Runs the jobs of benchmarks."""

    def __init__(
        self,
        server: ServerService,
        models: ModelService,
        jobs: JobService,
        *,
        clock: Clock,
        database: Database,
        config: Callable[[], Config],
        room: Look,
    ) -> None:
        self.server = server
        self.models = models
        self.jobs = jobs
        self.clock = clock
        self.database = database
        self.config = config
        self.room = room

    async def run(self, ctx: JobContext) -> Report:
        """Measure a model; cancelled, what was measured is kept."""
        ask = ctx.payload(BenchAsk)
        model = self.models.roster.here(ask.name)
        context = ask.context or await self.models.context_of(model)
        # A model that pushes another out of the memory does not stay there for having been measured.
        others = [each for each in await self.models.loaded() if each.server == model.server]
        stays = model.memory is not None or not others
        measuring = _Measuring(self, ctx, ask, context)
        try:
            await measuring.load(model)
            await measuring.rounds()
        except asyncio.CancelledError:
            if ctx.stopping == "cancel" and measuring.repeats:
                await self._keep(measuring.result())
            raise
        if not stays:
            await self.server.client.unload(model.name)
        return await self._keep(measuring.result())

    async def _keep(self, run: Run) -> Report:
        run = await store.save(self.database, run)
        runs = [
            each
            for each in await store.runs(self.database, run.model)
            if each.setting.digest == run.setting.digest
        ]
        await self.models.note_benchmark(run.model, figures.summary(runs))
        report = figures.report(run, runs[1] if len(runs) > 1 else None)
        share = run.setting.gpu_percent
        if report.speed is not None and share is not None and not run.shared:
            files = at(run.setting.digest, server_of(run.model))
            await self.models.note_speed(files, share, report.speed.median)
        return report

    async def alone(self, id: int) -> bool:
        """Whether no other job uses a model now."""
        plan = await self.jobs.plan()
        mine = next((job.lane for job in plan.running if job.id == id), "inference")
        return not any(job.lane == mine and job.id != id for job in plan.running)

    async def gone(self, model: Model) -> None:
        """Unload a model and wait until the server has given its memory back, or has taken too long."""
        await self.models.unload(model.name)
        until, client = self.clock.monotonic() + _LEAVES, self.server.client.at(model.name)
        while any(each.digest == model.digest for each in await client.ps()):
            if self.clock.monotonic() >= until:
                return
            await self.clock.sleep(_LOOK)

    async def setting(self, name: str, context: int) -> Setting:
        """Under which conditions it is measured, as they are now."""
        await self.models.sync()
        model = self.models.roster.here(name)
        # The GPUs of another server cannot be seen from here.
        room, held = NOWHERE if model.server else await self.room(), model.memory
        return Setting(
            digest=model.digest,
            quantization=model.quantization,
            context=(held.context if held else None) or context,
            version=self.models.version(model.server),
            gpus=None if room.gpus is None else tuple(gpu.name for gpu in room.gpus),
            gpu_percent=held.gpu_percent if held else None,
            size=held.size if held else None,
        )


class _Measuring:
    """One benchmark while it runs."""

    def __init__(self, house: Measurer, ctx: JobContext, ask: BenchAsk, context: int) -> None:
        self._house = house
        self._ctx = ctx
        self._ask = ask
        self._context = context
        self._shared = False
        self._tokens = 0
        self._told = 0.0
        self.repeats: list[Repeat] = []
        self.load_seconds: float | None = None

    async def load(self, model: Model) -> None:
        """Load the model anew, and let it say a word: what comes first is slower than what follows."""
        house, ctx = self._house, self._ctx
        self._shared = not await house.alone(ctx.job.id)
        if model.memory is not None:
            await ctx.phase("making room", f"unloading {model.name} to load it anew")
            await house.gone(model)
        await ctx.phase(LOADING)
        began = house.clock.monotonic()
        async with self._watched(house.config().chat.load_limit):
            await house.server.client.load(model.name, {"num_ctx": self._context}, house.models.keep_alive)
        self.load_seconds = house.clock.monotonic() - began
        await house.models.note_load(model.name, self.load_seconds)
        self._setting = await house.setting(model.name, self._context)
        await ctx.phase(MEASURING, "warming up")
        async with self._watched(house.config().chat.silence_large) as dog:
            await self._say(prompts.short(self._mark("warm")), prompts.FEW, dog)

    async def rounds(self) -> None:
        """Measure as often as was asked for."""
        wanted = self._ask.repeats
        async with self._watched(self._house.config().chat.silence_large) as dog:
            for number in range(wanted):
                self._tell(number)
                self.repeats.append(await self._repeat(number, dog))
                self._shared = self._shared or not await self._house.alone(self._ctx.job.id)
        self._ctx.progress(percent=100.0, text="")

    def result(self) -> Run:
        """What was measured so far."""
        return Run(
            model=self._ask.name,
            at=self._house.clock.now(),
            setting=self._setting,
            repeats=tuple(self.repeats),
            wanted=self._ask.repeats,
            load_seconds=self.load_seconds,
            shared=self._shared,
        )

    async def _repeat(self, number: int, dog: Watchdog) -> Repeat:
        read = await self._say(prompts.long(self._mark(number, "long"), self._context), prompts.FEW, dog)
        said = await self._say(prompts.short(self._mark(number, "short")), prompts.WORDS, dog)
        enough = (said.last.eval_count or 0) >= prompts.FEWEST
        return Repeat(
            prompt_tokens=read.last.prompt_eval_count,
            prompt_speed=reading.prompt_speed(read.last),
            tokens=said.last.eval_count,
            speed=reading.speed(said.last) if enough else None,
            first_token=said.first_token,
        )

    async def _say(self, prompt: str, tokens: int, dog: Watchdog) -> _Said:
        clock = self._house.clock
        request = GenerateRequest(
            model=self._ask.name,
            prompt=prompt,
            # No template and no thinking: what is measured is the model, not how it is dressed.
            raw=True,
            options={"num_ctx": self._context, "num_predict": tokens, "temperature": 0, "seed": 1},
            keep_alive=self._house.models.keep_alive,
        )
        began, first, last = clock.monotonic(), None, None
        async with aclosing(self._house.server.client.generate(request)) as chunks:
            async for chunk in chunks:
                dog.fed()
                if chunk.response or chunk.thinking:
                    now = clock.monotonic()
                    first = now - began if first is None else first
                    self._tokens += 1
                    if now - self._told >= _TELL:  # who measures does not work beside it
                        self._told = now
                        self._ctx.progress(numbers={"tokens": float(self._tokens)})
                last = chunk
        if last is None:
            raise StreamCut(f"{self._ask.name} answered nothing at all.")
        return _Said(last, first)

    def _tell(self, number: int) -> None:
        speed = figures.figure(each.speed for each in self.repeats)
        so_far = f" · {speed.median:.0f} tok/s" if speed else ""
        self._ctx.progress(
            percent=100 * number / self._ask.repeats,
            text=f"round {number + 1} of {self._ask.repeats}{so_far}",
        )

    def _mark(self, *parts: object) -> str:
        return prompts.nonce(self._ctx.job.id, self._ctx.job.claim, self._house.clock.now(), *parts)

    @asynccontextmanager
    async def _watched(self, seconds: float) -> AsyncIterator[Watchdog]:
        silent = f"{self._ask.name} was silent for {seconds:.0f} s while it was measured."
        async with self._ctx.watchdog(seconds, silent, "It may be too large for this machine.") as dog:
            yield dog
