from __future__ import annotations

import asyncio

import pytest

from core.bus import Bus
from core.errors import Timeout
from core.jobs.watchdog import Watchdog, watchdog
from core.tasks import Tasks
from tests.fakes.clock import ManualClock


class Stream:
    """Something that gives what the test puts into it."""

    def __init__(self) -> None:
        self.pieces: asyncio.Queue[str] = asyncio.Queue()
        self.read: list[str] = []
        self.dog: Watchdog | None = None

    async def follow(self, clock: ManualClock, tasks: Tasks) -> None:
        async with watchdog(clock, tasks, 120, "The answer fell silent.", "Ask again.") as self.dog:
            while (piece := await self.pieces.get()) != "end":
                self.read.append(piece)
                self.dog.fed()


async def begun() -> tuple[Stream, ManualClock, Tasks, asyncio.Task[None]]:
    stream, clock, tasks = Stream(), ManualClock(), Tasks(Bus())
    following = asyncio.create_task(stream.follow(clock, tasks))
    await clock.sleepers(1)
    return stream, clock, tasks, following


async def test_what_falls_silent_ends_with_words_for_a_person() -> None:
    _, clock, _, following = await begun()
    await clock.advance(119)
    assert not following.done()
    await clock.advance(1)
    with pytest.raises(Timeout, match="fell silent") as caught:
        await following
    assert caught.value.hint == "Ask again."


async def test_what_is_heard_counts_from_there() -> None:
    stream, clock, _, following = await begun()
    await clock.advance(100)
    stream.pieces.put_nowait("a")
    await clock.advance(100)
    assert not following.done()
    await clock.advance(20)
    with pytest.raises(Timeout):
        await following


async def test_another_limit_counts_from_where_it_was_set() -> None:
    stream, clock, _, following = await begun()
    assert stream.dog is not None
    stream.dog.limit(600)
    await clock.advance(500)
    assert not following.done()
    stream.dog.limit(10)
    await clock.advance(10)
    with pytest.raises(Timeout):
        await following


async def test_what_ends_in_time_leaves_nothing_behind() -> None:
    stream, clock, tasks, following = await begun()
    stream.pieces.put_nowait("end")
    await following
    await clock.advance(1000)
    assert len(tasks) == 0


async def test_somebody_else_s_cancellation_stays_one() -> None:
    _, clock, tasks, following = await begun()
    following.cancel()
    with pytest.raises(asyncio.CancelledError):
        await following
    await clock.advance(1000)
    assert len(tasks) == 0


async def test_when_both_happen_at_once_it_is_cancelled() -> None:
    stream, _, _, following = await begun()
    assert stream.dog is not None
    stream.dog.expired = True
    following.cancel()
    following.cancel()
    with pytest.raises(asyncio.CancelledError):
        await following


async def test_an_error_in_the_block_passes_through() -> None:
    clock, tasks = ManualClock(), Tasks(Bus())

    async def fail() -> None:
        async with watchdog(clock, tasks, 120, "silent"):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
