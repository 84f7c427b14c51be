"""Puts documents into the index and into the rows, so that a crash at any moment leaves nothing wrong.

    a revision is begun    (rows: latest + 1, dirty)
    its units are added    (index: two revisions stand there for a moment, both found, neither lost)
    it counts              (rows: sections, units, revision)
    older ones are dropped (index)
    it is clean            (rows)

Whoever finds a dirty document later knows that the index may hold more or less of it than the rows say,
and the rows alone are enough to put that right.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import msgspec

from core.retrieval.desk import Desk
from core.retrieval.documents import Committed, Entry
from core.retrieval.library import DocumentsChanged, LibraryDocument, Space
from core.retrieval.seams import Embedder, Index, Standing
from core.retrieval.types import Cut, Row, Unit

_AT_ONCE = 200
"""Documents that are put right together."""
MOST_AT_ONCE = 2_000
"""Units of one document that get their vectors before it stands in the index; more get them after."""


class Bound(msgspec.Struct, frozen=True):
    """A document that was read and cut, with the vectors of its units as far as there are any."""

    entry: Entry
    cut: Cut
    vectors: Mapping[str, bytes] = {}
    """By the key of the unit."""


class Binder:
    """The one writer of documents."""

    def __init__(self, desk: Desk, index: Index) -> None:
        self._desk = desk
        self._index = index

    async def put(self, space: Space, group: Sequence[Bound], stamp: str) -> list[int]:
        """Let documents take the place of what was there of them; returns those that were still wanted."""
        desk, documents = self._desk, self._desk.documents
        ids = [bound.entry.id for bound in group]
        async with desk.database.write() as tx:
            begun = await documents.begin(tx, ids)
        wanted = [bound for bound in group if bound.entry.id in begun]
        rows = await desk.tasks.in_thread(_rows, wanted, begun)
        await self._index.add(space.id, rows, stamp=stamp if any(row.vector for row in rows) else "")
        done = [
            Committed(
                bound.entry,
                bound.cut,
                begun[bound.entry.id],
                sum(unit.key in bound.vectors for unit in bound.cut.units) if bound.vectors else 0,
            )
            for bound in wanted
        ]
        async with desk.database.write() as tx:
            there = await documents.commit(tx, done, now=desk.clock.now())
        gone = [str(id) for id in begun if id not in there]
        if gone:  # removed while it was being read
            await self._index.remove(space.id, gone)
        await self._clean(space.id, there)
        return list(there)

    async def _clean(self, space: int, revisions: Mapping[int, int]) -> None:
        """Drop what is older than these revisions, and note that it is gone."""
        by_revision: dict[int, list[str]] = defaultdict(list)
        for id, revision in revisions.items():
            if revision > 1:
                by_revision[revision].append(str(id))
        for revision, older in by_revision.items():
            await self._index.drop_older(space, older, revision)
        async with self._desk.database.write() as tx:
            await self._desk.documents.clean(tx, dict(revisions))

    async def remove(
        self, space: int, ids: Sequence[int], *, purge: bool = False, keep_out: Sequence[str] = ()
    ) -> int:
        """Take documents out, first of the rows, then of the index; a crash in between is put right later.

        The files named in *keep_out* are not read again before somebody names them.
        """
        desk = self._desk
        async with desk.database.write() as tx:
            await desk.kept_out.keep(tx, space, keep_out)
            await tx.many(
                "INSERT OR REPLACE INTO document_debris (document_id, space_id) "
                "SELECT id, space_id FROM document WHERE id = ? AND space_id = ?",
                [(id, space) for id in ids],
            )
            removed = await desk.documents.remove(tx, ids)
        if removed:
            await self.clear_debris(space)
            desk.bus.publish(DocumentsChanged(space))
        if purge:
            await self._index.optimize(space, purge=True)
            await desk.database.checkpoint()
        return removed

    async def take_out(self, ids: Sequence[int], *, purge: bool) -> int:
        """Remove documents of any spaces because somebody wants it; returns how many there were."""
        by_space: dict[int, list[LibraryDocument]] = defaultdict(list)
        for document in (await self._desk.documents.some(ids)).values():
            by_space[document.space].append(document)
        removed = 0
        for space, some in by_space.items():
            files = [one.source for one in some if one.kind == "file"]
            removed += await self.remove(space, [int(one.id) for one in some], purge=purge, keep_out=files)
            await self._desk.tell(space)
        return removed

    async def clear_debris(self, space: int) -> None:
        """Take out of the index what is left there of documents that are gone."""
        rows = await self._desk.database.read(
            "SELECT document_id FROM document_debris WHERE space_id = ?", (space,)
        )
        if not rows:
            return
        ids = [row["document_id"] for row in rows]
        await self._index.remove(space, [str(id) for id in ids])
        async with self._desk.database.write() as tx:
            await tx.many("DELETE FROM document_debris WHERE document_id = ?", [(id,) for id in ids])

    async def mend(self, space: Space, embedder: Embedder | None, *, wholly: bool = False) -> int:
        """Put right what a crash left, or with *wholly* whatever is wrong; returns how much that was."""
        documents = self._desk.documents
        await self.clear_debris(space.id)
        if wholly:
            await self._compare(space)
        dirty = await documents.dirty(space.id)
        if not dirty:
            return 0
        standing = await self._index.documents(space.id)
        for at in range(0, len(dirty), _AT_ONCE):
            await self._mend(space, dirty[at : at + _AT_ONCE], standing, embedder)
        await self.recount(space.id)
        return len(dirty)

    async def _mend(
        self,
        space: Space,
        dirty: Sequence[tuple[int, int]],
        standing: Mapping[str, Standing],
        embedder: Embedder | None,
    ) -> None:
        unread, right, wrong = [], {}, []
        for id, revision in dirty:
            there = standing.get(str(id))
            if not revision:
                unread.append(id)
            elif there is not None and max(there.revisions) == revision:
                right[id] = revision
            else:
                wrong.append(id)
        if unread:
            await self._index.remove(space.id, [str(id) for id in unread])
            async with self._desk.database.write() as tx:
                await tx.many("UPDATE document SET dirty = 0 WHERE id = ?", [(id,) for id in unread])
        units = await self._desk.documents.revisions(space.id)
        for id in list(right):
            there = standing[str(id)]
            if len(there.revisions) == 1 and there.rows != units[id][1]:
                del right[id]
                wrong.append(id)
        await self._clean(space.id, right)
        for id in wrong:
            await self.rewrite(space, id, embedder)

    async def rewrite(self, space: Space, id: int, embedder: Embedder | None) -> None:
        """Put a document into the index as its rows have it."""
        documents = self._desk.documents
        cut = await documents.cut(id)
        document = await documents.document(id)
        vectors = await self.vectors(space, cut.units, embedder)
        async with self._desk.database.write() as tx:
            begun = await documents.begin(tx, [id])
        entry = Entry(id=id, title=document.title, media=document.media, modified=document.modified)
        rows = [row_of(entry, unit, begun[id], vectors.get(unit.key)) for unit in cut.units]
        stamp = embedder.stamp if embedder is not None and vectors else ""
        await self._index.add(space.id, rows, stamp=stamp)
        async with self._desk.database.write() as tx:
            kept = await documents.recommit(tx, id, revision=begun[id], embedded=len(vectors))
        if kept:
            await self._clean(space.id, begun)

    async def vectors(
        self, space: Space, units: Sequence[Unit], embedder: Embedder | None, *, build: int | None = None
    ) -> dict[str, bytes]:
        """The vectors of units by their keys: those that are there already, and new ones for the rest."""
        if not units or (embedder is None and not space.embedded):
            return {}
        texts = list(dict.fromkeys(unit.searchable for unit in units))
        found = await self._index.known(space.id, texts, build=build)
        missing = [text for text in texts if text not in found]
        if embedder is not None and missing and len(missing) <= MOST_AT_ONCE:
            made = await embedder.documents(missing)
            found |= {text: vector for text, vector in zip(missing, made, strict=True) if vector is not None}
        return {unit.key: found[unit.searchable] for unit in units if unit.searchable in found}

    async def recount(self, space: int) -> None:
        """Learn from the index how many units of each document have a vector."""
        standing = await self._index.documents(space)
        async with self._desk.database.write() as tx:
            await tx.many(
                "UPDATE document SET embedded = min(units, :embedded) "
                "WHERE id = :id AND embedded <> :embedded",
                [
                    {"id": int(id), "embedded": there.embedded}
                    for id, there in standing.items()
                    if id.isdecimal()
                ],
            )

    async def _compare(self, space: Space) -> None:
        """Find what the index holds otherwise than the rows say, and mark it."""
        documents = self._desk.documents
        standing = await self._index.documents(space.id)
        known = await documents.revisions(space.id)
        strangers = [id for id in standing if not id.isdecimal() or int(id) not in known]
        if strangers:
            await self._index.remove(space.id, strangers)
        wrong = [
            id
            for id, (revision, units) in known.items()
            if units and not _agrees(standing.get(str(id)), revision, units)
        ]
        async with self._desk.database.write() as tx:
            await documents.soil(tx, wrong)


def _agrees(there: Standing | None, revision: int, units: int) -> bool:
    return there is not None and tuple(there.revisions) == (revision,) and there.rows == units


def _rows(group: Sequence[Bound], revisions: Mapping[int, int]) -> list[Row]:
    """What a group of documents adds to the index: thousands of rows, so that a thread makes them."""
    return [
        row_of(bound.entry, unit, revisions[bound.entry.id], bound.vectors.get(unit.key))
        for bound in group
        for unit in bound.cut.units
    ]


def row_of(entry: Entry, unit: Unit, revision: int, vector: bytes | None) -> Row:
    """A unit as the index takes it."""
    return Row(
        key=unit.key,
        document=str(entry.id),
        section=unit.section,
        ord=unit.ord,
        revision=revision,
        text=unit.searchable,
        media=entry.media,
        changed=entry.modified,
        vector=vector,
    )
