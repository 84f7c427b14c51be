"""What the processor costs: learned from answers of the same model with different shares on the GPU. Pure.

A token takes as long as its weights take to be read, those on the GPU and those on the processor one after
the other. So two shares of one model, each with its speed, tell how many times slower the processor reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations
from statistics import median
from typing import Literal

import msgspec

from core.ollama.names import server_of
from core.ollama.reading import CPU_SLOWER, slowdown

APART = 20
"""Percent that two shares must differ by: closer together they say little."""
_MOST = 200.0

Basis = Literal["measured", "interpolated", "estimated"]
"""From this model's own answers, from those of other models here, or what is usual."""


class Spoken(msgspec.Struct, frozen=True):
    """How fast an answer was, and how much of its model was on the GPU."""

    digest: str
    gpu_percent: int
    speed: float
    at: float = 0.0


class Cost(msgspec.Struct, frozen=True):
    """How many times slower the processor is than the GPU, and how that is known."""

    ratio: float = CPU_SLOWER
    basis: Basis = "estimated"

    def times(self, gpu_percent: int) -> float:
        """About how many times slower a model runs with that share on the GPU."""
        return slowdown(gpu_percent, self.ratio)


def cost(spoken: Sequence[Spoken], digest: str = "") -> Cost:
    """Say what the processor costs: for one model, as well as it is known."""
    own = _ratio(each for each in spoken if digest and each.digest == digest)
    if own is not None:
        return Cost(own, "measured")
    ratios = [
        ratio
        for other in {each.digest for each in spoken if server_of(each.digest) == server_of(digest)}
        if (ratio := _ratio(each for each in spoken if each.digest == other)) is not None
    ]
    return Cost(median(ratios), "interpolated") if ratios else Cost()


def _ratio(spoken: Iterable[Spoken]) -> float | None:
    """What the answers of one model say."""
    speeds: dict[int, list[float]] = {}
    for each in spoken:
        speeds.setdefault(each.gpu_percent, []).append(each.speed)
    shares = sorted((percent, median(found)) for percent, found in speeds.items())
    ratios = [
        ratio
        for (less, slow), (more, fast) in combinations(shares, 2)
        if more - less >= APART and (ratio := _solved(less / 100, slow, more / 100, fast)) is not None
    ]
    return median(ratios) if ratios else None


def _solved(less: float, slow: float, more: float, fast: float) -> float | None:
    """Solve fast / slow = (less + (1 - less) r) / (more + (1 - more) r) for r."""
    if slow <= 0 or fast <= 0:
        return None
    quotient = fast / slow
    below = (1 - less) - quotient * (1 - more)
    if below <= 0:
        return None
    ratio = (quotient * more - less) / below
    return ratio if 1 <= ratio <= _MOST else None
