"""Bytes to objects: one JSON value a line, however the network tore them.

Lines end at a newline byte and nowhere else (a JSON text may hold U+2028), so a character split
across two chunks is whole again before anything is decoded. A line is collected in one growing
buffer and only new bytes are searched: the cost is linear even when a line of megabytes trickles in.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

import msgspec

from core.errors import BadReply, StreamCut

T = TypeVar("T")

LONGEST_LINE = 64 * 1024 * 1024

# What msgspec raises on text that is no JSON, not of the expected shape, or nested to make it fall over.
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class NdjsonReader(Generic[T]):
    """Feed it what arrives; it yields one struct a line, each before the next line is looked at."""

    def __init__(self, kind: type[T], longest_line: int = LONGEST_LINE) -> None:
        self._decoder = msgspec.json.Decoder(kind)
        self._longest = longest_line
        self._started = bytearray()

    def feed(self, data: bytes) -> Iterator[T]:
        """Yield the objects that *data* completes; raise BadReply at the first line that is none."""
        first, *others = data.split(b"\n")
        if not others:
            self._grow(first)
            return
        if self._started:
            self._grow(first)
            first = bytes(self._started)
            self._started.clear()
        unfinished = others.pop()
        yield from self._line(first)
        for line in others:
            yield from self._line(line)
        self._grow(unfinished)

    def finish(self) -> Iterator[T]:
        """Yield a last line that came without its newline; raise StreamCut when it is only half a line."""
        rest = bytes(self._started)
        self._started.clear()
        if not rest or rest.isspace():
            return
        try:
            last = self._decoder.decode(rest)
        except UNREADABLE:
            raise StreamCut("The answer broke off in the middle of a line.") from None
        yield last

    def _grow(self, piece: bytes) -> None:
        self._started += piece
        self._check(len(self._started))

    def _check(self, length: int) -> None:
        if length > self._longest:
            raise BadReply(
                f"The server sent a line of more than {self._longest // (1024 * 1024)} MiB.",
                "Check that the address is that of an Ollama server.",
            )

    def _line(self, line: bytes) -> Iterator[T]:
        if not line or line.isspace():
            return
        self._check(len(line))
        try:
            yield self._decoder.decode(line)
        except UNREADABLE:
            # The line itself is not quoted: it may hold what a person or a model wrote.
            raise BadReply(
                "The server sent a line that is not the JSON expected here.",
                "Try again; if it recurs, check what stands between Leitstand and Ollama.",
            ) from None
