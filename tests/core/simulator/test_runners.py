"""Loading, slots, keep-alive, eviction: driven by a clock that moves by hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import httpx
import pytest

from core.simulator import INSTANT, REAL, Script, Setup, Simulator, toy
from core.simulator.models import GIB
from tests.core.simulator.helpers import HELLO, LAST_OF_THE_OLD, client, lines, refusal, small, text
from tests.fakes.clock import ManualClock, settle

BIG = toy("big", weights=18 * GIB, context=4096)
WIDE = toy("wide", weights=8 * GIB, context=4096)
THIRD = toy("third", weights=7 * GIB, context=4096)


class World:
    """A simulator, its clock and a client."""

    def __init__(self, http: httpx.AsyncClient, simulator: Simulator, clock: ManualClock) -> None:
        self.http = http
        self.simulator = simulator
        self.clock = clock
        self.asked: list[asyncio.Task[Any]] = []

    def ask(self, model: str = "toy", **more: Any) -> asyncio.Task[list[dict[str, Any]]]:
        task = asyncio.create_task(lines(self.http, "/api/chat", model=model, messages=HELLO, **more))
        self.asked.append(task)
        return task

    async def load(self, model: str, **more: Any) -> httpx.Response:
        return await self.http.post("/api/generate", json={"model": model, **more})

    async def running(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.http.get("/api/ps")).json()["models"]
        return found

    async def names(self) -> list[str]:
        return [one["name"].removesuffix(":latest") for one in await self.running()]

    async def stay(self) -> float:
        """Seconds until the only model leaves, as its list says."""
        (one,) = await self.running()
        return datetime.fromisoformat(one["expires_at"]).timestamp() - self.clock.now()


@pytest.fixture
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    settings = dict(getattr(request, "param", {}))
    pace = settings.pop("pace", INSTANT)
    clock = ManualClock()
    simulator = Simulator(small(toy(), BIG, WIDE, THIRD, **settings), clock=clock, pace=pace)
    async with client(simulator) as http:
        found = World(http, simulator, clock)
        yield found
        for task in found.asked:
            task.cancel()
        await asyncio.gather(*found.asked, return_exceptions=True)


def with_settings(**settings: Any) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("world", [settings], indirect=True)


async def test_a_model_leaves_five_minutes_after_its_last_answer(world: World) -> None:
    await world.ask()
    assert await world.stay() == pytest.approx(300)
    await world.clock.advance(299)
    assert await world.names() == ["toy"]
    await world.clock.advance(1)
    assert await world.names() == []


@pytest.mark.parametrize(("keep_alive", "stay"), [(10, 10), ("1h", 3600), (0.5, 0.5), ("90s", 90)])
async def test_a_request_decides_how_long_its_model_stays(world: World, keep_alive: Any, stay: float) -> None:
    await world.ask(keep_alive=keep_alive)
    assert await world.stay() == pytest.approx(stay, abs=1e-3)


async def test_a_request_that_says_nothing_keeps_what_was_agreed(world: World) -> None:
    await world.ask(keep_alive="1h")
    await world.ask()
    assert await world.stay() == pytest.approx(3600)


@pytest.mark.parametrize("keep_alive", [-1, "-1m", -0.5])
async def test_for_ever_is_three_centuries(world: World, keep_alive: Any) -> None:
    await world.ask(keep_alive=keep_alive)
    (one,) = await world.running()
    assert datetime.fromisoformat(one["expires_at"]).year == 2318


async def test_zero_unloads_after_the_answer(world: World) -> None:
    await world.ask(keep_alive=0)
    assert await world.names() == []


async def test_while_it_speaks_the_time_of_leaving_is_stale_and_may_be_past(world: World) -> None:
    await world.ask(keep_alive=10)
    script = world.simulator.next(Script())
    world.ask()
    await script.say("a")
    await world.clock.advance(60)
    assert await world.stay() == pytest.approx(-50)
    await script.finish()
    await settle()
    assert await world.stay() == pytest.approx(10)


async def test_unloading_waits_for_the_answer(world: World) -> None:
    script = world.simulator.next(Script())
    answer = world.ask()
    await script.say("a")
    reply = await world.load("toy", keep_alive=0)
    assert reply.json()["done_reason"] == "unload"
    assert await world.stay() == pytest.approx(0, abs=1e-3)
    await script.finish()
    await answer
    assert await world.names() == []


async def test_two_names_for_the_same_weights_share_a_runner_under_the_first_name(world: World) -> None:
    await world.http.post("/api/copy", json={"source": "toy", "destination": "alias"})
    await world.load("toy")
    await world.ask("alias")
    assert await world.names() == ["toy"]


@pytest.mark.parametrize(
    ("first", "second", "again"),
    [
        ({}, {}, False),
        ({"num_ctx": 1024}, {"num_ctx": 1024}, False),
        ({"num_ctx": 1024}, {}, True),
        ({}, {"num_ctx": 1024}, True),
        ({"num_ctx": 999_999}, {"num_ctx": 2048}, False),
        ({"temperature": 0.1}, {"temperature": 0.9, "top_k": 3, "num_predict": 9}, False),
        ({}, {"num_gpu": 1}, True),
        ({}, {"num_batch": 256}, True),
        ({}, {"use_mmap": False}, True),
        ({}, {"num_thread": 4}, True),
    ],
)
async def test_only_options_of_loading_load_again(world: World, first: Any, second: Any, again: bool) -> None:
    await world.ask(options=first)
    *_, last = await world.ask(options=second)
    assert (last["load_duration"] > 10**8) == again


async def test_a_different_shift_loads_again_since_some_version(world: World) -> None:
    await world.ask()
    *_, last = await world.ask(shift=False)
    assert last["load_duration"] > 10**8


async def test_one_model_speaks_to_one_at_a_time(world: World) -> None:
    first, second = world.simulator.next(Script()), world.simulator.next(Script())
    one = world.ask()
    await first.say("a")
    other = world.ask()
    await settle()
    assert not second.request
    await first.finish()
    await one
    await second.say("b")
    await second.finish()
    assert text(await other) == "b"


async def test_loading_only_does_not_wait_for_a_slot(world: World) -> None:
    script = world.simulator.next(Script())
    world.ask()
    await script.say("a")
    assert (await world.load("toy")).json()["done_reason"] == "load"


@with_settings(slots=2)
async def test_more_slots_speak_side_by_side(world: World) -> None:
    first, second = world.simulator.next(Script()), world.simulator.next(Script())
    world.ask()
    world.ask()
    await first.say("a")
    await second.say("b")
    assert world.simulator.active == 2


async def test_waiting_for_a_slot_is_in_no_part_of_the_figures(world: World) -> None:
    script = world.simulator.next(Script())
    world.ask()
    await script.say("a")
    second = world.ask()
    await settle()
    await world.clock.advance(100)
    await script.finish()
    *_, last = await second
    parts = last["load_duration"] + last["prompt_eval_duration"] + last["eval_duration"]
    assert last["total_duration"] - parts > 99e9


@with_settings(pace=REAL)
async def test_headers_come_after_loading_and_reading(world: World) -> None:
    reply = asyncio.create_task(
        world.http.send(
            world.http.build_request("POST", "/api/chat", json={"model": "big", "messages": HELLO}),
            stream=True,
        )
    )
    world.asked.append(reply)
    await world.clock.sleepers()
    await world.clock.advance(7)
    assert not reply.done()
    assert await world.names() == []
    await world.clock.advance(3)
    assert reply.done()
    await reply.result().aclose()
    assert world.simulator.active == 0


@with_settings(pace=REAL, version=LAST_OF_THE_OLD)
async def test_an_old_server_lists_a_model_while_it_loads(world: World) -> None:
    world.ask("big")
    await world.clock.sleepers()
    assert await world.names() == ["big"]


@with_settings(pace=REAL)
async def test_leaving_while_it_loads_stops_the_loading(world: World) -> None:
    answer = world.ask("big")
    await world.clock.sleepers()
    answer.cancel()
    await asyncio.gather(answer, return_exceptions=True)
    await world.clock.advance(30)
    assert await world.names() == []
    assert world.simulator.server.runners.waiting == 0


@with_settings(pace=REAL)
async def test_models_load_one_after_the_other_and_loaded_ones_do_not_wait(world: World) -> None:
    toys = world.ask("toy")
    await world.clock.sleepers()
    await world.clock.advance(30)
    await toys
    big, wide = world.ask("big"), world.ask("wide")
    await settle()
    assert world.simulator.server.runners.waiting == 2
    quick = world.ask("toy")
    await world.clock.advance(2)
    assert quick.done()
    assert not big.done()
    await world.clock.advance(60)
    assert big.done()
    assert wide.done()


@with_settings(pace=REAL, max_queue=1)
async def test_a_full_queue_says_so_at_once(world: World) -> None:
    world.ask("big")
    world.ask("wide")
    await settle()
    status, said = await refusal(world.http, "/api/chat", {"model": "third", "messages": HELLO})
    assert (status, said) == (503, "server busy, please try again.  maximum pending requests exceeded")


@with_settings(pace=REAL, max_queue=1)
async def test_who_gave_up_still_holds_a_place_until_it_is_reached(world: World) -> None:
    first, waiting = world.ask("big"), world.ask("wide")
    await settle()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    status, _ = await refusal(world.http, "/api/chat", {"model": "third", "messages": HELLO})
    assert status == 503
    await world.clock.advance(60)
    assert first.done()
    third = world.ask("third")
    await world.clock.advance(60)
    assert third.done()


async def test_a_model_that_needs_room_sends_the_idle_one_away(world: World) -> None:
    await world.load("wide", keep_alive="1h")
    await world.load("third", keep_alive="1m")
    assert await world.names() == ["wide", "third"]
    await world.load("toy")
    assert await world.names() == ["wide", "toy", "third"]
    await world.load("big")
    assert await world.names() == ["big"]


async def test_at_most_three_models_a_gpu_the_shortest_stay_goes_first() -> None:
    names = ("a", "b", "c", "d")
    simulator = Simulator(small(*(toy(name, base=name) for name in names)))
    async with client(simulator) as http:
        for name, keep_alive in zip(names, ("10m", "1m", "5m", "5m"), strict=True):
            await http.post("/api/generate", json={"model": name, "keep_alive": keep_alive})
        running = (await http.get("/api/ps")).json()["models"]
    assert [one["name"][0] for one in running] == ["a", "d", "c"]


async def test_a_busy_model_is_not_sent_away(world: World) -> None:
    script = world.simulator.next(Script())
    wide = world.ask("wide")
    await script.say("a")
    big = world.ask("big")
    await settle()
    assert await world.names() == ["wide"]
    await script.finish()
    await wide
    await big
    assert await world.names() == ["big"]


@pytest.mark.parametrize(
    ("vram", "options", "low", "high"),
    [
        (24, {}, 1.0, 1.0),
        (10, {}, 0.3, 0.6),
        (0, {}, 0.0, 0.0),
        (24, {"num_gpu": 0}, 0.0, 0.0),
        (24, {"num_gpu": 1}, 0.3, 0.4),
    ],
)
async def test_what_does_not_fit_on_the_gpu_stays_in_main_memory(
    vram: int, options: dict[str, int], low: float, high: float
) -> None:
    async with client(Simulator(small(BIG, vram=vram * GIB))) as http:
        await http.post("/api/generate", json={"model": "big", "options": options})
        (one,) = (await http.get("/api/ps")).json()["models"]
        assert low <= one["size_vram"] / one["size"] <= high


async def test_a_model_in_main_memory_is_slow() -> None:
    async def speed(vram: int) -> float:
        async with client(Simulator(small(BIG, vram=vram * GIB))) as http:
            *_, last = await lines(http, "/api/chat", model="big", messages=HELLO)
            return float(last["eval_count"] / last["eval_duration"] * 1e9)

    assert await speed(24) > 5 * await speed(0)


@pytest.mark.parametrize(
    ("version", "said"),
    [(LAST_OF_THE_OLD, "model requires more system memory"), ("0.33.0-rc2", "out of memory")],
)
async def test_a_model_that_fits_nowhere_is_refused(version: str, said: str) -> None:
    async with client(Simulator(small(BIG, version=version, vram=4 * GIB, ram=8 * GIB))) as http:
        status, error = await refusal(http, "/api/chat", {"model": "big", "messages": HELLO})
        assert status == 500
        assert said in error
        assert (await http.get("/api/ps")).json()["models"] == []


CONTEXTS = [
    ("0.33.0-rc2", 48, 131_072), ("0.33.0-rc2", 24, 32_768), ("0.33.0-rc2", 8, 4096), ("0.15.4", 48, 4096),
    ("0.6.7", 8, 4096), ("0.6.6", 8, 2048),
]  # fmt: skip


@pytest.mark.parametrize(("version", "vram", "window"), CONTEXTS)
def test_the_usual_window_depends_on_version_and_memory(version: str, vram: int, window: int) -> None:
    server = Simulator(Setup(version=version, vram=vram * GIB)).server
    package = server.find("llama3.2:3b", "{name}").package
    assert server.runners.context_of(package, {}) == window
    assert server.runners.context_of(package, {"num_ctx": 512}) == 512


async def test_a_restart_empties_the_memory(simulator: Simulator, http: httpx.AsyncClient) -> None:
    await http.post("/api/generate", json={"model": "llama3.2:3b"})
    simulator.restart()
    assert (await http.get("/api/ps")).json()["models"] == []
    assert len((await http.get("/api/tags")).json()["models"]) == 8
