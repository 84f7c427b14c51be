"""No request, however strange, makes the simulator fall over: every one is answered or refused."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.simulator import Setup, Simulator, toy
from core.simulator.app import ROUTES
from core.simulator.wire import Request

WORDS = (
    "toy",
    "vectors",
    "sage",
    "user",
    "tool",
    "json",
    "high",
    "5m",
    "aGk=",
    "sha256:" + "0" * 64,
    "\ud800",
)
KEYS = (
    *(
        "role",
        "content",
        "images",
        "type",
        "properties",
        "required",
        "items",
        "function",
        "name",
        "$ref",
        "enum",
    ),
    *("num_ctx", "num_predict", "num_keep", "num_gpu", "stop", "x"),
)
FIELDS = (
    *("model", "name", "messages", "prompt", "input", "options", "format", "tools", "think", "keep_alive"),
    *(
        "stream",
        "raw",
        "system",
        "template",
        "suffix",
        "context",
        "images",
        "truncate",
        "shift",
        "dimensions",
    ),
    *("logprobs", "top_logprobs", "from", "files", "adapters", "parameters", "quantize", "license", "source"),
    *("destination", "verbose", "_debug_render_only"),
)
PLAIN = st.one_of(
    *(st.none(), st.booleans(), st.integers(-10, 5000), st.floats(), st.text(max_size=8)),
    st.sampled_from(WORDS),
)
VALUES = st.recursive(
    PLAIN,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)
    ),
    max_leaves=6,
)
BODIES = st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=6)
MODELS = st.sampled_from(["toy", "vectors", "sage"])
PATHS = sorted(path for path, methods in ROUTES.items() if {"POST", "DELETE"} & set(methods))
MADE = (
    toy(),
    toy("sage", capabilities=("completion", "tools", "thinking", "vision"), thinking="tags"),
    toy("vectors", capabilities=("embedding",)),
)


async def answers(version: str, path: str, bodies: list[dict[str, Any]]) -> list[tuple[int, str, bytes]]:
    found = []
    for body in bodies:
        simulator = Simulator(Setup(version=version, installed=MADE, pullable=MADE))
        method = "DELETE" if path == "/api/delete" else "POST"
        request = Request(method, path, headers={"host": "localhost"}, body=json.dumps(body).encode())
        reply = await simulator.handle(request)
        data = b"".join([chunk async for chunk in reply.body])
        assert simulator.active == 0
        found.append((reply.status, reply.headers.get("content-type", ""), data))
    return found


@pytest.mark.parametrize("version", ["0.5.0", "0.33.0-rc2"])
@pytest.mark.parametrize("path", PATHS)
@given(body=BODIES, model=MODELS, messages=st.lists(VALUES, max_size=2))
@settings(max_examples=12, deadline=None)
def test_every_body_is_answered_or_refused(
    version: str, path: str, body: dict[str, Any], model: str, messages: list[Any]
) -> None:
    named = {"model": model, "messages": messages, **body}
    bodies = [body, named, named | {"model": model, "prompt": "Hi"}]
    for status, kind, data in asyncio.run(answers(version, path, bodies)):
        assert status in (200, 400, 401, 404, 500, 501)
        if data and kind.startswith("application/"):
            for row in data.splitlines():
                json.loads(row)
        if status >= 400 and kind.startswith("application/json"):
            assert isinstance(json.loads(data)["error"], str)
