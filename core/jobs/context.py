"""What a handler is given while it runs a job."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar

import msgspec

from core.errors import LeitstandError
from core.jobs.types import Job, Stopping

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from core.jobs.watchdog import Watchdog

T = TypeVar("T")


class JobContext:
    """One run of one job: what it is, and how its handler tells how far it has come.

    A handler returns its result (plain data, a struct, or None) or raises. It is stopped by being
    cancelled: it may clean up, must let the `CancelledError` through, and finds the reason in
    `stopping`. What it writes elsewhere it must be able to write again: after a crash it runs anew.
    """

    @property
    def job(self) -> Job:
        """The job as it is now."""
        raise NotImplementedError

    @property
    def stopping(self) -> Stopping | None:
        """Why the handler is being cancelled: "cancel", "hold", "close", or None while it is not."""
        raise NotImplementedError

    def payload(self, form: type[T]) -> T:
        """Return the payload as a struct or another type msgspec knows."""
        return msgspec.json.decode(self.job.payload, type=form)

    async def phase(self, name: str, text: str = "") -> None:
        """Enter a phase, shown at once: "loading", "reading prompt" …; time spent "loading" is learned."""
        raise NotImplementedError

    def progress(
        self,
        *,
        percent: float | None = None,
        text: str | None = None,
        numbers: Mapping[str, float] | None = None,
    ) -> None:
        """Tell how far it is: shown at once, on disk at most once a second; what is None stays."""
        raise NotImplementedError

    def loaded(self, seconds: float) -> None:
        """Tell how long the model took to load, when the server said so itself."""
        raise NotImplementedError

    def watchdog(self, seconds: float, message: str, hint: str = "") -> AbstractAsyncContextManager[Watchdog]:
        """Raise `Timeout` in the block when nobody calls `fed()` on it for that long."""
        raise NotImplementedError


class TryLater(Exception):
    """Raised by a handler: run this job again after a while; *counts* as one of its attempts or not."""

    def __init__(self, error: LeitstandError, *, after: float = 5.0, counts: bool = True) -> None:
        super().__init__(error.message)
        self.error = error
        self.after = after
        self.counts = counts


class GiveUp(Exception):
    """Raised by a handler: this failure is final, though its class would be tried again."""

    def __init__(self, error: LeitstandError) -> None:
        super().__init__(error.message)
        self.error = error


Verdict = Literal["requeue", "fail", "cancel", "done"]
"""What becomes of a job whose run was cut off by a crash or by closing."""

OnOrphan: TypeAlias = Verdict | Callable[[Job], Awaitable[Verdict]]

Handler: TypeAlias = Callable[[JobContext], Awaitable[object]]
