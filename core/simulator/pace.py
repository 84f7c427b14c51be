"""How long things take: real speeds for a demonstration, no waiting at all in tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from itertools import islice
from typing import TypeVar

import msgspec

from core.clock import Clock

T = TypeVar("T")

_BREATH = 0.004
"""At high rates several tokens leave in one wake-up; no token is later than this."""


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """The speeds of a machine; `instant` keeps the figures and skips the waiting."""

    instant: bool = False
    rate: float = 0.0
    """Tokens a second exactly, of mixed Markdown as long as was ordered; 0 lets each model have its own."""
    gpu_bandwidth: float = 220e9
    """Bytes a second the GPU reads its weights with: an 8B model says 45 tokens a second."""
    cpu_bandwidth: float = 30e9
    prompt: float = 1_500.0
    """Prompt tokens a second for 5 GB of active weights."""
    load: float = 2.4e9
    """Bytes a second from disk to memory."""
    settle: float = 0.5
    """Seconds a model's process needs apart from reading."""
    pull: float = 60e6
    """Bytes a second from the registry."""
    verify: float = 1.5e9
    tick: float = 0.06
    """Seconds between two progress objects."""
    scale: float = 1.0
    """How many times faster than that everything goes."""

    def token_rate(self, on_gpu: int, on_cpu: int) -> float:
        """Tokens a second when each token reads that many bytes."""
        if self.rate:
            return self.rate
        return self.scale / max(on_gpu / self.gpu_bandwidth + on_cpu / self.cpu_bandwidth, 1e-4)

    def prompt_rate(self, active: int) -> float:
        """Prompt tokens a second for that many bytes of active weights."""
        return self.scale * self.prompt * 5e9 / max(active, 10**8)


INSTANT = Pace(instant=True)
REAL = Pace()


class Timeline:
    """The time of one request: what the clock says, plus what was skipped instead of waited for."""

    def __init__(self, clock: Clock, pace: Pace) -> None:
        self._clock = clock
        self._instant = pace.instant
        self._start = clock.monotonic()
        self._skipped = 0.0

    def elapsed(self) -> float:
        """Seconds since the request came."""
        return self._clock.monotonic() - self._start + self._skipped

    async def spend(self, seconds: float) -> None:
        """Let that much time pass."""
        if self._instant:
            self._skipped += seconds
            await asyncio.sleep(0)
        elif seconds > 0:
            await self._clock.sleep(seconds)

    async def paced(self, items: Iterator[T], rate: float) -> AsyncGenerator[list[T], None]:
        """Hand out the items at exactly that rate: by an absolute schedule, so that delays do not add up."""
        start, sent = self.elapsed(), 0
        while True:
            due = 1 if self._instant else max(1, int((self.elapsed() - start) * rate + 1e-9) + 1 - sent)
            batch = list(islice(items, due))
            if not batch:
                return
            yield batch
            sent += len(batch)
            wait = start + sent / rate - self.elapsed()
            await self.spend(wait if self._instant else max(wait, 0.0 if rate <= 1 / _BREATH else _BREATH))
