"""Reading into a space: look, read, cut, embed, put. Reads from top to bottom.

    scan ─▶ reader ═▶ maker of vectors ═▶ binder
                 (═▶ a queue that holds little: the disk waits for the GPU)

It may be stopped at any moment, also by a kill: what was put stays, and the next run finds that and goes
on with the rest.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

import msgspec

from core.errors import LeitstandError, NotFound, Refused, ServerError, Timeout, UsageError
from core.jobs.context import JobContext
from core.retrieval.binding import Binder, Bound
from core.retrieval.desk import Desk
from core.retrieval.documents import Entry, NewDocument
from core.retrieval.files import spelled
from core.retrieval.library import DocumentsChanged, Space
from core.retrieval.meter import Meter
from core.retrieval.pipe import Pipe
from core.retrieval.scan import RECIPE, Found, Scan, Todo, look
from core.retrieval.seams import Embedder, Index, Reader, Reading

_READ_AHEAD, _MADE_AHEAD = 256, 2_000
"""Units that wait between two stages."""
_EMBEDDED_AT_ONCE, _PUT_AT_ONCE = 64, 2_000
"""Units that are worked on together, over several documents."""
_PUT_AT_LEAST, _GATHERED_FOR = 2_000, 0.5
"""A commit costs the same for few as for many: units gather for it, but no longer than these seconds."""
_TELL_EVERY = 0.2


class ReadAsk(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an ingest is to do."""

    space: int
    paths: tuple[str, ...] = ()
    texts: tuple[int, ...] = ()
    """Texts that were kept, by the numbers of their documents."""
    again: bool = False
    """Read what is unchanged, too."""


class Tools(NamedTuple):
    """What an ingest works with."""

    reader: Reader
    walk: Callable[[Sequence[Path]], Iterable[Found]]
    digest: Callable[[Path], str]


class _Facts(NamedTuple):
    """What is noted of a document's source."""

    seen: str
    digest: str
    recipe: str
    size: int
    modified: float


class _Read(NamedTuple):
    """A document between two stages; nothing was cut when it could not be read."""

    id: int
    source: str
    size: int
    bound: Bound | None
    fresh: bool

    @property
    def weight(self) -> int:
        """How much it takes up between two stages."""
        return 1 + (len(self.bound.cut.units) if self.bound is not None else 0)


class Ingestor:
    """One run of reading into a space."""

    def __init__(
        self,
        desk: Desk,
        index: Index,
        binder: Binder,
        tools: Tools,
        ctx: JobContext,
        space: Space,
        embedder: Embedder | None,
        *,
        made: Callable[[], Awaitable[None]],
    ) -> None:
        self._desk = desk
        self._index = index
        self._binder = binder
        self._tools = tools
        self._ctx = ctx
        self._space = space
        self._embedder = embedder
        self._made: Callable[[], Awaitable[None]] | None = made
        """Notes who makes the vectors, so that what was read is found by its meaning before the end."""
        self._meter = Meter(space.id)
        self._meter.words_only = embedder is None
        self._told = 0.0
        self._space_told = 0.0
        self.away: LeitstandError | None = None
        """Why making vectors ended before its time."""

    async def run(self, ask: ReadAsk) -> None:
        """Read everything that is asked for."""
        await self._meter.enter(self._ctx, "scanning")
        scan = await self._look(ask)
        todo, ids = await self._note(scan)
        texts = await self._texts(ask)
        self._meter.done = scan.unchanged + scan.unreadable
        self._meter.documents = self._meter.done + len(todo) + len(texts)
        self._meter.unchanged, self._meter.failed = scan.unchanged, scan.unreadable
        self._meter.kept_out = scan.kept_out
        self._meter.total_bytes = sum(one.size for one in todo) + sum(size for _, _, size in texts)
        if scan.gone:
            self._meter.removed = await self._binder.remove(self._space.id, scan.gone)
        await self._meter.enter(self._ctx, "reading")
        self._tell(force=True)
        await self._desk.tell(self._space.id)
        read, made = Pipe[_Read](_READ_AHEAD), Pipe[_Read](_MADE_AHEAD)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._read_all(todo, ids, texts, read))
                group.create_task(self._embed_all(read, made))
                group.create_task(self._put_all(made))
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from errors
        finally:
            self._desk.bus.publish(DocumentsChanged(self._space.id))
        self._tell(force=True)
        if scan.missing and not self._meter.documents:
            raise NotFound(f"{scan.missing[0]} is not there, or cannot be entered.", "Nothing was removed.")

    @property
    def meter(self) -> Meter:
        """How far it is."""
        return self._meter

    # Looking.

    async def _look(self, ask: ReadAsk) -> Scan:
        if not ask.paths:
            return Scan()
        known = await self._desk.documents.known(self._space.id)
        return await self._desk.tasks.in_thread(
            look,
            [Path(path) for path in ask.paths],
            known,
            self._tools.walk,
            self._tools.digest,
            now=self._desk.clock.now(),
            again=ask.again,
            kept_out=await self._desk.kept_out.of(self._space.id),
        )

    async def _note(self, scan: Scan) -> tuple[list[Todo], dict[str, int]]:
        """Write down what was found, before anything is read."""
        documents, now = self._desk.documents, self._desk.clock.now()
        roots = await self._desk.spaces.roots(self._space.id)
        fresh = [
            NewDocument(
                source=one.source,
                root=next((root.id for root in roots if _under(one.source, root.path)), None),
                size=one.size,
                modified=one.modified,
                title=Path(one.source).name,
            )
            for one in scan.todo
            if one.fresh
        ]  # fmt: skip
        if fresh or scan.same:
            async with self._desk.database.write() as tx:
                await documents.insert(tx, self._space.id, fresh, now)
                await documents.touch(tx, scan.same)
        known = await documents.known(self._space.id) if scan.todo else {}
        return scan.todo, {one.source: known[one.source].id for one in scan.todo if one.source in known}

    async def _texts(self, ask: ReadAsk) -> list[tuple[int, str, int]]:
        """Texts that are to be read: those that were named, and those that wait since an earlier run."""
        rows = await self._desk.database.read(
            "SELECT document.id, source, size FROM document JOIN document_text ON document_id = document.id "
            "WHERE space_id = ? AND digest = ''",
            (self._space.id,),
        )
        if ask.again:
            rows += await self._desk.database.read(
                "SELECT document.id, source, size FROM document "
                "JOIN document_text ON document_id = document.id "
                "WHERE space_id = ? AND digest <> '' AND recipe <> ?",
                (self._space.id, RECIPE),
            )
        return [(row["id"], row["source"], row["size"]) for row in rows]

    # Reading and cutting.

    async def _read_all(
        self,
        todo: Sequence[Todo],
        ids: dict[str, int],
        texts: Sequence[tuple[int, str, int]],
        read: Pipe[_Read],
    ) -> None:
        for one in todo:
            if one.source in ids:
                found = await self._read_file(ids[one.source], one)
                await read.put(found, found.weight)
        for id, name, size in texts:
            found = await self._read_text(id, name, size)
            await read.put(found, found.weight)
        await read.close()

    async def _read_file(self, id: int, todo: Todo) -> _Read:
        self._current(todo.source)
        facts = _Facts(todo.seen, todo.digest, RECIPE, todo.size, todo.modified)
        if todo.reason:
            # What may be mended without a change of the file is tried again the next time.
            recipe = RECIPE if todo.digest else ""
            await self._fail(id, todo.reason, facts._replace(recipe=recipe))
            return _Read(id, todo.source, todo.size, None, todo.unread)
        try:
            read = await self._tools.reader.sections(Path(todo.source), document_id=str(id))
        except Refused as error:
            await self._fail(id, _sentence(error), facts)
            return _Read(id, todo.source, todo.size, None, todo.unread)
        return _Read(id, todo.source, todo.size, _bound(id, read, facts), todo.unread)

    async def _read_text(self, id: int, name: str, size: int) -> _Read:
        self._current(name)
        text = await self._desk.documents.text(id)
        if text is None:  # removed meanwhile
            return _Read(id, name, size, None, fresh=False)
        data = text.encode("utf-8", "replace")
        digest = blake2b(data, digest_size=16).hexdigest()
        facts = _Facts("", digest, RECIPE, len(data), self._desk.clock.now())
        try:
            read = await self._tools.reader.sections(data, name, document_id=str(id))
        except Refused as error:
            await self._fail(id, _sentence(error), facts)
            return _Read(id, name, size, None, fresh=True)
        return _Read(id, name, size, _bound(id, read, facts), fresh=True)

    async def _fail(self, id: int, sentence: str, facts: _Facts) -> None:
        async with self._desk.database.write() as tx:
            await self._desk.documents.fail(tx, id, sentence, self._desk.clock.now(), **facts._asdict())
        with suppress(NotFound):
            self._desk.tell_document(await self._desk.documents.document(id))

    # Making vectors.

    async def _embed_all(self, read: Pipe[_Read], made: Pipe[_Read]) -> None:
        # What is ready goes along: a server is quicker with many texts at once.
        while group := await read.take(_EMBEDDED_AT_ONCE):
            for one in await self._embedded(group):
                await made.put(one, one.weight)
        await made.close()

    async def _embedded(self, group: list[_Read]) -> list[_Read]:
        units = [unit for one in group if one.bound is not None for unit in one.bound.cut.units]
        if not units:
            return group
        try:
            vectors = await self._binder.vectors(self._space, units, self._embedder)
        except (ServerError, Timeout) as error:
            # Found by their words for now; vectors follow when the server is back.
            self.away, self._embedder = error, None
            self._meter.words_only = True
            vectors = await self._binder.vectors(self._space, units, None)
        found = []
        for one in group:
            if one.bound is not None:
                own = {unit.key: vectors[unit.key] for unit in one.bound.cut.units if unit.key in vectors}
                one = one._replace(bound=msgspec.structs.replace(one.bound, vectors=own))
            found.append(one)
        return found

    # Putting.

    async def _put_all(self, made: Pipe[_Read]) -> None:
        stamp = self._embedder.stamp if self._embedder is not None else ""
        while group := await made.take(_PUT_AT_ONCE, least=_PUT_AT_LEAST, patience=_GATHERED_FOR):
            await self._put(group, stamp)

    async def _put(self, group: Sequence[_Read], stamp: str) -> None:
        bound = [one.bound for one in group if one.bound is not None]
        there = set(await self._binder.put(self._space, bound, stamp)) if bound else set()
        if stamp and there and self._made is not None:
            await self._made()
            self._made = None
        meter = self._meter
        for one in group:
            meter.done += 1
            meter.bytes += one.size
            if one.bound is None:
                meter.failed += 1
            elif one.id in there:
                meter.chunks += len(one.bound.cut.units)
                meter.added += one.fresh
                meter.changed += not one.fresh
        meter.went_on(self._desk.clock.monotonic())
        for document in (await self._desk.documents.some(there)).values():
            self._desk.tell_document(document)
        self._tell()
        await self._tell_space()

    # Telling.

    def _current(self, source: str) -> None:
        self._ctx.progress(text=Path(source).name)

    def _tell(self, *, force: bool = False) -> None:
        now = self._desk.clock.monotonic()
        if force or now - self._told >= _TELL_EVERY:
            self._told = now
            self._ctx.progress(percent=self._meter.percent, numbers=self._meter.numbers)

    async def _tell_space(self) -> None:
        now = self._desk.clock.monotonic()
        if now - self._space_told >= 1.0:
            self._space_told = now
            with suppress(NotFound):
                await self._desk.tell(self._space.id)


def _bound(id: int, read: Reading, facts: _Facts) -> Bound:
    document = read.document
    entry = Entry(
        id=id,
        title=document.title,
        media=document.media,
        notes=document.notes,
        pages=document.pages,
        size=facts.size,
        modified=facts.modified,
        seen=facts.seen,
        digest=read.digest or facts.digest,
        recipe=facts.recipe,
    )
    return Bound(entry, read.cut)


def _under(source: str, root: str) -> bool:
    return source == root or source.startswith(f"{root}/")


def _sentence(error: LeitstandError) -> str:
    return f"{error.message} {error.hint}".strip()


def absolute(paths: Sequence[str]) -> tuple[str, ...]:
    """Paths as they are kept; those that are not there are refused."""
    found = []
    for path in paths:
        place = Path(path).expanduser().absolute()
        try:
            there = place.exists()
        except OSError as error:
            raise UsageError(f"{place} cannot be looked at: {error.strerror}.") from None
        if not there:
            raise UsageError(f"{place} is not there.")
        # Folders under the name that what is in them is found under; a file keeps the name it was given.
        place = place.resolve() if place.is_dir() else place
        if (said := spelled(str(place))) != str(place):
            raise UsageError(f"{said} has a name that is not in UTF-8.", "Rename it.")
        found.append(str(place))
    return tuple(dict.fromkeys(found))
