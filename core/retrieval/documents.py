"""The rows of documents, and of the sections and units they were cut into."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, NamedTuple, TypeAlias

import msgspec

from core.errors import NotFound
from core.retrieval.library import DocumentState, LibraryDocument
from core.retrieval.rows import document_of, section_of, unit_of
from core.retrieval.types import Cut, Section, Unit
from core.store.database import Database, Transaction

Statement: TypeAlias = tuple[str, Sequence[Any]]

_AT_ONCE = 500
"""Values in one statement; SQLite has a limit."""
_BY_KEY = "section INDEXED BY section_by_key"
"""It would rather look at every section of the document: of a book at thousands."""


class Behind(NamedTuple):
    """What stands behind hits; what is gone is missing."""

    documents: dict[int, LibraryDocument]
    sections: dict[tuple[int, str], Section]
    """By document and key."""
    stretches: dict[tuple[int, str], tuple[int, int]]
    """Where units stand in their sections, by document and key."""


class Known(msgspec.Struct, frozen=True):
    """What is known of a document when its file is seen again."""

    id: int
    state: DocumentState
    seen: str
    digest: str
    recipe: str
    root: int | None
    revision: int


class NewDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A document that was found and not read yet."""

    source: str
    kind: str = "file"
    root: int | None = None
    size: int = 0
    modified: float = 0.0
    title: str = ""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What is written of a document once its rows stand in the index."""

    id: int
    title: str
    media: str
    notes: tuple[str, ...] = ()
    pages: int | None = None
    size: int = 0
    modified: float = 0.0
    seen: str = ""
    digest: str = ""
    recipe: str = ""


class Committed(NamedTuple):
    """A document whose rows stand in the index, with what is to be written of it."""

    entry: Entry
    cut: Cut
    revision: int
    embedded: int
    """How many of its units have a vector."""


class DocumentStore:
    """Reads and writes documents."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def known(self, space: int) -> dict[str, Known]:
        """Every document of a space, by its source."""
        rows = await self.database.read(
            "SELECT source, id, state, seen, digest, recipe, root_id, revision FROM document "
            "WHERE space_id = ?",
            (space,),
        )
        return {row[0]: Known(*row[1:]) for row in rows}

    async def document(self, id: int) -> LibraryDocument:
        """A document as it is now."""
        row = await self.database.read_one("SELECT * FROM document WHERE id = ?", (id,))
        if row is None:
            raise NotFound(f"There is no document {id}.")
        return document_of(row)

    async def some(self, ids: Iterable[int]) -> dict[int, LibraryDocument]:
        """Those of these documents that there are."""
        found: dict[int, LibraryDocument] = {}
        # A turn for each part: of thousands of documents others need not wait for all.
        for part in _parts(list(ids)):
            found |= (await self.behind(part, (), ())).documents
        return found

    async def page(
        self, space: int | None, *, text: str, states: Sequence[DocumentState], skip: int, limit: int
    ) -> tuple[list[LibraryDocument], int]:
        """Some documents in the order of their sources, and how many there are; None: of every space."""
        where = ["space_id IN (SELECT id FROM space WHERE deleted_at IS NULL)"]
        values: list[int | str] = []
        if space is not None:
            where, values = ["space_id = ?"], [space]
        if text:
            where.append("(instr(lower(source), lower(?)) OR instr(lower(title), lower(?)))")
            values += [text, text]
        if states:
            where.append(f"state IN ({_marks(states)})")
            values += states
        condition = " AND ".join(where)
        # Everything in it is a literal of this file; what a person gave is a parameter.
        rows = await self.database.read(
            f"SELECT * FROM document WHERE {condition} ORDER BY space_id, source LIMIT ? OFFSET ?",  # noqa: S608 - see above
            (*values, limit, skip),
        )
        total = await self.database.read_one(f"SELECT count(*) FROM document WHERE {condition}", values)  # noqa: S608 - see above
        return [document_of(row) for row in rows], int(total[0]) if total else 0

    async def insert(self, tx: Transaction, space: int, new: Sequence[NewDocument], now: float) -> None:
        """Note documents that are to be read; known ones stay as they are."""
        await tx.many(
            "INSERT OR IGNORE INTO document "
            "(space_id, root_id, kind, source, title, size, modified, created, updated) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (space, one.root, one.kind, one.source, one.title, one.size, one.modified, now, now)
                for one in new
            ],
        )

    async def touch(self, tx: Transaction, seen: Sequence[tuple[str, float, int]]) -> None:
        """Note how files look from outside whose content is as it was: (seen, modified, document)."""
        await tx.many("UPDATE document SET seen = ?, modified = ? WHERE id = ?", seen)

    async def fail(self, tx: Transaction, id: int, sentence: str, now: float, **seen: Any) -> None:
        """Note why a document cannot be read; what was read of it before stays."""
        assert seen.keys() <= {"seen", "digest", "recipe", "size", "modified"}
        sets = "".join(f", {name} = :{name}" for name in seen)
        await tx.execute(
            f"UPDATE document SET state = 'failed', error = :error, updated = :now{sets} WHERE id = :id",  # noqa: S608 - checked above
            {"error": sentence, "now": now, "id": id, **seen},
        )

    async def begin(self, tx: Transaction, ids: Sequence[int]) -> dict[int, int]:
        """Begin a revision of each; rows of several may stand in the index until that is cleared."""
        for some in _parts(ids):
            await tx.execute(
                f"UPDATE document SET latest = latest + 1, dirty = 1 WHERE id IN ({_marks(some)})",  # noqa: S608 - only marks
                some,
            )
        return {row["id"]: row["latest"] for row in await self._within(tx, "latest", ids)}

    async def commit(self, tx: Transaction, group: Sequence[Committed], *, now: float) -> dict[int, int]:
        """Let revisions count: their rows are in the index. Returns those whose documents are still there."""
        there = {row["id"] for row in await self._within(tx, "id", [one.entry.id for one in group])}
        group = [one for one in group if one.entry.id in there]
        await tx.many(
            "UPDATE document SET state = 'ready', error = '', title = :title, media = :media, "
            "notes = :notes, pages = :pages, size = :size, modified = :modified, seen = :seen, "
            "digest = :digest, recipe = :recipe, sections = :sections, units = :units, embedded = :embedded, "
            "tokens = :tokens, "
            "revision = :revision, updated = :now WHERE id = :id",
            [
                {
                    **msgspec.structs.asdict(one.entry),
                    "notes": _json(one.entry.notes),
                    "sections": len(one.cut.sections),
                    "units": len(one.cut.units),
                    "embedded": one.embedded,
                    "tokens": sum(section.tokens for section in one.cut.sections),
                    "revision": one.revision,
                    "now": now,
                }
                for one in group
            ],
        )
        # Of a first revision nothing can be there.
        older = [(one.entry.id,) for one in group if one.revision > 1]
        if older:
            await tx.many("DELETE FROM section WHERE document_id = ?", older)
            await tx.many("DELETE FROM unit WHERE document_id = ?", older)
        # Some at a time: a book has thousands, and the loop has its turn in between.
        sections = ((one.entry.id, section) for one in group for section in one.cut.sections)
        while some := list(islice(sections, _AT_ONCE)):
            await tx.many(
                "INSERT INTO section (document_id, ord, key, heading, text, place, tokens) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (id, one.ord, one.key, heading, one.text, place, one.tokens)
                    for (id, one), heading, place in zip(
                        some,
                        _each_json([one.heading for _, one in some]),
                        _each_json([one.place for _, one in some]),
                        strict=True,
                    )
                ],
            )
        units = ((one.entry.id, unit) for one in group for unit in one.cut.units)
        while rest := list(islice(units, _AT_ONCE)):
            await tx.many(
                "INSERT INTO unit (document_id, ord, key, section, context, start, stop, place, tokens) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        id, one.ord, one.key, one.section, one.context,
                        one.start, one.end, place, one.tokens,
                    )
                    for (id, one), place in zip(
                        rest, _each_json([one.place for _, one in rest]), strict=True
                    )
                ],
            )  # fmt: skip
        return {one.entry.id: one.revision for one in group}

    async def recommit(self, tx: Transaction, id: int, *, revision: int, embedded: int) -> bool:
        """Let a revision count that has the same text as the one before."""
        done = await tx.execute(
            "UPDATE document SET revision = ?, embedded = ? WHERE id = ?", (revision, embedded, id)
        )
        return bool(done.rowcount)

    async def clean(self, tx: Transaction, revisions: dict[int, int]) -> None:
        """Only these revisions stand in the index now, unless another was begun meanwhile."""
        await tx.many(
            "UPDATE document SET dirty = 0 WHERE id = ? AND revision = ? AND latest = ?",
            [(id, revision, revision) for id, revision in revisions.items()],
        )

    async def dirty(self, space: int) -> list[tuple[int, int]]:
        """Documents of which several revisions may stand in the index, and the one that counts."""
        rows = await self.database.read(
            "SELECT id, revision FROM document WHERE space_id = ? AND dirty ORDER BY id", (space,)
        )
        return [(row["id"], row["revision"]) for row in rows]

    async def soil(self, tx: Transaction, ids: Sequence[int]) -> None:
        """Something else than the revision that counts stands in the index."""
        for some in _parts(ids):
            await tx.execute(f"UPDATE document SET dirty = 1 WHERE id IN ({_marks(some)})", some)  # noqa: S608 - only marks

    async def revisions(self, space: int) -> dict[int, tuple[int, int]]:
        """The revision that counts and how many units it has, of each document that has any."""
        rows = await self.database.read(
            "SELECT id, revision, units FROM document WHERE space_id = ? AND revision", (space,)
        )
        return {row["id"]: (row["revision"], row["units"]) for row in rows}

    async def unembedded(self, space: int, limit: int, after: int = 0) -> list[int]:
        """Documents with units that have no vector."""
        rows = await self.database.read(
            "SELECT id FROM document WHERE space_id = ? AND embedded < units AND revision AND id > ? "
            "ORDER BY id LIMIT ?",
            (space, after, limit),
        )
        return [row["id"] for row in rows]

    async def indexed(self, space: int) -> list[int]:
        """Documents that have something in the index, or should have."""
        rows = await self.database.read(
            "SELECT id FROM document WHERE space_id = ? AND revision ORDER BY id", (space,)
        )
        return [row["id"] for row in rows]

    async def under_root(self, root: int) -> set[str]:
        """The sources that were found under something that was given to be read."""
        rows = await self.database.read("SELECT source FROM document WHERE root_id = ?", (root,))
        return {row["source"] for row in rows}

    async def remove(self, tx: Transaction, ids: Sequence[int]) -> int:
        """Forget documents with everything they were cut into."""
        removed = 0
        for some in _parts(ids):
            removed += (await tx.execute(f"DELETE FROM document WHERE id IN ({_marks(some)})", some)).rowcount  # noqa: S608 - only marks
        return removed

    # Texts that no file holds.

    async def put_text(self, tx: Transaction, space: int, name: str, text: str, now: float) -> int:
        """Keep a text under a name, in the place of an earlier one of that name; returns its number."""
        rows = await tx.rows(
            "INSERT INTO document (space_id, kind, source, title, size, modified, created, updated) "
            "VALUES (:space, 'text', :name, :name, :size, :now, :now, :now) "
            "ON CONFLICT DO UPDATE SET kind = 'text', size = :size, modified = :now, seen = '', digest = '' "
            "RETURNING id",
            {"space": space, "name": name, "size": len(text.encode("utf-8", "replace")), "now": now},
        )
        id = int(rows[0]["id"])
        await tx.execute(
            "INSERT OR REPLACE INTO document_text (document_id, content) VALUES (?, ?)", (id, text)
        )
        return id

    async def has_texts(self, space: int) -> bool:
        """Whether a space holds texts that no file holds."""
        return bool(
            await self.database.read(
                "SELECT 1 FROM document WHERE space_id = ? AND kind = 'text' LIMIT 1", (space,)
            )
        )

    async def text(self, id: int) -> str | None:
        """A text that was kept."""
        row = await self.database.read_one("SELECT content FROM document_text WHERE document_id = ?", (id,))
        return None if row is None else str(row["content"])

    # What documents were cut into.

    async def cut(self, id: int) -> Cut:
        """Everything a document was cut into."""
        sections = await self.sections(id)
        texts = {section.key: section.text for section in sections}
        rows = await self.database.read("SELECT * FROM unit WHERE document_id = ? ORDER BY ord", (id,))
        return Cut(tuple(sections), tuple(unit_of(row, texts) for row in rows))

    async def sections(self, id: int, *, skip: int = 0, limit: int = -1) -> list[Section]:
        """Sections of a document in reading order."""
        rows = await self.database.read(
            "SELECT * FROM section WHERE document_id = ? ORDER BY ord LIMIT ? OFFSET ?", (id, limit, skip)
        )
        return [section_of(row) for row in rows]

    async def section_of(self, id: int, key: str) -> Section | None:
        """A section by its key."""
        return (await self.sections_by_key([(id, key)])).get((id, key))

    async def units_of(self, id: int, sections: Sequence[Section]) -> list[Unit]:
        """The units of some sections."""
        texts = {section.key: section.text for section in sections}
        rows = await self.database.read("SELECT * FROM unit WHERE document_id = ? ORDER BY ord", (id,))
        return [unit_of(row, texts) for row in rows if row["section"] in texts]

    async def sections_by_key(self, wanted: Iterable[tuple[int, str]]) -> dict[tuple[int, str], Section]:
        """Those of these sections that there are, each by its document and its key."""
        return (await self.behind((), wanted, ())).sections

    async def behind(
        self,
        documents: Iterable[int],
        sections: Iterable[tuple[int, str]],
        places: Iterable[tuple[int, int]],
    ) -> Behind:
        """What stands behind hits, in one turn: documents, sections by key, units by place."""
        parts = (
            _each("SELECT * FROM document WHERE id IN ({})", list(documents)),
            _joined(_BY_KEY, "key", sections),
            _joined("unit", "ord", places),
        )
        found = iter(await self.database.read_together(*(one for part in parts for one in part)))
        first, second, third = ([row for _ in part for row in next(found)] for part in parts)
        return Behind(
            {row["id"]: document_of(row) for row in first},
            {(row["document_id"], row["key"]): section_of(row) for row in second},
            {(row["document_id"], row["key"]): (row["start"], row["stop"]) for row in third},
        )

    async def _within(self, tx: Transaction, column: str, ids: Sequence[int]) -> list[sqlite3.Row]:
        found: list[sqlite3.Row] = []
        for some in _parts(ids):
            found += await tx.rows(f"SELECT id, {column} FROM document WHERE id IN ({_marks(some)})", some)  # noqa: S608 - our own names
        return found


def _each(query: str, values: list[int]) -> list[Statement]:
    return [(query.format(_marks(some)), some) for some in _parts(values)]


def _joined(table: str, column: str, wanted: Iterable[tuple[int, Any]]) -> list[Statement]:
    """Statements that look for each of many rows, of many documents, and read no other."""
    pairs = list(dict.fromkeys(wanted))
    statements: list[Statement] = []
    for some in (pairs[at : at + _AT_ONCE // 2] for at in range(0, len(pairs), _AT_ONCE // 2)):
        query = (
            f"WITH wanted (document, it) AS (VALUES {', '.join(['(?, ?)'] * len(some))}) "  # noqa: S608 - our own names
            f"SELECT * FROM wanted CROSS JOIN {table} ON document_id = document AND {column} = it"
        )
        statements.append((query, [value for pair in some for value in pair]))
    return statements


def _parts(values: Sequence[int]) -> list[Sequence[int]]:
    return [values[at : at + _AT_ONCE] for at in range(0, len(values), _AT_ONCE)]


def _marks(values: Sequence[Any]) -> str:
    return ", ".join("?" * len(values))


_ENCODER = msgspec.json.Encoder()


def _json(value: object) -> str:
    return _ENCODER.encode(value).decode()


def _each_json(values: Sequence[object]) -> list[str]:
    """Every value for itself; asked for one by one, thousands of them cost more than all else of a row."""
    return _ENCODER.encode_lines(values).decode().split("\n")[:-1]
