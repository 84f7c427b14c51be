from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from core.models.types import Model, ModelsChanged
from core.simulator import Simulator
from core.simulator.packages import build
from core.simulator.shelf import named
from tests.core.models.workshop import Workshop, sized, small, working
from tests.waiting import until


def put(simulator: Simulator, name: str, gigabytes: float = 1) -> None:
    """What a pull by somebody else does."""
    simulator.server.shelf.put(named(name), build(sized(name, gigabytes)))


def listed(models: tuple[Model, ...]) -> set[str]:
    return {model.name for model in models}


async def test_what_the_server_has_is_listed_with_what_it_says(tmp_path: Path) -> None:
    async with working(tmp_path) as shop:
        assert listed(await shop.models.list()) == {
            "tiny:latest", "middle:latest", "wise:latest", "vectors:latest",
        }  # fmt: skip
        wise = await shop.models.get("WISE")
        assert wise.state == "installed"
        assert wise.capabilities == ("completion", "thinking")
        assert wise.context == 131_072
        assert wise.size is not None
        assert wise.size > 5e9
        assert (await shop.models.get("vectors")).tier is None
        assert wise.tier == "fast"


async def test_an_unchanged_server_costs_one_list_and_no_show(tmp_path: Path) -> None:
    async with working(tmp_path) as shop:
        shown = shop.asked("/api/show")
        assert shown == 4
        await shop.models.sync()
        assert shop.asked("/api/show") == shown


async def test_only_a_model_that_is_new_is_asked_about(tmp_path: Path) -> None:
    async with working(tmp_path) as shop:
        put(shop.simulator, "fresh")
        await shop.models.sync()
        assert shop.asked("/api/show") == 5
        assert (await shop.models.get("fresh")).state == "installed"


async def test_what_was_learned_of_files_outlives_the_program(tmp_path: Path) -> None:
    async with working(tmp_path):
        pass
    async with working(tmp_path) as again:
        assert again.asked("/api/show") == 0
        assert (await again.models.get("wise")).capabilities == ("completion", "thinking")


async def test_capabilities_an_old_server_did_not_know_are_asked_for_after_its_update(tmp_path: Path) -> None:
    async with working(tmp_path, setup=small(version="0.5.13")) as shop:
        assert (await shop.models.get("tiny")).capabilities is None
        await shop.models.sync()
        assert shop.asked("/api/show") == 4
    async with working(tmp_path) as shop:
        assert shop.asked("/api/show") == 4
        assert (await shop.models.get("tiny")).capabilities == ("completion",)


async def test_a_model_removed_elsewhere_disappears(tmp_path: Path) -> None:
    async with working(tmp_path) as shop:
        shop.simulator.server.shelf.drop(named("tiny"))
        shop.changes()
        await shop.models.sync()
        assert "tiny:latest" not in listed(await shop.models.list())
        [change] = shop.changes()
        assert change.gone == ("tiny:latest",)


async def test_a_model_somebody_else_loads_shows_at_the_next_look(tmp_path: Path) -> None:
    async with working(tmp_path) as shop:
        await shop.server.client.load("middle", {"num_ctx": 8192}, keep_alive=60)
        await shop.clock.sleepers()
        await shop.clock.advance(10)
        await until(lambda: shop.models.roster.get("middle").memory is not None)
        held = (await shop.models.get("middle")).memory
        assert held is not None
        assert held.context == 8192
        assert held.gpu_percent == 100
        assert held.stays == "until"
        assert listed(await shop.models.loaded()) == {"middle:latest"}


async def test_a_model_somebody_else_pulls_and_loads_makes_us_read_the_list(tmp_path: Path) -> None:
    async with working(tmp_path) as shop:
        put(shop.simulator, "fresh")
        await shop.server.client.load("fresh")
        await shop.clock.sleepers()
        await shop.clock.advance(10)
        await until(lambda: shop.models.roster.find("fresh") is not None)
        assert (await shop.models.get("fresh")).state == "loaded"


async def test_without_a_hint_the_list_is_read_every_five_minutes(tmp_path: Path) -> None:
    async with working(tmp_path) as shop:
        put(shop.simulator, "fresh")
        lists = shop.asked("/api/tags")
        for _ in range(31):
            await shop.clock.sleepers(2)  # the check of the server, and the pause of the models
            await shop.clock.advance(10)
        await until(lambda: shop.models.roster.find("fresh") is not None)
        assert shop.asked("/api/tags") == lists + 1


async def test_names_with_the_same_weights_are_in_memory_together(tmp_path: Path) -> None:
    async with working(tmp_path) as shop:
        await shop.models.copy("middle", "mine")
        await shop.server.client.load("mine")
        await shop.models.sync()
        assert listed(await shop.models.loaded()) == {"middle:latest", "mine:latest"}


async def test_a_server_that_goes_away_has_nothing_in_memory_but_keeps_its_list(tmp_path: Path) -> None:
    async with working(tmp_path) as shop:
        await shop.server.client.load("middle")
        await shop.models.sync()
        shop.simulator.fault("refuse:times=0")
        await shop.clock.sleepers()
        await shop.clock.advance(30)
        await until(lambda: shop.server.current.phase == "away")
        await until(lambda: shop.models.roster.get("middle").memory is None)
        assert (await shop.models.get("middle")).installed


async def test_a_model_that_cannot_be_shown_is_listed_all_the_same(tmp_path: Path) -> None:
    async with working(tmp_path) as shop:
        put(shop.simulator, "odd")
        shop.simulator.fault("status@show:times=1,status=500,text=boom")
        await shop.models.sync()
        assert (await shop.models.get("odd")).state == "installed"


async def test_nothing_is_told_when_nothing_changed(tmp_path: Path) -> None:
    async with working(tmp_path) as shop:
        await shop.models.sync()
        shop.changes()
        await shop.models.sync()
        assert shop.changes() == []


def test_unread_changes_join_to_the_newest_word_on_each_model() -> None:
    one, other = Model(name="a", size=1), Model(name="b", size=1)
    newer = Model(name="a", size=2)
    joined = ModelsChanged((one, other)).merge(ModelsChanged((newer,), ("b",)))
    assert joined == ModelsChanged((newer,), ("b",))
    assert isinstance(joined, ModelsChanged)
    assert joined.merge(ModelsChanged((other,))) == ModelsChanged((newer, other))


async def test_many_who_ask_at_once_all_get_the_list(tmp_path: Path) -> None:
    async with working(tmp_path) as shop:
        found = await asyncio.gather(*(shop.models.sync() for _ in range(5)))
        assert len({listed(models) == listed(found[0]) for models in found}) == 1


@pytest.mark.parametrize("fault", ["null@tags", "null@ps"])
async def test_lists_that_are_null_are_empty(tmp_path: Path, fault: str) -> None:
    shop = Workshop(tmp_path)
    await shop.open()
    await shop.start()
    try:
        shop.simulator.fault(fault)
        await shop.models.sync()
        assert len(await shop.models.list()) == (0 if fault == "null@tags" else 4)
    finally:
        await shop.close()
