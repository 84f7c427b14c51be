"""Downloads under random hands: paused, resumed, cancelled, moved, pulled again, restarted, disturbed."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from pathlib import Path

import pytest

from core.downloads.types import Download
from core.errors import LeitstandError
from core.simulator.packages import build
from core.simulator.shelf import named
from tests.core.downloads.depot import SLOW, Depot
from tests.core.models.workshop import sized, small

NEW = ("one", "two", "three")
ROUNDS = 20
FAULTS = (
    "cut@pull:after=7",
    "end@pull:after=9",
    "stall:after=60",
    "backwards:after=30",
    "digest",
    "refuse@pull",
)


async def opened(home: Path, before: Depot | None = None) -> Depot:
    """A depot, on the server and the clock of the one before."""
    setup = small(pullable=(*(sized(name, 1.5) for name in NEW), sized("tiny", 1)))
    if before is None:
        depot = Depot(home, setup=setup, pace=SLOW)
        depot.simulator.server.registry.offer(build(sized("tiny", 1, base="newer")), "tiny")
    else:
        depot = Depot(home, clock=before.clock, pace=SLOW)
        depot.simulator = before.simulator
    await depot.open()
    await depot.start()
    return depot


async def meddle(depot: Depot, chance: random.Random) -> None:
    """Do something somebody could do; what is refused is refused."""
    downloads = await depot.downloads.list()
    one = chance.choice(downloads) if downloads else None
    try:
        match chance.randrange(8):
            case 0 | 1:
                await depot.downloads.pull(chance.choice((*NEW, "tiny")), verify=False)
            case 2 if one:
                await depot.downloads.pause(one.id)
            case 3 if one:
                await depot.downloads.resume(one.id)
            case 4 if one and chance.random() < 0.5:
                await depot.downloads.cancel(one.id)
            case 5 if one:
                await depot.downloads.retry(one.id)
            case 6 if one:
                await depot.downloads.move(one.id, chance.randrange(1, 4))
            case _:
                depot.simulator.fault(chance.choice(FAULTS))
    except LeitstandError:
        pass
    await depot.clock.advance(chance.choice((0.0, 0.1, 1.0, 5.0)))


class Witness:
    """Sees everything that is shown, and that nothing of it is untrue."""

    def __init__(self) -> None:
        self._best: dict[int, float] = defaultdict(float)
        self._over: dict[int, bool] = {}

    def saw(self, shown: list[Download]) -> None:
        for download in shown:
            if download.state == "waiting" and self._over.pop(download.id, False):
                self._best[download.id] = 0.0  # tried again from the beginning by a person
            self._over[download.id] = not download.unfinished
            if download.percent is not None:
                assert download.percent >= self._best[download.id], download
                self._best[download.id] = download.percent
            if download.total is not None and download.exact:
                assert download.completed <= download.total
            assert (download.state == "done") == (download.percent == 100.0)


@pytest.mark.parametrize("seed", range(ROUNDS))
async def test_nothing_is_lost_doubled_or_harmed(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    depot = await opened(tmp_path)
    witness = Witness()
    installed = {model.name: model.digest for model in await depot.models.list()}
    try:
        for _ in range(chance.randrange(5, 15)):
            await meddle(depot, chance)
            witness.saw(depot.shown())
            if chance.random() < 0.15:
                await depot.close()
                depot = await opened(tmp_path, depot)
            names = [each.name for each in await depot.downloads.list() if each.unfinished]
            assert len(names) == len(set(names))
        depot.simulator.clear_faults()
        await depot.downloads.resume_all()
        async with asyncio.timeout(30):
            while any(each.unfinished for each in await depot.downloads.list()):
                await depot.clock.advance(2.0)
        witness.saw(depot.shown())
        shelf = depot.simulator.server.shelf
        for download in await depot.downloads.list():
            if download.state == "done":
                assert shelf.find(named(download.name)) is not None
            elif download.state == "failed":
                assert download.error is not None
                assert download.error.message
        for name, digest in installed.items():
            model = shelf.find(named(name))
            assert model is not None
            assert model.package.digest == digest or name == "tiny:latest"
            assert all(layer.digest in shelf.blobs for layer in model.package.blobs)
    finally:
        await depot.close()
