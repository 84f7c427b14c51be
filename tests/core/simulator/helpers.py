"""A simulator with and without a socket, and its answers as values."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx

from core.simulator import Setup, Simulator, Spec, toy
from core.simulator.serve import serve

BASE = "http://127.0.0.1:11434"
HELLO = [{"role": "user", "content": "Hello there"}]
NEWEST = "0.33.0-rc2"
LAST_OF_THE_OLD = "0.24.0"


def client(simulator: Simulator, base: str = BASE) -> httpx.AsyncClient:
    """A client of that simulator, without a socket."""
    return httpx.AsyncClient(transport=simulator.transport(), base_url=base)


def small(*specs: Spec, version: str = NEWEST, **settings: Any) -> Setup:
    """A server that has these models only, a toy when none is given."""
    return Setup(version=version, installed=specs or (toy(),), **settings)


async def lines(http: httpx.AsyncClient, path: str, **body: Any) -> list[dict[str, Any]]:
    """All objects of a stream."""
    async with http.stream("POST", path, json=body) as reply:
        assert reply.status_code == 200
        assert reply.headers["content-type"] == "application/x-ndjson"
        data = await reply.aread()
    assert data.endswith(b"\n")
    return [json.loads(line) for line in data.splitlines()]


async def refusal(http: httpx.AsyncClient, path: str, body: Any, method: str = "POST") -> tuple[int, str]:
    """Status and text of an error."""
    data = body if isinstance(body, (str, bytes)) else json.dumps(body)
    reply = await http.request(method, path, content=data)
    assert reply.headers["content-type"] == "application/json; charset=utf-8"
    return reply.status_code, reply.json()["error"]


def text(objects: list[dict[str, Any]], field: str = "content") -> str:
    """What a chat said, or thought."""
    return "".join(one["message"].get(field, "") for one in objects if "message" in one)


@asynccontextmanager
async def listening(simulator: Simulator) -> AsyncIterator[str]:
    """The simulator on a socket of its own; gives its address."""
    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve(simulator, ready=address.set_result))
    try:
        yield await asyncio.wait_for(address, 10)
    finally:
        serving.cancel()
        with suppress(asyncio.CancelledError):
            await serving


async def eventually(true: Callable[[], bool]) -> None:
    """Wait until something is so that no event tells about: what another socket's end leads to."""
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110 - there is no event, and the deadline is real
            await asyncio.sleep(0)
