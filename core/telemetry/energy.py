"""What an answer cost: the difference of the GPUs' energy counters between two moments.

The counters are read once a second and an answer begins and ends in between, so the piece to the nearest
reading is power times time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from core.clock import Clock
from core.telemetry.types import Gpu

_RECENT = 1.5
"""Seconds after which a reading says nothing about now."""


class Counters(NamedTuple):
    """The energy counters at one monotonic moment: joules and watts by GPU."""

    at: float
    gpus: Mapping[str, tuple[float, float]]


def counters(gpus: Sequence[Gpu], at: float) -> Counters:
    """Take the counters out of a look at the GPUs."""
    return Counters(
        at,
        {
            gpu.key: (gpu.energy, gpu.power or 0.0)
            for gpu in gpus
            if gpu.energy is not None and not gpu.parent
        },
    )


def joules(first: Counters, begin: float, last: Counters, end: float) -> float | None:
    """Return the energy used from *begin* to *end*; None where no GPU counts, or a counter began anew."""
    both = first.gpus.keys() & last.gpus.keys()
    used = sum(
        (last.gpus[key][0] + last.gpus[key][1] * (end - last.at))
        - (first.gpus[key][0] + first.gpus[key][1] * (begin - first.at))
        for key in both
    )
    return used if both and used >= 0 else None


class Meter:
    """Measures from its beginning on; fed with every look at the GPUs."""

    def __init__(self, clock: Clock, last: Counters | None) -> None:
        self._clock = clock
        self._begin = clock.monotonic()
        recent = last is not None and self._begin - last.at <= _RECENT
        self._first = self._last = last if recent else None

    def take(self, seen: Counters) -> None:
        """Take a reading."""
        self._first = self._first or seen
        self._last = seen

    def joules(self) -> float | None:
        """Return the energy used since the beginning; None where no GPU counts it, or none answered."""
        now = self._clock.monotonic()
        if self._first is None or self._last is None or now - self._last.at > 2 * _RECENT:
            return None
        return joules(self._first, self._begin, self._last, now)
