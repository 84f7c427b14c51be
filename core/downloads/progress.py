"""Many reports about layers, one truthful line about the model. Pure.

A server fetches one layer after the other. It leaves out `completed` while it is zero, says nothing at
all of a layer that was quick, stops reporting a layer before its end, and takes back what it has to
fetch again. So a layer counts as complete when a later one is reported, and what is shown never falls.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise
from typing import Literal

import msgspec

from core.ollama.registry import Layer
from core.ollama.wire import PullProgress

Phase = Literal["planning", "downloading", "checking", "finishing", "done"]

WHOLE = "sha256:model"
"""The digest under which newer servers report all tensors of a model together."""
ALMOST = 99.9
"""Until the server says that it has the model, no more than that is shown: it may have to fetch again."""
_MEMORY = 6.0
"""Seconds after which a byte that came counts little for the speed."""
_LONGEST = 30 * 86400.0


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """One truthful line."""

    phase: Phase
    percent: float | None
    completed: int
    total: int | None
    exact: bool
    speed: float | None = None
    eta: float | None = None


class Floor(msgspec.Struct, frozen=True, kw_only=True):
    """How far it was shown to be before: it is never shown to be less far."""

    completed: int = 0
    total: int | None = None
    exact: bool = False
    percent: float | None = None


class Speed:
    """Bytes a second over the last moments; it sinks by itself when nothing comes."""

    def __init__(self) -> None:
        self._began: float | None = None
        self._at = 0.0
        self._flow = 0.0

    def begin(self, now: float) -> None:
        """From here on time counts."""
        if self._began is None:
            self._began = self._at = now

    def add(self, count: int, now: float) -> None:
        """Take in bytes that came."""
        self.begin(now)
        self._flow = self._faded(now) + count / _MEMORY
        self._at = max(now, self._at)

    def at(self, now: float) -> float | None:
        """Return the speed; None before there was time to tell."""
        if self._began is None or now - self._began < 0.5:
            return None
        # At the start there is less past than the average remembers.
        return self._faded(now) / (1 - math.exp(-(now - self._began) / _MEMORY))

    def _faded(self, now: float) -> float:
        return self._flow * math.exp(-max(now - self._at, 0.0) / _MEMORY)


class Meter:
    """Follows one attempt at a download."""

    def __init__(
        self, layers: Sequence[Layer] = (), present: Collection[str] = (), floor: Floor | None = None
    ) -> None:
        self._sizes = {layer.digest: layer.size for layer in layers}
        self._planned = bool(layers)
        self._exact = bool(layers)
        self._done = {digest: self._sizes[digest] for digest in present if digest in self._sizes}
        self._seen: set[str] = set()
        self._current: str | None = None
        self._sequential = True
        self._floor = self._usable(floor or Floor())
        self._speed = Speed()
        self.phase: Phase = "planning"
        self.received = 0
        """Bytes that came in this attempt."""

    def feed(self, status: PullProgress, now: float) -> bool:
        """Take in a report; say whether anything moved."""
        before = (self.phase, self._current, self.received)
        if status.digest is not None:
            self.phase = "downloading"
            self._speed.begin(now)
            self._report(status.digest, status.total, status.completed or 0, now)
        elif status.status == "success":
            self._all_there("done")
        elif status.status.startswith(("writing manifest", "removing")):
            self._all_there("finishing")
        elif status.status.startswith("verifying"):
            self._all_there("checking")
        self._raise_floor()
        return before != (self.phase, self._current, self.received)

    def read(self, now: float) -> Reading:
        """Say how far it is."""
        total = self.total
        speed = self._speed.at(now) if self.phase == "downloading" else None
        left = None if total is None else total - min(self._actual(), total)
        return Reading(
            phase=self.phase,
            percent=100.0 if self.phase == "done" else self._floor.percent,
            completed=self._floor.completed,
            total=total,
            exact=self._exact,
            speed=speed,
            eta=_eta(left, speed),
        )

    @property
    def total(self) -> int | None:
        """Bytes of the whole model, as far as anybody knows."""
        return sum(self._sizes.values()) if self._sizes else self._floor.total

    @property
    def floor(self) -> Floor:
        """What to begin the next attempt with."""
        return msgspec.structs.replace(self._floor, total=self.total, exact=self._exact)

    def _report(self, digest: str, total: int | None, completed: int, now: float) -> None:
        if digest == WHOLE and digest not in self._sizes:
            # One report for everything takes the place of the single files.
            planned = sum(self._sizes.values()) if self._planned else 0
            self._sizes, self._done, self._current = {WHOLE: planned or total or 0}, {}, None
        elif WHOLE in self._sizes and digest != WHOLE:
            digest, completed = WHOLE, self._done.get(WHOLE, 0)
        size = self._size(digest, total)
        if digest != self._current:
            self._turn_to(digest, completed < size, now)
        completed = min(max(completed, 0), size)
        came = completed - self._done.get(digest, 0)
        if digest in self._seen and came > 0:
            self.received += came
            self._speed.add(came, now)
        self._seen.add(digest)
        self._done[digest] = completed

    def _size(self, digest: str, total: int | None) -> int:
        if digest not in self._sizes:
            # Without a plan, or the plan is older than what the server fetches.
            self._exact = False
            self._sizes[digest] = max(total or 0, 0)
        elif total is not None and not self._planned:
            self._sizes[digest] = max(total, self._sizes[digest])
        return self._sizes[digest]

    def _turn_to(self, digest: str, unfinished: bool, now: float) -> None:  # noqa: FBT001 - one caller
        """Another layer is reported: those before it are complete, unless they turn up again."""
        if digest in self._seen and unfinished and self._done.get(digest) == self._sizes[digest]:
            self._sequential = False
        if self._sequential:
            for earlier in self._before(digest):
                came = self._sizes[earlier] - self._done.get(earlier, 0)
                if earlier in self._seen and came > 0:
                    self.received += came
                    self._speed.add(came, now)
                self._done[earlier] = self._sizes[earlier]
        self._current = digest

    def _before(self, digest: str) -> list[str]:
        order = list(self._sizes)
        earlier = order[: order.index(digest)]
        if self._current is not None and self._current not in earlier:
            earlier.append(self._current)
        return earlier

    def _all_there(self, phase: Phase) -> None:
        self.phase = phase
        self._done = dict(self._sizes)

    def _actual(self) -> int:
        return sum(min(done, self._sizes.get(digest, 0)) for digest, done in self._done.items())

    def _raise_floor(self) -> None:
        total, actual = self.total, self._actual()
        completed = max(self._floor.completed, actual)
        percent = self._floor.percent
        if total is not None:
            completed = min(completed, total) if self._exact else completed
            share = 100.0 * completed / total if total else 0.0
            percent = min(max(percent or 0.0, share), ALMOST)
        self._floor = msgspec.structs.replace(self._floor, completed=completed, percent=percent)

    def _usable(self, floor: Floor) -> Floor:
        """A floor from another manifest says nothing about this one."""
        total = sum(self._sizes.values())
        if self._planned and floor.exact and floor.total != total:
            floor = Floor()
        if self._planned:
            floor = msgspec.structs.replace(floor, completed=min(floor.completed, total))
        return floor


def newest(statuses: Sequence[PullProgress]) -> Iterator[PullProgress]:
    """Leave out what the next report of the same file says better; a server makes ten of them a second."""
    for status, after in pairwise((*statuses, None)):
        if status is not None and (after is None or status.digest is None or after.digest != status.digest):
            yield status


def _eta(left: int | None, speed: float | None) -> float | None:
    if left is None or not speed or speed < 1.0:
        return None
    seconds = left / speed
    return seconds if seconds < _LONGEST else None
