"""What the process that reads documents and its parent say to each other: a length and a struct."""

from __future__ import annotations

import msgspec

from core.retrieval.types import Block, Document, Section, Unit


class Limits(msgspec.Struct, frozen=True):
    """What reading one document may take."""

    seconds: float = 60.0
    """By the clock."""
    cpu: int = 45
    memory: int = 2**30
    bytes: int = 50 * 2**20


class Ask(msgspec.Struct, frozen=True, tag=True, omit_defaults=True):
    """Read this."""

    name: str
    path: str = ""
    data: bytes = b""
    limits: Limits = Limits()
    document_id: str = ""
    """Given when it is to be cut, too; then its blocks stay where they are."""
    unit: int = 200
    section: int = 500


class Part(msgspec.Struct, frozen=True, tag=True, omit_defaults=True):
    """Some of what was read."""

    blocks: tuple[Block, ...] = ()
    sections: tuple[Section, ...] = ()
    units: tuple[Unit, ...] = ()


class Done(msgspec.Struct, frozen=True, tag=True, omit_defaults=True):
    """That was all; the document comes without its blocks."""

    document: Document
    digest: str = ""
    retire: bool = False
    """The child has grown large and had better be replaced."""


class Failed(msgspec.Struct, frozen=True, tag=True, omit_defaults=True):
    """It cannot be read."""

    message: str
    hint: str = ""
    retire: bool = False


Reply = Part | Done | Failed

_ENCODER = msgspec.msgpack.Encoder()


def packed(frame: msgspec.Struct) -> bytes:
    """A frame as it travels."""
    body = _ENCODER.encode(frame)
    return len(body).to_bytes(4) + body
