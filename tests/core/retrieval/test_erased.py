"""What is erased is nowhere: not in a table, a log, an index, a file that was set aside, nor as a vector."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.clock import SystemClock
from core.retrieval.library import Space
from core.retrieval.types import EVERYTHING
from tests.core.retrieval.making import docx, paragraph, pdf
from tests.core.retrieval.reading_room import ReadingRoom, reading_room
from tests.waiting import until

SECRET = "Xylophonquartett in der Besenkammer"
EARLIER = "Klarinettentrio unter der Kellertreppe"

FILES = {
    "note.txt": f"{SECRET} plays at noon.".encode(),
    "wide.txt": f"{SECRET} plays at one.".encode("utf-16"),
    "page.pdf": pdf((f"{SECRET} plays at two.",)),
    "letter.docx": docx(paragraph(f"{SECRET} plays at three.")),
    "list.csv": f"who,when\n{SECRET},four\n".encode(),
}


def marks(*sentences: str) -> set[bytes]:
    """A sentence and its rarest word as they may stand in a file."""
    said = {part for one in sentences for part in (one, one.split()[0], one.split()[0].lower())}
    return {part.encode(encoding) for part in said for encoding in ("utf-8", "utf-16-le")}


def holding(room: ReadingRoom, wanted: set[bytes]) -> set[str]:
    """Every file of the data directory that holds any of it; what the person wrote is not ours."""
    return {
        str(path.relative_to(room.home))
        for path in room.home.rglob("*")
        if path.is_file()
        and room.shelf not in path.parents
        and any(mark in (content := path.read_bytes()) or mark in content.lower() for mark in wanted)
    }


async def full(room: ReadingRoom) -> Space:
    """A space with the secret in files of many kinds, a pasted text, and an earlier state of a file."""
    for number in range(40):
        (room.shelf / f"other{number}.txt").write_text(f"Nothing is hidden in {number}. " * 40)
    for name, data in FILES.items():
        (room.shelf / name).write_bytes(data)
    (room.shelf / "note.txt").write_text(f"{EARLIER} plays first. {SECRET} plays at noon.")
    space = await room.library.create_space("a")
    await room.ended(await room.library.ingest_text(space.id, "pasted", f"{SECRET} plays at five."))
    await room.ingested(space)
    (room.shelf / "note.txt").write_bytes(FILES["note.txt"])
    await room.ingested(space)
    return space


async def secret_vectors(room: ReadingRoom, space: Space) -> set[bytes]:
    hits = await room.index.words(space.id, SECRET, 50, EVERYTHING)
    documents = {one.id: one.title for one in (await room.library.documents(space.id)).documents}
    keys = {hit.key for hit in hits if not documents[hit.document].startswith("other")}
    assert len(keys) == len(FILES) + 1
    table = await (await room.index._shelf(space.id)).table()
    assert table is not None
    found = await table.query().select(["key", "vector"]).to_arrow()
    rows = zip(found.column("key").to_pylist(), found.column("vector").to_pylist(), strict=True)
    import numpy as np

    return {np.asarray(vector, np.float32).tobytes() for key, vector in rows if key in keys}


async def taken_out(room: ReadingRoom, space: Space, *, purge: bool) -> None:
    documents = (await room.library.documents(space.id, limit=100)).documents
    ids = tuple(one.id for one in documents if "other" not in one.source)
    assert await room.library.remove_documents(ids, purge=purge) == len(FILES) + 1


@pytest.mark.parametrize("way", ["purged", "removed, and the space purged later"])
async def test_nothing_is_left_of_documents_that_were_purged(tmp_path: Path, way: str) -> None:
    async with reading_room(tmp_path, real=True, clock=SystemClock()) as room:
        space = await full(room)
        wanted = marks(SECRET, EARLIER) | await secret_vectors(room, space)
        assert len(wanted) > len(marks(SECRET, EARLIER))
        before = holding(room, wanted)
        assert any(name.endswith(".lance") for name in before)
        assert any("db" in name for name in before)
        if way == "purged":
            await taken_out(room, space, purge=True)
        else:
            await taken_out(room, space, purge=False)
            assert holding(room, wanted)
            job = await room.library.optimize(space.id, purge=True)
            assert (await room.ended(job)).state == "done"
        assert holding(room, wanted) == set()
        assert (await room.library.space(space.id)).documents == 40
        assert (await room.library.health(space.id)).sound
    room = ReadingRoom(tmp_path)
    assert holding(room, wanted) == set()


async def test_nothing_is_left_of_a_space_that_was_deleted_long_ago(tmp_path: Path) -> None:
    async with reading_room(tmp_path, real=True, clock=SystemClock()) as room:
        space = await full(room)
        wanted = marks(SECRET, EARLIER) | await secret_vectors(room, space)
        await room.library.delete_space(space.id)
        assert holding(room, wanted), "it can be taken back"
        async with room.database.write() as tx:
            await tx.execute("UPDATE space SET deleted_at = 1")
    async with reading_room(tmp_path, real=True, clock=SystemClock()) as room:
        assert await room.library.spaces(deleted=True) == ()
        await until(lambda: not holding(room, wanted))
