"""The engine's end: lets faces in, answers their calls, tells all of them the facts.

One mailbox follows the bus for everybody; what it holds is encoded once and written to every connection
that keeps up. One that does not has a mailbox of its own, in which facts merge until it reads again: it is
bounded, and it slows nobody.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

from core.bus import Event, Mailbox, Resync
from core.config.types import ConfigChanged
from core.daemon import frames, place
from core.daemon.calls import Calls
from core.daemon.connection import Connection
from core.daemon.frames import LARGEST_GREETING, BadFrame, Bye, Fault, Mirror, Mirrored, Refusal, Welcome
from core.daemon.link import GREETING_PATIENCE, is_ours, peer_uid, received, refusal_of
from core.errors import LeitstandError, PermissionRefused, Refused
from core.version import VERSION

if TYPE_CHECKING:
    from core.engine import Engine

log = logging.getLogger("leitstand.daemon")

MOST = 128
"""Connections at a time: each needs a file, and the engine needs some, too."""

_BUFFER = 2**20

BEAT = 1 / 60
"""Seconds between two batches: a third of the time between two pictures, long enough for tokens to merge."""


class Server:
    """Listens at the socket of one engine."""

    def __init__(
        self,
        engine: Engine,
        *,
        headless: bool = False,
        uid_of: Callable[[socket.socket], int | None] = peer_uid,
    ) -> None:
        self._engine = engine
        self._headless = headless
        self._uid_of = uid_of
        self._calls = Calls(engine)
        self._faces: set[Connection] = set()
        self._waiting = 0
        self._server: asyncio.Server | None = None
        self._inode = 0
        self._hub: asyncio.Task[None] | None = None
        self._mailbox = Mailbox()
        self._following = ExitStack()
        self._interface = 0
        self.address = ""

    @property
    def faces(self) -> int:
        """How many are attached."""
        return len(self._faces)

    async def open(self) -> None:
        """Begin to listen; the data directory's lock must be this process's."""
        stream = await self._engine.tasks.in_thread(place.listening, self._engine.paths)
        self.address = stream.getsockname()
        self._interface = await self._engine.tasks.in_thread(frames.interface)
        self._inode = os.stat(self.address).st_ino  # noqa: PTH116 - a path in a private folder, at once
        self._server = await asyncio.start_unix_server(self._came, sock=stream, backlog=MOST, limit=_BUFFER)
        log.info("listening")

    async def close(self) -> None:
        """Say goodbye and let nobody in any more."""
        if self._server is None:
            return
        self._server.close()
        place.remove(self.address, self._inode)
        await self._calls.close()
        self.flush()
        goodbye = frames.packed(Bye())
        for each in list(self._faces):
            each.send(goodbye)
        await asyncio.gather(*(each.close() for each in list(self._faces)))

    # Coming in -------------------------------------------------------------------------------------

    def _came(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take a connection or refuse it at once: a crowd at the door must not use the engine's files up."""
        if self._waiting + len(self._faces) >= MOST:
            _refuse(writer, Refused("Too many Leitstands are attached already.", "Close some of them."))
            return
        try:
            self._engine.tasks.spawn("attached Leitstand", self._attend(reader, writer))
        except LeitstandError as error:
            _refuse(writer, error)
        else:
            self._waiting += 1

    async def _attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            connection = await self._let_in(reader, writer)
        except (BadFrame, LeitstandError, TimeoutError) as error:
            log.warning("somebody was not let in: %s", type(error).__name__)
            if not isinstance(error, LeitstandError):
                error = Refused("That was no greeting of a Leitstand.")
            _refuse(writer, error)
            return
        finally:
            self._waiting -= 1
        try:
            await self._calls.serve(connection, reader)
        except BadFrame as error:
            log.warning("an attached Leitstand sent what cannot be read: %s", error)
        finally:
            self._faces.discard(connection)
            self._follow()
            await connection.close()

    async def _let_in(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Connection:
        if not is_ours(self._uid_of(writer.get_extra_info("socket"))):
            raise PermissionRefused("This Leitstand belongs to another user.")
        async with asyncio.timeout(GREETING_PATIENCE):
            body = await received(reader, LARGEST_GREETING)
        if body is None:
            raise BadFrame("nothing")
        if (refusal := refusal_of(frames.hello_from(body))) is not None:
            raise refusal
        connection = Connection(writer, self._engine.tasks, self.batch, self.flush)
        # What was published until now is in the mirror, or in the snapshots that are read later.
        self.flush()
        connection.send(
            frames.packed(
                Welcome(
                    VERSION,
                    self._interface,
                    os.getpid(),
                    self._engine.clock.now(),
                    self._headless,
                    self._mirror(),
                )
            )
        )
        self._faces.add(connection)
        self._follow()
        return connection

    def _mirror(self) -> Mirror:
        engine = self._engine
        return Mirror(engine.config.current, engine.config.problems, engine.server.current)

    # Facts -----------------------------------------------------------------------------------------

    def _follow(self) -> None:
        """Follow the bus for as long as anybody is attached."""
        if self._faces and self._hub is None:
            self._mailbox = self._following.enter_context(self._engine.bus.subscribe())
            self._hub = self._engine.tasks.spawn("facts for attached Leitstands", self._forward())
        elif not self._faces and self._hub is not None:
            self._hub.cancel()
            self._hub = None
            self._following.close()

    async def _forward(self) -> None:
        while True:
            self._tell(await self._mailbox.drain())
            await asyncio.sleep(BEAT)

    def flush(self) -> None:
        """Tell now what was published until now: an answer must not overtake the facts before it."""
        if self._hub is not None and (events := self._mailbox.take()):
            self._tell(events)

    def _tell(self, events: list[Event]) -> None:
        batch = b""
        for each in self._faces:
            if each.keeps_up:
                batch = batch or self.batch(events)
                each.tell(batch)
            else:
                each.keep(events)

    def batch(self, events: list[Event]) -> bytes:
        """Facts as frames; before those that say the settings changed, the settings."""
        told = frames.events_packed(events)
        if any(isinstance(event, ConfigChanged | Resync) for event in events):
            return frames.packed(Mirrored(self._mirror())) + told
        return told


def _refuse(writer: asyncio.StreamWriter, error: LeitstandError) -> None:
    with suppress(OSError, RuntimeError):
        writer.write(frames.packed(Refusal(Fault.of(error))))
        writer.close()
