"""`spaces` from the command line: shown, made, changed, deleted and taken back."""

from __future__ import annotations

import shlex
from typing import Any

from core.cli.context import Context
from core.cli.exits import DONE
from core.cli.hosting import hosted
from core.cli.library_verbs import space_named
from core.cli.output import Output, Piece, bold, dim, plural, size, yellow
from core.errors import NotFound, UsageError
from core.guard import one_line
from core.numbers import grouped
from core.retrieval.library import Space


async def spaces(context: Context) -> int:
    """Show the spaces."""
    async with hosted(context) as engine:
        found = await engine.library.spaces()
    out = context.out
    if out.json:
        out.value([told(space) for space in found])
    elif found:
        out.table([_row(space) for space in found], right=(1, 2, 3))
    else:
        out.line("There is no space yet: leitstand ingest PATH --space NAME makes one.")
    return DONE


async def create(context: Context) -> int:
    """Make a space."""
    values = context.values
    async with hosted(context) as engine:
        space = await engine.library.create_space(
            values["name"],
            description=values["description"] or "",
            model=values["model"] or "",
            language=values["language"] or "",
        )
    return _answered(context.out, space, "made")


async def change(context: Context) -> int:
    """Change what a space is called, and what is said of it."""
    values = context.values
    words = {
        name: values[option]
        for name, option in (
            ("name", "rename"),
            ("description", "description"),
            ("colour", "colour"),
            ("language", "language"),
            ("model", "model"),
        )
        if values[option] is not None
    }
    if not words:
        raise UsageError("What is to be changed?", "See `leitstand spaces change --help`.")
    for option, nothing in (("colour", "none"), ("language", "auto")):
        if words.get(option) == nothing:
            words[option] = ""
    async with hosted(context) as engine:
        space = await space_named(engine, values["name"])
        space = await engine.library.change_space(space.id, **words)
    done = _answered(context.out, space, "changed")
    if space.stale and not context.out.json:
        context.out.line(f"{space.note} leitstand reindex --space {shlex.quote(space.name)} does that.")
    return done


async def delete(context: Context) -> int:
    """Delete a space."""
    async with hosted(context) as engine:
        space = await space_named(engine, context.values["name"])
        space = await engine.library.delete_space(space.id)
    return _answered(context.out, space, "deleted")


async def restore(context: Context) -> int:
    """Take a deletion back."""
    name: str = context.values["name"]
    async with hosted(context) as engine:
        gone = [
            space
            for space in await engine.library.spaces(deleted=True)
            if space.name.casefold() == name.casefold()
        ]
        if not gone:
            raise NotFound(f"No space {one_line(name, 60)} was deleted.")
        last = max(gone, key=lambda space: space.deleted_at or 0.0)
        space = await engine.library.undo_delete_space(last.id)
    return _answered(context.out, space, "back")


def told(space: Space) -> dict[str, Any]:
    """A space as scripts get it."""
    names = (
        "id", "name", "description", "documents", "waiting", "failed", "chunks", "embedded", "bytes", "model",
        "made_by", "stale", "language", "colour",
    )  # fmt: skip
    values = {name: getattr(space, name) for name in names}
    return {**values, "roots": list(space.roots), "note": space.note, "chat": space.chat_id}


def _answered(out: Output, space: Space, what: str) -> int:
    if out.json:
        out.value(told(space))
    else:
        out.line(bold(space.name), f" is {what}.")
    return DONE


def _row(space: Space) -> tuple[Piece, ...]:
    name = space.name if space.chat_id is None else f"{space.name} ({space.chat_id})"
    failed = f", {grouped(space.failed)} not read" if space.failed else ""
    return (
        bold(name),
        f"{plural(space.documents, 'document')}{failed}",
        plural(space.chunks, "chunk"),
        size(space.bytes),
        dim(space.made_by or "words only"),
        yellow(space.note) if space.note else dim(space.description),
    )
