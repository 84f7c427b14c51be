"""The library from the command line: `ingest`, `search`, `spaces`, `sources`, `reindex`, `optimize`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from core.cli.context import Context
from core.cli.exits import DONE, FAILED
from core.cli.following import left
from core.cli.hosting import hosted
from core.cli.ingest_lines import followed
from core.cli.output import Output, Piece, bold, dim, green, plural, red, yellow
from core.errors import NotFound, UsageError
from core.guard import one_line
from core.numbers import grouped
from core.retrieval.library import Ingest, LibraryDocument, Searched, Space
from core.retrieval.narrowing import EVERYTHING, Narrow, checked, in_words, moment
from core.retrieval.types import Passage

if TYPE_CHECKING:
    from core.face import Face

_LIMIT = 5
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


async def search(context: Context) -> int:
    """Find passages."""
    values, out = context.values, context.out
    names: Sequence[str] = values["space"]
    auto = "auto" in names
    async with hosted(context) as engine:
        await _settled(engine)
        ids = tuple([(await space_named(engine, name)).id for name in names if name != "auto"])
        found = await engine.library.search(
            values["text"],
            spaces=ids,
            auto=auto,
            narrow=narrow_of(values, engine.clock.now()) or EVERYTHING,
            limit=_LIMIT if values["limit"] is None else values["limit"],
            method=values["method"],
            rerank="" if values["rerank"] == "none" else values["rerank"],
        )
    if out.json:
        passages = [_told(passage) for passage in found.passages]
        out.value(_explained(found, passages) if values["explain"] else passages)
        return DONE
    for note in found.notes:
        out.aside(f"{note}\n")
    if not found.passages and not found.notes:
        out.aside("Nothing was found.\n")
    for passage in found.passages:
        _show(out, passage)
    if values["explain"]:
        _explain(out, found)
    return DONE


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
            space = await engine.library.change_space(space.id, model=model)
        return await _followed(context, engine, space, await engine.library.reindex(space.id))


async def optimize(context: Context) -> int:
    """Clean up an index."""
    async with hosted(context, outlives=context.detach) as engine:
        space = await space_named(engine, _space_name(context))
        job = await engine.library.optimize(space.id, purge=bool(context.values["purge"]))
        return await _followed(context, engine, space, job)


async def _followed(context: Context, engine: Face, space: Space, job: Ingest) -> int:
    if context.detach:
        return _left(context.out, space, [job])
    await followed(engine, context.out, space, job)
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


async def _settled(engine: Face) -> None:
    """Let the first look at the server end, so that a search can be by meaning."""
    with_vectors = any(space.embedded for space in await engine.library.spaces())
    if with_vectors and engine.server.current.phase == "connecting":
        await engine.models.sync()


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


def narrow_of(values: Mapping[str, Any], now: float) -> Narrow | None:
    """Which documents the options keep to; None when they say nothing of that."""
    named: Sequence[str] = values["document"]
    narrow = Narrow(
        documents=tuple(name for name in named if name.isdecimal()),
        names=tuple(_place(name) for name in named if not name.isdecimal()),
        types=tuple(word for given in values["type"] for word in given.split(",")),
        since=_moment(values["since"], now),
        until=_moment(values["until"], now, end=True),
    )
    return checked(narrow) if narrow else None


def _place(name: str) -> str:
    """A path as the library knows it; a name stays one."""
    return str(Path(name).expanduser().absolute()) if name.startswith(("~", ".", "/")) else name


def _moment(text: str | None, now: float, *, end: bool = False) -> float | None:
    at = moment(text, now, end=end) if text is not None else None
    if text is not None and at is None:
        raise UsageError(
            f"{one_line(text, 40)!r} is no day.", "A day is like 2026-03-01, 2026-03, 2026, today or 7d."
        )
    return at


def _given(paths: Sequence[str]) -> tuple[str | None, tuple[str, ...]]:
    """What comes in by standard input, and the paths as the engine needs them."""
    files = tuple(str(Path(path).expanduser().absolute()) for path in paths if path != "-")
    return _stdin() if "-" in paths else None, files


def _stdin() -> str:
    try:
        return sys.stdin.read()
    except UnicodeDecodeError:
        raise UsageError("What comes in is not text.", "Keep it in a file, and read that.") from None


# Showing.


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
        f"{space.bytes / 1e6:.1f} MB",
        dim(space.made_by or "words only"),
        yellow(space.note) if space.note else dim(space.description),
    )


def _told(passage: Passage) -> dict[str, Any]:
    return {
        "document": passage.source,
        "title": passage.title,
        "text": passage.text,
        "score": passage.score,
        "page": passage.place.page,
        "line": passage.place.line,
        "space": passage.space,
        "heading": list(passage.heading),
        "id": passage.document,
        "section": passage.section,
        "cosine": passage.cosine,
        "bm25": passage.bm25,
    }


def _explained(found: Searched, passages: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "passages": passages,
        "spaces": msgspec.to_builtins(found.spaces),
        "notes": list(found.notes),
        "inspection": msgspec.to_builtins(found.inspection),
    }


def _show(out: Output, passage: Passage) -> None:
    from core.retrieval.cite import nearness

    where = _where(passage)
    path = " > ".join((passage.title, *passage.heading))
    near = nearness(passage)
    out.line(
        bold(f"{passage.number}. {path}"), dim(f"  {where}" if where else ""), f"  {near}" if near else ""
    )
    out.line(dim(passage.source))
    out.text(f"{passage.text.strip()}\n\n")


def _where(passage: Passage) -> str:
    from core.retrieval.cite import where

    return where(passage.place)


def _explain(out: Output, found: Searched) -> None:
    for space in found.spaces:
        cosine = "" if space.cosine is None else f"  nearest {space.cosine:.3f}"
        used = green("searched") if space.searched else dim("not used")
        out.line(bold(space.space), f"  {space.percent:.0f} %{cosine}  ", used)
    assert found.inspection is not None
    if found.inspection.narrow:
        kept = plural(found.inspection.documents or 0, "document")
        out.line(f"Kept to {kept}  ", dim(in_words(found.inspection.narrow)))
    if (reranked := found.inspection.reranked) is not None and reranked.order:
        order = " ".join(str(place) for place in reranked.order)
        out.line(f"Reranked by {one_line(reranked.model, 60)}  ", dim(f"places before: {order}"))
    rows: list[tuple[Piece, ...]] = [("", dim("score"), dim("cosine"), dim("bm25"), dim("document"), "")]
    rows += [
        (
            "" if one.number is None else f"[{one.number}]",
            f"{one.score:.3f}",
            "" if one.cosine is None else f"{one.cosine:.3f}",
            "" if one.bm25 is None else f"{one.bm25:.2f}",
            one.title,
            dim(one.left_out),
        )
        for one in found.inspection.candidates
    ]
    out.table(rows, right=(1, 2, 3))
    seconds = found.inspection.seconds
    out.line(dim("  ".join(f"{name} {1000 * value:.0f} ms" for name, value in seconds.items())))


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
