"""What the model store costs: long lists, a sync, many downloads at once; and downloads killed again and again."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from core.models.browse import ORDERS, Filter, browse
from core.models.types import Model, Verdict
from core.simulator import Pace
from tests.core.downloads.depot import Depot
from tests.core.downloads.test_killed import killed_again_and_again
from tests.core.models.workshop import sized, small, working

pytestmark = pytest.mark.bench

MODELS = 2000
WITHIN = 0.05
"""Seconds for a list that is filtered or sorted anew."""
PULLS = 20
SHARE = 0.05
"""Of one core."""


def catalogue() -> tuple[Model, ...]:
    chance = random.Random(1)
    uses = ("chat", "code", "reasoning", "rag", "vision")
    return tuple(
        Model(
            name=f"family{number % 97}:{number}b",
            state="installed" if number % 20 == 0 else "known",
            description="A model for questions, documents and programs in many languages.",
            maker=f"Maker {number % 13}",
            released=f"20{20 + number % 7}-{1 + number % 12:02}",
            uses=(uses[number % 5],),  # type: ignore[arg-type]  # all of them are uses
            capabilities=("completion", "tools") if number % 3 else ("embedding",),
            size=chance.randrange(10**8, 10**11),
            context=chance.choice((4096, 32_768, 131_072)),
            last_used=float(number) if number % 7 == 0 else None,
        )
        for number in range(MODELS)
    )


def test_a_long_catalogue_is_filtered_and_sorted_between_two_keys() -> None:
    models = catalogue()
    choices: tuple[Verdict, ...] = ("fits", "tight", "spills", "too big", "unknown")
    verdicts = {model.name: choices[number % 5] for number, model in enumerate(models)}
    filters = {
        "everything": Filter(),
        "as one types": Filter(text="program family1"),
        "nothing found": Filter(text="nowhere"),
        "by capability": Filter(capabilities=("tools",)),
        "what fits": Filter(fitting=True),
        "here": Filter(scope="here"),
    }
    worst = 0.0
    for name, wanted in filters.items():
        for order in ORDERS:
            # Processor time: how long it takes where nothing else runs.
            began = time.process_time()
            browse(models, wanted, order, verdicts=verdicts)
            took = time.process_time() - began
            worst = max(worst, took)
            if order == "usual":
                print(f"{name:16} {took * 1000:6.1f} ms of {WITHIN * 1000:.0f}")
    print(f"{'the worst':16} {worst * 1000:6.1f} ms of {WITHIN * 1000:.0f}")
    assert worst <= WITHIN


async def test_a_sync_of_many_models_is_one_list_and_no_questions(tmp_path: Path) -> None:
    setup = small(installed=tuple(sized(f"model{number}", 1) for number in range(500)))
    async with working(tmp_path, setup=setup) as shop:
        before = dict(shop.simulator.counts)
        began = time.perf_counter()
        await shop.models.sync()
        took = time.perf_counter() - began
        asked = {path: shop.simulator.counts[path] - before.get(path, 0) for path in before}
        print(f"500 models synchronised in {took * 1000:.0f} ms, the server's own part included: {asked}")
        assert (asked["/api/tags"], asked["/api/show"]) == (1, 0)


async def test_many_downloads_of_shared_files_cost_little_and_count_each_byte_once(tmp_path: Path) -> None:
    """The server's own work is in the figure, too: the share of the downloads alone is smaller."""
    shared = tuple(sized(f"pull{number}", 30, base="the same weights") for number in range(PULLS))
    depot = Depot(tmp_path, setup=small(pullable=shared), pace=Pace(pull=100e6))
    await depot.open()
    await depot.start()
    try:
        await depot.jobs.set_width("network", PULLS)
        downloads = [await depot.downloads.pull(f"pull{number}", verify=False) for number in range(PULLS)]
        while sum(each.state == "downloading" for each in await depot.downloads.list()) < PULLS:
            await depot.clock.advance(0.1)
        depot.shown()
        seconds = 30.0
        began = time.process_time()
        for _ in range(60):
            await depot.clock.advance(seconds / 60)
        share = (time.process_time() - began) / seconds
        print(f"{PULLS} downloads: {share * 100:.1f} % of a core of {SHARE * 100:.0f}")
        found = [await depot.downloads.get(download.id) for download in downloads]
        assert {each.total for each in found} == {found[0].total}
        moved = depot.simulator.server.transfers.moving
        for each in found:
            assert each.completed <= moved + 10_000
            assert each.completed == pytest.approx(moved, rel=0.05)
        assert share <= SHARE
    finally:
        await depot.close()


@pytest.mark.timeout(900)
def test_fifty_kills_lose_double_and_harm_nothing(tmp_path: Path) -> None:
    for seed in range(10):
        home = tmp_path / str(seed)
        home.mkdir()
        killed_again_and_again(home, seed, kills=5)
    print("50 kills: nothing lost, doubled or harmed")
