"""Requests and replies as plain values, and JSON the way a Go server writes it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec

Chunks = AsyncGenerator[bytes, None]
"""Bytes as they leave; closing it means that the client went away."""

JSON = "application/json; charset=utf-8"
NDJSON = "application/x-ndjson"
TEXT = "text/plain"
ZONE = timezone(timedelta(hours=2))
"""The server's own offset: never UTC, so that a client which forgets it is found out."""
GO_ZERO_TIME = "0001-01-01T00:00:00Z"


class Request(msgspec.Struct, frozen=True):
    """What a client asked; header names are lower case."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = {}
    body: bytes = b""


class Refusal(Exception):
    """The server says no, with a status and a text; *late* when only the model's process could know."""

    def __init__(self, status: int, text: str, *, late: bool = False, **fields: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.late = late
        self.fields = fields

    def payload(self) -> dict[str, Any]:
        """The error as an object."""
        return {"error": self.text, **self.fields}


class Hangup(Exception):
    """The connection breaks here, without a proper end."""


class Unreachable(Exception):
    """Nobody takes the connection."""


class Body:
    """The bytes of a reply: a first part that is already there, then whatever a source still makes."""

    def __init__(self, first: bytes = b"", rest: Chunks | None = None) -> None:
        self._first = first
        self._rest = rest

    @property
    def whole(self) -> bytes | None:
        """Everything, when nothing is still to come."""
        return self._first if self._rest is None else None

    def source(self) -> Chunks:
        """Where the rest comes from; only for a body that is not whole."""
        if self._rest is None:
            raise ValueError("this body is whole")
        return self._rest

    def __aiter__(self) -> Body:
        return self

    async def __anext__(self) -> bytes:
        if self._first:
            first, self._first = self._first, b""
            return first
        if self._rest is None:
            raise StopAsyncIteration
        try:
            return await anext(self._rest)
        except Refusal as refusal:
            # Too late for a status: the stream says it in its last line.
            self._rest = None
            return line(refusal.payload())

    async def aclose(self) -> None:
        """The client went away."""
        rest, self._rest, self._first = self._rest, None, b""
        if rest is not None:
            await rest.aclose()


class Reply(msgspec.Struct, frozen=True):
    """What the server answers."""

    status: int
    headers: dict[str, str]
    body: Body


def whole(status: int, content_type: str, data: bytes, **headers: str) -> Reply:
    """A reply that is complete at once."""
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    kind = {"content-type": content_type} if content_type else {}
    return Reply(status, {**kind, **named, "content-length": str(len(data))}, Body(data))


def answer(payload: Any, status: int = 200) -> Reply:
    """One JSON object, without a newline after it."""
    return whole(status, JSON, encode(payload))


def refused(refusal: Refusal) -> Reply:
    """A refusal with its status."""
    return answer(refusal.payload(), refusal.status)


def stream(chunks: Chunks) -> Reply:
    """A reply that is still being made; its headers wait for the first chunk."""
    return Reply(200, {"content-type": NDJSON}, Body(b"", chunks))


def encode(payload: Any) -> bytes:
    """JSON as Go's encoder writes it: what could be HTML is escaped."""
    text = msgspec.json.encode(payload)
    for raw, escaped in _ESCAPES:
        if raw in text:
            text = text.replace(raw, escaped)
    return text


_ESCAPES = (
    (b"<", b"\\u003c"),
    (b">", b"\\u003e"),
    (b"&", b"\\u0026"),
    ("\u2028".encode(), b"\\u2028"),
    ("\u2029".encode(), b"\\u2029"),
)


def line(payload: Any) -> bytes:
    """One object of a stream."""
    return encode(payload) + b"\n"


def present(**fields: Any) -> dict[str, Any]:
    """The fields that are not zero: Go leaves the others out."""
    return {key: value for key, value in fields.items() if value}


def stamp(seconds: float, zone: timezone = ZONE) -> str:
    """RFC 3339 with the fraction trimmed; `Z` for UTC."""
    moment = datetime.fromtimestamp(seconds, UTC).astimezone(zone)
    fraction = f".{moment.microsecond:06d}".rstrip("0") if moment.microsecond else ""
    offset = moment.strftime("%z")
    offset = "Z" if zone is UTC else f"{offset[:3]}:{offset[3:]}"
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}{offset}"


def nanoseconds(seconds: float) -> int:
    """A duration as the wire has it."""
    return round(seconds * 1e9)
