"""`spaces`: the library from the command line."""

from __future__ import annotations

from typing import Any

from core.cli.context import Context
from core.cli.exits import DONE
from core.cli.hosting import hosted
from core.cli.output import Piece, bold, dim, yellow
from core.retrieval.library import Space


async def spaces(context: Context) -> int:
    """Show the spaces."""
    async with hosted(context) as engine:
        found = await engine.library.spaces()
    out = context.out
    if out.json:
        out.value([told(space) for space in found])
        return DONE
    if not found:
        out.line("There is no space yet: leitstand ingest PATH --space NAME makes one.")
        return DONE
    out.table([_row(space) for space in found], right=(1, 2, 3))
    return DONE


def told(space: Space) -> dict[str, Any]:
    """A space as scripts get it."""
    return {
        "id": space.id,
        "name": space.name,
        "description": space.description,
        "documents": space.documents,
        "waiting": space.waiting,
        "failed": space.failed,
        "chunks": space.chunks,
        "embedded": space.embedded,
        "bytes": space.bytes,
        "model": space.model,
        "made_by": space.made_by,
        "stale": space.stale,
        "language": space.language,
        "colour": space.colour,
        "roots": list(space.roots),
        "note": space.note,
        "chat": space.chat_id,
    }


def _row(space: Space) -> tuple[Piece, ...]:
    name = space.name if space.chat_id is None else f"{space.name} ({space.chat_id})"
    failed = f", {space.failed} not read" if space.failed else ""
    by = space.made_by or "words only"
    return (
        bold(name),
        f"{space.documents} documents{failed}",
        f"{space.chunks} chunks",
        f"{space.bytes / 1e6:.1f} MB",
        dim(by),
        yellow(space.note) if space.note else dim(space.description),
    )
