"""A face's end of one connection: calls out, answers and facts in."""

from __future__ import annotations

import asyncio
import itertools
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from functools import cache
from typing import Any

import msgspec

from core.bus import Event
from core.daemon import frames
from core.daemon.calls import WINDOW
from core.daemon.frames import (
    BadFrame,
    Bye,
    Call,
    Cancel,
    Events,
    Item,
    Mirror,
    Mirrored,
    More,
    Pace,
    Ping,
    Pong,
    Reply,
)
from core.daemon.link import received
from core.errors import BadReply, ConnectionLost, LeitstandError
from core.exposed import Verb

_BUFFER = 2**20


class Line:
    """One connection, from its welcome to its end."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        told: Callable[[list[Event]], None],
        mirrored: Callable[[Mirror], None],
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._told = told
        self._mirrored = mirrored
        self._ids = itertools.count(1)
        self._calls: dict[int, asyncio.Future[msgspec.Raw]] = {}
        self._streams: dict[int, asyncio.Queue[Item | Reply]] = {}
        self._pings: dict[int, asyncio.Future[bool]] = {}
        self.in_order = False
        """The other side said goodbye."""

    @classmethod
    async def over(
        cls,
        stream: socket.socket,
        *,
        told: Callable[[list[Event]], None],
        mirrored: Callable[[Mirror], None],
    ) -> Line:
        """Go on with a connection that was welcomed."""
        reader, writer = await asyncio.open_unix_connection(sock=stream, limit=_BUFFER)
        return cls(reader, writer, told=told, mirrored=mirrored)

    async def read(self) -> None:
        """Take what comes until the other side is gone; every call that waits then fails."""
        try:
            while (body := await received(self._reader)) is not None:
                self._take(body)
        except BadFrame as error:
            raise BadReply(
                "What the other Leitstand says cannot be read.", "Use the same version."
            ) from error
        finally:
            self.hang_up()

    def hang_up(self) -> None:
        """End the connection from this side."""
        self._writer.transport.abort()
        for future in self._calls.values():
            if not future.done():
                future.set_exception(_gone())
        lost = Reply(0, fault=frames.Fault.of(_gone()))
        for queue in self._streams.values():
            queue.put_nowait(lost)
        for ping in self._pings.values():
            if not ping.done():
                ping.set_result(False)

    def _take(self, body: bytes) -> None:
        match frames.from_engine(body):
            case Events(events):
                self._told(frames.events_from(events))
            case Reply(id, result, fault) as reply:
                if (queue := self._streams.get(id)) is not None:
                    queue.put_nowait(reply)
                elif (future := self._calls.get(id)) is not None and not future.done():
                    if fault is None:
                        future.set_result(result)
                    else:
                        future.set_exception(fault.error())
            case Item(id) as item:
                if (queue := self._streams.get(id)) is not None:
                    queue.put_nowait(item)
            case Mirrored(mirror):
                self._mirrored(mirror)
            case Pong(id):
                if (ping := self._pings.get(id)) is not None and not ping.done():
                    ping.set_result(True)
            case Bye():
                self.in_order = True

    async def call(self, name: str, verb: Verb, arguments: dict[str, Any]) -> Any:
        """Call a verb and wait for what it returns; cancelling this cancels it there."""
        id, future = next(self._ids), asyncio.get_running_loop().create_future()
        self._calls[id] = future
        try:
            self._send(_call(id, name, verb, arguments))
            result = await future
        except asyncio.CancelledError:
            with suppress(LeitstandError):
                self._send(Cancel(id))
            raise
        finally:
            del self._calls[id]
        return _decoded(verb, result)

    async def stream(self, name: str, verb: Verb, arguments: dict[str, Any]) -> AsyncGenerator[Any, None]:
        """Call a verb that streams; leaving the loop ends it there."""
        id = next(self._ids)
        queue = self._streams[id] = asyncio.Queue()
        ended, taken = False, 0
        try:
            self._send(_call(id, name, verb, arguments))
            while True:
                said = await queue.get()
                if isinstance(said, Reply):
                    ended = True
                    if said.fault is not None:
                        raise said.fault.error()
                    return
                yield _decoded(verb, said.item)
                taken += 1
                if taken % (WINDOW // 2) == 0:
                    self._send(More(id, WINDOW // 2))
        finally:
            del self._streams[id]
            if not ended:
                with suppress(LeitstandError):
                    self._send(Cancel(id))

    async def ping(self) -> bool:
        """Wait until the other side says it is there; False when the line is cut."""
        id = next(self._ids)
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._pings[id] = future
        try:
            self._send(Ping(id))
            return await future
        except LeitstandError:
            return False
        finally:
            del self._pings[id]

    def pace(self, seconds: float) -> None:
        """Ask for a batch of facts only so often."""
        with suppress(LeitstandError):
            self._send(Pace(seconds))

    def _send(self, frame: Any) -> None:
        if self._writer.is_closing():
            raise _gone()
        self._writer.write(frames.packed(frame))


def _call(id: int, name: str, verb: Verb, arguments: dict[str, Any]) -> Call:
    return Call(id, f"{name}.{verb.name}", msgspec.Raw(frames.encoded(verb.params(**arguments))))


@cache
def _decoder(returns: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(returns)


def _decoded(verb: Verb, result: msgspec.Raw) -> Any:
    try:
        return _decoder(verb.returns).decode(bytes(result))
    except msgspec.DecodeError as error:
        raise BadReply(f"The answer to {verb.name} cannot be read.", "Use the same version.") from error


def _gone() -> ConnectionLost:
    return ConnectionLost("The Leitstand that does the work is gone.")
