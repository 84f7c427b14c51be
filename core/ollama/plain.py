"""Streamed replies over plain HTTP: a connection each, read in gulps.

A model says a word every few milliseconds, and waking up for each costs more than everything that is
done with it. So whoever asks may say for how long nobody wants more (`REST`, an extension of the
request); meanwhile words gather in the kernel. What comes rarely is taken the moment it comes.

Everything else goes the usual way through httpx, whose errors are raised here too.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx

from core.ollama import http1
from core.ollama.transport import REST, Rest

_AT_ONCE = 0.005
"""Seconds after a rest in which something must have come, or else there was no need to rest."""


class PlainStreams(httpx.AsyncBaseTransport):
    """Takes the requests that carry `REST`; *inner* takes the others."""

    def __init__(self, inner: httpx.AsyncBaseTransport, options: list[tuple[int, int, int]]) -> None:
        self._inner = inner
        self._options = options
        self._open: set[Connection] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return the reply as soon as its head is there."""
        rest: Rest | None = request.extensions.get(REST)
        if rest is None:
            return await self._inner.handle_async_request(request)
        connection = await self._connect(request)
        self._open.add(connection)
        try:
            await connection.send(_head_of(request) + await request.aread())
            head, early = await _reply(connection)
            body = http1.body_of(head)
        except ValueError as error:
            self._drop(connection)
            raise httpx.RemoteProtocolError(str(error), request=request) from error
        except OSError as error:
            self._drop(connection)
            raise httpx.ReadError(str(error), request=request) from error
        except BaseException:
            self._drop(connection)
            raise
        stream = _Gulps(connection, body, early, rest, lambda: self._drop(connection))
        return httpx.Response(head.status, headers=head.headers, stream=stream)

    async def _connect(self, request: httpx.Request) -> Connection:
        loop, url = asyncio.get_running_loop(), request.url
        limit = request.extensions.get("timeout", {}).get("connect")
        try:
            async with asyncio.timeout(limit):
                transport, connection = await loop.create_connection(
                    Connection,
                    url.raw_host.decode("ascii"),
                    url.port or 80,
                    happy_eyeballs_delay=0.25,
                )
        except TimeoutError as error:
            raise httpx.ConnectTimeout(str(error), request=request) from error
        except OSError as error:
            raise httpx.ConnectError(str(error), request=request) from error
        peer = transport.get_extra_info("socket")
        for option in self._options:
            peer.setsockopt(*option)
        return connection

    def _drop(self, connection: Connection) -> None:
        self._open.discard(connection)
        connection.close()

    async def aclose(self) -> None:
        """Close everything; whoever still reads meets an error."""
        for connection in list(self._open):
            self._drop(connection)
        await self._inner.aclose()


def _head_of(request: httpx.Request) -> bytes:
    lines = [request.method.encode("ascii") + b" " + request.url.raw_path + b" HTTP/1.1"]
    kept = [(name, value) for name, value in request.headers.raw if name.lower() != b"connection"]
    lines += [name + b": " + value for name, value in (*kept, (b"Connection", b"close"))]
    if any(b"\r" in line or b"\n" in line for line in lines):
        raise httpx.LocalProtocolError("a header holds a line end", request=request)
    return b"\r\n".join(lines) + b"\r\n\r\n"


async def _reply(connection: Connection) -> tuple[http1.Head, bytes]:
    reply = http1.Reply()
    while True:
        data = await connection.receive()
        if not data:
            # In the words of httpx, by which this is told from a peer that does not speak HTTP.
            raise httpx.RemoteProtocolError("Server disconnected without sending a response.")
        if (found := reply.feed(data)) is not None:
            return found


class _Gulps(httpx.AsyncByteStream):
    """A body, and the connection that ends with it."""

    def __init__(
        self, connection: Connection, body: http1.Body, early: bytes, rest: Rest, drop: Callable[[], None]
    ) -> None:
        self._connection = connection
        self._body = body
        self._early = early
        self._rest = rest
        self._drop = drop
        self._hot = False
        self._came = 0.0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        body = self._body
        try:
            if self._early and (piece := body.feed(self._early)):
                yield piece
            while not body.done:
                data = await self._gulp()
                if not data:
                    body.end()
                    return
                if piece := body.feed(data):
                    yield piece
        except ValueError as error:
            raise httpx.RemoteProtocolError(str(error)) from error
        except OSError as error:
            raise httpx.ReadError(str(error)) from error

    async def _gulp(self) -> bytes:
        """Take what has come, after a rest where words come faster than they are wanted."""
        now = asyncio.get_running_loop().time
        if rest := self._rest() if self._hot else 0.0:
            await asyncio.sleep(rest)
        asked = now()
        data = await self._connection.receive()
        before, self._came = self._came, now()
        self._hot = self._came - asked < _AT_ONCE if rest else self._came - before < self._rest()
        return data

    async def aclose(self) -> None:
        """Hang up: that is what stops the server's work."""
        self._drop()


class Connection(asyncio.Protocol):
    """A socket that is read only while somebody waits for what comes."""

    def __init__(self) -> None:
        self._transport: Any = None
        self._data = b""
        self._ended = False
        self._lost: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._may_write = asyncio.Event()
        self._may_write.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Read nothing before somebody asks."""
        self._transport = transport
        self._transport.pause_reading()

    async def send(self, data: bytes) -> None:
        """Send, and wait until most of it has left; an answer may come before that."""
        self._transport.resume_reading()
        self._transport.write(data)
        await self._may_write.wait()

    async def receive(self) -> bytes:
        """Wait for the next bytes; empty at the end."""
        while not self._data:
            if self._lost is not None:
                raise self._lost
            if self._ended:
                return b""
            self._transport.resume_reading()
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        data, self._data = self._data, b""
        return data

    def close(self) -> None:
        """Hang up at once."""
        if self._lost is None:
            self._lost = ConnectionAbortedError("the connection was closed")
        self._transport.abort()
        self._wake()

    def data_received(self, data: bytes) -> None:
        """Keep what came, and take no more until it is asked for."""
        self._data += data
        self._may_write.set()  # who answers already need not hear the rest of the question
        self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        """The peer says no more; it may still listen."""
        self._ended = True
        self._wake()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over, by whomever."""
        if exc is not None and self._lost is None:
            self._lost = exc
        self._ended = True
        self._may_write.set()
        self._wake()

    def pause_writing(self) -> None:
        """The peer takes no more for now."""
        self._may_write.clear()

    def resume_writing(self) -> None:
        """The peer takes more."""
        self._may_write.set()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
