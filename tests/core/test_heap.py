"""When garbage is looked for: not while anybody waits, and nothing is kept for ever."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress

import pytest

from core import heap
from tests.fakes.clock import ManualClock


class Ring:
    """Holds itself, so that only the collector can end it."""

    def __init__(self) -> None:
        self.me = self


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    thresholds, set_aside = gc.get_threshold(), gc.get_freeze_count()
    gc.unfreeze()
    yield
    gc.unfreeze()
    if set_aside:
        gc.freeze()
    gc.set_threshold(*thresholds)
    gc.enable()


@asynccontextmanager
async def kept(clock: ManualClock, spent: list[float]) -> AsyncIterator[None]:
    """A process that is kept, its processor time in *spent*."""
    keeper = asyncio.create_task(heap.keep(clock, lambda: spent[0]))
    await clock.sleepers()
    try:
        yield
    finally:
        keeper.cancel()
        with suppress(asyncio.CancelledError):
            await keeper


async def test_what_a_start_has_made_is_not_looked_at_again() -> None:
    clock = ManualClock()
    heap.hold()
    assert gc.get_threshold()[0] == heap.STARTING
    async with kept(clock, [0.0]):
        lasting = [Ring() for _ in range(100)]
        assert gc.get_freeze_count() == 0
        await clock.advance(heap.START)
        assert gc.get_freeze_count() > 100
        assert gc.get_threshold()[0] == heap.YOUNG
        assert not any(isinstance(thing, Ring) for thing in gc.get_objects())
        assert len(lasting) == 100


async def test_garbage_among_it_goes_in_a_quiet_moment_and_not_before() -> None:
    clock, spent = ManualClock(), [0.0]
    async with kept(clock, spent):
        ring = Ring()
        gone = weakref.ref(ring)
        await clock.advance(heap.START)
        del ring
        gc.collect()
        assert gone() is not None
        # Somebody works all the time.
        for _ in range(int(heap.SWEEP / heap.LOOK) + 2):
            spent[0] += heap.QUIET * heap.LOOK * 1.5
            await clock.advance(heap.LOOK)
        assert gone() is not None
        await clock.advance(heap.LOOK)
        assert gone() is None
        assert gc.get_freeze_count() > 0


async def test_quiet_moments_soon_after_one_another_are_left_in_peace() -> None:
    clock = ManualClock()
    async with kept(clock, [0.0]):
        await clock.advance(heap.START)
        ring = Ring()
        gc.freeze()
        gone = weakref.ref(ring)
        del ring
        await clock.advance(heap.SWEEP - heap.LOOK)
        assert gone() is not None
        await clock.advance(heap.LOOK)
        assert gone() is None


@pytest.mark.parametrize("kept_so", [False, True], ids=["any other process", "a process that is kept"])
def test_a_library_that_is_loaded_late_is_set_aside_where_the_rest_is(kept_so: bool) -> None:
    if kept_so:
        gc.freeze()
    with heap.growing():
        assert gc.isenabled() is not kept_so
        lasting = Ring()
    assert gc.isenabled()
    assert (lasting not in [thing for thing in gc.get_objects() if isinstance(thing, Ring)]) is kept_so


def test_a_library_that_cannot_be_loaded_leaves_the_collector_at_work() -> None:
    gc.freeze()
    with pytest.raises(ImportError), heap.growing():
        raise ImportError
    assert gc.isenabled()
