"""What the queue page knows: lanes, unfinished jobs, ended jobs; told by a snapshot and then by facts.

Pure. `rows` is what is listed: lanes as sections, each with what runs, what waits in its planned order
and what was set aside; then what ended, newest first.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

import msgspec

from core.jobs.types import FINISHED, Job, Lane, LaneState, Plan, State, in_order

Which = Literal["all", "failed", "done", "cancelled"]
"""Which of the ended jobs are listed."""

WHICH: tuple[Which, ...] = ("all", "failed", "done", "cancelled")

MOST_WAITING = 100
"""So many waiting jobs of a lane are listed; as many as are planned ahead."""


class Section(msgspec.Struct, frozen=True):
    """The heading of a lane; it can be selected only where nothing stands below it."""

    lane: LaneState
    empty: bool


class More(msgspec.Struct, frozen=True):
    """Says how many wait behind those that are listed."""

    lane: Lane
    count: int


class Ended(msgspec.Struct, frozen=True):
    """The heading over what ended."""

    which: Which
    any: bool


class Gap(msgspec.Struct, frozen=True):
    """An empty line before a heading."""

    before: str


Row = Section | More | Ended | Gap | Job


def states(which: Which) -> tuple[State, ...]:
    """Return the states a choice of ended jobs stands for."""
    return FINISHED if which == "all" else (which,)


def row_key(row: Row) -> object:
    """What makes a row the same row after a change: a job stays itself wherever it stands."""
    match row:
        case Job():
            return row.id
        case Section():
            return row.lane.name
        case More():
            return ("more", row.lane)
        case Gap():
            return ("gap", row.before)
    return "ended"


def selectable(row: Row) -> bool:
    """Whether the cursor may stand on a row."""
    return isinstance(row, Job) or (isinstance(row, Section) and row.empty)


class _Line(NamedTuple):
    """The unfinished jobs of a lane, each part in its order."""

    running: list[Job]
    waiting: list[Job]
    held: list[Job]


class JobBoard:
    """Keeps what is known and lays it out."""

    def __init__(self) -> None:
        self.lanes: dict[Lane, LaneState] = {}
        self.jobs: dict[int, Job] = {}
        """Those that are not finished."""
        self.ended: list[Job] = []
        self.which: Which = "all"
        self.text = ""
        """A part of the title: only such jobs are listed."""
        self._lines: dict[Lane, _Line] = {}
        """What is sorted already: a job that tells of its progress does not sort ten thousand who wait."""

    def take(self, plan: Plan, others: Iterable[Job]) -> None:
        """Begin anew with a snapshot: the plan, and unfinished jobs that it does not name."""
        self.lanes = {lane.name: lane for lane in plan.lanes}
        self.jobs = {job.id: job for job in (*others, *plan.running, *plan.waiting)}
        self._lines.clear()

    def replan(self, plan: Plan) -> None:
        """Take over a newer plan; it names no job that has ended."""
        self.lanes = {lane.name: lane for lane in plan.lanes}
        self.jobs.update({job.id: job for job in (*plan.running, *plan.waiting)})
        self._lines.clear()

    def lane_changed(self, lane: LaneState) -> None:
        """Take over a lane's new state."""
        self.lanes[lane.name] = lane

    def changed(self, job: Job) -> None:
        """Take over a job's new state."""
        before = self.jobs.pop(job.id, None)
        if before is not None and before.state == job.state == "running":
            self.jobs[job.id] = job
            running = self._line(job.lane).running
            running[:] = [job if other.id == job.id else other for other in running]
            return
        self._lines.pop(job.lane, None)
        if before is None:
            self.ended = [other for other in self.ended if other.id != job.id]
        if job.unfinished:
            self.jobs[job.id] = job
        elif job.state in states(self.which) and self._wanted(job):
            self.ended.append(job)
            self.ended.sort(key=lambda each: (each.finished or 0.0, each.id), reverse=True)

    def cleared(self, gone: Iterable[State]) -> None:
        """Forget ended jobs that were removed."""
        self.ended = [job for job in self.ended if job.state not in set(gone)]

    @property
    def busy(self) -> bool:
        """Whether anything is not finished."""
        return bool(self.jobs)

    @property
    def idle(self) -> bool:
        """Whether there is nothing to list at all: then the page explains itself."""
        paused = any(lane.paused for lane in self.lanes.values())
        return not (self.jobs or self.ended or paused or self.text or self.which != "all")

    def waiting(self, lane: Lane) -> list[Job]:
        """Return a lane's waiting jobs in the order they are planned to run."""
        return self._line(lane).waiting

    def neighbour(self, job: Job) -> int | None:
        """Return who stands below an unfinished job in its lane, or else above it."""
        lane = self.lanes.get(job.lane)
        below = [row.id for row in self._lane(lane) if isinstance(row, Job)] if lane is not None else []
        if job.id not in below:
            return None
        at = below.index(job.id)
        return next((other for other in (*below[at + 1 :], *reversed(below[:at]))), None)

    def rows(self) -> list[Row]:
        """Return everything that is listed."""
        if self.idle:
            return []
        found: list[Row] = []
        for name in in_order(self.lanes):
            found += [*([Gap(name)] if found else []), *self._lane(self.lanes[name])]
        ended = Ended(self.which, any=bool(self.ended))
        if self.ended or self.which != "all":
            found += [Gap("ended"), ended, *self.ended]
        return found

    def _lane(self, lane: LaneState) -> list[Row]:
        running, waiting, held = (self._matching(part) for part in self._line(lane.name))
        waiting = waiting[:MOST_WAITING]
        behind = 0 if self.text else lane.waiting - len(waiting)
        more = [More(lane.name, behind)] if behind > 0 and len(waiting) == MOST_WAITING else []
        below: list[Row] = [*running, *waiting, *more, *held]
        return [Section(lane, empty=not (running or waiting or held)), *below]

    def _line(self, lane: Lane) -> _Line:
        line = self._lines.get(lane)
        if line is None:
            mine = [job for job in self.jobs.values() if job.lane == lane]
            far = 10**9
            line = self._lines[lane] = _Line(
                [job for job in mine if job.state == "running"],
                [job for job in mine if job.state == "waiting"],
                [job for job in mine if job.state == "held"],
            )
            line.running.sort(key=lambda job: (job.started or 0.0, job.id))
            line.waiting.sort(key=lambda job: (job.order or far, job.position or far, job.place))
            line.held.sort(key=lambda job: job.place)
        return line

    def _matching(self, jobs: list[Job]) -> list[Job]:
        return [job for job in jobs if self._wanted(job)] if self.text else jobs

    def _wanted(self, job: Job) -> bool:
        return self.text.casefold() in f"{job.title}\n{job.batch}".casefold()


class _Seen(NamedTuple):
    """A run's tokens when they were first seen, and when they last grew."""

    claim: int
    first: float
    began: float
    last: float
    speed: float | None


class Pace:
    """How fast models write, worked out from the tokens that are told while they do."""

    def __init__(self) -> None:
        self._seen: dict[int, _Seen] = {}

    def see(self, job: Job, at: float) -> None:
        """Take note of a running job's tokens at a moment, in monotonic seconds; forget an ended one."""
        tokens = job.progress.numbers.get("tokens")
        if job.state != "running" or tokens is None:
            self._seen.pop(job.id, None)
            return
        seen = self._seen.get(job.id)
        if seen is None or seen.claim != job.claim or tokens < seen.last:
            self._seen[job.id] = _Seen(job.claim, tokens, at, tokens, None)
        elif tokens > seen.last and at > seen.began:
            speed = (tokens - seen.first) / (at - seen.began)
            self._seen[job.id] = seen._replace(last=tokens, speed=speed)

    def speed(self, job: Job) -> float | None:
        """Return tokens a second: as the job itself tells, else as seen."""
        seen = self._seen.get(job.id)
        return job.progress.numbers.get("speed") or (seen.speed if seen is not None else None)
