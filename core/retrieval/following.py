"""Watches what happens elsewhere: jobs move on, a server that is back brings vectors, folders change."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from core.bus import Resync
from core.errors import LeitstandError, NotFound
from core.jobs.types import FINISHED, UNFINISHED, Job, JobChanged, JobFilter
from core.models.types import ModelsChanged
from core.ollama.connection import ServerChanged
from core.retrieval.desk import Desk
from core.retrieval.ingest import ReadAsk, Tools
from core.retrieval.library import IngestProgress, Space
from core.retrieval.meter import Target, ingest_of
from core.retrieval.scan import look
from core.retrieval.working import EMBED, KINDS, MEND, READ, MendAsk, job

_AGAIN = 20.0
"""A look through folders rests this many times as long as it took, if that is longer than is set."""
_MOST_JOBS = 500


class Follower:
    """Keeps the library up with the rest."""

    def __init__(self, desk: Desk, tools: Tools) -> None:
        self._desk = desk
        self._tools = tools
        self._tried: dict[int, tuple[str, str, int, int]] = {}
        """How a space stood when everything was tried to embed it: it is not tried again as it was."""

    async def recall(self) -> None:
        """Know which jobs there are."""
        for found in await self._desk.jobs.list(JobFilter(states=UNFINISHED, kinds=KINDS, limit=_MOST_JOBS)):
            self._desk.working[_space_of(found)] = found.id

    async def mend(self) -> None:
        """Have put right what a crash left."""
        rows = await self._desk.database.read(
            "SELECT DISTINCT space_id AS id FROM document WHERE dirty "
            "UNION SELECT DISTINCT space_id FROM document_debris"
        )
        for row in rows:
            await self.enqueue_mend(row["id"])

    async def enqueue_mend(self, space: int, *, wholly: bool = False) -> None:
        """Have a space put right."""
        found = await self._desk.spaces.find(space)
        if found is None or found.deleted_at is not None:
            return
        await self._desk.jobs.enqueue(
            job(MEND, f"Mend {found.name}", MendAsk(space, wholly), sole=f"{MEND}:{space}:{wholly}")
        )

    async def follow(self) -> None:
        """Turn jobs into progress, and embed what waits when that becomes possible."""
        with self._desk.bus.subscribe(JobChanged, ModelsChanged, ServerChanged) as mailbox:
            await self.catch_up()
            while True:
                again = False
                for event in await mailbox.drain():
                    if isinstance(event, JobChanged):
                        again |= await self._heard(event.job)
                    else:
                        again |= not isinstance(event, Resync)
                if again:
                    with suppress(LeitstandError):
                        await self.catch_up()

    async def _heard(self, found: Job) -> bool:
        if found.kind not in KINDS:
            return False
        space = _space_of(found)
        before = self._desk.working.get(space)
        if found.state in FINISHED:
            if before == found.id:
                del self._desk.working[space]
        else:
            self._desk.working[space] = found.id
        self._desk.bus.publish(IngestProgress(ingest_of(found)))
        if found.state in FINISHED or before != self._desk.working.get(space):
            with suppress(NotFound):
                told = await self._desk.tell(space)
                if found.state == "done" and found.kind == EMBED:
                    self._tried[space] = self._mark(told)
        return found.state in FINISHED

    async def catch_up(self) -> None:
        """Have embedded what has no vector yet, where that is possible now."""
        for space in await self._desk.spaces.all():
            if space.chunks <= space.embedded or space.id in self._desk.working:
                continue
            maker = self._desk.maker(space)
            if not maker.model or self._tried.get(space.id) == self._mark(space):
                continue
            await self._desk.jobs.enqueue(
                job(
                    EMBED,
                    f"Embed {space.name}",
                    Target(space.id),
                    sole=f"{EMBED}:{space.id}",
                    priority="batch",
                )
            )

    def _mark(self, space: Space) -> tuple[str, str, int, int]:
        maker = self._desk.maker(space)
        return (maker.model, maker.digest, space.chunks, space.embedded)

    # Folders that are watched.

    async def watch(self) -> None:
        """Look through watched folders again and again; only what changed is read."""
        clock = self._desk.clock
        while True:
            every = self._desk.settings().watch_every
            began = clock.monotonic()
            if every:
                with suppress(LeitstandError):
                    await self.look_again()
            await clock.sleep(max(every or 60.0, _AGAIN * (clock.monotonic() - began)))

    async def look_again(self) -> None:
        """Look through watched folders once."""
        roots = await self._desk.spaces.watched()
        for space in dict.fromkeys(root.space for root in roots):
            if space in self._desk.working:
                continue
            paths = [root.path for root in roots if root.space == space]
            known = await self._desk.documents.known(space)
            scan = await self._desk.tasks.in_thread(
                look, [Path(path) for path in paths], known, self._tools.walk, self._tools.digest,
                now=self._desk.clock.now(), kept_out=await self._desk.kept_out.of(space),
            )  # fmt: skip
            if scan.todo or scan.gone:
                found = await self._desk.spaces.space(space)
                await self._desk.jobs.enqueue(
                    job(
                        READ,
                        f"Read {found.name} again",
                        ReadAsk(space=space, paths=tuple(paths)),
                        sole=f"{READ}:{space}:watch",
                        priority="batch",
                    )
                )


def _space_of(found: Job) -> int:
    return ingest_of(found).space
