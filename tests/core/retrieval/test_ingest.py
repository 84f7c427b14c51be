"""Reading into spaces: new, changed, gone, broken, interrupted, with a model and without."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from core.errors import UsageError
from core.retrieval import asking, working
from core.retrieval.binding import row_of
from core.retrieval.desk import Maker
from core.retrieval.documents import Entry
from core.retrieval.library import DocumentChanged, Ingest, IngestProgress, Space, SpaceChanged
from core.simulator import Setup
from tests.core.models.workshop import sized, small
from tests.core.retrieval.reading_room import ReadingRoom, reading_room
from tests.core.retrieval.shelves import rows
from tests.waiting import until

OLD = 1_700_000_000


async def space_of(room: ReadingRoom, name: str = "a") -> Space:
    return await room.library.create_space(name)


async def herons(room: ReadingRoom, count: int) -> Space:
    """A space with so many short documents, read with the first model."""
    for number in range(count):
        room.write(f"{number}.txt", f"The heron number {number} stands in the reeds.")
    space = await space_of(room)
    await room.library.change_space(space.id, model="vectors")
    await room.ingested(space)
    return space


def numbers(job: Any) -> dict[str, float]:
    found = job.progress.numbers
    return {
        name: found[name] for name in ("added", "changed", "unchanged", "removed", "failed") if found[name]
    }


async def test_a_folder_is_read_and_every_chunk_of_it_stands_in_the_index_once(room: ReadingRoom) -> None:
    room.write("one.txt", "The cat sleeps. The dog barks.\n\nThe bird sings.")
    room.write("deep/two.txt", "Rain falls.")
    space = await space_of(room)
    job = await room.ingested(space)
    assert job.state == "done"
    assert numbers(job) == {"added": 2}
    assert await room.held(space) == {
        "one.txt": {"The cat sleeps", "The dog barks.", "The bird sings."},
        "two.txt": {"Rain falls."},
    }
    now = await room.library.space(space.id)
    assert (now.documents, now.chunks, now.embedded, now.failed) == (2, 4, 4, 0)
    assert now.made_by == "vectors:latest"
    assert now.dimension == 4096
    assert now.roots == (str(room.shelf),)
    assert now.job is None
    assert (await room.library.health(space.id)).sound


async def test_a_second_look_reads_only_what_changed_and_removes_what_is_gone(room: ReadingRoom) -> None:
    for name in ("same", "changed", "gone", "touched"):
        os.utime(room.write(f"{name}.txt", f"This is {name}. It was there."), (OLD, OLD))
    space = await space_of(room)
    await room.ingested(space)
    room.reader.read_paths.clear()
    os.utime(room.write("changed.txt", "This is changed. It is new."), (OLD + 60, OLD + 60))
    (room.shelf / "gone.txt").unlink()
    os.utime(room.shelf / "touched.txt", (OLD + 60, OLD + 60))
    room.write("fresh.txt", "Fresh.")
    embedded = room.asked("/api/embed")
    job = await room.ingested(space)
    assert job.state == "done", job.error
    assert room.reader.read_paths == ["changed.txt", "fresh.txt"]
    assert numbers(job) == {"added": 1, "changed": 1, "unchanged": 2, "removed": 1}
    held = await room.held(space)
    assert held["changed.txt"] == {"This is changed", "It is new."}
    assert set(held) == {"same.txt", "changed.txt", "touched.txt", "fresh.txt"}
    assert room.asked("/api/embed") > embedded
    room.reader.read_paths.clear()
    assert numbers(await room.ended(await room.library.ingest(space.id))) == {"unchanged": 4}
    assert room.reader.read_paths == []


async def test_a_document_that_cannot_be_read_keeps_its_sentence_and_the_rest_goes_on(
    room: ReadingRoom,
) -> None:
    room.write("a.txt", "Good.")
    os.utime(room.write("b.txt", "broken"), (OLD, OLD))
    room.write("c.txt", "Good, too.")
    space = await space_of(room)
    assert numbers(await room.ingested(space)) == {"added": 2, "failed": 1}
    [failed] = (await room.library.documents(space.id, states=("failed",))).documents
    assert (failed.title, failed.error) == ("b.txt", "It is damaged. Save it anew.")
    room.reader.read_paths.clear()
    await room.ingested(space)
    assert "b.txt" not in room.reader.read_paths, "it was not changed, so it is as broken as before"
    os.utime(room.write("b.txt", "Mended."), (OLD + 9, OLD + 9))
    await room.ingested(space)
    assert (await room.held(space))["b.txt"] == {"Mended."}
    assert (await room.library.space(space.id)).failed == 0


async def test_a_document_that_breaks_keeps_the_text_it_had(room: ReadingRoom) -> None:
    os.utime(room.write("a.txt", "Good."), (OLD, OLD))
    space = await space_of(room)
    await room.ingested(space)
    os.utime(room.write("a.txt", "broken"), (OLD + 9, OLD + 9))
    await room.ingested(space)
    [document] = (await room.library.documents(space.id)).documents
    assert document.state == "failed"
    assert await room.held(space) == {"a.txt": {"Good."}}


async def test_a_folder_that_is_away_has_not_lost_its_documents(room: ReadingRoom) -> None:
    room.write("mount/a.txt", "Far away.")
    space = await space_of(room)
    await room.ingested(space, room.shelf / "mount")
    (room.shelf / "mount").rename(room.shelf / "elsewhere")
    job = await room.ended(await room.library.ingest(space.id))
    assert job.state == "failed"
    assert job.error is not None
    assert "is not there" in job.error.message
    assert await room.held(space) == {"a.txt": {"Far away."}}


async def test_without_a_model_words_do_and_vectors_follow_by_themselves(tmp_path: Path) -> None:
    setup = small(installed=(sized("tiny", 1),))
    async with reading_room(tmp_path, setup=setup) as room:
        room.write("a.txt", "The heron stands in the reeds.")
        space = await space_of(room)
        await room.ingested(space)
        now = await room.library.space(space.id)
        assert (now.chunks, now.embedded, now.made_by) == (1, 0, "")
        assert "no embedding model nomic-embed-text" in now.note
        found = await room.library.search("heron", spaces=(space.id,))
        assert [passage.text for passage in found.passages] == ["The heron stands in the reeds."]
        async for _ in room.server.client.pull("vectors"):
            pass
        await room.models.sync()
        await until_embedded(room, space, 1)
        assert (await room.library.space(space.id)).note == ""


async def until_embedded(room: ReadingRoom, space: Space, wanted: int) -> None:
    seen = room.bus.subscribe(SpaceChanged)
    with seen as mailbox:
        async with asyncio.timeout(20):
            while (now := await room.library.space(space.id)).embedded < wanted or now.job is not None:
                await mailbox.drain()


async def test_pasted_text_is_read_and_replaced_under_its_name(room: ReadingRoom) -> None:
    space = await space_of(room)
    await room.ended(await room.library.ingest_text(space.id, "note", "Milk. Bread."))
    await room.ended(await room.library.ingest_text(space.id, "note", "Milk. Butter."))
    assert await room.held(space) == {"note": {"Milk", "Butter."}}
    [document] = (await room.library.documents(space.id)).documents
    assert (document.kind, document.source, document.state) == ("text", "note", "ready")
    with pytest.raises(UsageError):
        await room.library.ingest_text(space.id, "note", "  ")


async def test_documents_are_told_as_they_come_and_progress_never_falls(room: ReadingRoom) -> None:
    for number in range(30):
        room.write(f"{number:02}.txt", f"Number {number}. " * 20)
    space = await space_of(room)
    room.seen.take()
    await room.ingested(space)
    events = room.seen.take()
    told = {event.document.title for event in events if isinstance(event, DocumentChanged)}
    assert len(told) == 30
    last = [event.ingest for event in events if isinstance(event, IngestProgress)][-1]
    assert (last.phase, last.documents, last.done, last.added) == ("done", 30, 30, 30)


async def test_a_held_ingest_goes_on_where_it_stopped(room: ReadingRoom) -> None:
    for number in range(6):
        room.write(f"{number}.txt", f"Number {number}.")
    space = await space_of(room)
    room.reader.gate = asyncio.Event()
    ingest = await room.library.ingest(space.id, (str(room.shelf),))
    await until(lambda: room.reader.read_paths)
    await room.jobs.hold(ingest.job)
    await until(lambda: not room.jobs._ledger.tracks["cpu"].runs)
    [held] = await room.library.ingests(space=space.id)
    assert held.phase == "held"
    room.reader.gate.set()
    await room.jobs.release(ingest.job)
    await room.ended(ingest)
    assert len(await room.held(space)) == 6


async def test_removing_documents_takes_them_out_everywhere(room: ReadingRoom) -> None:
    room.write("a.txt", "One.")
    room.write("b.txt", "Two.")
    space = await space_of(room)
    await room.ingested(space)
    page = await room.library.documents(space.id)
    assert await room.library.remove_documents((page.documents[0].id,)) == 1
    assert await room.held(space) == {"b.txt": {"Two."}}
    assert [one.title for one in (await room.library.documents(space.id)).documents] == ["b.txt"]
    assert room.shelf.joinpath("a.txt").exists()


async def test_purging_leaves_no_byte_of_a_document(room: ReadingRoom) -> None:
    secret = "Xylophonquartett in der Besenkammer"
    room.write("a.txt", f"{secret}.")
    room.write("b.txt", "Nothing to hide here.")
    space = await space_of(room)
    await room.ingested(space)
    page = await room.library.documents(space.id, text="a.txt")
    await room.library.remove_documents((page.documents[0].id,), purge=True)
    assert await room.held(space) == {"b.txt": {"Nothing to hide here."}}
    kept = [path for path in room.home.rglob("*") if path.is_file() and room.shelf not in path.parents]
    assert [path for path in kept if secret.encode() in path.read_bytes()] == []


async def test_spaces_share_nothing(room: ReadingRoom) -> None:
    first, second = await space_of(room, "a"), await space_of(room, "b")
    one = room.write("one/a.txt", "The treasure is under the oak.")
    two = room.write("two/b.txt", "The treasure is under the elm.")
    await room.ingested(first, one.parent)
    await room.ingested(second, two.parent)
    for space, tree in ((first, "oak"), (second, "elm")):
        found = await room.library.search("Where is the treasure?", spaces=(space.id,))
        assert [tree in passage.text for passage in found.passages] == [True]
        assert {passage.space for passage in found.passages} == {space.name}
    await room.library.delete_space(first.id)
    found = await room.library.search("Where is the treasure?")
    assert [passage.space for passage in found.passages] == ["b"]


async def test_another_model_asks_for_a_reindex_and_never_mixes_vectors(tmp_path: Path) -> None:
    other = sized("other", 0.2, capabilities=("embedding",), width=512)
    setup: Setup = small(installed=(*small().installed, other))
    async with reading_room(tmp_path, setup=setup) as room:
        room.write("a.txt", "The heron stands in the reeds.")
        space = await space_of(room)
        await room.library.change_space(space.id, model="vectors")
        await room.ingested(space)
        changed = await room.library.change_space(space.id, model="other")
        assert changed.stale
        assert "re-index" in changed.note
        room.write("b.txt", "The stork stands on the roof.")
        await room.ingested(space)
        now = await room.library.space(space.id)
        assert (now.chunks, now.embedded, now.made_by) == (2, 1, "vectors:latest")
        await room.ended(await room.library.reindex(space.id))
        now = await room.library.space(space.id)
        assert (now.chunks, now.embedded, now.made_by, now.dimension, now.stale) == (
            2,
            2,
            "other:latest",
            512,
            False,
        )
        assert await room.index.tables() == [(space.id, 2)]
        assert len(await room.held(space)) == 2
        found = await room.library.search("heron", spaces=(space.id,))
        assert "heron" in found.passages[0].text


async def test_a_reindex_that_was_cut_off_is_not_gone_on_with_by_another_model(tmp_path: Path) -> None:
    models = (
        sized("other", 0.2, capabilities=("embedding",), width=512),
        sized("third", 0.2, capabilities=("embedding",), width=512),
    )
    async with reading_room(tmp_path, setup=small(installed=(*small().installed, *models))) as room:
        space = await herons(room, 3)
        # What a killed re-index leaves: one document of three, with the vectors of the model of that day.
        first = await room.library._embedder(Maker("other:latest"))
        document = (await room.library.documents(space.id)).documents[0]
        cut = await room.library._desk.documents.cut(int(document.id))
        made = await first.documents([unit.searchable for unit in cut.units])
        entry = Entry(id=int(document.id), title=document.title, media=document.media, modified=0.0)
        left = [
            row_of(entry, unit, document.revision, vector)
            for unit, vector in zip(cut.units, made, strict=True)
        ]
        await room.index.add(space.id, left, stamp=first.stamp, build=2)
        await room.library.change_space(space.id, model="third")
        job = await room.ended(await room.library.reindex(space.id))
        assert job.state == "done", job.error
        now = await room.library.space(space.id)
        assert (now.embedded, now.made_by, now.stale) == (3, "third:latest", False)
        stats = await room.index.stats(space.id)
        assert stats.stamp.startswith("third:latest@")
        assert stats.rows == stats.embedded == 3


@pytest.mark.parametrize("asked_again", [True, False])
@pytest.mark.parametrize("at", ["_rebuild_some", "_change_over", "_finish"])
async def test_a_reindex_ends_with_the_model_that_was_asked_for_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str, asked_again: bool
) -> None:
    models = (
        sized("other", 0.2, capabilities=("embedding",), width=512),
        sized("third", 0.2, capabilities=("embedding",), width=256),
    )
    async with reading_room(tmp_path, setup=small(installed=(*small().installed, *models))) as room:
        space = await herons(room, 3)
        jobs: list[Ingest] = []
        step = getattr(working.Worker, at)

        async def changed_meanwhile(*args: Any) -> None:
            if len(jobs) == 1:
                await room.library.change_space(space.id, model="third")
                jobs.append(await room.library.reindex(space.id) if asked_again else jobs[0])
            await step(*args)

        monkeypatch.setattr(working.Worker, at, changed_meanwhile)
        await room.library.change_space(space.id, model="other")
        jobs.append(await room.library.reindex(space.id))
        assert (await room.ended(jobs[0])).state == "done"
        now = await room.library.space(space.id)
        assert (now.embedded, now.made_by, now.dimension, now.stale) == (3, "third:latest", 256, False)
        last = await room.ended(jobs[1])
        assert last.state == "done", last.error
        assert (last.id != jobs[0].job) == asked_again
        now = await room.library.space(space.id)
        assert (now.embedded, now.made_by, now.dimension, now.stale) == (3, "third:latest", 256, False)
        assert len(await room.index.tables()) == 1
        assert len(await room.held(space)) == 3


async def test_short_documents_are_embedded_together_and_only_once_for_two_that_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = sized("other", 0.2, capabilities=("embedding",), width=512)
    async with reading_room(tmp_path, setup=small(installed=(*small().installed, other))) as room:
        space = await herons(room, 40)
        before = room.asked("/api/embed")
        jobs = [await room.library.reindex(space.id)]
        step = working.Worker._change_over

        async def changed_meanwhile(*args: Any) -> None:
            if len(jobs) == 1:
                await room.library.change_space(space.id, model="other")
                jobs.append(await room.library.reindex(space.id))
            await room.clock.advance(1)
            await step(*args)

        monkeypatch.setattr(working.Worker, "_change_over", changed_meanwhile)
        for job in jobs:
            assert (await room.ended(job)).state == "done"
        assert jobs[0].job != (await room.ended(jobs[1])).id
        now = await room.library.space(space.id)
        assert (now.embedded, now.made_by, now.stale) == (40, "other:latest", False)
        # Two builds of forty texts in batches from sixteen on, and what it takes to know a model.
        assert room.asked("/api/embed") - before <= 10
        # Asked for afterwards, it is done again.
        await room.clock.advance(1)
        build = await room.library._desk.spaces.build(space.id)
        assert (await room.ended(await room.library.reindex(space.id))).state == "done"
        assert await room.library._desk.spaces.build(space.id) == build + 1


async def test_whoever_asks_twice_for_the_same_reindex_gets_one(room: ReadingRoom) -> None:
    space = await space_of(room)
    await room.jobs.pause("cpu")
    first, second = await room.library.reindex(space.id), await room.library.reindex(space.id)
    assert first.job == second.job


@pytest.mark.parametrize(
    ("units", "portions"),
    [
        ([], []),
        ([1] * 120, [50, 50, 20]),
        ([100, 100, 100, 1], [3, 1]),
        ([9_000, 1], [1, 1]),
        ([0, 0], [2]),
    ],
)  # fmt: skip
def test_a_reindex_puts_away_what_it_has_after_so_much_work(units: list[int], portions: list[int]) -> None:
    found = list(working.portions(list(enumerate(units))))
    assert [len(some) for some in found] == portions
    assert [id for some in found for id in some] == list(range(len(units)))


async def test_a_watched_folder_is_read_again_by_itself(room: ReadingRoom) -> None:
    room.write("a.txt", "One.")
    space = await space_of(room)
    await room.ingested(space, watch=True)
    room.write("b.txt", "Two.")
    with room.bus.subscribe(SpaceChanged) as mailbox:
        await room.clock.advance(61)
        async with asyncio.timeout(20):
            while len((await room.library.documents(space.id)).documents) < 2:
                await mailbox.drain()
    await room.library.unwatch(space.id, str(room.shelf))
    assert await room.library._desk.spaces.watched() == []


async def test_nothing_to_read_is_said(room: ReadingRoom) -> None:
    space = await space_of(room)
    with pytest.raises(UsageError, match="is not there"):
        await room.library.ingest(space.id, ("/nowhere/at/all",))
    with pytest.raises(UsageError, match="Nothing was read into a yet"):
        await room.library.ingest(space.id)


async def test_what_is_read_once_is_no_new_root_and_taking_a_named_file_out_forgets_it(
    room: ReadingRoom,
) -> None:
    one, two = room.write("one.txt", "The cat sleeps."), room.write("two.txt", "Rain falls.")
    alone = room.shelf.parent / "alone.txt"
    alone.write_text("A heron stands.")
    space = await space_of(room)
    await room.ingested(space)
    await room.ingested(space, alone)
    await room.ingested(space, one, again=True, keep=False)
    assert set((await room.library.space(space.id)).roots) == {str(room.shelf), str(alone)}
    documents = (await room.library.documents(space.id)).documents
    ids = tuple(each.id for each in documents if each.source in (str(alone), str(two)))
    assert await room.library.remove_documents(ids) == 2
    assert (await room.library.space(space.id)).roots == (str(room.shelf),)
    await room.ended(await room.library.ingest(space.id))
    now = {each.source for each in (await room.library.documents(space.id)).documents}
    assert now == {str(one)}


async def removed(room: ReadingRoom, space: Space, *titles: str, purge: bool = False) -> None:
    found = {one.title: one.id for one in (await room.library.documents(space.id)).documents}
    await room.library.remove_documents(tuple(found[title] for title in titles), purge=purge)


async def titles(room: ReadingRoom, space: Space) -> set[str]:
    there = {one.title for one in (await room.library.documents(space.id)).documents}
    assert set(await room.held(space)) == there
    return there


@pytest.mark.parametrize("purge", [False, True])
async def test_what_was_taken_out_stays_out_until_it_is_named(room: ReadingRoom, purge: bool) -> None:
    room.write("stays.txt", "The cat sleeps.")
    gone = room.write("gone.txt", "The dog barks.")
    space = await space_of(room)
    await room.ingested(space)
    await removed(room, space, "gone.txt", purge=purge)
    for options in ({}, {"again": True}):
        room.write("gone.txt", f"The dog barks {len(options)} times.")
        job = await room.ingested(space, **options)
        assert job.progress.numbers["kept_out"] == 1
        assert await titles(room, space) == {"stays.txt"}
    assert (await room.ended(await room.library.ingest(space.id))).state == "done"
    await room.library._follower.look_again()
    assert await titles(room, space) == {"stays.txt"}
    await room.ingested(space, gone)
    assert await titles(room, space) == {"stays.txt", "gone.txt"}
    # From now on it is a document as any other of its folder.
    room.write("gone.txt", "The dog is quiet.")
    job = await room.ingested(space)
    assert (job.progress.numbers["kept_out"], job.progress.numbers["changed"]) == (0, 1)


async def test_what_was_taken_out_of_one_space_is_read_into_another(room: ReadingRoom) -> None:
    room.write("one.txt", "The cat sleeps.")
    space, other = await space_of(room), await space_of(room, "b")
    await room.ingested(space)
    await removed(room, space, "one.txt")
    await room.ingested(other)
    assert await titles(room, other) == {"one.txt"}
    assert await titles(room, space) == set()


async def test_a_watched_folder_does_not_bring_back_what_was_taken_out(room: ReadingRoom) -> None:
    room.write("one.txt", "The cat sleeps.")
    room.write("two.txt", "The dog barks.")
    space = await space_of(room)
    await room.ingested(space, watch=True)
    await removed(room, space, "one.txt")
    room.write("three.txt", "The bird sings.")
    await room.library._follower.look_again()
    [again, *_] = await room.library.ingests()
    assert (await room.ended(again)).state == "done"
    assert await titles(room, space) == {"two.txt", "three.txt"}
    jobs = len(await room.library.ingests())
    await room.library._follower.look_again()
    assert len(await room.library.ingests()) == jobs


async def test_a_text_that_was_removed_may_come_again_under_its_name(room: ReadingRoom) -> None:
    space = await space_of(room)
    await room.ended(await room.library.ingest_text(space.id, "note", "The cat sleeps."))
    await removed(room, space, "note")
    await room.ended(await room.library.ingest_text(space.id, "note", "The cat is awake."))
    assert await titles(room, space) == {"note"}


async def test_a_search_says_that_what_is_just_being_read_is_found_later(
    room: ReadingRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "TAIL", 1)
    space = await room.library.create_space("birds")
    room.write("one.md", "A heron stands in the reeds.")
    assert (await room.ingested(space)).state == "done"
    async with room.index.bulk(space.id):
        await room.index.add(space.id, rows("7", ["A heron flies.", "A heron lands."], embedded=False))
        found = await room.library.search("heron", spaces=(space.id,))
    assert found.notes == ("2 chunks that are just being read are found a little later.",)
    assert [one.title for one in found.passages] == ["one.md"]
