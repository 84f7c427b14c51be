from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.benchmarks.service import BenchmarkService
from core.benchmarks.types import Report
from core.errors import ModelNotFound, NotCapable, UsageError
from core.jobs.context import JobContext
from core.jobs.types import Job, NewJob
from core.simulator import Script
from tests.core.models.workshop import Workshop


class Bench(Workshop):
    """A workshop that measures."""

    async def open(self) -> None:
        """Build the benchmarks, too."""
        await super().open()
        self.benchmarks = BenchmarkService(
            self.server,
            self.models,
            self.jobs,
            clock=self.clock,
            store=self.database,
            config=lambda: self.config.current,
            room=self.room,
        )

    async def measured(self, name: str, **options: Any) -> Report:
        """Measure a model to the end."""
        job = await self.done(await self.benchmarks.run(name, **options))
        assert job.error is None
        return msgspec.json.decode(job.result, type=Report)

    async def done(self, job: Job) -> Job:
        """Wait for the end of a job."""
        async with asyncio.timeout(20):
            return await self.jobs.finished(job.id)


@asynccontextmanager
async def measuring(home: Path, **options: Any) -> AsyncIterator[Bench]:
    bench = Bench(home, **options)
    await bench.open()
    await bench.start()
    try:
        yield bench
    finally:
        await bench.close()


async def test_a_benchmark_says_how_fast_a_model_reads_and_answers_and_with_what(tmp_path: Path) -> None:
    async with measuring(tmp_path) as bench:
        report = await bench.measured("middle")
        pace = bench.simulator.server.pace
        assert report.speed is not None
        assert report.speed.median == pytest.approx(pace.token_rate(8 * 10**9, 0), rel=0.01)
        assert report.speed.count == 5
        # Nothing of a prompt was read before: not one is far too fast.
        assert report.prompt_speed is not None
        assert report.prompt_speed.high < 1.2 * pace.prompt_rate(8 * 10**9)
        setting = report.run.setting
        assert (setting.context, setting.gpu_percent, setting.gpus) == (8192, 100, ("GPU 0",))
        assert setting.version == bench.simulator.server.setup.version
        assert setting.digest == (await bench.models.get("middle")).digest
        assert not report.run.shared
        model = await bench.models.get("middle")
        assert model.benchmark is not None
        assert (model.benchmark.latest, model.benchmark.runs) == (report.speed.median, 1)
        assert model.times_used == 0


async def test_runs_are_kept_and_compared_with_the_one_before(tmp_path: Path) -> None:
    async with measuring(tmp_path) as bench:
        await bench.measured("middle", repeats=3)
        again = await bench.measured("middle", repeats=3)
        assert again.change.verdict == "noise"
        await bench.measured("tiny", repeats=1)
    async with measuring(tmp_path) as later:
        assert [report.run.model for report in await later.benchmarks.list()] == [
            "tiny:latest", "middle:latest", "middle:latest",
        ]  # fmt: skip
        assert len(await later.benchmarks.list("MIDDLE")) == 2
        assert len(await later.benchmarks.list(limit=1)) == 1
        assert [report.run.model for report in await later.benchmarks.latest()] == [
            "tiny:latest", "middle:latest",
        ]  # fmt: skip


async def test_a_cancelled_benchmark_keeps_the_rounds_that_were_measured(tmp_path: Path) -> None:
    async with measuring(tmp_path) as bench:
        # The warm-up, and two prompts a round: the second round never ends.
        for _ in range(3):
            bench.simulator.next(Script.saying("word"))
        silent = bench.simulator.next(Script())
        job = await bench.benchmarks.run("middle", repeats=4)
        await silent.asked()
        await bench.jobs.cancel(job.id)
        assert (await bench.done(job)).state == "cancelled"
        [kept] = await bench.benchmarks.list("middle")
        assert (len(kept.run.repeats), kept.run.wanted) == (1, 4)


async def test_what_cannot_be_measured_is_refused(tmp_path: Path) -> None:
    async with measuring(tmp_path) as bench:
        for name, error in (("vectors", NotCapable), ("llama3.2:3b", ModelNotFound)):
            with pytest.raises(error):
                await bench.benchmarks.run(name)
        for wrong in ({"repeats": 0}, {"repeats": 1000}, {"context": 0}):
            with pytest.raises(UsageError):
                await bench.benchmarks.run("middle", **wrong)


async def test_a_model_leaves_the_memory_again_when_it_had_pushed_in(tmp_path: Path) -> None:
    async with measuring(tmp_path) as bench:
        await bench.measured("tiny", repeats=1)
        await bench.measured("middle", repeats=1)
        await bench.models.sync()
        assert [model.name for model in await bench.models.loaded()] == ["tiny:latest"]


async def test_other_work_on_the_models_is_noticed(tmp_path: Path) -> None:
    async with measuring(tmp_path) as bench:
        begun = asyncio.Event()

        async def other(ctx: JobContext) -> None:
            begun.set()
            await asyncio.Event().wait()

        await bench.jobs.set_width("inference", 2)
        bench.jobs.handle("other", "inference", other)
        work = await bench.jobs.enqueue(NewJob(kind="other", title="Something else"))
        await begun.wait()
        report = await bench.measured("middle", repeats=1)
        assert report.run.shared
        await bench.jobs.cancel(work.id)
