"""When Python looks for garbage: among the young often, among everything only while nobody waits.

A look at everything takes longer the more there is, and nothing moves meanwhile: with the screens and the
services in memory that is many frames of an answer. What is there after the start stays for as long as
the process does, so it is set aside and not looked at again until a quiet moment.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from core.clock import Clock

START = 3.0
"""Seconds after which a start has made what stays."""

STARTING = 100_000
YOUNG = 5_000
"""New objects after which the youngest are looked at, during the start and later: a frame makes many."""

SWEEP = 1_800.0
"""Seconds between two looks at everything, at least."""

LOOK = 60.0
QUIET = 0.02
"""The share of a processor that is used in such a time when nobody does anything."""


def hold() -> None:
    """Hardly look for now: a start makes much and throws little away."""
    gc.set_threshold(STARTING)


async def keep(clock: Clock, spent: Callable[[], float] = time.process_time) -> None:
    """Set aside what a start has made, and later look at everything whenever it is quiet."""
    await clock.sleep(START)
    gc.freeze()
    gc.set_threshold(YOUNG)
    swept = clock.monotonic()
    while True:
        began, used = clock.monotonic(), spent()
        await clock.sleep(LOOK)
        quiet = spent() - used <= QUIET * (clock.monotonic() - began)
        if quiet and clock.monotonic() - swept >= SWEEP:
            _sweep()
            swept = clock.monotonic()


@contextmanager
def growing() -> Iterator[None]:
    """Set aside what the block adds for good: a large library that is loaded late."""
    # Nothing set aside: nobody keeps this process so.
    kept = gc.isenabled() and gc.get_freeze_count() > 0
    if kept:
        gc.disable()
    try:
        yield
    finally:
        if kept:
            gc.freeze()
            gc.enable()


def _sweep() -> None:
    gc.unfreeze()
    gc.collect()
    gc.freeze()
