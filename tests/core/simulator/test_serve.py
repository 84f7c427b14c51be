"""The simulator on a socket, looked at byte by byte."""

from __future__ import annotations

import asyncio
import json

import pytest

from core.errors import UsageError
from core.simulator import REAL, Hang, Say, Script, Simulator
from core.simulator.serve import listen
from tests.core.simulator.helpers import HELLO, eventually, listening, small
from tests.fakes.clock import ManualClock

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def dial(address: str) -> Stream:
    host, port = address.removeprefix("http://").split(":")
    return await asyncio.open_connection(host, int(port))


async def send(stream: Stream, path: str, body: object, method: str = "POST") -> None:
    data = json.dumps(body).encode() if body is not None else b""
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(data)}\r\n\r\n"
    stream[1].write(head.encode() + data)
    await stream[1].drain()


async def head(stream: Stream) -> str:
    return (await asyncio.wait_for(stream[0].readuntil(b"\r\n\r\n"), 10)).decode()


async def chunk(stream: Stream) -> bytes:
    size = int(await asyncio.wait_for(stream[0].readline(), 10), 16)
    data = await stream[0].readexactly(size)
    assert await stream[0].readline() == b"\r\n"
    return data


async def hang_up(stream: Stream) -> None:
    stream[1].close()
    await stream[1].wait_closed()


async def test_each_word_is_a_chunk_of_its_own_and_headers_wait_for_the_first() -> None:
    simulator = Simulator(small())
    script = simulator.next(Script())
    async with listening(simulator) as address:
        stream = await dial(address)
        await send(stream, "/api/chat", {"model": "toy", "messages": HELLO})
        await asyncio.wait_for(script.asked(), 10)
        headers = asyncio.create_task(head(stream))
        await asyncio.sleep(0)
        assert not headers.done()
        await script.say("Hi")
        told = await headers
        assert told.startswith("HTTP/1.1 200 OK\r\n")
        assert "content-type: application/x-ndjson\r\n" in told.lower()
        assert "transfer-encoding: chunked\r\n" in told.lower()
        assert json.loads(await chunk(stream))["message"]["content"] == "Hi"
        await script.say(" there")
        assert json.loads(await chunk(stream))["message"]["content"] == " there"
        await script.finish()
        assert json.loads(await chunk(stream))["done"] is True
        assert await chunk(stream) == b""
        await send(stream, "/api/version", None, "GET")
        assert "content-length: 24\r\n" in (await head(stream)).lower()
        await hang_up(stream)


async def test_a_client_that_hangs_up_while_the_model_loads_stops_the_loading() -> None:
    clock = ManualClock()
    simulator = Simulator(clock=clock, pace=REAL)
    async with listening(simulator) as address:
        stream = await dial(address)
        await send(stream, "/api/chat", {"model": "qwen3-coder:30b", "messages": HELLO})
        await clock.sleepers()
        assert simulator.server.runners.waiting == 1
        await hang_up(stream)
        await eventually(lambda: not clock.asleep and not simulator.server.runners.waiting)
        assert simulator.active == 0


async def test_a_client_that_hangs_up_in_the_middle_frees_the_model() -> None:
    simulator = Simulator(small())
    script = simulator.next(Script(Say("a"), Hang()))
    async with listening(simulator) as address:
        stream = await dial(address)
        await send(stream, "/api/chat", {"model": "toy", "messages": HELLO})
        await head(stream)
        await chunk(stream)
        assert simulator.active == 1
        await hang_up(stream)
        await asyncio.wait_for(script.closed(), 10)
        await eventually(lambda: not simulator.active)


@pytest.mark.parametrize(("fault", "first"), [("refuse", b""), ("cut@chat:after=1", b"HTTP/1.1 200")])
async def test_a_broken_connection_is_really_broken(fault: str, first: bytes) -> None:
    simulator = Simulator(small())
    simulator.fault(fault)
    async with listening(simulator) as address:
        stream = await dial(address)
        await send(stream, "/api/chat", {"model": "toy", "messages": HELLO})
        data = b""
        try:
            while part := await asyncio.wait_for(stream[0].read(65_536), 10):
                data += part
        except ConnectionResetError:
            pass
        assert data.startswith(first)
        assert not data.endswith(b"0\r\n\r\n")
        await hang_up(stream)


async def test_stopping_the_server_cuts_off_whoever_still_listens() -> None:
    simulator = Simulator(small())
    script = simulator.next(Script(Say("a"), Hang()))
    async with listening(simulator) as address:
        stream = await dial(address)
        await send(stream, "/api/chat", {"model": "toy", "messages": HELLO})
        await head(stream)
    await asyncio.wait_for(script.closed(), 10)
    assert simulator.active == 0
    stream[1].close()


def test_a_port_that_is_taken_is_explained() -> None:
    taken = listen("127.0.0.1", 0)
    port = taken.getsockname()[1]
    with pytest.raises(UsageError, match=f"127.0.0.1:{port} cannot be listened on"):
        listen("127.0.0.1", port)
    taken.close()


def test_a_free_port_is_found_on_ipv6_too() -> None:
    listener = listen("::1", 0)
    assert listener.getsockname()[1] > 0
    listener.close()
