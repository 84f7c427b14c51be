"""The table of steps: each is taken from the states it names and no other; a late run changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.errors import StoreError
from core.jobs import store
from core.jobs.store import STEPS, Accepted
from core.jobs.types import FINISHED, STATES, Job, NewJob, packed
from core.store.database import Database
from tests.fakes.clock import ManualClock

VALUES: dict[str, Any] = {
    "boot": "this one",
    "now": 5.0,
    "reason": "first in line",
    "progress": None,
    "load": None,
    "stopping": "cancel",
    "result": None,
    "error": None,
    "not_before": None,
    "model": "other:8b",
    "free": 0,
    "died": 0,
    "place": 99,
}

PATHS: dict[str, tuple[str, ...]] = {
    "waiting": (),
    "held": ("hold",),
    "running": ("start",),
    "done": ("start", "finish"),
    "failed": ("start", "fail"),
    "cancelled": ("cancel",),
}
"""How a job gets into each state."""


@pytest.fixture
async def database(tmp_path: Path) -> Any:
    database = await Database.open(tmp_path / "leitstand.db", clock=ManualClock())
    yield database
    await database.close()


async def add(database: Database, *new: NewJob) -> list[Job]:
    async with database.write() as tx:
        return await store.insert(tx, [Accepted(each, "inference", 2) for each in new], now=1.0)


async def take(database: Database, name: str, id: int, claim: int) -> Job | None:
    async with database.write() as tx:
        return await store.step(tx, name, id, **{**VALUES, "claim": claim})


async def job_in(database: Database, state: str) -> Job:
    (job,) = await add(database, NewJob(kind="turn", title="a title"))
    for name in PATHS[state]:
        taken = await take(database, name, job.id, job.claim)
        assert taken is not None
        job = taken
    assert job.state == state
    return job


async def row(database: Database, id: int) -> dict[str, Any]:
    found = await database.read_one("SELECT * FROM job WHERE id = ?", (id,))
    assert found is not None
    return dict(found)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("name", STEPS)
async def test_a_step_is_taken_from_the_states_it_names_and_from_no_other(
    database: Database, name: str, state: str
) -> None:
    job = await job_in(database, state)
    before = await row(database, job.id)
    taken = await take(database, name, job.id, job.claim)
    if state in STEPS[name].before:
        assert taken is not None
        assert taken.state == STEPS[name].after
        assert (taken.finished is not None) == (taken.state in FINISHED)
    else:
        assert taken is None
        assert await row(database, job.id) == before


@pytest.mark.parametrize("name", [name for name, step in STEPS.items() if step.of_run])
async def test_a_run_that_was_replaced_changes_nothing(database: Database, name: str) -> None:
    job = await job_in(database, "running")
    again = await take(database, "again", job.id, job.claim)
    assert again is not None
    second = await take(database, "start", job.id, job.claim)
    assert second is not None
    assert second.claim == job.claim + 1
    before = await row(database, job.id)
    assert await take(database, name, job.id, job.claim) is None
    assert await row(database, job.id) == before


async def test_of_two_that_start_the_same_job_one_is_refused(database: Database) -> None:
    (job,) = await add(database, NewJob(kind="turn", title="a title"))
    taken = [await take(database, "start", job.id, 0) for _ in range(2)]
    assert [each is not None for each in taken] == [True, False]


async def test_numbers_and_places_have_no_gaps_even_when_a_transaction_is_rolled_back(
    database: Database,
) -> None:
    await add(database, NewJob(kind="turn", title="1"))

    async def roll_back() -> None:
        async with database.write() as tx:
            await store.insert(tx, [Accepted(NewJob(kind="turn", title="lost"), "inference", 2)], now=1.0)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await roll_back()
    second, third = await add(database, NewJob(kind="turn", title="2"), NewJob(kind="turn", title="3"))
    assert [(job.id, job.position) for job in (second, third)] == [(2, 2), (3, 3)]


async def test_a_number_is_never_used_again(database: Database) -> None:
    (job,) = await add(database, NewJob(kind="turn", title="1"))
    async with database.write() as tx:
        await tx.execute("DELETE FROM job")
    assert [each.id for each in await add(database, NewJob(kind="turn", title="2"))] == [job.id + 1]


async def test_the_same_key_gives_the_same_job_even_when_it_is_done(database: Database) -> None:
    new = NewJob(kind="turn", title="once", key="k")
    (first,) = await add(database, new)
    assert [job.id for job in await add(database, new, NewJob(kind="turn", title="other"), new)] == [1, 2, 1]
    await take(database, "start", first.id, 0)
    await take(database, "finish", first.id, 1)
    (again,) = await add(database, new)
    assert (again.id, again.state) == (first.id, "done")


async def test_a_key_used_twice_in_one_go_makes_one_job(database: Database) -> None:
    new = NewJob(kind="turn", title="once", key="k")
    assert [job.id for job in await add(database, new, new)] == [1, 1]


async def test_of_a_kind_that_is_sole_there_is_one_unfinished_at_a_time(database: Database) -> None:
    new = NewJob(kind="pull", title="qwen3:8b", sole="pull qwen3:8b")
    (first,) = await add(database, new)
    assert [job.id for job in await add(database, new)] == [first.id]
    await take(database, "cancel", first.id, 0)
    assert [job.id for job in await add(database, new)] == [first.id + 1]


async def test_what_was_asked_for_is_what_is_kept(database: Database) -> None:
    new = NewJob(
        kind="turn",
        title="größer 日本 \ud800 \x1b[2J",
        model="qwen3:8b",
        payload=packed({"turn": 7}),
        priority="batch",
        group="a file",
        key="k",
        sole="s",
        delay=30.0,
    )
    (job,) = await add(database, new)
    kept = store.job_of((await database.read("SELECT * FROM job"))[0])
    assert kept == Job(
        id=1,
        kind="turn",
        lane="inference",
        title="größer 日本 ? \x1b[2J",
        model="qwen3:8b",
        payload=packed({"turn": 7}),
        place=job.place,
        priority="batch",
        group="a file",
        key="k",
        sole="s",
        not_before=31.0,
        created=1.0,
        max_attempts=2,
    )
    assert job.position == 1


async def test_a_running_job_without_its_process_cannot_be_written(database: Database) -> None:
    (job,) = await add(database, NewJob(kind="turn", title="1"))

    async def torn() -> None:
        async with database.write() as tx:
            await tx.execute("UPDATE job SET state = 'running' WHERE id = ?", (job.id,))

    with pytest.raises(StoreError):
        await torn()


def test_every_state_can_be_left_or_is_final() -> None:
    left = {state for step in STEPS.values() for state in step.before}
    assert left == set(STATES) - {"done"}
