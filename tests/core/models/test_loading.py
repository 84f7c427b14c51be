from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.errors import ModelNotFound, NotEnoughMemory, Refused
from core.jobs.types import Job, NewJob
from core.models.estimates import MOST, expected, share
from core.models.loading import Loaded
from core.models.store import Load
from core.simulator import REAL, Setup
from core.simulator.models import GIB
from tests.core.models.workshop import Workshop, sized, small, working
from tests.waiting import until


async def done(shop: Workshop, job: Job) -> Job:
    async with asyncio.timeout(20):
        return await shop.jobs.finished(job.id)


async def loaded(shop: Workshop, name: str, **options: Any) -> Loaded:
    job = await done(shop, await shop.models.load(name, **options))
    assert job.error is None
    return msgspec.json.decode(job.result, type=Loaded)


async def test_a_model_is_loaded_with_the_context_it_will_be_used_with(tmp_path: Path) -> None:
    async with working(tmp_path) as shop:
        found = await loaded(shop, "middle")
        assert found.context == 8192
        assert found.gpu_percent == 100
        assert (await shop.models.get("middle")).state == "loaded"


async def test_too_little_memory_is_refused_with_what_would_make_room(tmp_path: Path) -> None:
    async with working(tmp_path, setup=small(vram=12 * GIB)) as shop:
        await loaded(shop, "middle", context=4096)
        with pytest.raises(NotEnoughMemory) as refused:
            await shop.models.load("wise", context=4096)
        assert "needs" in refused.value.message
        assert "are free" in refused.value.message
        assert "middle:latest" in refused.value.hint
        assert {model.name for model in await shop.models.loaded()} == {"middle:latest"}


async def test_room_is_made_when_that_is_wanted(tmp_path: Path) -> None:
    async with working(tmp_path, setup=small(vram=12 * GIB)) as shop:
        await loaded(shop, "middle", context=4096)
        await loaded(shop, "wise", context=4096, when_tight="make room")
        assert {model.name for model in await shop.models.loaded()} == {"wise:latest"}


async def test_a_model_too_large_for_the_gpu_is_loaded_when_that_is_wanted(tmp_path: Path) -> None:
    async with working(tmp_path, setup=small(vram=6 * GIB)) as shop:
        with pytest.raises(NotEnoughMemory, match=r"middle:latest needs .* of GPU memory \(estimated\)"):
            await shop.models.load("middle")
        found = await loaded(shop, "middle", when_tight="anyway")
        assert found.gpu_percent is not None
        assert 0 < found.gpu_percent < 100


async def test_where_the_gpu_cannot_be_seen_loading_is_not_refused(tmp_path: Path) -> None:
    async with working(tmp_path, setup=small(vram=6 * GIB)) as shop:
        shop.gpus = None
        assert (await shop.models.fit("middle")).verdict == "unknown"
        await loaded(shop, "middle")


async def test_a_measured_load_is_what_the_next_answer_rests_on(tmp_path: Path) -> None:
    async with working(tmp_path) as shop:
        before = await shop.models.fit("middle", 8192)
        assert before.source == "estimated"
        found = await loaded(shop, "middle", context=8192)
        await shop.models.unload("middle")
        after = await shop.models.fit("middle", 8192)
        assert after.source == "measured"
        assert found.size is not None
        assert after.needed is not None
        assert after.needed - found.size == 457 * 1024 * 1024
        assert before.needed == pytest.approx(after.needed, rel=0.1)
        assert (await shop.models.fit("middle", 16_384)).source == "interpolated"


async def test_what_was_measured_outlives_the_program(tmp_path: Path) -> None:
    async with working(tmp_path) as shop:
        await loaded(shop, "middle", context=8192)
    async with working(tmp_path) as again:
        await again.models.unload("middle")
        assert (await again.models.fit("middle", 8192)).source == "measured"
        assert (await again.models.get("middle")).load_seconds is not None


async def test_a_load_by_somebody_else_is_measured_too(tmp_path: Path) -> None:
    async with working(tmp_path) as shop:
        await shop.server.client.load("middle", {"num_ctx": 4096})
        await shop.models.sync()
        await shop.models.unload("middle")
        assert (await shop.models.fit("middle", 4096)).source == "measured"


async def test_the_largest_context_on_the_gpu_really_is_on_the_gpu(tmp_path: Path) -> None:
    async with working(tmp_path, setup=small(vram=16 * GIB)) as shop:
        largest = await shop.models.largest_context("middle")
        assert largest is not None
        found = await loaded(shop, "middle", context=largest)
        assert found.gpu_percent == 100


async def test_a_load_in_progress_says_what_it_learned_from_earlier_ones(tmp_path: Path) -> None:
    async with working(tmp_path, pace=REAL) as shop:
        first = await shop.models.load("middle")
        await until(lambda: shop.models.roster.get("middle").state == "loading")
        shop.seen.take()
        await shop.clock.advance(1)
        job = await shop.jobs.get(first.id)
        assert job.progress.percent is None
        assert job.progress.text == "no earlier load to go by"
        await shop.clock.advance(60)
        await done(shop, first)
        await shop.models.unload("middle")

        second = await shop.models.load("middle")
        await until(lambda: shop.models.roster.get("middle").state == "loading")
        seen = []
        for _ in range(8):
            await shop.clock.advance(0.5)
            job = await shop.jobs.get(second.id)
            seen.append(job.progress.percent)
        await shop.clock.advance(60)
        await done(shop, second)
        numbers = [percent for percent in seen if percent is not None]
        assert numbers == sorted(numbers)
        assert 10 < numbers[-1] < 100
        assert job.progress.numbers["learned_from"] == 1


async def test_a_load_that_fails_marks_the_model_with_what_to_do(tmp_path: Path) -> None:
    async with working(tmp_path) as shop:
        await shop.config.set("queue.attempts", 1)
        shop.simulator.fault("load:times=0")
        job = await done(shop, await shop.models.load("middle"))
        assert job.error is not None
        assert job.error.code == "load_failed"
        marked = await shop.models.get("middle")
        assert marked.fault is not None
        assert "could not load" in marked.fault.message
        shop.simulator.clear_faults()
        await loaded(shop, "middle")
        assert (await shop.models.get("middle")).fault is None


async def test_running_out_of_memory_is_told_and_no_fault_of_the_model(tmp_path: Path) -> None:
    async with working(tmp_path) as shop:
        await shop.config.set("queue.attempts", 1)
        shop.simulator.fault("oom:times=0")
        job = await done(shop, await shop.models.load("middle"))
        assert job.error is not None
        assert job.error.code == "out_of_memory"
        assert (await shop.models.get("middle")).fault is None


async def test_an_embedding_model_loads_too(tmp_path: Path) -> None:
    async with working(tmp_path) as shop:
        await loaded(shop, "vectors")
        assert (await shop.models.get("vectors")).state == "loaded"


async def test_unloading_frees_one_or_all(tmp_path: Path) -> None:
    async with working(tmp_path) as shop:
        for name in ("tiny", "wise"):
            await loaded(shop, name, context=2048)
        assert (await shop.models.unload("tiny")).state == "installed"
        assert await shop.models.unload_all() == ()
        assert (await shop.models.unload("tiny")).state == "installed"


async def test_models_that_are_not_there_cannot_be_loaded(tmp_path: Path) -> None:
    async with working(tmp_path) as shop:
        with pytest.raises(ModelNotFound):
            await shop.models.load("nobody")


async def test_a_model_that_runs_elsewhere_has_nothing_to_load(tmp_path: Path) -> None:
    cloud = sized("far:cloud", 0.001, remote="https://ollama.com")
    async with working(tmp_path, setup=Setup(installed=(cloud,))) as shop:
        with pytest.raises(Refused, match="runs elsewhere"):
            await shop.models.load("far:cloud")
        assert (await shop.models.fit("far:cloud")).verdict == "unknown"


async def test_who_answers_is_active_and_counts_as_used(tmp_path: Path) -> None:
    shop = Workshop(tmp_path)
    await shop.open()
    over = asyncio.Event()
    begun = asyncio.Event()

    async def answer(ctx: object) -> None:
        begun.set()
        await over.wait()

    shop.jobs.handle("answer", "inference", answer)
    await shop.start()
    try:
        job = await shop.jobs.enqueue(NewJob(kind="answer", title="Hello", model="TINY"))
        await begun.wait()
        await until(lambda: shop.models.roster.get("tiny").state == "active")
        over.set()
        await done(shop, job)
        await until(lambda: shop.models.roster.get("tiny").state != "active")
        used = await shop.models.get("tiny")
        assert used.times_used == 1
        assert used.last_used == shop.clock.now()
    finally:
        over.set()
        await shop.close()


def load(digest: str, weights: int, seconds: float | None) -> Load:
    return Load(
        digest=digest,
        weights=weights,
        context=1,
        cache="f16",
        version="",
        size=1,
        vram=1,
        seconds=seconds,
        at=0,
    )


@pytest.mark.parametrize(
    ("loads", "seconds", "same"),
    [
        ([], None, False),
        ([load("a", 100, None)], None, False),
        ([load("a", 100, 4), load("a", 100, 2), load("a", 100, 3), load("b", 100, 99)], 3, True),
        ([load("b", 200, 10)], 5, False),
        ([load("b", 1000, 10)], None, False),
    ],
)
def test_expectations_rest_on_the_same_model_or_on_ones_of_its_size(
    loads: list[Load], seconds: float | None, same: bool
) -> None:
    found = expected("a", 100, loads)
    if seconds is None:
        assert found is None
    else:
        assert found is not None
        assert (found.seconds, found.same) == (seconds, same)


def test_an_estimate_grows_all_the_time_and_never_says_done() -> None:
    shares = [share(step / 10, 3) for step in range(1000)]
    assert shares == sorted(shares)
    assert shares[15] == pytest.approx(0.5)
    assert shares[-1] < MOST
    assert share(1, 0) == MOST
