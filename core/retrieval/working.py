"""What the jobs of the library do: read, embed what waits, build anew, mend, tidy."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from hashlib import blake2b
from pathlib import Path

import msgspec

from core.errors import (
    LeitstandError,
    ModelNotFound,
    NotFound,
    ServerError,
    ServerUnavailable,
    Timeout,
)
from core.guard import one_line
from core.jobs.context import JobContext
from core.jobs.types import NewJob, packed
from core.retrieval.binding import MOST_AT_ONCE, Binder, row_of
from core.retrieval.desk import Desk, Maker
from core.retrieval.documents import Entry
from core.retrieval.ingest import Ingestor, ReadAsk, Tools
from core.retrieval.library import Space
from core.retrieval.meter import ANEW, Meter, Target
from core.retrieval.seams import Embedder, Index
from core.retrieval.store import table_of

READ, EMBED, REINDEX, MEND, TIDY = "ingest", "ingest.embed", ANEW, "ingest.mend", "ingest.tidy"
KINDS = (READ, EMBED, REINDEX, MEND, TIDY)

_FILLED_AT_ONCE = 256
"""Units that get their vectors together."""
_REBUILT_AT_ONCE, _REBUILT_UNITS = 50, 256
"""Documents that are put into a new build together, and about how many units: a kill loses no more."""


class MendAsk(msgspec.Struct, frozen=True):
    """What is to be put right."""

    space: int
    wholly: bool = False


class TidyAsk(msgspec.Struct, frozen=True):
    """What is to be cleaned up."""

    space: int
    purge: bool = False


class Worker:
    """Runs the jobs of the library; one at a time for each space."""

    def __init__(
        self,
        desk: Desk,
        index: Index,
        binder: Binder,
        tools: Tools,
        *,
        embedder: Callable[[Maker], Awaitable[Embedder]],
        learn: Callable[[int], None],
    ) -> None:
        self._desk = desk
        self._index = index
        self._binder = binder
        self._tools = tools
        self._embedder = embedder
        self._learn = learn
        self._turns: dict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._built: dict[int, float] = {}
        """When a space was last built anew."""

    def register(self) -> None:
        """Tell the queue who runs what."""
        jobs = self._desk.jobs
        jobs.handle(READ, "cpu", self.read)
        jobs.handle(EMBED, "cpu", self.embed)
        jobs.handle(REINDEX, "cpu", self.reindex)
        jobs.handle(MEND, "cpu", self.mend)
        jobs.handle(TIDY, "cpu", self.tidy)

    async def read(self, ctx: JobContext) -> None:
        """Read files and texts into a space."""
        ask = ctx.payload(ReadAsk)
        space = await self._desk.open_space(ask.space)
        async with self._turns[space.id]:
            embedder = await self._maker(space)
            await self._binder.mend(space, embedder)
            ingestor = Ingestor(
                self._desk, self._index, self._binder, self._tools, ctx, space, embedder,
                made=partial(self._made, space, embedder),
            )  # fmt: skip
            async with self._index.bulk(space.id):
                await ingestor.run(ask)
                await self._made(space, embedder)
                await self._fill(ctx, space, embedder if ingestor.away is None else None, ingestor.meter)
            await self._finish(ctx, space, ingestor.meter)

    async def embed(self, ctx: JobContext) -> None:
        """Give the documents of a space the vectors they lack."""
        space = await self._desk.open_space(ctx.payload(Target).space)
        async with self._turns[space.id]:
            embedder = await self._maker(space, strictly=True)
            await self._binder.mend(space, embedder)
            meter = Meter(space.id)
            async with self._index.bulk(space.id):
                await self._fill(ctx, space, embedder, meter)
            await self._finish(ctx, space, meter)

    async def mend(self, ctx: JobContext) -> None:
        """Put right what a crash or a repair of the index left."""
        ask = ctx.payload(MendAsk)
        space = await self._desk.open_space(ask.space)
        async with self._turns[space.id]:
            meter = Meter(space.id)
            await meter.enter(ctx, "finishing")
            embedder = await self._maker(space)
            meter.changed = await self._binder.mend(space, embedder, wholly=ask.wholly)
            await self._finish(ctx, space, meter)

    async def tidy(self, ctx: JobContext) -> None:
        """Clean up the index of a space."""
        ask = ctx.payload(TidyAsk)
        space = await self._desk.open_space(ask.space)
        async with self._turns[space.id]:
            await Meter(space.id).enter(ctx, "finishing")
            await self._index.optimize(space.id, purge=ask.purge, thorough=True)
            if ask.purge:
                await self._desk.database.checkpoint()
            await self._desk.tell(space.id)

    async def reindex(self, ctx: JobContext) -> None:
        """Build the index of a space anew beside the one that is searched, then change over.

        Where another model is asked for meanwhile, it ends with that one.
        """
        id = ctx.payload(Target).space
        async with self._turns[id]:
            if self._done_since(await self._desk.open_space(id), ctx.job.created):
                return
            while not await self._anew(ctx, id):
                pass

    def _done_since(self, space: Space, asked: float) -> bool:
        """Whether a re-index that ran already did what was asked for while it ran."""
        maker = self._desk.maker(space, anew=True)
        made = space.made_by, space.digest
        return (
            self._built.get(space.id, 0.0) > asked and made == (maker.model, maker.digest) and not space.stale
        )

    async def _anew(self, ctx: JobContext, id: int) -> bool:
        """Build an index with the model that is wanted now; False: another one is wanted by now."""
        space = await self._desk.open_space(id)
        embedder = await self._maker(space, anew=True)
        build = await self._desk.spaces.build(id) + 1
        meter = Meter(id)
        await self._forget_other(space, embedder, build)
        async with self._index.bulk(id, build=build):
            if not await self._rebuild(ctx, space, embedder, build, meter):
                return False
        await self._change_over(space, embedder, build)
        await self._finish(ctx, space, meter)
        return await self._still_wanted(space)

    async def _still_wanted(self, space: Space) -> bool:
        """Whether nobody chose another model for a space since it was looked at."""
        return (await self._desk.space(space.id)).model == space.model

    async def clear(self) -> None:
        """Remove tables of the index that nobody needs any more, and what the log still says of them."""
        names = await self._desk.spaces.debris()
        for name in names:
            space, _, build = name.removeprefix("units_").partition("_r")
            with suppress(LeitstandError):
                await self._index.drop(int(space), build=int(build))
                await self._desk.spaces.cleared(name)
        if names:
            await self._desk.database.checkpoint()

    # Steps.

    async def _maker(self, space: Space, *, anew: bool = False, strictly: bool = False) -> Embedder | None:
        """Who makes vectors for a space; nobody where the server has no model for that, or is away."""
        await self._desk.know_models()
        maker = self._desk.maker(space, anew=anew)
        if not maker.model:
            if anew and (space.model or space.embedded):
                # Vectors are not given up because nobody can make them at this moment.
                away = self._desk.server.current.phase != "online"
                raise ServerUnavailable(maker.note) if away else ModelNotFound(maker.note)
            return None
        try:
            return await self._embedder(maker)
        except (ServerError, Timeout):
            if strictly:
                raise
            return None

    async def _made(self, space: Space, embedder: Embedder | None) -> None:
        """Note who made the vectors of a space that had none."""
        if embedder is None:
            return
        now = await self._desk.space(space.id)
        if now.embedded and (now.made_by, now.digest) != (embedder.model, embedder.digest):
            async with self._desk.database.write() as tx:
                await self._desk.spaces.update(
                    tx, space.id, made_by=embedder.model, digest=embedder.digest, dimension=embedder.dimension
                )

    async def _fill(self, ctx: JobContext, space: Space, embedder: Embedder | None, meter: Meter) -> None:
        """Embed what stands in the index without vectors."""
        space = await self._desk.space(space.id)
        if embedder is None or space.chunks <= space.embedded:
            return
        await meter.enter(ctx, "reading")
        done = 0
        try:
            while waiting := await self._index.unembedded(space.id, _FILLED_AT_ONCE):
                vectors = await embedder.documents(list(waiting.values()))
                made = {
                    key: vector for key, vector in zip(waiting, vectors, strict=True) if vector is not None
                }
                if not made:
                    break  # what is left are texts that have no vector
                await self._index.fill(space.id, made, stamp=embedder.stamp)
                done += len(made)
                total = max(space.chunks - space.embedded, done)
                ctx.progress(percent=100 * done / total, numbers={**meter.numbers, "embedded": float(done)})
        except (ServerError, Timeout):
            meter.words_only = True
            raise
        finally:
            await self._binder.recount(space.id)
            await self._made(space, embedder)
            await self._desk.tell(space.id)

    async def _forget_other(self, space: Space, embedder: Embedder | None, build: int) -> None:
        """Let go of an unfinished build whose vectors another model made: no run can go on with it."""
        stats = await self._index.stats(space.id, build=build)
        if stats.embedded and stats.stamp != (embedder.stamp if embedder is not None else ""):
            await self._index.drop(space.id, build=build)

    async def _rebuild(
        self, ctx: JobContext, space: Space, embedder: Embedder | None, build: int, meter: Meter
    ) -> bool:
        """Fill a new build from the rows; what an earlier run of this has put there stays.

        False as soon as another model is wanted.
        """
        documents = self._desk.documents
        await meter.enter(ctx, "reading")
        standing = await self._index.documents(space.id, build=build)
        wanted = await documents.revisions(space.id)
        there = {
            int(id)
            for id, one in standing.items()
            if id.isdecimal() and wanted.get(int(id)) == (max(one.revisions), one.rows)
        }
        stale = [id for id in standing if not id.isdecimal() or int(id) not in there]
        if stale:
            await self._index.remove(space.id, stale, build=build)
        left = [id for id in wanted if id not in there]
        meter.documents, meter.done = len(wanted), len(there)
        ctx.progress(percent=meter.percent, numbers=meter.numbers)
        for some in portions([(id, wanted[id][1]) for id in left]):
            if not await self._still_wanted(space):
                return False
            await self._rebuild_some(space, some, embedder, build, meter)
            ctx.progress(percent=meter.percent, numbers=meter.numbers)
        return await self._still_wanted(space)

    async def _rebuild_some(
        self, space: Space, ids: list[int], embedder: Embedder | None, build: int, meter: Meter
    ) -> None:
        found = await self._desk.documents.some(ids)
        some = [(one, await self._desk.documents.cut(id)) for id, one in found.items()]
        units = [unit for _, cut in some for unit in cut.units]
        vectors: dict[str, bytes] = {}
        if embedder is not None:
            # Of all of them at once: a server is quicker with many texts than with one after another.
            for first in range(0, len(units), MOST_AT_ONCE):
                part = units[first : first + MOST_AT_ONCE]
                vectors |= await self._binder.vectors(space, part, embedder, build=build)
        rows = []
        for document, cut in some:
            entry = Entry(
                id=int(document.id), title=document.title, media=document.media, modified=document.modified
            )
            rows += [row_of(entry, unit, document.revision, vectors.get(unit.key)) for unit in cut.units]
        meter.done += len(some)
        meter.chunks += len(units)
        stamp = embedder.stamp if embedder is not None and any(row.vector for row in rows) else ""
        await self._index.add(space.id, rows, stamp=stamp, build=build)

    async def _change_over(self, space: Space, embedder: Embedder | None, build: int) -> None:
        """Let the new build be the one that is searched."""
        desk = self._desk
        made = (
            (embedder.model, embedder.digest, embedder.dimension) if embedder is not None else ("", "", None)
        )
        async with desk.database.write() as tx:
            await desk.spaces.update(
                tx, space.id, build=build, made_by=made[0], digest=made[1], dimension=made[2],
                updated=desk.clock.now(),
            )  # fmt: skip
            await tx.execute(
                "INSERT OR IGNORE INTO space_debris (name) VALUES (?)", (table_of(space.id, build - 1),)
            )
        self._index.choose(space.id, build)
        self._built[space.id] = desk.clock.now()
        # What was removed or came meanwhile.
        await self._binder.mend(await desk.space(space.id), embedder, wholly=True)
        await self._binder.recount(space.id)
        await self.clear()

    async def _finish(self, ctx: JobContext, space: Space, meter: Meter) -> None:
        await meter.enter(ctx, "finishing")
        await self._index.optimize(space.id)
        self._learn(space.id)
        with suppress(NotFound):
            await self._desk.tell(space.id)


def portions(documents: Sequence[tuple[int, int]]) -> Iterator[list[int]]:
    """Documents, given with how many units they have, in portions of about the same work."""
    some: list[int] = []
    units = 0
    for id, count in documents:
        some.append(id)
        units += count
        if units >= _REBUILT_UNITS or len(some) >= _REBUILT_AT_ONCE:
            yield some
            some, units = [], 0
    if some:
        yield some


def job(kind: str, title: str, ask: object, *, sole: str, priority: str = "normal") -> NewJob:
    """A job of the library."""
    return NewJob(
        kind=kind,
        title=title,
        payload=packed(ask),
        sole=sole,
        priority="batch" if priority == "batch" else "normal",
    )


def read_job(space: Space, paths: Sequence[str], given: Sequence[str], *, again: bool) -> NewJob:
    """The job that reads paths into a space; the same again waits for no second one."""
    what = Path(given[0]).name if len(given) == 1 else f"{len(given)} paths" if given else "everything"
    mark = blake2b("\0".join(paths).encode("utf-8", "replace"), digest_size=8).hexdigest()
    ask = ReadAsk(space=space.id, paths=tuple(paths), again=again)
    return job(READ, f"{one_line(what, 60)} → {space.name}", ask, sole=f"{READ}:{space.id}:{mark}:{again}")
