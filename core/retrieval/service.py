"""The verbs of the library: spaces, what is read into them, and what is found in them.

    library = LibraryService(store, bus, tasks, clock, jobs, models, server, parts=…)
    await library.recover()     # before the queue starts
    await jobs.start()
    await library.start()
    space = await library.create_space("manuals")
    ingest = await library.ingest(space.id, ("/srv/manuals",))
    found = await library.search("How is it lubricated?", spaces=(space.id,))

Reading is a job: it is paused, released and cancelled with the verbs of the queue.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from core.bus import Bus, Notice
from core.clock import Clock
from core.config.library import Library as Settings
from core.errors import NotFound, UsageError
from core.exposed import exposed
from core.guard import one_line
from core.jobs.service import JobService
from core.jobs.types import JobFilter, NewJob
from core.models.service import ModelService
from core.ollama.connection import ServerService
from core.retrieval import demonstration
from core.retrieval.binding import Binder
from core.retrieval.desk import Desk, Maker
from core.retrieval.finding import Finder, Wanted
from core.retrieval.following import Follower
from core.retrieval.guiding import Guide
from core.retrieval.ingest import ReadAsk, absolute
from core.retrieval.library import (
    Choice,
    DocumentPage,
    DocumentState,
    Health,
    Ingest,
    Method,
    Mode,
    OpenDocument,
    Searched,
    Space,
    Spaces,
    Weight,
)
from core.retrieval.looking import LONGEST_QUESTION, Lookup
from core.retrieval.meter import Target, ingest_of
from core.retrieval.parts import Parts
from core.retrieval.route import SpaceRouter
from core.retrieval.seams import Embedder
from core.retrieval.shelves import Shelves
from core.retrieval.types import EVERYTHING, Filter
from core.retrieval.working import KINDS, READ, REINDEX, TIDY, TidyAsk, Worker, job, read_job
from core.store.database import Database
from core.tasks import Tasks

_MOST_TEXT = 32 * 2**20
_LONGEST_PAGE = 1_000
_MOST_JOBS = 200
_DEMO_AFTER = 2.0


class LibraryService:
    """Owns spaces and their documents."""

    def __init__(
        self,
        store: Database,
        bus: Bus,
        tasks: Tasks,
        clock: Clock,
        jobs: JobService,
        models: ModelService,
        server: ServerService,
        *,
        parts: Parts,
        settings: Callable[[], Settings] = Settings,
    ) -> None:
        self._desk = desk = Desk(store, bus, tasks, clock, jobs, models, server, settings=settings)
        self._parts = parts
        self._index = parts.index(self._repaired)
        self.copy_index = self._index.copy
        self._embedders: dict[tuple[str, str], Embedder] = {}
        self._shelves = Shelves(desk, speak=self._index.speak)
        self._binder = Binder(desk, self._index)
        self._guide = Guide(
            desk, SpaceRouter(self._index, in_thread=tasks.in_thread), embedder=self._embedder
        )
        self._finder = Finder(desk, self._index, embedder=self._embedder, guide=self._guide)
        self._lookup = Lookup(desk, self._shelves, self._finder)
        self._follower = Follower(desk, parts.tools)
        self._worker = Worker(
            desk, self._index, self._binder, parts.tools, embedder=self._embedder, learn=self._guide.changed
        )
        self._worker.register()
        self._running: list[asyncio.Task[None]] = []

    # Life.

    async def recover(self) -> None:
        """Know which tables are meant and which jobs there are; before the queue starts."""
        for row in await self._desk.database.read("SELECT id, build, language FROM space"):
            self._index.choose(row["id"], row["build"])
            self._index.speak(row["id"], row["language"])
        await self._follower.recall()

    async def start(self) -> None:
        """Clear away what is old, have mended what a crash left, and follow the rest."""
        desk = self._desk
        await self._shelves.forget_expired()
        await self._follower.mend()
        if await desk.spaces.debris():
            desk.tasks.spawn("clearing the library", self._worker.clear())
        self._running = [
            desk.tasks.spawn("library", self._follower.follow()),
            desk.tasks.spawn("watched folders", self._follower.watch()),
        ]

    async def demonstrate(self) -> None:
        """Fill two small spaces, a moment after the first picture."""
        await self._desk.clock.sleep(_DEMO_AFTER)
        for shown in demonstration.SPACES:
            space = await self.create_space(shown.name, description=shown.description, colour=shown.colour)
            for name in shown.documents:
                text = await self._desk.tasks.in_thread(demonstration.text, name)
                await self.ingest_text(space.id, name, text)

    async def close(self) -> None:
        """Let go of everything; what runs is the queue's to end."""
        for task in self._running:
            task.cancel()
        await self._guide.close()
        await self._parts.tools.reader.close()
        await self._index.close()

    # Spaces.

    @exposed
    async def spaces(self, *, deleted: bool = False) -> Spaces:
        """Return every space by name, then those of single chats; or those whose deletion can be undone."""
        return await self._shelves.all(deleted=deleted)

    @exposed
    async def space(self, id: int) -> Space:
        """Return a space."""
        return await self._desk.space(id)

    @exposed
    async def find_space(self, name: str) -> Space | None:
        """Return the space of that name, however its letters are written; None when there is none."""
        return await self._shelves.named(name)

    @exposed
    async def create_space(
        self,
        name: str,
        *,
        description: str = "",
        colour: str = "",
        language: str = "",
        model: str = "",
    ) -> Space:
        """Make a space; without a *model* the settings say who makes its vectors."""
        return await self._shelves.create(
            name, description=description, colour=colour, language=language, model=model
        )

    @exposed
    async def session_space(self, chat_id: int) -> Space:
        """Return the space of documents that only this chat sees; it is made when it is missing."""
        return await self._shelves.session(chat_id)

    @exposed
    async def change_space(
        self,
        id: int,
        *,
        name: str | None = None,
        description: str | None = None,
        colour: str | None = None,
        language: str | None = None,
        model: str | None = None,
    ) -> Space:
        """Change a space; None leaves something as it is. Another model asks for a re-index.

        In another language the words are taken apart anew, in the background.
        """
        before = await self._desk.open_space(id)
        changed = await self._shelves.change(
            id, name=name, description=description, colour=colour, language=language, model=model
        )
        if changed.language != before.language:
            await self.optimize(id)
        return changed

    @exposed
    async def delete_space(self, id: int) -> Space:
        """Delete a space; for some days that can be undone."""
        working = self._desk.working.get(id)
        if working is not None:
            await self._desk.jobs.cancel(working)
        self._guide.forget(id)
        return await self._shelves.delete(id)

    @exposed
    async def undo_delete_space(self, id: int) -> Space:
        """Take the deletion of a space back."""
        return await self._shelves.undo(id)

    @exposed
    async def choice(self, chat_id: int | None = None) -> Choice:
        """Say what the questions of a chat are looked up in; None: those of a new one."""
        return await self._shelves.choice(chat_id)

    @exposed
    async def choose(self, chat_id: int, mode: Mode, spaces: tuple[int, ...] = ()) -> Choice:
        """Say what the questions of a chat are looked up in from now on."""
        return await self._shelves.choose(chat_id, mode, spaces)

    # Reading.

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
        if len(text) > _MOST_TEXT:
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
        title = f"Re-index {found.name}"
        return await self._enqueue(job(REINDEX, title, Target(space), sole=f"{REINDEX}:{space}"))

    @exposed
    async def optimize(self, space: int, *, purge: bool = False) -> Ingest:
        """Clean up the index of a space; *purge* overwrites what was deleted: no byte of it is left."""
        found = await self._desk.open_space(space)
        title = f"Tidy {found.name}"
        return await self._enqueue(job(TIDY, title, TidyAsk(space, purge), sole=f"{TIDY}:{space}:{purge}"))

    # Documents.

    @exposed
    async def documents(
        self,
        space: int | None = None,
        *,
        text: str = "",
        states: tuple[DocumentState, ...] = (),
        skip: int = 0,
        limit: int = 200,
    ) -> DocumentPage:
        """Return documents by their paths: of one space or of all, by a part of the name or their states."""
        if not 1 <= limit <= _LONGEST_PAGE or skip < 0:
            raise UsageError(f"A page has 1 to {_LONGEST_PAGE} documents.")
        found, total = await self._desk.documents.page(
            space, text=text, states=states, skip=skip, limit=limit
        )
        return DocumentPage(tuple(found), total, skip + len(found) < total)

    @exposed
    async def document(self, id: str, *, section: str = "", skip: int = 0, limit: int = 50) -> OpenDocument:
        """Return a document in its sections; with the key of a *section* the page on which that stands."""
        documents = self._desk.documents
        found = await documents.document(_number(id))
        if section:
            there = await documents.section_of(_number(id), section)
            if there is None:
                raise NotFound("This passage is not in the document any more: it was changed since.")
            skip = there.ord - there.ord % max(limit, 1)
        sections = await documents.sections(_number(id), skip=max(skip, 0), limit=min(limit, _LONGEST_PAGE))
        units = await documents.units_of(_number(id), sections)
        space = await self._desk.space(found.space)
        return OpenDocument(found, space, tuple(sections), tuple(units), found.sections, max(skip, 0))

    @exposed
    async def kept_text(self, id: str) -> str:
        """Return a text that no file holds, as it was given."""
        text = await self._desk.documents.text(_number(id))
        if text is None:
            raise NotFound("This document was read from a file, or is not there any more.")
        return text

    @exposed
    async def remove_documents(self, ids: tuple[str, ...], *, purge: bool = False) -> int:
        """Remove documents; a file stays, and is read again when it is named. *purge* overwrites its text."""
        return await self._binder.take_out([_number(id) for id in ids], purge=purge)

    # Finding.

    @exposed
    async def search(
        self,
        question: str,
        *,
        spaces: tuple[int, ...] = (),
        auto: bool = False,
        limit: int = 8,
        given: Filter = EVERYTHING,
        method: Method | None = None,
    ) -> Searched:
        """Find passages in some spaces, in all of them, or with *auto* in those that match the question."""
        if not question.strip():
            raise UsageError("There is nothing to search for.")
        if not 1 <= limit <= 100:
            raise UsageError("A search brings 1 to 100 passages.")
        there = await self._desk.spaces.all()
        chosen = [await self._desk.open_space(id) for id in dict.fromkeys(spaces)]
        return await self._finder.find(
            Wanted(
                question=question[:LONGEST_QUESTION],
                spaces=tuple(chosen or [space for space in there if space.chat_id is None]),
                auto=auto and not chosen,
                limit=limit,
                given=given,
                method=method or self._desk.settings().method,
            )
        )

    async def looks_up(self, chat_id: int | None) -> Weight | None:
        """How much room the passages for a chat's questions take; None: nothing is looked up."""
        return await self._lookup.looks_up(chat_id)

    def hint(self, model: str) -> str:
        """What would answer better from documents than this model; empty when it is made for it."""
        return self._lookup.hint(model)

    async def look_up(
        self, chat_id: int, question: str, *, before: str = "", window: int
    ) -> tuple[Choice, Searched | None]:
        """Find passages for a question of a chat, in a share of the window; None: nothing is looked up."""
        return await self._lookup.look_up(chat_id, question, before=before, window=window)

    @exposed
    async def health(self, space: int) -> Health:
        """Compare the index of a space with its documents."""
        found = await self._desk.space(space)
        stats = await self._index.stats(space)
        sentences = [found.note] if found.note else []
        sound = stats.rows == found.chunks or space in self._desk.working
        if not sound:
            sentences.append(f"The index has {stats.rows} chunks, not {found.chunks}: re-index the space.")
        if found.failed:
            sentences.append(f"{found.failed} documents could not be read.")
        return Health(
            space=space,
            documents=found.documents,
            chunks=found.chunks,
            embedded=stats.embedded,
            rows=stats.rows,
            bytes=stats.bytes,
            sound=sound,
            sentences=tuple(sentences),
        )

    # Between the parts.

    async def _enqueue(self, new: NewJob) -> Ingest:
        return ingest_of(await self._desk.jobs.enqueue(new))

    async def _embedder(self, maker: Maker) -> Embedder:
        """Who makes vectors with a model; questions and documents share it, and questions go first."""
        known = self._embedders.get((maker.model, maker.digest))
        if known is None:
            known = self._parts.embedder(maker)
            await known.identify()
            self._embedders[maker.model, maker.digest] = known
        return known

    def _repaired(self, space: int) -> None:
        """The index went back to an older state: what was written since is put in again."""
        desk = self._desk
        desk.bus.publish(
            Notice("warning", "The index of a space was damaged and is being mended.", at=desk.clock.now())
        )
        desk.tasks.spawn("mending the library", self._follower.enqueue_mend(space, wholly=True))


def _number(id: str) -> int:
    if not id.isdecimal():
        raise NotFound(f"There is no document {one_line(id, 40)}.")
    return int(id)
