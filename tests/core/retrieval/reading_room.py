"""The workshop with a library in it: a real index, vectors of the simulated server, a simple reader."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from core.chat.service import ChatService
from core.chat.types import ENDED, Turn
from core.config.schema import Chat
from core.jobs.types import Job
from core.retrieval.desk import Maker
from core.retrieval.embed import Embedder
from core.retrieval.files import digest, walk
from core.retrieval.index import Index
from core.retrieval.ingest import Tools
from core.retrieval.library import Ingest, Space
from core.retrieval.parts import Parts
from core.retrieval.sandbox import Reader
from core.retrieval.seams import Embedder as AnEmbedder
from core.retrieval.seams import Index as AnIndex
from core.retrieval.service import LibraryService
from core.simulator import Script
from tests.core.models.workshop import Workshop
from tests.core.retrieval.plain import PlainReader, plain_tools
from tests.core.retrieval.shelves import texts_of


class ReadingRoom(Workshop):
    """A library on a simulated server."""

    def __init__(self, home: Path, *, real: bool = False, **options: Any) -> None:
        super().__init__(home, **options)
        self.real = real
        """Whether files are read by the real reader, in its own process."""
        self.reader = PlainReader()
        self.shelf = home / "shelf"
        self.shelf.mkdir(exist_ok=True)

    async def open(self) -> None:
        await super().open()
        self.index = Index(self.home / "library", in_thread=self.tasks.in_thread)
        self.library = LibraryService(
            self.database,
            self.bus,
            self.tasks,
            self.clock,
            self.jobs,
            self.models,
            self.server,
            parts=Parts(self._index, self._tools(), self._embedder),
            settings=lambda: self.config.current.library,
        )

        self.chat = ChatService(
            self.database,
            self.bus,
            self.tasks,
            self.clock,
            self.jobs,
            client=lambda: self.server.client,
            report=lambda error, _: self.server.report(error),
            settings=lambda: Chat(title_by_model=False, model="tiny"),
            library=self.library,
        )

    def _tools(self) -> Tools:
        if self.real:
            return Tools(Reader(), walk, digest)
        return plain_tools(self.reader)

    def _index(self, repaired: Callable[[int], None]) -> AnIndex:
        return self.index

    def _embedder(self, maker: Maker) -> AnEmbedder:
        return Embedder(lambda: self.server.client, maker.model, digest=maker.digest, clock=self.clock)

    async def start(self) -> None:
        await self.chat.recover()
        await self.library.recover()
        await super().start()
        await self.library.start()
        await self.chat.start()

    async def close(self) -> None:
        await self.jobs.stop()
        await self.chat.close()
        await self.library.close()
        await super().close()

    # What tests do.

    def write(self, name: str, text: str) -> Path:
        """A file that was written a while ago."""
        path = self.shelf / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    async def ended(self, ingest: Ingest) -> Job:
        """Wait until a job of the library is over."""
        async with asyncio.timeout(60):
            return await self.jobs.finished(ingest.job)

    async def ingested(self, space: Space, *paths: Path, **options: Any) -> Job:
        """Read the shelf, or some of it, into a space."""
        given = tuple(str(path) for path in paths or (self.shelf,))
        return await self.ended(await self.library.ingest(space.id, given, **options))

    async def answered(self, question: str, *pieces: str, chat: int | None = None) -> Turn:
        """Ask, and hear an answer that is known."""
        self.simulator.next(Script.saying(*pieces), route="chat")
        return await self.over((await self.chat.send(chat, question)).answer.id)

    async def over(self, answer: int) -> Turn:
        """Wait until an answer is over."""
        async with asyncio.timeout(20):
            with self.bus.subscribe() as mailbox:
                while (turn := await self.chat.turn(answer)).state not in ENDED:
                    await mailbox.drain()
        return turn

    def sent(self) -> str:
        """The last message of the last question as the server got it."""
        asked = [request for request in self.simulator.requests if request.path == "/api/chat"]
        message: str = msgspec.json.decode(asked[-1].body)["messages"][-1]["content"]
        return message

    async def held(self, space: Space) -> dict[str, set[str]]:
        """What the index holds: the texts of every document, by its name; none of them twice."""
        names = {one.id: one.title for one in (await self.library.documents(space.id)).documents}
        found: dict[str, set[str]] = {}
        build = await self.library._desk.spaces.build(space.id)
        standing = await self.index.documents(space.id, build=build)
        there = await texts_of(self.index, space.id, build=build)
        for document, one in standing.items():
            assert len(one.revisions) == 1, "two revisions stand in the index"
            keys = await self.index.keys(space.id, document, build=build)
            assert len(keys) == one.rows, "a unit stands there twice"
            texts = {there[key].partition("\n")[2] for key in keys}
            found[names.get(document, f"?{document}")] = texts
        return found


R = TypeVar("R", bound=ReadingRoom)


@asynccontextmanager
async def running(room: R) -> AsyncIterator[R]:
    """A room in which everything runs."""
    await room.open()
    await room.start()
    try:
        yield room
    finally:
        await room.close()


def reading_room(home: Path, **options: Any) -> AbstractAsyncContextManager[ReadingRoom]:
    """A reading room in which everything runs."""
    return running(ReadingRoom(home, **options))
