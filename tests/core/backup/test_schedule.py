"""Backups that are made by the Leitstand that runs: when they are due, and with the index as it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from core.backup import making, restoring
from core.backup.service import FIRST_LOOK, RETRY, BackupService
from core.bus import Bus, Event, Notice
from core.config.backup import Backup
from core.config.types import ConfigChanged
from core.paths import Paths
from core.store.database import Database
from core.tasks import Tasks
from tests.core.daemon.house import house
from tests.core.retrieval.shelves import opened, rows
from tests.fakes.clock import ManualClock, settle
from tests.waiting import until

HOUR = 3600.0


async def no_index(target: Path) -> None:
    """There is no library."""


@dataclass
class Keeper:
    """A service with a database, a clock and settings of the test."""

    service: BackupService
    clock: ManualClock
    bus: Bus
    target: Path
    settings: Backup
    heard: list[Event]

    def set(self, **changes: int | str) -> None:
        self.settings = msgspec.structs.replace(self.settings, **changes)
        self.bus.publish(ConfigChanged((), ()))

    def made(self) -> int:
        return len(making.backups(self.target))

    async def pass_by(self, seconds: float) -> None:
        """Let time pass, and whoever keeps it look at what there is and sleep again."""
        await self.clock.advance(seconds)
        await self.clock.sleepers()


@asynccontextmanager
async def keeper(
    folder: Path, copy_index: Callable[[Path], Awaitable[None]] = no_index, **settings: int | str
) -> AsyncIterator[Keeper]:
    paths = Paths.find({"LEITSTAND_HOME": str(folder)})
    paths.data.mkdir(parents=True, exist_ok=True)
    clock, bus = ManualClock(), Bus()
    store = await Database.open(paths.database, clock=clock)
    tasks = Tasks(bus)
    target = folder / "kept"
    given = msgspec.convert({"directory": str(target), **settings}, Backup)
    service = BackupService(paths, bus, tasks, clock, settings=lambda: here.settings, copy_index=copy_index)
    here = Keeper(service, clock, bus, target, given, [])
    try:
        with bus.subscribe(Notice) as mailbox:
            service.start()
            yield here
            here.heard += mailbox.take()
    finally:
        await service.stop()
        await tasks.close(0)
        await store.close()


def notices(here: Keeper) -> list[str]:
    return [event.text for event in here.heard if isinstance(event, Notice)]


async def test_one_is_made_whenever_the_latest_is_too_old_and_only_so_many_are_kept(tmp_path: Path) -> None:
    async with keeper(tmp_path, every_hours=2, keep=2) as here:
        await settle()
        assert here.made() == 0
        await here.pass_by(FIRST_LOOK)
        await until(lambda: here.made() == 1)
        await here.clock.sleepers()
        for _ in range(11):
            await here.pass_by(600)
        assert here.made() == 1
        for _ in range(24):
            await here.pass_by(600)
        latest = making.backups(here.target)
        assert len(latest) == 2
        first, second = (making.made_at(folder) or 0.0 for folder in latest)
        assert 2 * HOUR <= second - first < 2 * HOUR + 600
        assert first > 1_767_268_800.0 + HOUR  # the very first one is gone
    assert notices(here) == []


async def test_a_start_makes_none_while_the_latest_is_young_enough(tmp_path: Path) -> None:
    async with keeper(tmp_path, every_hours=2) as here:
        await here.pass_by(FIRST_LOOK)
        await until(lambda: here.made() == 1)
    async with keeper(tmp_path, every_hours=2) as here:
        await here.pass_by(FIRST_LOOK + 60)
        await here.pass_by(600)
        assert here.made() == 1


async def test_without_a_schedule_nothing_wakes_until_there_is_one(tmp_path: Path) -> None:
    async with keeper(tmp_path) as here:
        await here.clock.advance(48 * HOUR)
        assert (here.clock.asleep, here.made()) == (0, 0)
        here.set(every_hours=24)
        await here.clock.sleepers()
        await here.pass_by(FIRST_LOOK)
        await until(lambda: here.made() == 1)


async def test_a_failure_is_told_once_and_tried_again_until_it_works(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("a file where the folder belongs")
    async with keeper(tmp_path, every_hours=1) as here:
        await here.clock.sleepers()
        await here.pass_by(FIRST_LOOK)
        await here.pass_by(RETRY)
        await here.pass_by(RETRY)
        (tmp_path / "kept").unlink()
        await here.pass_by(RETRY)
        await until(lambda: here.made() == 1)
    (told,) = notices(here)
    assert told == f"{here.target} is a file, not a directory."


async def test_an_index_that_fails_leaves_no_half_a_backup(tmp_path: Path) -> None:
    async def full(target: Path) -> None:
        await asyncio.to_thread(target.mkdir)
        raise OSError(28, "No space left on device")

    async with keeper(tmp_path, full, every_hours=1) as here:
        await here.clock.sleepers()
        await here.pass_by(FIRST_LOOK)
        assert list(here.target.iterdir()) == []
    assert len(notices(here)) == 1


async def test_what_a_killed_process_left_is_removed_a_day_later(tmp_path: Path) -> None:
    old, young = (
        tmp_path / "kept/leitstand-20251225T000000Z.part",
        tmp_path / "kept/leitstand-20260101T115900Z.part",
    )
    for each in (old, young):
        (each / "library").mkdir(parents=True)
    async with keeper(tmp_path) as here:
        async for _ in here.service.make(str(here.target)):
            pass
    assert (old.exists(), young.exists()) == (False, True)


async def test_a_real_index_is_copied_whole_while_rows_come_and_it_is_tidied(tmp_path: Path) -> None:
    texts = ["The rent is due on Monday.", "Dogs bark at cats."]
    async with opened(tmp_path / "live") as index:
        await index.add(1, rows("d0", texts))
        ended = asyncio.Event()

        async def write() -> int:
            number = 0
            while not ended.is_set():
                number += 1
                await index.add(1, rows(f"d{number}", texts))
                if number % 3 == 0:
                    await index.optimize(1, purge=True)
            return number

        async def copy(target: Path) -> None:
            await index.copy(target)

        async with keeper(tmp_path, copy) as here:
            writer = asyncio.ensure_future(write())
            for _ in range(3):
                before = len(await index.documents(1))
                steps = [step async for step in here.service.make(str(here.target), 2)]
                assert [step.step for step in steps] == ["database", "library", "done"]
                folder = Path(steps[-1].path)
                restoring.proved(folder)
                async with opened(folder / "library") as copied:
                    there = await copied.documents(1)
                    assert len(there) >= before
                    assert {standing.rows for standing in there.values()} == {2}
                await here.clock.advance(1)
            ended.set()
            await writer
            files = list(making.backups(here.target)[0].rglob("*"))
            assert {each.stat().st_mode & 0o077 for each in files} == {0}


async def test_the_host_makes_it_for_whoever_is_attached(tmp_path: Path) -> None:
    async with house(tmp_path / "home") as here:
        face = await here.face()
        target = tmp_path / "kept"
        steps = [step async for step in face.backups.make(str(target), 1)]
        assert [step.step for step in steps] == ["database", "library", "done"]
        assert making.backups(target) == [Path(steps[-1].path)]
        restoring.proved(Path(steps[-1].path))
