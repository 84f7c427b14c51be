"""What keeps models busy: how fast each job goes at this moment, and what energy it took once it is over.

A job tells how many tokens it has every second or so; the speed is that of the last few of these.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack

from core.clock import Clock
from core.telemetry.energy import Meter
from core.telemetry.types import RunningJob

_WINDOW = 4.0
"""Seconds that a speed is the average of."""
_SILENT = 3.0
"""Seconds after which a speed says nothing about now."""


class _Effort:
    """One job that runs."""

    def __init__(self, job: RunningJob, *, alone: bool) -> None:
        self.job = job
        self.alone = alone
        self.marks: deque[tuple[float, float]] = deque()
        """When there were how many tokens."""
        self.meter: Meter | None = None
        self.held = ExitStack()

    def mark(self, now: float, tokens: float) -> None:
        """Take note of how many tokens there are."""
        if self.marks and tokens < self.marks[-1][1]:
            self.marks.clear()  # another attempt
        if tokens > 0 and (not self.marks or tokens > self.marks[-1][1]):
            self.marks.append((now, tokens))
        while len(self.marks) > 2 and now - self.marks[1][0] > _WINDOW:
            self.marks.popleft()

    def speed(self, now: float) -> float | None:
        """Return the tokens a second; None before there are any, and when nothing comes."""
        if len(self.marks) < 2 or now - self.marks[-1][0] > _SILENT:
            return None
        (began, before), (ended, after) = self.marks[0], self.marks[-1]
        return (after - before) / (ended - began) if ended > began else None


class Workload:
    """The jobs that run, and what the last answer of each model took."""

    def __init__(self, clock: Clock, meter: Callable[[], AbstractContextManager[Meter] | None]) -> None:
        self._clock = clock
        self._meter = meter
        self._efforts: dict[int, _Effort] = {}
        self._energy: dict[str, float] = {}

    def works(self, id: int, *, model: str, title: str = "", doing: str = "", tokens: float = 0) -> None:
        """Say that a job runs, and how far it is."""
        effort = self._efforts.get(id)
        if effort is None:
            for other in self._efforts.values():
                other.alone = False  # the GPUs count what both take together
            effort = self._efforts[id] = _Effort(RunningJob(str(id), model), alone=not self._efforts)
            if effort.alone and (meter := self._meter()) is not None:
                effort.meter = effort.held.enter_context(meter)
        effort.job = RunningJob(str(id), model, title, doing)
        effort.mark(self._clock.monotonic(), tokens)

    def rests(self, id: int) -> None:
        """Say that a job runs no more."""
        effort = self._efforts.pop(id, None)
        if effort is None:
            return
        with effort.held:
            if effort.meter is not None and effort.alone and effort.marks:
                joules = effort.meter.joules()
                if joules is not None:
                    self._energy[effort.job.model] = joules

    def jobs(self) -> tuple[RunningJob, ...]:
        """Return what runs now, each with its speed."""
        now = self._clock.monotonic()
        return tuple(
            RunningJob(job.id, job.model, job.title, job.doing, effort.speed(now))
            for effort in self._efforts.values()
            for job in (effort.job,)
        )

    def energy(self, model: str) -> float | None:
        """Return the joules that the last answer of a model took; None where nothing counts them."""
        return self._energy.get(model)
