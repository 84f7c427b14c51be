"""What is read into spaces, from the command line: `ingest`, `sources`, `reindex`, `optimize`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.cli.context import Context
from core.cli.exits import DONE, FAILED
from core.cli.following import left
from core.cli.hosting import hosted
from core.cli.ingest_lines import followed
from core.cli.output import Output, Piece, bold, dim, plural, red, yellow
from core.errors import ModelNotFound, NotFound, Refused, UsageError
from core.guard import one_line
from core.numbers import grouped
from core.retrieval.library import MOST_TEXT, Ingest, LibraryDocument, Space

if TYPE_CHECKING:
    from core.face import Face

_PAGE = 1000
_STDIN = "standard input"


async def ingest(context: Context) -> int:
    """Read into a space."""
    values = context.values
    name = _space_name(context)
    text, files = _given(values["path"])
    async with hosted(context, outlives=context.detach) as engine:
        space = await engine.library.find_space(name)
        if space is None:
            space = await engine.library.create_space(name, model=values["model"] or "")
        jobs: list[Ingest] = []
        if text is not None:
            jobs.append(await engine.library.ingest_text(space.id, values["name"] or _STDIN, text))
        if files or text is None:
            watch = True if values["watch"] else None
            jobs.append(
                await engine.library.ingest(space.id, files, watch=watch, again=bool(values["again"]))
            )
        if context.detach:
            return _left(context.out, space, jobs)
        ended = [await followed(engine, context.out, space, job) for job in jobs]
    nothing = all(one.failed and not one.added + one.changed + one.unchanged for one in ended)
    return FAILED if nothing else DONE


async def sources(context: Context) -> int:
    """Show documents."""
    values, out = context.values, context.out
    async with hosted(context) as engine:
        by_id = {space.id: space for space in await engine.library.spaces()}
        wanted = [await space_named(engine, name) for name in values["space"]] or list(by_id.values())
        found = [
            (space, document)
            for space in wanted
            for document in await _documents(
                engine, space, text=values["find"] or "", failed=bool(values["failed"])
            )
        ]
    if out.json:
        out.value([_source(space, document) for space, document in found])
    elif found:
        out.table([_source_row(space, document) for space, document in found], right=(2,))
    else:
        out.line("There is no such document.")
    return DONE


async def remove(context: Context) -> int:
    """Take documents out."""
    values, out = context.values, context.out
    async with hosted(context) as engine:
        space = await space_named(engine, _space_name(context))
        documents = await _documents(engine, space)
        ids: dict[str, None] = {}
        for name in values["document"]:
            ids |= dict.fromkeys(_meant(name, documents))
        removed = await engine.library.remove_documents(tuple(ids), purge=bool(values["purge"]))
    if out.json:
        out.value({"removed": removed})
    else:
        out.line(f"{grouped(removed)} removed." if removed != 1 else "One document removed.")
    return DONE


async def reindex(context: Context) -> int:
    """Build an index anew."""
    model: str | None = context.values["model"]
    async with hosted(context, outlives=context.detach) as engine:
        space = await space_named(engine, _space_name(context))
        if model is not None:
            await _makes_vectors(engine, model)
            space = await engine.library.change_space(space.id, model=model)
        job = await engine.library.reindex(space.id)
        return await _followed(context, engine, space, job, "its index is built anew")


async def _makes_vectors(engine: Face, name: str) -> None:
    """See that a model is there and made for it, before a space is told to wait for it."""
    if await engine.models.seen_at() is None:
        await engine.models.sync()
    model = await engine.models.get(name)
    if not model.installed:
        hint = f"`leitstand pull {one_line(name, 80)}` gets it."
        raise ModelNotFound(f"The server does not have {one_line(name, 80)}.", hint)
    if model.can("completion") and not model.can("embedding"):
        raise Refused(f"{one_line(name, 80)} makes no vectors.", "Name an embedding model.")


async def optimize(context: Context) -> int:
    """Clean up an index."""
    async with hosted(context, outlives=context.detach) as engine:
        space = await space_named(engine, _space_name(context))
        purge = bool(context.values["purge"])
        job = await engine.library.optimize(space.id, purge=purge)
        said = "what was deleted is overwritten" if purge else "its index is cleaned up"
        return await _followed(context, engine, space, job, said)


async def _followed(context: Context, engine: Face, space: Space, job: Ingest, said: str) -> int:
    if context.detach:
        return _left(context.out, space, [job])
    await followed(engine, context.out, space, job, said)
    return DONE


def _left(out: Output, space: Space, jobs: Sequence[Ingest]) -> int:
    for job in jobs:
        left(out, job.job, job.title or space.name, job.phase)
    return DONE


# Finding what is meant.


_THERE = "`leitstand spaces` shows those there are."


def _space_name(context: Context) -> str:
    name: str | None = context.values["space"]
    if not name:
        raise UsageError(
            "Which space? Name it with --space NAME.", "`leitstand spaces` shows those there are."
        )
    return name


async def space_named(engine: Face, name: str) -> Space:
    """The space of that name; NotFound when there is none."""
    found = await engine.library.find_space(name)
    if found is None:
        raise NotFound(
            f"There is no space {one_line(name, 60)}.", "`leitstand spaces` shows those there are."
        )
    return found


async def _documents(
    engine: Face, space: Space, *, text: str = "", failed: bool = False
) -> list[LibraryDocument]:
    found: list[LibraryDocument] = []
    while True:
        page = await engine.library.documents(
            space.id, text=text, states=("failed",) if failed else (), skip=len(found), limit=_PAGE
        )
        found += page.documents
        if not page.more:
            return found


def _meant(name: str, documents: Sequence[LibraryDocument]) -> list[str]:
    place = str(Path(name).expanduser().absolute())
    tests: tuple[Callable[[LibraryDocument], bool], ...] = (
        lambda one: one.id == name or one.source in (name, place),
        lambda one: one.source.startswith(f"{place}/"),
        lambda one: name in (one.title, Path(one.source).name),
    )
    for test in tests:
        if found := [one.id for one in documents if test(one)]:
            return found
    raise NotFound(f"There is no document {one_line(name, 80)} in this space.")


def _given(paths: Sequence[str]) -> tuple[str | None, tuple[str, ...]]:
    """What comes in by standard input, and the paths as the engine needs them."""
    files = tuple(str(Path(path).expanduser().absolute()) for path in paths if path != "-")
    return _stdin() if "-" in paths else None, files


def _stdin() -> str:
    try:
        # One more than may be: what never ends is not waited for.
        text = sys.stdin.read(MOST_TEXT + 1)
    except UnicodeDecodeError:
        raise UsageError("What comes in is not text.", "Keep it in a file, and read that.") from None
    if len(text) > MOST_TEXT:
        raise UsageError("What comes in is too long.", "Keep it in a file, and read that.")
    if not text.strip():
        raise UsageError("Nothing came in.")
    return text


# Showing.


def _source(space: Space, document: LibraryDocument) -> dict[str, Any]:
    names = (
        "id", "title", "kind", "media", "state", "error", "size", "pages", "chunks", "embedded", "modified",
    )  # fmt: skip
    values = {name: getattr(document, name) for name in names}
    return {**values, "space": space.name, "document": document.source, "notes": list(document.notes)}


def _source_row(space: Space, document: LibraryDocument) -> tuple[Piece, ...]:
    match document.state:
        case "failed":
            about: Piece = red(document.error)
        case "waiting":
            about = yellow("waits to be read")
        case "ready":
            about = dim(" ".join(document.notes))
    return (bold(space.name), document.source, plural(document.chunks, "chunk"), dim(document.media), about)
