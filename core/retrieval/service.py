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
from core.models.service import ModelService
from core.ollama.connection import ServerService
from core.retrieval import demonstration
from core.retrieval.binding import Binder
from core.retrieval.desk import Desk, Maker
from core.retrieval.finding import Finder, Wanted
from core.retrieval.following import Follower
from core.retrieval.guiding import Guide
from core.retrieval.library import (
    Choice,
    DocumentPage,
    DocumentState,
    Health,
    Method,
    OpenDocument,
    Searched,
    Weight,
)
from core.retrieval.looking import LONGEST_QUESTION, Lookup
from core.retrieval.narrowing import EVERYTHING, Narrow, checked
from core.retrieval.parts import Parts
from core.retrieval.rerank import Reranker
from core.retrieval.route import SpaceRouter
from core.retrieval.seams import Embedder
from core.retrieval.shelves import Shelves
from core.retrieval.space_verbs import SpaceVerbs
from core.retrieval.working import Worker
from core.store.database import Database
from core.tasks import Tasks

_LONGEST_PAGE = 1_000
_DEMO_AFTER = 2.0


class LibraryService(SpaceVerbs):
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
        self._finder = Finder(
            desk, self._index, embedder=self._embedder, guide=self._guide, reranker=Reranker(desk)
        )
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
        narrow: Narrow = EVERYTHING,
        method: Method | None = None,
        rerank: str | None = None,
    ) -> Searched:
        """Find passages in some spaces, in all of them, or with *auto* in those that match the question.

        *narrow* keeps to some documents: by name, by type, by when they were changed. *rerank* names the
        model that puts the best passages in order; empty: none does.
        """
        if not question.strip():
            raise UsageError("There is nothing to search for.")
        if not 1 <= limit <= 100:
            raise UsageError("A search brings 1 to 100 passages.")
        chosen = [await self._desk.open_space(id) for id in dict.fromkeys(spaces)]
        there = chosen or [space for space in await self._desk.spaces.all() if space.chat_id is None]
        return await self._finder.find(
            Wanted(
                question=question[:LONGEST_QUESTION],
                spaces=tuple(there),
                auto=auto and not chosen,
                limit=limit,
                narrow=checked(narrow),
                method=method or self._desk.settings().method,
                rerank=self._desk.settings().rerank if rerank is None else rerank,
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
