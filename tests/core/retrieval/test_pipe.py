"""What stands between two stages: bounded, taken together, and never a standstill."""

from __future__ import annotations

import asyncio

from core.retrieval.pipe import Pipe
from tests.fakes.clock import settle

LONG = 60.0


async def test_what_has_gathered_is_taken_together_up_to_a_weight() -> None:
    pipe = Pipe[str](10)
    for name in "abcd":
        await pipe.put(name, 2)
    assert await pipe.take(5) == ["a", "b"]
    assert await pipe.take(99) == ["c", "d"]
    await pipe.put("heavy", 90)
    assert await pipe.take(5) == ["heavy"]
    await pipe.close()
    assert await pipe.take(5) == []


async def test_whoever_brings_more_than_fits_waits_until_some_was_taken() -> None:
    pipe = Pipe[str](4)
    await pipe.put("a", 3)
    bringing = asyncio.ensure_future(pipe.put("b", 3))
    await settle()
    assert not bringing.done()
    assert await pipe.take(9) == ["a"]
    await bringing
    assert await pipe.take(9) == ["b"]


async def test_who_wants_much_waits_for_it() -> None:
    pipe = Pipe[str](100)
    await pipe.put("a", 3)
    taking = asyncio.ensure_future(pipe.take(50, least=6, patience=LONG))
    await settle()
    assert not taking.done()
    await pipe.put("b", 3)
    assert await taking == ["a", "b"]


async def test_who_wants_much_takes_what_there_is_when_no_more_can_come() -> None:
    pipe = Pipe[str](5)
    await pipe.put("a", 3)
    taking = asyncio.ensure_future(pipe.take(50, least=50, patience=LONG))
    bringing = asyncio.ensure_future(pipe.put("b", 4))
    assert await taking == ["a"], "it is full"
    await bringing
    taking = asyncio.ensure_future(pipe.take(50, least=50, patience=LONG))
    await settle()
    await pipe.close()
    assert await taking == ["b"]
    assert await pipe.take(50, least=50, patience=LONG) == []


async def test_who_wants_much_waits_for_it_no_longer_than_he_said() -> None:
    pipe = Pipe[str](100)
    await pipe.put("a", 3)
    assert await pipe.take(50, least=50, patience=0.0) == ["a"]
