"""A reader, a cutter and a walk that are simple enough to know beforehand what becomes of a file."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from core.errors import Refused
from core.retrieval.ingest import Tools
from core.retrieval.types import Block, Cut, Document, Place, Section, Unit


class PlainFile(NamedTuple):
    path: Path
    size: int
    modified: float
    reason: str = ""


def walk(roots: Sequence[Path]) -> Iterator[PlainFile]:
    for root in roots:
        for path in sorted([root] if root.is_file() else root.rglob("*")):
            if path.is_file():
                about = path.stat()
                yield PlainFile(path, about.st_size, about.st_mtime)


def digest(path: Path) -> str:
    return blake2b(path.read_bytes(), digest_size=16).hexdigest()


class PlainReading(NamedTuple):
    document: Document
    cut: Cut
    digest: str = ""


class PlainReader:
    """Every paragraph is a block; a text with "broken" in its first line is one nobody can read."""

    def __init__(self) -> None:
        self.read_paths: list[str] = []
        self.before: Callable[[str], None] = lambda name: None
        self.gate: asyncio.Event | None = None

    async def sections(self, source: Path | bytes, name: str = "", *, document_id: str) -> PlainReading:
        if isinstance(source, Path):
            name = source.name
            self.read_paths.append(name)
            source = await asyncio.to_thread(source.read_bytes)
        document = await self._read(source, name)
        return PlainReading(document, cut(document, document_id=document_id))

    async def _read(self, data: bytes, name: str) -> Document:
        self.before(name)
        if self.gate is not None:
            await self.gate.wait()
        text = data.decode()
        if text.startswith("broken"):
            raise Refused("It is damaged.", "Save it anew.")
        parts = [part for part in text.split("\n\n") if part.strip()]
        if not parts:
            raise Refused("It holds no text.")
        return Document(name, "plain", tuple(Block("prose", part) for part in parts))

    async def close(self) -> None:
        return


def cut(document: Document, *, document_id: str) -> Cut:
    """A section a paragraph, a unit a sentence."""
    sections: list[Section] = []
    units: list[Unit] = []
    for at, block in enumerate(document.blocks):
        key = _key(document_id, "s", block.text, at)
        sections.append(Section(key, at, (), block.text, Place(line=at + 1), len(block.text) // 4))
        start = 0
        for sentence in block.text.split(". "):
            begin = block.text.index(sentence, start)
            start = begin + len(sentence)
            units.append(
                Unit(
                    _key(document_id, "u", sentence, len(units)), key, len(units), sentence, begin, start,
                    document.title, Place(line=at + 1), len(sentence) // 4,
                )
            )  # fmt: skip
    return Cut(tuple(sections), tuple(units))


def _key(*parts: object) -> str:
    return blake2b("\0".join(map(str, parts)).encode(), digest_size=16).hexdigest()


def plain_tools(reader: PlainReader) -> Tools:
    return Tools(reader, walk, digest)
