"""The queue's verbs: what waits, what runs, in which order, and what a person may change about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from core.bus import Bus
from core.clock import Clock
from core.config.schema import Queue
from core.exposed import exposed
from core.jobs.context import Handler, OnOrphan
from core.jobs.types import (
    EVERYTHING,
    FINISHED,
    Job,
    JobFilter,
    Jobs,
    Lane,
    LaneState,
    Memory,
    NewJob,
    Plan,
    State,
)
from core.store.database import Database, Transaction
from core.tasks import Tasks


def _unknown_memory() -> Memory:
    return Memory()


def _unknown_size(model: str) -> int | None:
    return None


class JobService:
    """Owns the queue: accepts jobs durably, starts them lane by lane, and keeps what became of them."""

    def __init__(
        self,
        store: Database,
        bus: Bus,
        tasks: Tasks,
        clock: Clock,
        *,
        settings: Callable[[], Queue] = Queue,
        memory: Callable[[], Memory] = _unknown_memory,
        size_of: Callable[[str], int | None] = _unknown_size,
    ) -> None:
        raise NotImplementedError

    def handle(self, kind: str, lane: Lane, run: Handler, *, on_orphan: OnOrphan = "requeue") -> None:
        """Register who runs jobs of a kind, before `start`."""
        raise NotImplementedError

    async def start(self) -> None:
        """Take back what an earlier process left running, and begin to run what waits."""
        raise NotImplementedError

    async def stop(self, grace: float = 0.0) -> None:
        """Start nothing new; let what runs finish for *grace* seconds, then stop it and put it back."""
        raise NotImplementedError

    async def enqueue(self, new: NewJob, tx: Transaction | None = None) -> Job:
        """Accept a job: on disk when this returns, or with the caller's transaction when one is given."""
        raise NotImplementedError

    async def enqueue_many(self, new: Sequence[NewJob], tx: Transaction | None = None) -> Jobs:
        """Accept jobs in one transaction, in this order, all or none."""
        raise NotImplementedError

    async def finished(self, id: int) -> Job:
        """Wait until a job is done, failed or cancelled, and return it."""
        raise NotImplementedError

    def server_back(self) -> None:
        """Try at once what waits because the server was away."""
        raise NotImplementedError

    @exposed
    async def list(self, filter: JobFilter = EVERYTHING) -> Jobs:
        """Return jobs: what runs, then what waits in its planned order, then the finished, newest first."""
        raise NotImplementedError

    @exposed
    async def get(self, id: int) -> Job:
        """Return a job."""
        raise NotImplementedError

    @exposed
    async def plan(self) -> Plan:
        """Return what runs and what will run, in which order, why, and about when."""
        raise NotImplementedError

    @exposed
    async def lanes(self) -> tuple[LaneState, ...]:
        """Return every lane with its width and numbers."""
        raise NotImplementedError

    @exposed
    async def cancel(self, id: int) -> Job:
        """End a job, whether it waits or runs; a finished one stays as it is."""
        raise NotImplementedError

    @exposed
    async def hold(self, id: int) -> Job:
        """Set a job aside: it stops if it runs, and waits to be released."""
        raise NotImplementedError

    @exposed
    async def release(self, id: int) -> Job:
        """Let a job that was set aside wait for its turn again."""
        raise NotImplementedError

    @exposed
    async def retry(self, id: int) -> Job:
        """Let a failed or cancelled job run again, at the end of the line."""
        raise NotImplementedError

    @exposed
    async def move(self, id: int, position: int) -> Job:
        """Give a waiting job another place in its lane; later arrivals no longer overtake it."""
        raise NotImplementedError

    @exposed
    async def pause(self, lane: Lane) -> LaneState:
        """Start nothing new on a lane; what runs goes on."""
        raise NotImplementedError

    @exposed
    async def resume(self, lane: Lane) -> LaneState:
        """Start jobs on a lane again."""
        raise NotImplementedError

    @exposed
    async def set_width(self, lane: Lane, width: int) -> LaneState:
        """Say how many jobs of a lane run at once; 0 returns to what the settings say."""
        raise NotImplementedError

    @exposed
    async def clear(self, states: tuple[State, ...] = FINISHED) -> int:
        """Forget finished jobs; return how many."""
        raise NotImplementedError
