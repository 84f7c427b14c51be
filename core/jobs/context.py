"""What a handler is given while it runs a job."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from math import isfinite
from typing import Literal, TypeAlias, TypeVar

import msgspec

from core.clock import Clock
from core.errors import LeitstandError
from core.jobs.store import storable
from core.jobs.types import Job, Progress, Stopping
from core.jobs.watchdog import Watchdog, watchdog
from core.tasks import Tasks

T = TypeVar("T")

LOADING = "loading"
"""The phase whose length is remembered as the model's load time."""


class JobContext:
    """One run of one job: what it is, and how its handler tells how far it has come.

    A handler returns its result (plain data, a struct, or None) or raises. It is stopped by being
    cancelled: it may clean up, must let the `CancelledError` through, and finds the reason in
    `stopping`. What it writes elsewhere it must be able to write again: after a crash it runs anew.
    """

    def __init__(self, job: Job, clock: Clock, tasks: Tasks, changed: Callable[[Job], None]) -> None:
        self._job = job
        self._clock = clock
        self._tasks = tasks
        self._changed = changed
        self._loading_since: float | None = None

    @property
    def job(self) -> Job:
        """The job as it is now."""
        return self._job

    @property
    def stopping(self) -> Stopping | None:
        """Why the handler is being cancelled: "cancel", "hold", "close", or None while it is not."""
        return self._job.stopping

    def payload(self, form: type[T]) -> T:
        """Return the payload as a struct or another type msgspec knows."""
        return msgspec.json.decode(self._job.payload, type=form)

    async def phase(self, name: str, text: str = "") -> None:
        """Enter a phase, shown at once: "loading", "reading prompt" …; time spent "loading" is learned."""
        if self._loading_since is not None:
            self.loaded(self._clock.monotonic() - self._loading_since)
        self._loading_since = self._clock.monotonic() if name == LOADING else None
        self.update(progress=Progress(storable(name), text=storable(text)))
        await asyncio.sleep(0)  # whoever cancelled is heard before the next phase begins

    def progress(
        self,
        *,
        percent: float | None = None,
        text: str | None = None,
        numbers: Mapping[str, float] | None = None,
    ) -> None:
        """Tell how far it is: shown at once, on disk at most once a second; what is None stays."""
        before = self._job.progress
        finite = {name: number for name, number in (numbers or {}).items() if isfinite(number)}
        after = Progress(
            before.phase,
            before.percent if percent is None or not isfinite(percent) else percent,
            before.text if text is None else storable(text),
            {**before.numbers, **finite},
        )
        if after != before:
            self.update(progress=after)

    def loaded(self, seconds: float) -> None:
        """Tell how long the model took to load, when the server said so itself."""
        self._loading_since = None
        if isfinite(seconds) and seconds >= 0:
            self.update(load_seconds=seconds)

    def watchdog(self, seconds: float, message: str, hint: str = "") -> AbstractAsyncContextManager[Watchdog]:
        """Raise `Timeout` in the block when nobody calls `fed()` on it for that long."""
        return watchdog(self._clock, self._tasks, seconds, message, hint)

    def update(self, **values: object) -> None:
        """Change what the job is, and let it be shown."""
        self._job = msgspec.structs.replace(self._job, **values)
        self._changed(self._job)


class TryLater(Exception):
    """Raised by a handler: run this job again after a while; *counts* as one of its attempts or not."""

    def __init__(self, error: LeitstandError, *, after: float = 5.0, counts: bool = True) -> None:
        super().__init__(error.message)
        self.error = error
        self.after = after
        self.counts = counts


class OtherModel(Exception):
    """Raised by a handler: another model is to do this; the job keeps its place and is planned anew."""

    def __init__(self, model: str) -> None:
        super().__init__(model)
        self.model = model


class GiveUp(Exception):
    """Raised by a handler: this failure is final, though its class would be tried again."""

    def __init__(self, error: LeitstandError) -> None:
        super().__init__(error.message)
        self.error = error


Verdict = Literal["requeue", "fail", "cancel", "done"]
"""What becomes of a job whose run was cut off by a crash or by closing."""

OnOrphan: TypeAlias = Verdict | Callable[[Job], Awaitable[Verdict]]

Handler: TypeAlias = Callable[[JobContext], Awaitable[object]]
