"""Finds out which documents of which spaces a search keeps to, before the index is asked for anything."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import PurePath
from typing import NamedTuple

from core.errors import NotFound, Refused
from core.guard import one_line
from core.retrieval.library import Space
from core.retrieval.narrowing import Narrow
from core.retrieval.types import Filter
from core.store.database import Database

_MOST = 1_000
"""Documents that a name may mean."""
_BY_NUMBER = 500
"""Up to so many are named to the index; more are told by their type and date."""


class Sifted(NamedTuple):
    """What is left to search."""

    spaces: tuple[Space, ...]
    """Those with a document that is let through, and those nobody asked about."""
    given: dict[int, Filter]
    """What the index is told for each of them; a space that is missing is searched as a whole."""
    documents: int
    """How many are let through."""


class _Meant(NamedTuple):
    documents: tuple[int, ...]
    spaces: tuple[int, ...]


class Sieve:
    """Knows documents by what people call them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def sift(self, narrow: Narrow, spaces: Sequence[Space], *, free: Iterable[int] = ()) -> Sifted:
        """Leave out spaces in which nothing is let through; those that are *free* are searched as a whole."""
        asked = [space for space in spaces if space.id not in set(free)]
        if not narrow or not asked:
            return Sifted(tuple(spaces), {}, 0)
        meant = await self._meant(narrow, asked) if narrow.named else None
        condition, values = _condition(narrow, meant)
        there = await self._database.read(
            # Everything in it is a literal of this file; what a person gave is a parameter.
            f"SELECT space_id, count(*) AS there, sum({condition}) AS through FROM document "  # noqa: S608 - see above
            f"WHERE revision AND space_id IN ({_marks(asked)}) GROUP BY space_id",
            (*values, *(space.id for space in asked)),
        )
        through = {row["space_id"]: row["through"] for row in there if row["through"]}
        given: dict[int, Filter] = {}
        for row in there:
            if 0 < row["through"] < row["there"]:
                given[row["space_id"]] = await self._filter(row["space_id"], narrow, meant, row["through"])
        left = [space for space in spaces if space not in asked or space.id in through]
        return Sifted(tuple(left), given, sum(through.values()))

    async def _filter(self, space: int, narrow: Narrow, meant: _Meant | None, through: int) -> Filter:
        """What the index is told: what the rows say now, while that is not too much to say."""
        if through <= _BY_NUMBER:
            condition, values = _condition(narrow, meant)
            rows = await self._database.read(
                f"SELECT id FROM document WHERE revision AND space_id = ? AND {condition}",  # noqa: S608 - literals of this file
                (space, *values),
            )
            return Filter(documents=tuple(str(row["id"]) for row in rows))
        named = () if meant is None or space in meant.spaces else meant.documents
        return Filter(
            documents=tuple(map(str, named)),
            media=narrow.media,
            since=narrow.since,
            until=narrow.until,
        )

    async def _meant(self, narrow: Narrow, spaces: Sequence[Space]) -> _Meant:
        """The documents, or whole spaces, that somebody named."""
        documents: dict[int, None] = {}
        whole: list[int] = []
        for number in narrow.documents:
            if not number.isdecimal() or not await self._there(int(number), spaces):
                raise NotFound(f"There is no document {one_line(number, 40)} there.")
            documents[int(number)] = None
        for name in narrow.names:
            level, ids = await self._called(name, spaces)
            same = [space.id for space in spaces if _key(space.name) == _key(name)]
            if same and level > _BY_NAME:
                whole += same
            elif not ids:
                raise NotFound(
                    f"No document is called “{one_line(name, 60)}”.",
                    "A part of its title or its path is enough. Other spaces than these may have it.",
                )
            elif len(ids) > _MOST:
                raise Refused(
                    f"More than {_MOST} documents are called “{one_line(name, 60)}”.", "Say more of the name."
                )
            documents |= dict.fromkeys(ids)
        return _Meant(tuple(documents), tuple(whole))

    async def _there(self, number: int, spaces: Sequence[Space]) -> bool:
        row = await self._database.read_one(
            f"SELECT 1 FROM document WHERE id = ? AND space_id IN ({_marks(spaces)})",  # noqa: S608 - only marks
            (min(number, 2**62), *(space.id for space in spaces)),
        )
        return row is not None

    async def _called(self, name: str, spaces: Sequence[Space]) -> tuple[int, list[int]]:
        """The documents that a name fits best, and how well: 0 is the whole path."""
        condition = ""
        values: list[object] = [space.id for space in spaces]
        if name.isascii():
            # The database knows no other letters than these in both their forms.
            condition = " AND (instr(lower(source), lower(?)) OR instr(lower(title), lower(?)))"
            values += [name.rstrip("/"), name.rstrip("/")]
        rows = await self._database.read(
            "SELECT id, title, source FROM document "  # noqa: S608 - literals of this file
            f"WHERE revision AND space_id IN ({_marks(spaces)}){condition}",
            values,
        )
        ranked = [(_level(name, row["title"], row["source"]), row["id"]) for row in rows]
        best = min((level for level, _ in ranked), default=_NOT)
        return best, [id for level, id in ranked if level == best < _NOT]


_BY_NAME = 2
_NOT = 9


def _level(name: str, title: str, source: str) -> int:
    """How well a name fits a document; the lower the better."""
    wanted, path = _key(name).rstrip("/"), _key(source)
    own = _key(title)
    file = PurePath(path)
    if path == wanted:
        return 0
    if wanted.startswith("/"):
        return 1 if path.startswith(f"{wanted}/") else _NOT
    if wanted in (own, file.name, file.stem):
        return _BY_NAME
    if wanted in own or wanted in file.name:
        return 3
    return 4 if f"/{wanted}/" in path else _NOT


def _key(name: str) -> str:
    """A name as it is compared: some file systems take letters with their marks apart."""
    return unicodedata.normalize("NFC", name).casefold()


def _condition(narrow: Narrow, meant: _Meant | None) -> tuple[str, list[object]]:
    parts: list[str] = []
    values: list[object] = []
    if narrow.media:
        parts.append(f"media IN ({_marks(narrow.media)})")
        values += narrow.media
    if narrow.since is not None:
        parts.append("modified >= ?")
        values.append(narrow.since)
    if narrow.until is not None:
        parts.append("modified <= ?")
        values.append(narrow.until)
    if meant is not None:
        parts.append(f"(id IN ({_marks(meant.documents)}) OR space_id IN ({_marks(meant.spaces)}))")
        values += [*meant.documents, *meant.spaces]
    return " AND ".join(parts) or "1", values


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
