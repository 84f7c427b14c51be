"""A server that does what a test says: replies in pieces, and notes what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx
import msgspec

from core.ollama.address import parse
from core.ollama.client import Ollama

NDJSON = "application/x-ndjson"
JSON = "application/json; charset=utf-8"


class Body(httpx.AsyncByteStream):
    """Pieces of a reply; an exception among them breaks the connection, *then_wait* leaves it silent."""

    def __init__(self, pieces: Sequence[bytes | Exception], *, then_wait: bool = False) -> None:
        self._pieces = pieces
        self._then_wait = then_wait
        self.waiting = asyncio.Event()
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece
        if self._then_wait:
            self.waiting.set()
            await asyncio.Event().wait()

    async def aclose(self) -> None:
        self.closed = True


class Scripted(httpx.AsyncBaseTransport):
    """Gives the replies in order, the last one again and again."""

    def __init__(self, *replies: httpx.Response | Exception) -> None:
        self._replies = list(replies)
        self.requests: list[httpx.Request] = []
        self.closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.requests.append(request)
        reply = self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]
        if isinstance(reply, Exception):
            raise reply
        return reply

    async def aclose(self) -> None:
        self.closed = True

    def asked(self, index: int = -1) -> tuple[str, str, Any]:
        """Method, path and body of a request."""
        request = self.requests[index]
        return request.method, request.url.path, msgspec.json.decode(request.content or b"null")


def client(
    *replies: httpx.Response | Exception, url: str = "http://gpu-box:11434"
) -> tuple[Ollama, Scripted]:
    """A client whose server is scripted."""
    transport = Scripted(*replies)
    return Ollama(parse(url), transport=transport), transport


def reply(value: Any, status: int = 200) -> httpx.Response:
    """A whole JSON reply."""
    return httpx.Response(status, headers={"content-type": JSON}, content=msgspec.json.encode(value))


def stream(*pieces: bytes | Exception) -> httpx.Response:
    """A streamed reply."""
    return streamed(Body(pieces))


def streamed(body: Body) -> httpx.Response:
    """A streamed reply whose body the test keeps in hand."""
    return httpx.Response(200, headers={"content-type": NDJSON}, stream=body)
