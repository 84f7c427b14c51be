import asyncio

import pytest

from tests.fakes.clock import ManualClock, settle


async def test_sleepers_wake_in_order_at_their_own_moment() -> None:
    clock = ManualClock(100.0)
    woken: list[tuple[str, float, float]] = []

    async def nap(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append((name, clock.monotonic(), clock.now()))

    tasks = [asyncio.create_task(nap(name, seconds)) for name, seconds in (("b", 2), ("a", 1), ("c", 5))]
    await clock.sleepers(3)
    await clock.advance(3)
    assert woken == [("a", 1.0, 101.0), ("b", 2.0, 102.0)]
    await clock.advance(2)
    assert woken[2:] == [("c", 5.0, 105.0)]
    await asyncio.gather(*tasks)


async def test_one_long_advance_runs_every_round_of_a_loop() -> None:
    clock = ManualClock()
    rounds: list[float] = []

    async def poll() -> None:
        while True:
            await clock.sleep(2)
            rounds.append(clock.monotonic())

    task = asyncio.create_task(poll())
    await clock.advance(7)
    assert rounds == [2.0, 4.0, 6.0]
    task.cancel()
    await settle()
    assert clock.asleep == 0
    await clock.advance(10)
    assert len(rounds) == 3


async def test_waiting_for_a_sleeper_that_never_comes_fails() -> None:
    with pytest.raises(TimeoutError):
        await ManualClock().sleepers(within=0.01)


async def test_the_wall_clock_moves_alone() -> None:
    clock = ManualClock(100.0)
    await clock.advance(5)
    clock.set_wall(50.0)
    assert (clock.now(), clock.monotonic()) == (50.0, 5.0)


def after(steps: int, reached: list[int]) -> None:
    """Work that begets work."""
    if steps:
        asyncio.get_running_loop().call_soon(after, steps - 1, reached)
    else:
        reached.append(1)


async def test_two_that_settle_at_once_do_not_take_each_other_for_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sleep, rounds = asyncio.sleep, [0]

    async def counted(seconds: float) -> None:
        rounds[0] += 1
        await sleep(seconds)

    monkeypatch.setattr(asyncio, "sleep", counted)
    reached: list[int] = []
    after(50, reached)
    await asyncio.gather(settle(), settle(), settle())
    assert reached == [1]
    assert rounds[0] < 100


async def test_one_that_settles_goes_on_when_another_has_given_up() -> None:
    reached: list[int] = []
    after(50, reached)
    first, second = asyncio.create_task(settle()), asyncio.create_task(settle())
    await asyncio.sleep(0)
    first.cancel()
    await second
    assert reached == [1]
    assert first.cancelled()
