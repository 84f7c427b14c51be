"""The verbs of benchmarks: measure a model, and read what was measured."""

from __future__ import annotations

from collections.abc import Callable

from core.benchmarks import figures, store
from core.benchmarks.measure import BenchAsk, Measurer
from core.benchmarks.types import KIND, REPEATS, Report, Reports
from core.clock import Clock
from core.config.schema import Config
from core.errors import NotCapable, Refused, UsageError
from core.exposed import exposed
from core.jobs.service import JobService
from core.jobs.types import Job, NewJob, packed
from core.models.memory import Look
from core.models.roster import key_of
from core.models.service import ModelService
from core.ollama.connection import ServerService
from core.store.database import Database

MOST = 50
"""Repeats of one benchmark."""


class BenchmarkService:
    """Owns benchmarks. Each is a job on the inference lane."""

    def __init__(
        self,
        server: ServerService,
        models: ModelService,
        jobs: JobService,
        *,
        clock: Clock,
        store: Database,
        config: Callable[[], Config],
        room: Look,
    ) -> None:
        self._models = models
        self._jobs = jobs
        self._database = store
        measurer = Measurer(server, models, jobs, clock=clock, database=store, config=config, room=room)
        jobs.handle(KIND, "inference", measurer.run)

    @exposed
    async def run(self, name: str, repeats: int = REPEATS, context: int | None = None) -> Job:
        """Measure a model, in its turn; one that is about to be measured is not measured twice."""
        model = self._models.roster.here(name)
        if model.remote:
            raise Refused(f"{model.name} runs elsewhere: its speed says nothing about this machine.")
        if model.can("completion") is False:
            raise NotCapable(f"{model.name} does not answer questions, so there is nothing to measure.")
        if not 1 <= repeats <= MOST:
            raise UsageError(f"A benchmark is repeated 1 to {MOST} times.")
        if context is not None and context < 1:
            raise UsageError("A context has at least one token.")
        return await self._jobs.enqueue(
            NewJob(
                kind=KIND,
                title=f"Benchmark {model.name}",
                model=model.name,
                payload=packed(BenchAsk(name=model.name, repeats=repeats, context=context)),
                sole=f"{KIND}:{key_of(model.name)}",
            )
        )

    @exposed
    async def list(self, name: str = "", limit: int = 100) -> Reports:
        """Return what was measured, of one model or of all, the newest first."""
        runs = await store.runs(self._database, self._models.roster.get(name).name if name else "")
        return figures.reports(runs)[: max(limit, 0)]

    @exposed
    async def latest(self) -> Reports:
        """Return the newest benchmark of each model, the fastest first."""
        newest: dict[str, Report] = {}
        for report in figures.reports(await store.runs(self._database)):
            newest.setdefault(key_of(report.run.model), report)
        return tuple(sorted(newest.values(), key=lambda each: -(each.speed.median if each.speed else 0.0)))
