"""What travels between a face and the engine: tagged structs as JSON, each behind its length.

4 bytes, big-endian: length │ {"type": "call", "id": 7, "verb": "chat.send", "params": {…}}

face    hello ─▶ call, cancel, more, ping, pace …
engine  welcome or refusal, then reply, stream, event, mirror, pong … and bye before it ends
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from functools import cache, reduce
from operator import or_
from types import GenericAlias
from typing import Any, cast
from zlib import crc32

import msgspec

from core import face
from core.bus import Event, Resync
from core.config.schema import Config
from core.config.types import Problem
from core.errors import LeitstandError, from_code
from core.exposed import verbs
from core.guard import one_line
from core.ollama.connection import ServerState

log = logging.getLogger("leitstand.daemon")

PROTOCOL = 1

LARGEST = 256 * 2**20
"""Bytes of one frame: an import of everything somebody ever said fits, a mistaken length does not."""

LARGEST_GREETING = 64 * 2**10
"""Bytes of the first frame, from somebody who has not said yet what they are."""

HEADER = 4


class BadFrame(Exception):
    """What came is not one of ours."""


class Fault(msgspec.Struct, frozen=True):
    """An error on its way; it comes out as the same class."""

    code: str
    message: str
    hint: str = ""

    @classmethod
    def of(cls, error: LeitstandError) -> Fault:
        """Pack an error."""
        return cls(error.code, error.message, error.hint)

    def error(self) -> LeitstandError:
        """Unpack it."""
        return from_code(self.code, self.message, self.hint)


class Mirror(msgspec.Struct, frozen=True):
    """What faces read without waiting (`face.MIRRORED`)."""

    config: Config
    problems: tuple[Problem, ...]
    server: ServerState


# From a face.


class Hello(msgspec.Struct, frozen=True, tag="hello"):
    """Who wants to come in."""

    protocol: int
    version: str


class Call(msgspec.Struct, frozen=True, tag="call"):
    """One verb with its arguments."""

    id: int
    verb: str
    params: msgspec.Raw


class Cancel(msgspec.Struct, frozen=True, tag="cancel"):
    """Nobody waits for the answer to that call any more."""

    id: int


class More(msgspec.Struct, frozen=True, tag="more"):
    """So many more items of a stream may come."""

    id: int
    count: int


class Ping(msgspec.Struct, frozen=True, tag="ping"):
    """A question whether anybody is there."""

    id: int


class Pace(msgspec.Struct, frozen=True, tag="pace"):
    """The line is slow: leave so many seconds between two batches of events."""

    seconds: float


# From the engine.


class Welcome(msgspec.Struct, frozen=True, tag="welcome"):
    """Come in; this is who and where you are, and what can be seen from the door."""

    version: str
    interface: int
    """What verbs and facts that side knows, as a number: see `interface`."""
    pid: int
    now: float
    headless: bool
    mirror: Mirror


class Refusal(msgspec.Struct, frozen=True, tag="refusal"):
    """Not you, or not now."""

    fault: Fault


class Reply(msgspec.Struct, frozen=True, tag="reply"):
    """The end of a call."""

    id: int
    result: msgspec.Raw = msgspec.Raw(b"null")
    fault: Fault | None = None


class Item(msgspec.Struct, frozen=True, tag="stream"):
    """One item of a verb that streams."""

    id: int
    item: msgspec.Raw


class Events(msgspec.Struct, frozen=True, tag="event"):
    """Facts, oldest first."""

    events: msgspec.Raw


class Mirrored(msgspec.Struct, frozen=True, tag="mirror"):
    """What can be read without waiting is another now."""

    mirror: Mirror


class Pong(msgspec.Struct, frozen=True, tag="pong"):
    """Its answer."""

    id: int


class Bye(msgspec.Struct, frozen=True, tag="bye"):
    """The engine ends in order."""


FromFace = Call | Cancel | More | Ping | Pace
FromEngine = Reply | Item | Events | Mirrored | Pong | Bye
Answer = Welcome | Refusal

_encode = msgspec.json.Encoder().encode
_hello = msgspec.json.Decoder(Hello)
_answer = msgspec.json.Decoder(Answer)
_from_face = msgspec.json.Decoder(FromFace)
_from_engine = msgspec.json.Decoder(FromEngine)


def packed(frame: Any) -> bytes:
    """A frame as bytes, length and all; refuse one that nobody would take."""
    return headed(encoded(frame))


def headed(body: bytes) -> bytes:
    """Put the length before a body."""
    if len(body) > LARGEST:
        size = len(body) / 2**20
        raise LeitstandError(f"That is too much for one message to the other process: {size:.0f} MB.")
    return len(body).to_bytes(HEADER, "big") + body


def encoded(value: Any) -> bytes:
    """Any value of a verb as JSON; text that no file can hold (half a surrogate pair) is refused."""
    try:
        return _encode(value)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise LeitstandError(f"That cannot be told to another process: {type(error).__name__}.") from error


def length_of(header: bytes, largest: int = LARGEST) -> int:
    """Read a length; refuse one that cannot be meant."""
    length = int.from_bytes(header, "big")
    if not 0 < length <= largest:
        raise BadFrame(f"a frame of {length} bytes")
    return length


def from_face(body: bytes) -> FromFace:
    """Read a frame of a face."""
    return cast("FromFace", _read(_from_face, body))


def from_engine(body: bytes) -> FromEngine:
    """Read a frame of the engine."""
    return cast("FromEngine", _read(_from_engine, body))


def hello_from(body: bytes) -> Hello:
    """Read a greeting."""
    return cast("Hello", _read(_hello, body))


def answer_from(body: bytes) -> Answer:
    """Read the answer to a greeting."""
    return cast("Answer", _read(_answer, body))


def _read(decoder: msgspec.json.Decoder[Any], body: bytes) -> Any:
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadFrame(one_line(str(error), 200)) from error


# Events.


def event_classes() -> tuple[type[Event], ...]:
    """Every fact of the house: whatever a service publishes, without being listed anywhere."""
    for name in face.SERVICES:
        face.service(name)
    found: list[type[Event]] = []

    def gather(kind: type[Event]) -> None:
        for child in kind.__subclasses__():
            # Facts that a test makes up do not travel.
            if child.__module__.startswith("core.") and child not in found:
                found.append(child)
            gather(child)

    gather(Event)
    bases = {base for kind in found for base in kind.__mro__[1:]}
    return tuple(sorted((kind for kind in found if kind not in bases), key=lambda kind: kind.__name__))


@cache
def _events() -> msgspec.json.Decoder[Any]:
    union: Any = reduce(or_, event_classes())
    return msgspec.json.Decoder(GenericAlias(list, (union,)))


def events_packed(events: Sequence[Event]) -> bytes:
    """A batch of facts as one frame; a fact that cannot be told becomes a Resync, and the rest arrives."""
    try:
        return packed(Events(msgspec.Raw(encoded(events))))
    except LeitstandError:
        return packed(Events(msgspec.Raw(encoded(list(_tellable(events))))))


def _tellable(events: Iterable[Event]) -> Iterable[Event]:
    told = False
    for event in events:
        try:
            encoded(event)
        except LeitstandError:
            log.warning("a %s could not be told to attached faces", type(event).__name__)
            if not told:
                yield Resync()
            told = True
        else:
            yield event


def events_from(body: msgspec.Raw) -> list[Event]:
    """Read a batch of facts."""
    return cast("list[Event]", _read(_events(), bytes(body)))


@cache
def interface() -> int:
    """What this side understands, as a number: names, arguments and facts, changed by any change of them."""
    words = [f"{PROTOCOL}"]
    for name in sorted(face.SERVICES):
        known = verbs(face.service(name)).values()
        words += [f"{name}.{verb.name}{verb.params.__annotations__}{verb.returns}" for verb in known]
    words += [f"{kind.__name__}{kind.__annotations__}" for kind in event_classes()]
    return crc32("\n".join(words).encode())
