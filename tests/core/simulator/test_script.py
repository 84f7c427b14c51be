"""The test says what the model says, token by token."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest

from core.simulator import ClientGone, Cut, Fail, Finish, Hang, Raw, Say, Script, Simulator, Think, toy
from tests.core.simulator.helpers import HELLO, client, lines, small, text
from tests.fakes.clock import settle

ASK = {"model": "toy", "messages": HELLO}


@pytest.fixture
def simulator() -> Simulator:
    return Simulator(small())


class Listener:
    """A client that reads in the background."""

    def __init__(self, simulator: Simulator, **more: Any) -> None:
        self.objects: list[dict[str, Any]] = []
        self.headers = asyncio.Event()
        self.task = asyncio.create_task(self._listen(simulator, ASK | more))

    async def _listen(self, simulator: Simulator, body: dict[str, Any]) -> None:
        async with client(simulator) as http, http.stream("POST", "/api/chat", json=body) as reply:
            self.headers.set()
            async for row in reply.aiter_lines():
                self.objects.append(json.loads(row))

    async def leave(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


async def test_each_word_arrives_when_the_test_says_it(simulator: Simulator) -> None:
    script = simulator.next(Script())
    listener = Listener(simulator)
    assert (await script.asked())["messages"] == HELLO
    assert not listener.headers.is_set()
    await script.say("Hel")
    assert listener.headers.is_set()
    assert text(listener.objects) == "Hel"
    await settle()
    assert text(listener.objects) == "Hel"
    await script.say("lo")
    assert text(listener.objects) == "Hello"
    await script.finish(eval_count=99, eval_duration=10**9)
    await listener.task
    assert listener.objects[-1]["eval_count"] == 99
    assert listener.objects[-1]["done_reason"] == "stop"
    assert script.over


async def test_what_is_known_beforehand_needs_no_waiting(simulator: Simulator) -> None:
    simulator.next(Script.saying("a", "b", done_reason="length", eval_count=7))
    async with client(simulator) as http:
        objects = await lines(http, "/api/chat", **ASK)
    assert text(objects) == "ab"
    assert (objects[-1]["done_reason"], objects[-1]["eval_count"]) == ("length", 7)


async def test_a_metric_of_zero_is_left_out(simulator: Simulator) -> None:
    simulator.next(Script.saying("a", eval_duration=0, done_reason=""))
    async with client(simulator) as http:
        *_, last = await lines(http, "/api/chat", **ASK)
    assert "eval_duration" not in last
    assert "done_reason" not in last


async def test_scripts_are_taken_in_turn_and_by_model(simulator: Simulator) -> None:
    simulator.next(Script.saying("for other"), model="other")
    simulator.next(Script.saying("for generate"), route="generate")
    simulator.next(Script.saying("first"))
    simulator.next(Script.saying("second"))
    async with client(simulator) as http:
        said = [text(await lines(http, "/api/chat", **ASK)) for _ in range(2)]
        assert said == ["first", "second"]
        assert (await lines(http, "/api/generate", model="toy", prompt="x"))[0]["response"] == "for generate"
        assert text(await lines(http, "/api/chat", **ASK)).startswith("Hello!")


async def test_loading_only_uses_no_script(simulator: Simulator) -> None:
    simulator.next(Script.saying("kept"))
    async with client(simulator) as http:
        await http.post("/api/chat", json={"model": "toy"})
        assert text(await lines(http, "/api/chat", **ASK)) == "kept"


async def test_silence_begins_and_ends_with_the_client(simulator: Simulator) -> None:
    script = simulator.next(Script())
    listener = Listener(simulator)
    await script.say("a")
    await script.hang()
    assert not script.over
    await listener.leave()
    await asyncio.wait_for(script.closed(), 10)
    with pytest.raises(ClientGone):
        await script.say("b")


async def test_a_client_that_leaves_wakes_who_speaks(simulator: Simulator) -> None:
    script = simulator.next(Script())
    listener = Listener(simulator)
    await script.say("a")
    await settle()
    assert simulator.active == 1
    await listener.leave()
    assert script.over
    assert simulator.active == 0


async def test_a_failure_before_the_first_word_is_a_status(simulator: Simulator) -> None:
    simulator.next(Script(Fail("no luck", 418)))
    async with client(simulator) as http:
        reply = await http.post("/api/chat", json=ASK)
    assert (reply.status_code, reply.json()) == (418, {"error": "no luck"})


async def test_a_failure_later_is_a_line(simulator: Simulator) -> None:
    script = simulator.next(Script(Say("a")))
    listener = Listener(simulator)
    await script.fail("no luck")
    await listener.task
    assert listener.objects[1:] == [{"error": "no luck"}]


async def test_a_cut_breaks_the_connection(simulator: Simulator) -> None:
    simulator.next(Script(Say("a"), Cut()))
    listener = Listener(simulator)
    with pytest.raises(httpx.RemoteProtocolError):
        await listener.task
    assert text(listener.objects) == "a"


async def test_raw_bytes_go_out_as_they_are(simulator: Simulator) -> None:
    script = simulator.next(Script(Raw(b'{"mess'), Raw(b'age":1}\n'), Finish()))
    async with client(simulator) as http, http.stream("POST", "/api/chat", json=ASK) as reply:
        chunks = [chunk async for chunk in reply.aiter_raw()]
    assert chunks[:2] == [b'{"mess', b'age":1}\n']
    assert script.over


async def test_the_other_verbs_say_what_they_are_named_for() -> None:

    simulator = Simulator(small(toy(capabilities=("completion", "tools", "thinking"), thinking="parser")))
    script = simulator.next(Script())
    listener = Listener(simulator)
    await script.think("hm")
    await script.call("look", where="here")
    await script.raw(b'{"extra":1}\n')
    await script.end()
    await listener.task
    assert listener.objects[0]["message"]["thinking"] == "hm"
    assert listener.objects[1]["message"]["tool_calls"][0]["function"]["arguments"] == {"where": "here"}
    assert listener.objects[2] == {"extra": 1}
    other = simulator.next(Script(Think("a"), Hang()))
    listener = Listener(simulator)
    await other.asked()
    await listener.leave()
    broken = simulator.next(Script())
    listener = Listener(simulator)
    await broken.cut()
    with pytest.raises(httpx.RemoteProtocolError):
        await listener.task
