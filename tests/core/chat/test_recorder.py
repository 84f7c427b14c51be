from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from core.bus import Bus, Notice
from core.chat.recorder import AGAIN, EVERY, GATHERED, Recorder
from core.chat.store import ChatStore
from core.chat.think import Moved, Said
from core.chat.tree import Tree
from core.chat.types import Chat, Turn, TurnChanged, TurnDelta
from core.store.database import Database
from core.tasks import Tasks
from tests.fakes.clock import ManualClock, settle
from tests.waiting import until


class Desk:
    """A recorder and what is on the disk of its answer."""

    def __init__(self, store: Database, clock: ManualClock) -> None:
        self.store, self.clock, self.bus = store, clock, Bus()
        self.tasks = Tasks(self.bus)
        self.live: dict[int, Recorder] = {}
        self.tree = Tree(store)

    async def begin(self) -> Recorder:
        async with self.store.write() as tx:
            chat = await ChatStore(self.store).insert_chat(tx, Chat(id=0))
            turn = await self.tree.insert_turn(
                tx, Turn(id=0, chat_id=chat.id, role="assistant", state="queued")
            )
        return self.again(turn)

    def again(self, turn: Turn) -> Recorder:
        return Recorder(turn, self.live, tree=self.tree, bus=self.bus, tasks=self.tasks, clock=self.clock)

    async def row(self) -> tuple[str, ...]:
        [row] = await self.store.read("SELECT thinking, text, state FROM chat_turn")
        return tuple(row)

    async def written(self, *row: str) -> None:
        """Wait until that is on the disk."""
        async with asyncio.timeout(20):
            while await self.row() != row:
                await settle()


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    clock = ManualClock()
    store = await Database.open(tmp_path / "db", clock=clock)
    desk = Desk(store, clock)
    yield desk
    await desk.tasks.close(0)
    await store.close()


async def test_what_is_said_is_on_the_bus_at_once_and_on_disk_half_a_second_later(desk: Desk) -> None:
    recorder = await desk.begin()
    with desk.bus.subscribe() as mailbox:
        recorder.enter("answering")
        recorder.add(Said("answer", "One "))
        recorder.add(Said("answer", "two"))
        changed, delta = mailbox.take()
    assert isinstance(changed, TurnChanged)
    assert isinstance(delta, TurnDelta)
    assert (delta.offset, delta.text) == (0, "One two")
    await desk.clock.advance(EVERY - 0.01)
    assert await desk.row() == ("", "", "queued")
    await desk.clock.advance(0.01)
    await desk.written("", "One two", "answering")


async def test_much_text_is_written_without_waiting(desk: Desk) -> None:
    recorder = await desk.begin()
    recorder.add(Said("thinking", "x" * GATHERED))
    await desk.written("x" * GATHERED, "", "queued")
    recorder.add(Said("answer", "y"))
    await desk.clock.advance(EVERY)
    await desk.written("x" * GATHERED, "y", "queued")


async def test_the_end_is_written_with_all_that_was_said(desk: Desk) -> None:
    recorder = await desk.begin()
    recorder.add(Said("answer", "One"))
    await recorder.finish("done")
    assert await desk.row() == ("", "One", "done")
    assert desk.live == {}


async def test_after_the_end_nothing_is_written_any_more(desk: Desk) -> None:
    recorder = await desk.begin()
    recorder.add(Said("answer", "One"))
    await recorder.leave("queued")
    later = desk.again(recorder.turn)
    later.add(Said("answer", " two"))
    later.enter("answering")
    await desk.clock.advance(EVERY)
    await desk.written("", "One two", "answering")
    await later.finish("done")
    await desk.clock.advance(10)
    assert await desk.row() == ("", "One two", "done")


async def test_what_was_taken_for_the_answer_moves_on_disk_too(desk: Desk) -> None:
    recorder = await desk.begin()
    recorder.add(Said("answer", "I wonder"))
    await desk.clock.advance(EVERY)
    await desk.written("", "I wonder", "queued")
    recorder.add(Moved("thinking", len("I wonder")))
    recorder.add(Said("answer", "Hi"))
    await desk.written("I wonder", "Hi", "queued")
    recorder.add(Moved("answer", len("wonder"), "`<think>` "))
    assert (recorder.turn.thinking, recorder.turn.text) == ("I ", "Hi`<think>` wonder")
    await recorder.finish("done")
    assert await desk.row() == ("I ", "Hi`<think>` wonder", "done")


@asynccontextmanager
async def unwritable(desk: Desk) -> AsyncIterator[None]:
    """A database that takes nothing, as when the disk is full."""
    await desk.store._writer.call(lambda db: db.execute("PRAGMA max_page_count = 1"))
    try:
        yield
    finally:
        await desk.store._writer.call(lambda db: db.execute("PRAGMA max_page_count = 1073741823"))


async def test_a_full_disk_loses_nothing_and_is_told_once(desk: Desk) -> None:
    recorder = await desk.begin()
    text = "x" * 200_000
    with desk.bus.subscribe() as mailbox:
        async with unwritable(desk):
            recorder.enter("answering")
            recorder.add(Said("answer", text))
            notices: list[Notice] = []

            def told() -> bool:
                notices.extend(event for event in mailbox.take() if isinstance(event, Notice))
                return bool(notices)

            await until(told)
            recorder.add(Said("answer", "y" * GATHERED))
            await recorder.finish("done")
            assert desk.live == {recorder.turn.id: recorder}
            assert recorder.state == "done"
            assert await desk.row() != ("", text + "y" * GATHERED, "done")
        await desk.clock.sleepers()
        await desk.clock.advance(AGAIN)
        await desk.written("", text + "y" * GATHERED, "done")
        await until(lambda: not desk.live)
    assert len(notices) == 1
    assert "full" in notices[0].text
