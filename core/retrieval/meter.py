"""Counts how far an ingest has come, and says so as the numbers of its job and as a struct."""

from __future__ import annotations

import asyncio
from collections import deque

import msgspec

from core.jobs.context import JobContext
from core.jobs.types import Job, Progress
from core.retrieval.library import Ingest, IngestPhase

_WINDOW = 30.0
"""Seconds over which the speed is measured."""
_COUNTS = (
    "documents", "done", "added", "changed", "unchanged", "removed", "failed", "chunks", "bytes",
    "total_bytes", "kept_out",
)  # fmt: skip


class Meter:
    """How far one ingest is."""

    def __init__(self, space: int) -> None:
        self.space = space
        self.documents = 0
        self.done = 0
        self.added = 0
        self.changed = 0
        self.unchanged = 0
        self.removed = 0
        self.failed = 0
        self.kept_out = 0
        self.chunks = 0
        self.bytes = 0
        self.total_bytes = 0
        self.words_only = False
        self._past: deque[tuple[float, int]] = deque()

    def went_on(self, now: float) -> None:
        """Something was done: the speed is measured by that."""
        self._past.append((now, self.bytes))
        while len(self._past) > 2 and now - self._past[0][0] > _WINDOW:
            self._past.popleft()

    @property
    def speed(self) -> float | None:
        """Bytes a second, of late."""
        if len(self._past) < 2:
            return None
        (began, before), (ended, after) = self._past[0], self._past[-1]
        return (after - before) / (ended - began) if ended > began else None

    @property
    def percent(self) -> float | None:
        """How much of it is done, by bytes where there are any."""
        if self.total_bytes:
            return 100.0 * min(self.bytes / self.total_bytes, 1.0)
        return 100.0 * self.done / self.documents if self.documents else None

    @property
    def numbers(self) -> dict[str, float]:
        """What a job tells."""
        found = {name: float(getattr(self, name)) for name in _COUNTS}
        found["space"] = float(self.space)
        found["words_only"] = float(self.words_only)
        speed = self.speed
        if speed is not None:
            found["speed"] = speed
            if speed > 0:
                found["eta"] = max(self.total_bytes - self.bytes, 0) / speed
        return found

    async def enter(self, ctx: JobContext, phase: str) -> None:
        """Enter a phase of the job; the numbers stay."""
        ctx.update(progress=Progress(phase, self.percent, "", self.numbers))
        await asyncio.sleep(0)  # whoever cancelled is heard before the next phase begins


class Target(msgspec.Struct, frozen=True):
    """Of the payload of every job of the library: which space it works on."""

    space: int


ANEW = "ingest.reindex"
"""The kind of the jobs that read no files."""

_PHASES: dict[str, IngestPhase] = {"scanning": "scanning", "reading": "reading", "finishing": "finishing"}


def ingest_of(job: Job) -> Ingest:
    """A job of the library as it is shown."""
    numbers = job.progress.numbers
    counts = {name: int(numbers.get(name, 0.0)) for name in _COUNTS}
    running = job.state == "running"
    anew = job.kind == ANEW
    first: IngestPhase = "reading" if anew else "scanning"
    phase: IngestPhase = _PHASES.get(job.progress.phase, first) if running else _ended(job)
    return Ingest(
        job=job.id,
        space=msgspec.json.decode(job.payload, type=Target).space,
        title=job.title,
        phase=phase,
        anew=anew,
        **counts,
        speed=numbers.get("speed") if running else None,
        eta=numbers.get("eta") if running else None,
        current=job.progress.text if running else "",
        words_only=(
            "Documents are found by their words; vectors follow when an embedding model is there."
            if numbers.get("words_only")
            else ""
        ),
        # While it runs again, what ended an earlier run is no trouble any more.
        error=job.error.message if job.error is not None and job.state not in ("done", "running") else "",
        created=job.created,
        finished=job.finished,
    )


def _ended(job: Job) -> IngestPhase:
    match job.state:
        case "held" | "done" | "failed" | "cancelled":
            return job.state
        case _:
            return "waiting"
