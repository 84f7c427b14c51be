"""Every kind of verb over the wire: values, waiting, streams, cancelling, faults."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any

import msgspec
import pytest

from core import face
from core.daemon.calls import AT_ONCE, WINDOW
from core.daemon.client import AttachedEngine
from core.errors import BadReply, ConnectionLost, LeitstandError, NotFound, Refused, UsageError
from core.exposed import verbs
from tests.core.daemon.house import House
from tests.core.daemon.toy import Thing, Toy
from tests.waiting import until


@pytest.fixture
def toy(home: House, monkeypatch: pytest.MonkeyPatch) -> Toy:
    """A host with one service more."""
    monkeypatch.setitem(face.SERVICES, "toy", "tests.core.daemon.toy:Toy")
    made = Toy()
    monkeypatch.setattr(home.host, "toy", made, raising=False)
    return made


async def attached(home: House, toy: Toy, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A face that believes that this has always been a service."""
    from core.daemon import frames

    number = home.host._server._interface if home.host._server else 0
    monkeypatch.setattr(frames, "interface", lambda: number)
    return await home.face()


@pytest.fixture
async def there(home: House, toy: Toy, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The toy, attached."""
    found: AttachedEngine = await attached(home, toy, monkeypatch)
    return getattr(found, "toy")  # noqa: B009 - no service of the house


async def test_values_arrive_as_what_they_were(there: Any) -> None:
    thing = Thing("ü\n\0😀", bytes(range(256)), (1, 2), {3: "x"}, msgspec.Raw(b'{"a":[1]}'), None)
    found = await there.echo(thing, times=3)
    assert [msgspec.json.encode(each) for each in found] == [msgspec.json.encode(thing)] * 3


async def test_a_large_value_arrives_whole(there: Any) -> None:
    thing = Thing("large", b"x" * 8_000_000)
    assert (await there.echo(thing))[0].data == thing.data


async def test_arguments_that_do_not_fit_are_refused_on_both_sides(there: Any) -> None:
    with pytest.raises(TypeError):
        await there.echo()
    with pytest.raises(UsageError, match="was asked wrongly"):
        await there.echo("no thing")


async def test_a_cancelled_call_is_cancelled_there(there: Any, toy: Toy) -> None:
    waiting = asyncio.create_task(there.wait())
    await until(lambda: toy.waiting)
    waiting.cancel()
    await until(lambda: not toy.waiting)
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_calls_run_beside_each_other(there: Any, toy: Toy) -> None:
    waiting = [asyncio.create_task(there.wait()) for _ in range(20)]
    await until(lambda: toy.waiting == 20)
    assert (await there.echo(Thing("a", b"")))[0].name == "a"
    toy.go.set()
    assert await asyncio.gather(*waiting) == ["went"] * 20


async def test_too_much_at_once_is_refused_and_the_rest_is_done(there: Any, toy: Toy) -> None:
    waiting = [asyncio.create_task(there.wait()) for _ in range(AT_ONCE)]
    await until(lambda: toy.waiting == AT_ONCE)
    with pytest.raises(Refused, match="Too much"):
        await there.wait()
    toy.go.set()
    assert await asyncio.gather(*waiting) == ["went"] * AT_ONCE


async def test_a_verb_streams_in_order_however_long(there: Any, toy: Toy) -> None:
    assert [number async for number in there.count(WINDOW * 5 + 3)] == list(range(WINDOW * 5 + 3))
    assert toy.streaming == 0


async def test_a_stream_that_nobody_reads_waits_there(there: Any, toy: Toy) -> None:
    async with aclosing(there.count(100_000)) as numbers:
        assert await anext(numbers) == 0
        await until(lambda: toy.streamed > WINDOW)
        assert (await there.echo(Thing("still", b"")))[0].name == "still"
        assert toy.streamed <= WINDOW + 1
    await until(lambda: not toy.streaming)


async def test_a_stream_that_is_left_ends_there(there: Any, toy: Toy) -> None:
    async with aclosing(there.count(10**9)) as numbers:
        async for number in numbers:
            if number == 200:
                break
    await until(lambda: not toy.streaming)


async def test_a_fault_says_no_private_word_and_ends_nothing(there: Any) -> None:
    with pytest.raises(LeitstandError) as error:
        await there.crash()
    assert "ValueError" in error.value.message
    assert "private" not in f"{error.value.message}{error.value.hint}"
    with pytest.raises(LeitstandError, match="ValueError"):
        [number async for number in there.count(5, fail_at=3)]
    with pytest.raises(LeitstandError, match="cannot be told"):
        await there.surrogate()
    assert await there.echo(Thing("goes on", b"")) != []


async def test_an_answer_that_does_not_fit_is_a_sentence(there: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    verb = verbs(Toy)["echo"]
    wrong = type(verb)(verb.name, verb.params, list[int], verb.streams, verb.doc)
    monkeypatch.setitem(verbs(Toy), "echo", wrong)
    with pytest.raises(BadReply):
        await there.echo(Thing("a", b""))


async def test_a_verb_that_does_not_exist_is_refused_by_name(home: House) -> None:
    found = await home.face()
    verb = verbs(Toy)["wait"]
    for name in ("toy", "chat", "__class__", ""):
        with pytest.raises(NotFound, match="There is no verb"):
            await found.call(name, verb, {})


async def test_what_waits_when_the_host_ends_fails_and_what_streams_as_well(
    home: House, there: Any, toy: Toy
) -> None:
    waiting = asyncio.create_task(there.wait())
    numbers = there.count(10**9)
    assert await anext(numbers) == 0
    await until(lambda: toy.waiting)
    await home.host.close()
    with pytest.raises((ConnectionLost, LeitstandError)):
        await waiting
    with pytest.raises(ConnectionLost):
        async for _ in numbers:
            pass
