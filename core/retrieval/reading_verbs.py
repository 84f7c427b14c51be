"""The verbs of reading into a space, and of keeping its index: all of them start a job."""

from __future__ import annotations

from core.errors import UsageError
from core.exposed import exposed
from core.guard import one_line
from core.jobs.types import JobFilter, NewJob
from core.retrieval.desk import Desk
from core.retrieval.ingest import ReadAsk, absolute
from core.retrieval.library import MOST_TEXT, Ingest, Space
from core.retrieval.meter import Target, ingest_of
from core.retrieval.working import KINDS, READ, REINDEX, TIDY, TidyAsk, job, read_job

_MOST_JOBS = 200


class ReadingVerbs:
    """What is read into a space, and how its index is kept."""

    _desk: Desk

    @exposed
    async def ingest(
        self,
        space: int,
        paths: tuple[str, ...] = (),
        *,
        watch: bool | None = None,
        again: bool = False,
        keep: bool = True,
    ) -> Ingest:
        """Read files and folders into a space; without any, everything that was read into it before.

        Only what is new or changed is read, unless *again*; what is gone is removed, and what was taken out
        stays out until it is named itself. A folder that is watched is looked through again by itself;
        without *keep* the paths are read this once only.
        """
        desk = self._desk
        found = await desk.open_space(space)
        given = await desk.tasks.in_thread(absolute, paths)
        kept = given or tuple(root.path for root in await desk.spaces.roots(space))
        texts = await desk.database.read(
            "SELECT 1 FROM document WHERE space_id = ? AND kind = 'text'", (space,)
        )
        if not kept and not texts:
            raise UsageError(f"Nothing was read into {found.name} yet.", "Name a file or a folder.")
        new = read_job(found, kept, given, again=again)
        async with desk.database.write() as tx:
            await desk.kept_out.let_in(tx, space, given)
            for path in given if keep else ():
                await desk.spaces.add_root(tx, space, path, watch=watch, now=desk.clock.now())
            made = await desk.jobs.enqueue(new, tx)
        return ingest_of(made)

    @exposed
    async def ingest_text(self, space: int, name: str, text: str) -> Ingest:
        """Read a text that no file holds into a space, in the place of an earlier one of that name."""
        desk = self._desk
        found = await desk.open_space(space)
        title = one_line(name, 200).lstrip("/")
        if not title or not text.strip():
            raise UsageError("A text needs a name, and some words.")
        if len(text) > MOST_TEXT:
            raise UsageError("This text is too long.", "Keep it in a file, and read that.")
        clean = text.encode("utf-8", "replace").decode()
        async with desk.database.write() as tx:
            id = await desk.documents.put_text(tx, space, title, clean, desk.clock.now())
            made = await desk.jobs.enqueue(
                job(
                    READ,
                    f"{title} → {found.name}",
                    ReadAsk(space=space, texts=(id,)),
                    sole=f"{READ}:text:{id}",
                ),
                tx,
            )
        return ingest_of(made)

    @exposed
    async def ingests(self, *, space: int | None = None, limit: int = 20) -> tuple[Ingest, ...]:
        """Return what is being read, what waits, and what was, the newest first among those."""
        jobs = await self._desk.jobs.list(JobFilter(kinds=KINDS, limit=_MOST_JOBS))
        found = (ingest_of(each) for each in jobs)
        return tuple(each for each in found if space in (None, each.space))[: max(limit, 0)]

    @exposed
    async def unwatch(self, space: int, path: str, *, forget: bool = False) -> Space:
        """Do not look through a folder again by itself; *forget*: nor when the space is read again."""
        desk = self._desk
        for root in await desk.spaces.roots(space):
            if root.path == path:
                async with desk.database.write() as tx:
                    if forget:
                        await desk.spaces.drop_root(tx, root.id)
                    else:
                        await desk.spaces.add_root(tx, space, path, watch=False, now=desk.clock.now())
        return await desk.tell(space)

    @exposed
    async def reindex(self, space: int) -> Ingest:
        """Build the index of a space anew with the model it is to have; it is searched meanwhile as it is."""
        found = await self._desk.open_space(space)
        title = f"Re-index {found.name}" + (f" with {found.model}" if found.model else "")
        # With another model it is another one: that which runs may be over before it hears of the change.
        sole = f"{REINDEX}:{space}:{found.model}"
        return await self._enqueue(job(REINDEX, title, Target(space), sole=sole))

    @exposed
    async def optimize(self, space: int, *, purge: bool = False) -> Ingest:
        """Clean up the index of a space; *purge* overwrites what was deleted: no byte of it is left."""
        found = await self._desk.open_space(space)
        title = f"Tidy {found.name}"
        return await self._enqueue(job(TIDY, title, TidyAsk(space, purge), sole=f"{TIDY}:{space}:{purge}"))

    async def _enqueue(self, new: NewJob) -> Ingest:
        return ingest_of(await self._desk.jobs.enqueue(new))
