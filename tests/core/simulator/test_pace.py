"""Speeds that hold: no drift, no hurry, no busy waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import count, islice

import pytest

from core.simulator import INSTANT, Pace, Setup, Simulator
from core.simulator.pace import Timeline
from tests.core.simulator.helpers import HELLO, client, lines
from tests.fakes.clock import ManualClock


class SluggishClock(ManualClock):
    """A clock whose sleeps all last a little too long."""

    def __init__(self) -> None:
        super().__init__()
        self.slept = 0
        self.time = 0.0

    def monotonic(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.slept += 1
        self.time += seconds + 0.0017


async def moments(rate: float, number: int) -> tuple[list[tuple[float, int]], SluggishClock]:
    """When each of the tokens left."""
    clock = SluggishClock()
    timeline = Timeline(clock, Pace(rate=rate))
    tokens: Iterator[int] = islice(count(), number)
    return [(clock.time, token) async for batch in timeline.paced(tokens, rate) for token in batch], clock


@pytest.mark.parametrize("rate", [5, 45, 100, 333, 1000, 5000])
async def test_tokens_keep_their_schedule_however_late_each_wake_up_is(rate: float) -> None:
    left, clock = await moments(rate, 2000)
    assert [token for _, token in left] == list(range(2000))
    late = [moment - token / rate for moment, token in left]
    assert min(late) >= -1e-9
    assert max(late) < 1 / rate + 0.008
    assert clock.slept <= 2000 * min(1.0, 250 / rate) * 1.05 + 2


async def test_instant_time_is_counted_but_not_waited_for() -> None:
    timeline = Timeline(ManualClock(), INSTANT)
    batches = [batch async for batch in timeline.paced(iter("abcde"), 10)]
    assert batches == [["a"], ["b"], ["c"], ["d"], ["e"]]
    assert timeline.elapsed() == pytest.approx(0.5)


async def test_a_measuring_server_says_exactly_as_much_as_it_should_and_as_fast() -> None:
    clock = ManualClock()
    simulator = Simulator(Setup(fill=True), clock=clock, pace=Pace(rate=100, scale=1000))
    async with client(simulator) as http:
        answer = asyncio.create_task(
            lines(http, "/api/chat", model="qwen3:8b", messages=HELLO, options={"num_predict": 500})
        )
        await clock.sleepers()
        await clock.advance(10)
        *others, last = await answer
    assert len(others) == last["eval_count"] == 500
    assert last["eval_duration"] == pytest.approx(5e9, rel=1e-6)
    assert all(one["message"].keys() == {"role", "content"} for one in others)


@pytest.mark.parametrize(
    ("model", "low", "high"),
    [("llama3.2:3b", 80, 140), ("qwen3:8b", 38, 50), ("gemma3:12b", 20, 35), ("qwen3-coder:30b", 80, 140)],
)
def test_models_have_believable_speeds(model: str, low: float, high: float) -> None:
    spec = Simulator().server.find(model, "{name}").spec
    assert low < Pace().token_rate(spec.active_bytes, 0) < high
    assert Pace().token_rate(0, spec.active_bytes) < low / 3
