"""Who waits on a lane, in which place, and how often and how long each was held up by later ones. Pure."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterator
from math import inf

import msgspec

from core.jobs.types import PRIORITIES

CLASSES = range(len(PRIORITIES))
"""Priorities as numbers: 0 is the most urgent."""


class Waiting(msgspec.Struct, frozen=True):
    """What planning needs to know of a job."""

    id: int
    place: int
    model: str = ""
    priority: int = 1
    seconds: float = 0.0
    """How long it is expected to run, without loading."""
    placed: bool = False
    """A person gave it its place: nobody behind may overtake it."""
    ready_at: float = 0.0
    """It may not start before this moment, in monotonic seconds; infinite when nobody can run it."""


class Start(msgspec.Struct, frozen=True):
    """What is remembered of a start until its end: who was held up by it, and for how long as assumed."""

    job: Waiting
    seconds: float
    serial: int


class Line:
    """The waiting jobs of one lane and what they have put up with."""

    def __init__(self) -> None:
        self._jobs: dict[int, Waiting] = {}
        self._order: tuple[list[tuple[int, int]], ...] = tuple([] for _ in CLASSES)
        self._placed: list[tuple[int, int]] = []
        self._delayed: set[int] = set()
        self._times: dict[int, int] = {}
        self._seconds: dict[int, float] = {}
        self._serials: dict[int, int] = {}
        self._serial = 0
        self._models: tuple[Counter[str], ...] = tuple(Counter() for _ in CLASSES)
        self.round_ends: dict[int, int] = {}
        """Per class: the last place of the present round, within which order is free."""
        self.in_a_row: Counter[int] = Counter()
        """Per class: how many more urgent jobs started since its last one did, while it waited."""

    def __len__(self) -> int:
        return len(self._jobs)

    def __contains__(self, id: int) -> bool:
        return id in self._jobs

    def __getitem__(self, id: int) -> Waiting:
        return self._jobs[id]

    def copy(self, most: int) -> Line:
        """Return one to try things on, with the first *most* of each class."""
        twin = Line()
        for order in self._order:
            for _, id in order[:most]:
                twin.put(self._jobs[id])
                twin._times[id] = self._times[id]
                twin._seconds[id] = self._seconds[id]
        twin.round_ends = dict(self.round_ends)
        twin.in_a_row = Counter(self.in_a_row)
        return twin

    def put(self, job: Waiting) -> None:
        """Let a job wait in its place, or change what is known of one that waits."""
        times, seconds = self._times.get(job.id, 0), self._seconds.get(job.id, 0.0)
        serial = self._serials.get(job.id, self._serial)
        self.remove(job.id)
        self._jobs[job.id] = job
        insort(self._order[job.priority], (job.place, job.id))
        if job.placed:
            insort(self._placed, (job.place, job.id))
        if job.ready_at > 0:
            self._delayed.add(job.id)
        self._models[job.priority][job.model] += 1
        self._times[job.id], self._seconds[job.id], self._serials[job.id] = times, seconds, serial

    def remove(self, id: int) -> None:
        """Take a job out of the line, if it is there."""
        job = self._jobs.pop(id, None)
        if job is None:
            return
        order, entry = self._order[job.priority], (job.place, id)
        del order[bisect_left(order, entry)]
        if job.placed:
            del self._placed[bisect_left(self._placed, entry)]
        models = self._models[job.priority]
        models[job.model] -= 1
        if not models[job.model]:
            del models[job.model]
        self._delayed.discard(id)
        del self._times[id], self._seconds[id], self._serials[id]
        if not order:
            self.in_a_row[job.priority] = 0

    def position(self, id: int) -> int:
        """Return how many there are up to and with this one, in the order of places."""
        entry = (self._jobs[id].place, id)
        return 1 + sum(bisect_left(order, entry) for order in self._order)

    def of(self, priority: int, now: float) -> Iterator[Waiting]:
        """Return the jobs of a class that may start, in their places."""
        for _, id in self._order[priority]:
            job = self._jobs[id]
            if job.ready_at <= now:
                yield job

    def all(self) -> list[Waiting]:
        """Return everybody, in their places."""
        return sorted(self._jobs.values(), key=lambda job: (job.place, job.id))

    def first(self, priority: int, now: float) -> Waiting | None:
        """Return the first of a class that may start."""
        return next(self.of(priority, now), None)

    def first_placed(self, now: float) -> Waiting | None:
        """Return the first that a person gave its place."""
        ready = (self._jobs[id] for _, id in self._placed)
        return next((job for job in ready if job.ready_at <= now), None)

    def models(self, priority: int) -> int:
        """Return how many models the jobs of a class need."""
        return len(self._models[priority])

    def overtaken(self, id: int) -> tuple[int, float]:
        """Return how many later ones of its class or a less urgent one went ahead, and for how long."""
        return self._times[id], self._seconds[id]

    def next_ready(self, now: float) -> float | None:
        """Return when the next job may start that may not yet."""
        later = [self._jobs[id].ready_at for id in self._delayed]
        return min((moment for moment in later if now < moment < inf), default=None)

    def start(self, id: int, seconds: float, now: float) -> Start:
        """A job leaves the line to run for about that long; those it overtakes remember it."""
        job = self._jobs[id]
        self.remove(id)
        self.in_a_row[job.priority] = 0
        for priority in CLASSES:
            if priority <= job.priority:
                for other in self._before(job, priority):
                    if self._jobs[other].ready_at <= now:
                        self._times[other] += 1
                        self._seconds[other] += seconds
            elif self.first(priority, now) is not None:
                self.in_a_row[priority] += 1
        self._serial += 1
        return Start(job, seconds, self._serial)

    def end(self, start: Start, seconds: float) -> None:
        """A job ended after that long: who was held up was so for longer, or shorter, than assumed."""
        for priority in range(start.job.priority + 1):
            for other in self._before(start.job, priority):
                if self._serials[other] < start.serial:
                    self._seconds[other] += seconds - start.seconds

    def _before(self, job: Waiting, priority: int) -> list[int]:
        order = self._order[priority]
        return [id for _, id in order[: bisect_left(order, (job.place, job.id))]]
