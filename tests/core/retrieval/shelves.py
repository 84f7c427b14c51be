"""An index in a directory of its own, and rows to put into it."""

from __future__ import annotations

import math
from array import array
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from core.bus import Bus
from core.retrieval import asking
from core.retrieval.index import Index
from core.retrieval.shelf import Repair
from core.retrieval.types import Row
from core.simulator.embedding import vector as numbers
from core.tasks import Tasks

SIZE = 96


def vector(text: str, size: int = SIZE) -> bytes:
    """A vector that is near to those of texts with the same words."""
    return array("f", numbers(text, size)).tobytes()


def length(found: bytes) -> float:
    return math.hypot(*array("f", found))


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def rows(
    document: str,
    texts: Sequence[str],
    *,
    revision: int = 1,
    embedded: bool = True,
    media: str = "markdown",
    changed: float = 0.0,
) -> list[Row]:
    """One row a text, each in a section of its own."""
    return [
        Row(
            key=f"{document}-{revision}-{place}",
            document=document,
            section=f"{document}-{place}",
            ord=place,
            revision=revision,
            text=text,
            media=media,
            changed=changed,
            vector=vector(text) if embedded else None,
        )
        for place, text in enumerate(texts)
    ]


@asynccontextmanager
async def opened(directory: Path, repairs: list[Repair] | None = None) -> AsyncIterator[Index]:
    """An index, closed at the end."""
    tasks = Tasks(Bus())
    index = Index(
        directory,
        in_thread=tasks.in_thread,
        on_repair=(lambda repair: None) if repairs is None else repairs.append,
    )
    try:
        yield index
    finally:
        await index.close()
        await tasks.close(0)


async def texts_of(index: Index, space: int, *, build: int | None = None) -> dict[str, str]:
    """What every unit of a space is searched by, by its key."""
    found = await asking.read(await index._shelf(space, build), ["key", "text"])
    return {} if found is None else dict(zip(*found.to_pydict().values(), strict=True))
