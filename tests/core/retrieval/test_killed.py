"""kill -9 at any moment of reading: afterwards the index holds what the files say, once, and all of it."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

from core.clock import SystemClock
from core.retrieval.library import Space
from core.retrieval.types import Block, Document
from tests.core.retrieval.plain import cut
from tests.core.retrieval.reading_room import ReadingRoom, reading_room


def victim(home: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.core.retrieval.victim", str(home)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def change_something(shelf: Path, chance: random.Random, turn: int) -> None:
    """New files, other words in old ones, some gone."""
    for _ in range(12):
        words = [f"word{chance.randrange(500)} of turn {turn}" for _ in range(chance.randrange(1, 9))]
        (shelf / f"{chance.randrange(30):02}.txt").write_text(". ".join(words))
    there = sorted(shelf.iterdir())
    for path in chance.sample(there, min(3, len(there))):
        path.unlink()


def expected(path: Path) -> set[str]:
    document = Document(path.name, "plain", (Block("prose", path.read_text()),))
    return {unit.text for unit in cut(document, document_id="0").units}


async def check(home: Path, other: dict[str, set[str]]) -> None:
    async with reading_room(home, clock=SystemClock()) as room:
        space = await room.library.find_space("a")
        assert space is not None
        job = await room.ingested(space)
        assert job.state == "done", job.error
        assert await room.held(space) == {path.name: expected(path) for path in room.shelf.iterdir()}
        now = await room.library.space(space.id)
        assert (now.embedded, now.failed) == (now.chunks, 0)
        assert (await room.library.health(space.id)).sound
        assert await room.held(await bystander(room)) == other


async def bystander(room: ReadingRoom) -> Space:
    found = await room.library.find_space("bystander")
    assert found is not None
    return found


async def killed_again_and_again(home: Path, seed: int, rounds: int) -> None:
    chance = random.Random(seed)
    async with reading_room(home, clock=SystemClock()) as room:
        space = await room.library.create_space("bystander")
        await room.ended(await room.library.ingest_text(space.id, "note", "Nobody touches this. Nobody."))
        other = await room.held(space)
    shelf = home / "shelf"
    for turn in range(rounds):
        change_something(shelf, chance, turn)
        process = victim(home)
        assert process.stdout is not None
        for _ in range(chance.randrange(1, 60)):
            if process.stdout.readline().startswith("over"):
                break
        process.kill()
        process.wait()
        process.stdout.close()
    await check(home, other)


async def test_a_killed_process_leaves_exactly_the_chunks_of_the_files(tmp_path: Path) -> None:
    await killed_again_and_again(tmp_path, seed=0, rounds=3)
