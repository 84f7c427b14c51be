"""`search` from the command line: passages, how they were found, and which documents it keeps to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from core.cli.context import Context
from core.cli.exits import DONE
from core.cli.hosting import hosted
from core.cli.library_verbs import space_named
from core.cli.output import Output, Piece, bold, dim, green, plural
from core.errors import LeitstandError, UsageError
from core.guard import one_line
from core.retrieval.library import Searched
from core.retrieval.narrowing import EVERYTHING, Narrow, checked, in_words, moment
from core.retrieval.types import Passage

if TYPE_CHECKING:
    from core.face import Face

_LIMIT = 5


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


async def _settled(engine: Face) -> None:
    """Let the first look at the server end, so that a search can be by meaning."""
    with_vectors = any(space.embedded for space in await engine.library.spaces())
    if with_vectors and engine.server.current.phase == "connecting":
        with suppress(LeitstandError):
            # A server that is away keeps nobody from finding words; the search says so itself.
            await engine.models.sync()


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
