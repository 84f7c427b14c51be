"""A lane while the program runs: who waits, who runs, and whether it may start anybody."""

from __future__ import annotations

import asyncio

import msgspec

from core.jobs.context import Handler, JobContext, OnOrphan
from core.jobs.endings import Outcome
from core.jobs.line import Line, Start
from core.jobs.types import Fault, Job, Lane, Stopping

_FIRST_REST = 2.0
_LONGEST_REST = 30.0


class Kind(msgspec.Struct, frozen=True):
    """Who runs jobs of a kind, and where."""

    lane: Lane
    run: Handler
    on_orphan: OnOrphan


class Planned(msgspec.Struct, frozen=True):
    """When a waiting job is planned to run, and why then."""

    order: int
    reason: str
    starts_at: float | None


class Run:
    """A job that runs now."""

    def __init__(self, context: JobContext, start: Start, began: float, work: asyncio.Task[Outcome]) -> None:
        self.context = context
        self.start = start
        self.began = began
        self.work = work

    @property
    def id(self) -> int:
        """The job's number."""
        return self.context.job.id

    def left(self, now: float) -> float:
        """How long it should still run; never less than a moment, however late it is."""
        return max(0.5, self.start.seconds - (now - self.began))

    def stop(self, why: Stopping) -> None:
        """Cancel its handler, which finds the reason in its context."""
        again = self.context.stopping is not None
        self.context.update(stopping=why)
        if not again:
            self.work.cancel(why)


class Track:
    """One lane's state in memory."""

    def __init__(self, name: Lane) -> None:
        self.name = name
        self.line = Line()
        self.jobs: dict[int, Job] = {}
        """The rows of those in the line."""
        self.runs: dict[int, Run] = {}
        self.held: set[int] = set()
        self.planned: dict[int, Planned] = {}
        self.stuck = ""
        """Why nobody starts although there is room."""
        self.paused = False
        self.own_width: int | None = None
        self.rests_until: float | None = None
        self.rest_fault: Fault | None = None
        self._rests = 0

    @property
    def server(self) -> str:
        """The other server whose models work here; empty: the main one, or none."""
        return self.name.partition("@")[2]

    @property
    def used(self) -> bool:
        """Whether anything runs, waits or is set aside on it."""
        return bool(self.runs or self.jobs or self.held)

    def pause_before_next(self, now: float) -> float:
        """Return how long to rest after another failure of the server: longer each time, up to a bound."""
        if self.rests_until is not None and now < self.rests_until:
            return self.rests_until - now
        return min(_LONGEST_REST, _FIRST_REST * 2.0 ** min(self._rests, 10))

    def rest(self, until: float, fault: Fault) -> None:
        """Start nothing until then: the server is away or too busy."""
        if self.rests_until is None or until > self.rests_until:
            self._rests += 1
            self.rests_until = until
        self.rest_fault = fault

    def awake(self, now: float) -> bool:
        """Whether the rest, if there was one, is over."""
        if self.rests_until is not None and now >= self.rests_until:
            self.rests_until = None
        return self.rests_until is None

    def served(self) -> None:
        """Something worked: the next failure of the server is the first again."""
        self._rests = 0
        self.rests_until = self.rest_fault = None
