"""The little of HTTP/1.1 that a streamed reply needs: its head, and where its body ends. Pure.

Bytes go in as they arrive, torn anywhere; what is wrong is a `ValueError` that says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple, Protocol

MOST_HEAD = 64 * 1024
"""Bytes of a head; a longer one is none."""

_STATUS = re.compile(rb"HTTP/1\.[01] ([1-9]\d\d)(?: .*)?")
_HEADER = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*(.*?)[ \t]*", re.DOTALL)
_END = re.compile(rb"\r?\n\r?\n")
_SIZE = re.compile(rb"([0-9a-fA-F]{1,15})[ \t]*(?:;.*)?", re.DOTALL)
_MOST_LINE = 4096


class Head(NamedTuple):
    """The beginning of a reply."""

    status: int
    headers: list[tuple[bytes, bytes]]


class Body(Protocol):
    """Takes the bytes of a body as they arrive."""

    done: bool
    """Whether the body is complete."""

    def feed(self, data: bytes) -> bytes:
        """Return what of the body these bytes brought."""
        ...

    def end(self) -> None:
        """The peer has closed; raise ValueError when that cannot be all."""
        ...


class Reply:
    """Reads the head of a reply, passing over those that only say that one is to come."""

    def __init__(self) -> None:
        self._held = b""

    def feed(self, data: bytes) -> tuple[Head, bytes] | None:
        """Return the head and what follows it, once it is complete."""
        self._held += data
        while (found := _END.search(self._held)) is not None:
            head = _head(self._held[: found.start()])
            self._held = self._held[found.end() :]
            if not 100 <= head.status < 200:
                return head, self._held
        if len(self._held) > MOST_HEAD:
            raise ValueError("the head of the reply is too long")
        if not b"HTTP/1.".startswith(self._held[:7]):
            raise ValueError("this is no HTTP reply")
        return None

    @property
    def began(self) -> bool:
        """Whether anything has come."""
        return bool(self._held)


def _head(data: bytes) -> Head:
    first, *lines = data.split(b"\n")
    status = _STATUS.fullmatch(first.rstrip(b"\r"))
    if status is None:
        raise ValueError("this is no HTTP reply")
    headers = []
    for line in lines:
        found = _HEADER.fullmatch(line.rstrip(b"\r"))
        if found is None or b"\r" in found[2] or b"\0" in found[2]:
            raise ValueError("the head of the reply cannot be read")
        headers.append((found[1], found[2]))
    return Head(int(status[1]), headers)


def body_of(head: Head) -> Body:
    """Return what reads the body that a head announces."""
    if head.status in (204, 304):
        return Counted(0)
    named = _named(head.headers)
    coding = named.get(b"transfer-encoding", b"").lower()
    if coding == b"chunked":
        return Chunked()
    if coding:
        raise ValueError("the reply comes in a coding that nobody asked for")
    if (length := named.get(b"content-length")) is not None:
        if not length.isdigit() or len(length) > 18:
            raise ValueError("the length of the reply cannot be read")
        return Counted(int(length))
    return UntilClosed()


def _named(headers: Iterable[tuple[bytes, bytes]]) -> Mapping[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        name = name.lower()
        if name in (b"transfer-encoding", b"content-length") and found.get(name, value) != value:
            raise ValueError("the reply says two things about its length")
        found[name] = value
    return found


class Chunked:
    """A body in pieces, each behind its length."""

    def __init__(self) -> None:
        self.done = False
        self._held = b""
        self._left = 0  # bytes of the piece that are still to come, its line end not counted
        self._closing = False  # the line end behind a piece is still to come
        self._last = False

    def feed(self, data: bytes) -> bytes:
        """Return what of the body these bytes brought."""
        if self._held:
            data, self._held = self._held + data, b""
        found: list[bytes] = []
        at, end = 0, len(data)
        while at < end and not self.done:
            if self._left:
                piece = data[at : at + self._left]
                found.append(piece)
                at += len(piece)
                self._left -= len(piece)
                self._closing = not self._left
                continue
            line_end = data.find(b"\n", at)
            if line_end < 0:
                self._held = data[at:]
                if len(self._held) > _MOST_LINE:
                    raise ValueError("a line between the pieces of the reply is too long")
                break
            self._line(data[at:line_end].rstrip(b"\r"))
            at = line_end + 1
        return b"".join(found)

    def _line(self, line: bytes) -> None:
        if self._closing:
            if line:
                raise ValueError("a piece of the reply is longer than it said")
            self._closing = False
        elif self._last:
            self.done = not line  # what stands before the blank line are trailers, which nobody needs
        else:
            size = _SIZE.fullmatch(line)
            if size is None:
                raise ValueError("the length of a piece of the reply cannot be read")
            self._left = int(size[1], 16)
            self._last = not self._left

    def end(self) -> None:
        """The peer has closed."""
        if not self.done:
            raise ValueError("the reply broke off")


class Counted:
    """A body whose length was told."""

    def __init__(self, length: int) -> None:
        self._left = length
        self.done = not length

    def feed(self, data: bytes) -> bytes:
        """Return what of the body these bytes brought."""
        piece = data[: self._left]
        self._left -= len(piece)
        self.done = not self._left
        return piece

    def end(self) -> None:
        """The peer has closed."""
        if not self.done:
            raise ValueError("the reply broke off")


class UntilClosed:
    """A body that ends with the connection."""

    def __init__(self) -> None:
        self.done = False

    def feed(self, data: bytes) -> bytes:
        """Return what of the body these bytes brought."""
        return data

    def end(self) -> None:
        """The peer has closed: that was all."""
        self.done = True
