"""Everything that can go wrong, on purpose."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest

from core.errors import UsageError
from core.simulator import KINDS, Fault, Simulator
from core.simulator.faults import Faults, parse, torn
from tests.core.simulator.helpers import HELLO, client, lines, small
from tests.fakes.clock import ManualClock

ASK: dict[str, Any] = {"model": "toy", "messages": HELLO}


@pytest.fixture
def simulator() -> Simulator:
    return Simulator(small())


async def read(
    http: httpx.AsyncClient, path: str = "/api/chat", body: dict[str, Any] = ASK
) -> tuple[list[bytes], Exception | None]:
    """The chunks of a chat, and how it broke."""
    chunks: list[bytes] = []
    try:
        async with http.stream("POST", path, json=body) as reply:
            async for chunk in reply.aiter_raw():
                chunks += [chunk]
    except httpx.TransportError as error:
        return chunks, error
    return chunks, None


PARSED = [
    ("crash", Fault(kind="crash")),
    ("cut@chat:after=20,times=0", Fault(kind="cut", route="chat", after=20, times=0)),
    ("slow@/api/tags:seconds=1.5", Fault(kind="slow", route="/api/tags", seconds=1.5)),
    (
        "status:status=418,text=I am a teapot,model=toy",
        Fault(kind="status", status=418, text="I am a teapot", model="toy"),
    ),
]


@pytest.mark.parametrize(("text", "fault"), PARSED)
def test_a_fault_can_be_written_as_text(text: str, fault: Fault) -> None:
    assert parse(text) == fault


@pytest.mark.parametrize("text", ["", "nonsense", "cut:after=x", "cut:nope=1", "cut:after"])
def test_a_wrong_fault_is_explained(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert caught.value.hint


def test_an_unknown_kind_cannot_be_added() -> None:
    with pytest.raises(UsageError):
        Faults([Fault(kind="nonsense")])


def test_faults_come_in_order_as_often_as_they_were_meant() -> None:
    faults = Faults(
        [
            Fault(kind="crash", after=1),
            Fault(kind="crash", after=2, times=2),
            Fault(kind="crash", after=3, times=0),
        ]
    )
    taken = [faults.take(["crash"], "/api/chat") for _ in range(6)]
    assert [fault and fault.after for fault in taken] == [1, 2, 2, 3, 3, 3]
    faults.clear()
    assert faults.take(["crash"], "/api/chat") is None


async def test_all_goes_well_again_when_the_faults_are_cleared(simulator: Simulator) -> None:
    simulator.fault("refuse:times=0")
    simulator.clear_faults()
    async with client(simulator) as http:
        assert (await http.get("/api/version")).status_code == 200


def test_a_fault_waits_for_its_route_and_model() -> None:
    faults = Faults([Fault(kind="crash", route="chat", model="toy")])
    assert faults.take(["crash"], "/api/generate", "toy") is None
    assert faults.take(["crash"], "/api/chat", "other") is None
    assert faults.take(["crash"], "/api/chat", "toy")


async def test_nobody_answers(simulator: Simulator) -> None:
    simulator.fault("refuse@tags")
    async with client(simulator) as http:
        assert (await http.get("/api/version")).status_code == 200
        with pytest.raises(httpx.ConnectError):
            await http.get("/api/tags")
        assert (await http.get("/api/tags")).status_code == 200


REPLIES = [
    ("status:status=404,text=gone", 404, "application/json; charset=utf-8", b'{"error":"gone"}'),
    ("status:status=503,text=<html>busy</html>", 503, "text/html", b"<html>busy</html>"),
    ("forbidden", 403, None, b""),
    ("html", 502, "text/html", b"502 Bad Gateway"),
]


@pytest.mark.parametrize(("fault", "status", "kind", "body"), REPLIES)
async def test_another_reply_comes_instead(
    simulator: Simulator, fault: str, status: int, kind: str | None, body: bytes
) -> None:
    simulator.fault(fault)
    async with client(simulator) as http:
        reply = await http.post("/api/chat", json=ASK)
        assert reply.status_code == status
        assert reply.headers.get("content-type") == kind
        assert body in reply.content


async def test_a_redirect_leads_elsewhere(simulator: Simulator) -> None:
    simulator.fault("redirect:text=https://login.example/")
    async with client(simulator) as http:
        reply = await http.get("/api/tags")
        assert (reply.status_code, reply.headers["location"]) == (302, "https://login.example/")


async def test_lists_can_be_null(simulator: Simulator) -> None:
    simulator.fault("null@tags")
    async with client(simulator) as http:
        assert (await http.get("/api/tags")).json() == {"models": None}


async def test_headers_can_be_slow() -> None:
    clock = ManualClock()
    simulator = Simulator(small(), clock=clock)
    simulator.fault("slow:seconds=5")
    async with client(simulator) as http:
        reply = asyncio.create_task(http.get("/api/version"))
        await clock.sleepers()
        await clock.advance(4.9)
        assert not reply.done()
        await clock.advance(0.2)
        assert (await reply).status_code == 200


async def test_a_stream_is_cut_in_the_middle_of_a_line(simulator: Simulator) -> None:
    simulator.fault("cut:after=2")
    async with client(simulator) as http:
        chunks, error = await read(http)
    assert isinstance(error, httpx.RemoteProtocolError)
    assert len(chunks) == 3
    assert not chunks[-1].endswith(b"\n")
    with pytest.raises(json.JSONDecodeError):
        json.loads(chunks[-1])


async def test_a_stream_ends_without_its_final_object(simulator: Simulator) -> None:
    simulator.fault("end")
    simulator.fault("end:after=3")
    async with client(simulator) as http:
        chunks, error = await read(http)
        assert error is None
        assert len(chunks) > 10
        assert not any(b'"done":true' in chunk for chunk in chunks)
        assert len((await read(http))[0]) == 3


async def test_a_stream_ends_with_an_error(simulator: Simulator) -> None:
    simulator.fault("error:after=2,text=boom")
    async with client(simulator) as http:
        objects = await lines(http, "/api/chat", **ASK)
    assert objects[2:] == [{"error": "boom"}]


async def test_garbage_and_huge_lines_come_between_good_ones(simulator: Simulator) -> None:
    simulator.fault("garbage:after=1")
    simulator.fault("huge:after=1")
    async with client(simulator) as http:
        for size in (10, 9_000_000):
            chunks, error = await read(http)
            assert error is None
            rows = b"".join(chunks).splitlines()
            assert len(rows[1]) > size
            assert json.loads(rows[2])["done"] is False
            assert json.loads(rows[-1])["done"] is True


async def test_the_final_object_can_come_twice(simulator: Simulator) -> None:
    simulator.fault("duplicate")
    async with client(simulator) as http:
        objects = await lines(http, "/api/chat", **ASK)
    assert [one["done"] for one in objects[-3:]] == [False, True, True]


async def test_characters_are_torn_across_chunks(simulator: Simulator) -> None:
    simulator.fault("utf8")
    async with client(simulator) as http:
        http_chunks, _ = await read(http)
        again = await lines(http, "/api/chat", **ASK)
    joined = [json.loads(row) for row in b"".join(http_chunks).splitlines()]
    assert len(http_chunks) >= 2 * len(joined)
    assert [one["message"] for one in joined] == [one["message"] for one in again]


def test_a_chunk_is_torn_inside_its_long_characters() -> None:
    assert torn("aü€b".encode()) == [b"a\xc3", b"\xbc\xe2", b"\x82", b"\xacb"]
    assert torn(b"plain\n") == [b"pla", b"in\n"]
    assert torn(b"x") == [b"x"]


async def test_silence_lasts_until_the_client_leaves(simulator: Simulator) -> None:
    simulator.fault("silence:after=1")
    heard: list[bytes] = []
    spoke = asyncio.Event()

    async def listen() -> None:
        async with client(simulator) as http, http.stream("POST", "/api/chat", json=ASK) as reply:
            async for chunk in reply.aiter_raw():
                heard.append(chunk)
                spoke.set()

    listener = asyncio.create_task(listen())
    await asyncio.wait_for(spoke.wait(), 10)
    assert simulator.active == 1
    listener.cancel()
    await asyncio.gather(listener, return_exceptions=True)
    assert len(heard) == 1
    assert simulator.active == 0


async def test_silence_from_the_start_sends_no_headers(simulator: Simulator) -> None:
    simulator.fault("silence")
    async with client(simulator) as http:
        reply = asyncio.create_task(http.post("/api/chat", json=ASK))
        for _ in range(50):
            await asyncio.sleep(0)
        assert not reply.done()
        reply.cancel()
        await asyncio.gather(reply, return_exceptions=True)
    assert simulator.active == 0


async def test_a_pull_can_be_cut_as_well(simulator: Simulator) -> None:
    simulator.fault("cut@pull:after=1")
    async with client(simulator) as http:
        chunks, error = await read(http, "/api/pull", {"model": "all-minilm"})
    assert chunks[0] == b'{"status":"pulling manifest"}\n'
    assert isinstance(error, httpx.RemoteProtocolError)


def test_every_kind_says_what_it_does() -> None:
    assert len(KINDS) == 25
    assert all(text and text[0].islower() for text in KINDS.values())
