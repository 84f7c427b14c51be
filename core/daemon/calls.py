"""Calls of faces: found among the exposed verbs, run beside each other, answered in the words of the wire."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import msgspec

from core import face
from core.daemon import frames
from core.daemon.connection import Connection
from core.daemon.frames import Call, Cancel, Fault, Item, More, Pace, Ping, Pong, Reply
from core.daemon.link import received
from core.errors import LeitstandError, NotFound, Refused, UsageError
from core.exposed import Verb, verbs
from core.guard import one_line
from core.tasks import place

if TYPE_CHECKING:
    from core.engine import Engine

log = logging.getLogger("leitstand.daemon")

AT_ONCE = 256
"""Calls of one face that may run at the same time."""

LAST_WORDS = 0.5
"""Seconds that calls get to end when the engine does."""

WINDOW = 64
"""Items of a stream that may be on their way before the other side asks for more."""


class Calls:
    """Runs what faces ask for."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._all: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """End what was asked for and is not done soon."""
        if self._all:
            await asyncio.wait(self._all, timeout=LAST_WORDS)
        for task in list(self._all):
            task.cancel()

    async def serve(self, connection: Connection, reader: asyncio.StreamReader) -> None:
        """Answer one face until it is gone; what it had asked for by then is done all the same."""
        running: dict[int, _Running] = {}
        try:
            while (body := await received(reader)) is not None:
                match frames.from_face(body):
                    case Call() as call:
                        self._begin(connection, call, running)
                    case Cancel(id):
                        if (asked := running.get(id)) is not None:
                            asked.task.cancel()
                    case More(id, count):
                        if (asked := running.get(id)) is not None:
                            asked.allow(count)
                    case Ping(id):
                        connection.send(frames.packed(Pong(id)))
                    case Pace(seconds):
                        connection.pace(seconds)
        finally:
            for asked in list(running.values()):
                if asked.streams:
                    asked.task.cancel()

    def _begin(self, connection: Connection, call: Call, running: dict[int, _Running]) -> None:
        if call.id in running or len(running) >= AT_ONCE:
            error = Refused("Too much was asked at the same time.", "Wait for some answers first.")
            connection.answer(frames.packed(Reply(call.id, fault=Fault.of(error))))
            return
        asked = _Running()
        try:
            asked.task = self._engine.tasks.spawn(
                f"asked for {one_line(call.verb, 60)}", self._answer(connection, call, asked)
            )
        except LeitstandError as error:
            connection.answer(frames.packed(Reply(call.id, fault=Fault.of(error))))
            return
        running[call.id] = asked
        self._all.add(asked.task)
        asked.task.add_done_callback(self._all.discard)
        asked.task.add_done_callback(lambda _: running.pop(call.id, None))

    async def _answer(self, connection: Connection, call: Call, asked: _Running) -> None:
        try:
            reply = frames.packed(await self._called(connection, call, asked))
        except LeitstandError as error:
            reply = frames.packed(Reply(call.id, fault=Fault.of(error)))
        except Exception as error:  # noqa: BLE001 - a fault of one call must not end the connection
            # No traceback: it may quote what a person wrote.
            log.error("a verb crashed: %s at %s", type(error).__name__, place(error))  # noqa: TRY400
            fault = LeitstandError(f"Leitstand itself has a fault: {type(error).__name__}.", "See the log.")
            reply = frames.packed(Reply(call.id, fault=Fault.of(fault)))
        connection.answer(reply)

    async def _called(self, connection: Connection, call: Call, asked: _Running) -> Reply:
        verb, function = self._verb(call.verb)
        asked.streams = verb.streams
        try:
            params = msgspec.json.decode(bytes(call.params), type=verb.params)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise UsageError(f"{call.verb} was asked wrongly: {one_line(str(error), 200)}.") from None
        arguments = msgspec.structs.asdict(params)
        if not verb.streams:
            return Reply(call.id, msgspec.Raw(frames.encoded(await function(**arguments))))
        async with aclosing(function(**arguments)) as items:
            async for item in items:
                await asked.allowed()
                await connection.room()
                connection.answer(frames.packed(Item(call.id, msgspec.Raw(frames.encoded(item)))))
        return Reply(call.id)

    def _verb(self, name: str) -> tuple[Verb, Any]:
        service, _, verb = name.partition(".")
        known = verbs(face.service(service)) if service in face.SERVICES else {}
        if verb not in known:
            raise NotFound(f"There is no verb {one_line(name, 80)}.")
        return known[verb], getattr(getattr(self._engine, service), verb)


class _Running:
    """One call on its way, and how many more items of it may be sent."""

    task: asyncio.Task[None]
    streams = False

    def __init__(self) -> None:
        self._room = WINDOW
        self._more = asyncio.Event()

    def allow(self, count: int) -> None:
        self._room += max(0, min(count, WINDOW))
        self._more.set()

    async def allowed(self) -> None:
        while self._room <= 0:
            self._more.clear()
            await self._more.wait()
        self._room -= 1
