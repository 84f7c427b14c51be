"""How long a load will take, learned from earlier loads on this machine. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

import msgspec

from core.models.store import Load
from core.ollama.names import server_of

NEAR = 2.0
"""Models up to that many times smaller or larger say something about one another."""
MOST = 0.95
"""An estimate never says that a load is over; only the server does."""


class Expected(msgspec.Struct, frozen=True):
    """An expectation, and how many earlier loads it rests on."""

    seconds: float
    loads: int
    same: bool
    """They were loads of the same model."""

    @property
    def worded(self) -> str:
        """Where it is from, for people."""
        what = "this model" if self.same else "models of this size"
        times = "an earlier load" if self.loads == 1 else f"{self.loads} earlier loads"
        return f"about {self.seconds:.0f} s, learned from {times} of {what}"


def expected(digest: str, weights: int, loads: Sequence[Load]) -> Expected | None:
    """Say how long it will take; None before anything was learned."""
    timed = [load for load in loads if load.seconds is not None]
    own = [load.seconds for load in timed if load.digest == digest and load.seconds is not None]
    if own:
        # The first load after a start reads from disk, the next from memory: the newest says most.
        return Expected(median(own[:5]), min(len(own), 5), same=True)
    alike = [
        load.seconds * weights / load.weights
        for load in timed
        if load.seconds is not None
        and load.weights
        and server_of(load.digest) == server_of(digest)
        and weights / NEAR <= load.weights <= weights * NEAR
    ]
    return Expected(median(alike), len(alike), same=False) if alike else None


def share(elapsed: float, seconds: float) -> float:
    """How far a load probably is: evenly at first, then ever more slowly, and never done."""
    if seconds <= 0:
        return MOST
    even = elapsed / seconds
    turn = 0.8
    if even <= turn:
        return even
    return turn + (MOST - turn) * (1 - 1 / (1 + (even - turn) / (MOST - turn)))
