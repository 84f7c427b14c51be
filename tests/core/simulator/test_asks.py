"""What is refused, in the server's own words."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from core.simulator import Simulator
from core.simulator.asks import check_keep_alive, decode
from core.simulator.versions import Version
from core.simulator.wire import Refusal
from tests.core.simulator.helpers import HELLO, client, refusal, small

CHAT = "/api/chat"
ASK = {"model": "toy", "messages": HELLO}
REFUSED: list[tuple[str, str, Any, int, str]] = [
    ("nothing", CHAT, "", 400, "missing request body"),
    ("half an object", CHAT, "{", 400, "unexpected EOF"),
    ("no key", CHAT, "{bad", 400, "invalid character 'b' looking for beginning of object key string"),
    ("no value", CHAT, '{"model":x}', 400, "invalid character 'x' looking for beginning of value"),
    ("not an object", CHAT, "[]", 400, "json: cannot unmarshal array into Go value of type api.ChatRequest"),
    (
        "messages as text", CHAT, {"model": "toy", "messages": "hi"}, 400,
        "json: cannot unmarshal string into Go struct field ChatRequest.messages of type []api.Message",
    ),
    (
        "content as parts", CHAT, {"model": "toy", "messages": [{"role": "user", "content": []}]}, 400,
        "json: cannot unmarshal array into Go struct field ChatRequest.messages.content of type string",
    ),
    ("no model", CHAT, {}, 400, "model is required"),
    ("no model to generate", "/api/generate", {"prompt": "x"}, 404, "model '' not found"),
    ("no model to embed", "/api/embed", {"input": "x"}, 404, "model '' not found"),
    ("no model to embed the old way", "/api/embeddings", {"prompt": "x"}, 400, "model is required"),
    ("no model to show", "/api/show", {}, 400, "model is required"),
    ("no source", "/api/copy", {}, 400, 'source "" is invalid'),
    (
        "bad destination", "/api/copy", {"source": "toy", "destination": "a b"}, 400,
        'destination "a b" is invalid',
    ),
    ("bad name", CHAT, {"model": "a b", "messages": HELLO}, 400, "invalid model name"),
    ("bad name to pull", "/api/pull", {"model": "a b"}, 400, "invalid model name"),
    ("nothing to create from", "/api/create", {"model": "x"}, 400, "neither 'from' or 'files' was specified"),
    (
        "option as text", CHAT, ASK | {"options": {"num_ctx": "4096"}}, 500,
        'option "num_ctx" must be of type integer',
    ),
    ("stop as text", CHAT, ASK | {"options": {"stop": "x"}}, 500, 'option "stop" must be of type array'),
    (
        "wrong format", CHAT, ASK | {"format": "xml"}, 500,
        r'invalid format: "\"xml\""; expected "json" or a valid JSON Schema object',
    ),
    ("no unit", CHAT, ASK | {"keep_alive": "5"}, 400, 'time: missing unit in duration "5"'),
    ("minus without unit", CHAT, ASK | {"keep_alive": "-1"}, 400, 'time: missing unit in duration "-1"'),
    ("unknown unit", CHAT, ASK | {"keep_alive": "5d"}, 400, 'time: unknown unit "d" in duration "5d"'),
    ("no duration", CHAT, ASK | {"keep_alive": "soon"}, 400, 'time: invalid duration "soon"'),
    ("keep_alive as bool", CHAT, ASK | {"keep_alive": True}, 400, "Unsupported type: 'bool'"),
    (
        "unknown level", CHAT, ASK | {"think": "extreme"}, 400,
        'invalid think value: "extreme" (must be "high", "medium", "low", "max", true, or false)',
    ),
    ("too many logprobs", CHAT, ASK | {"top_logprobs": 21}, 400, "top_logprobs must be between 0 and 20"),
    (
        "image with a prefix", CHAT,
        {"model": "toy", "messages": [{"images": ["data:image/png;base64,aGk="]}]}, 400,
        "illegal base64 data at input byte 4",
    ),
    (
        "raw with a system text", "/api/generate",
        {"model": "toy", "prompt": "x", "raw": True, "system": "y"},
        400,
        "raw mode does not support template, system, or context",
    ),
    ("embed a number", "/api/embed", {"model": "toy", "input": 5}, 400, "invalid input type"),
    (
        "tools", CHAT, ASK | {"tools": [{}]}, 400,
        "registry.ollama.ai/library/toy:latest does not support tools",
    ),
    ("thinking", CHAT, ASK | {"think": True}, 400, '"toy" does not support thinking'),
    ("bad digest", "/api/blobs/sha256:xyz", "", 400, "invalid digest format"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "body", "status", "said"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
async def test_a_bad_request_gets_its_status_and_text(path: str, body: Any, status: int, said: str) -> None:
    async with client(Simulator(small())) as http:
        assert await refusal(http, path, body) == (status, said)


async def test_what_an_old_server_does_not_know_it_ignores() -> None:
    async with client(Simulator(small(version="0.5.0"))) as http:
        reply = await http.post(CHAT, json=ASK | {"think": "extreme", "stream": False})
        assert reply.status_code == 200


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ("0.9.0", "registry.ollama.ai/library/toy:latest does not support thinking"),
        ("0.12.4", "registry.ollama.ai/library/toy:latest does not support thinking"),
        ("0.12.5", '"toy" does not support thinking'),
    ],
)
async def test_the_words_about_thinking_changed_with_the_version(version: str, said: str) -> None:
    async with client(Simulator(small(version=version))) as http:
        assert await refusal(http, CHAT, ASK | {"think": True}) == (400, said)


async def test_one_release_even_refused_not_to_think() -> None:
    for version, status in (("0.12.3", 200), ("0.12.4", 400), ("0.12.5", 200)):
        async with client(Simulator(small(version=version))) as http:
            reply = await http.post(CHAT, json=ASK | {"think": False, "stream": False})
            assert reply.status_code == status


async def test_unknown_options_and_nulls_are_ignored_and_floats_truncated(http: httpx.AsyncClient) -> None:
    options = {"no_such": 1, "top_k": None, "num_ctx": 2048.9}
    reply = await http.post(
        CHAT, json={"model": "llama3.2:3b", "messages": HELLO, "options": options, "stream": False}
    )
    assert reply.status_code == 200
    assert (await http.get("/api/ps")).json()["models"][0]["context_length"] == 2048


DURATIONS = [
    (5, 5.0), (0, 0.0), (-1, -1.0), (0.5, 0.5), ("5m", 300.0), ("1h30m", 5400.0), ("300ms", 0.3), ("0", 0.0),
    ("-1m", -60.0), ("1.5h", 5400.0), ("+2s", 2.0), (None, None),
]  # fmt: skip


@pytest.mark.parametrize(("value", "seconds"), DURATIONS)
def test_keep_alive_is_read_as_go_does(value: object, seconds: float | None) -> None:
    assert check_keep_alive(value, Version("0.33.0")) == (
        seconds if seconds is None else pytest.approx(seconds)
    )


@pytest.mark.parametrize(
    ("version", "seconds"),
    [("0.11.7", 0.0), ("0.11.8", 0.3), ("0.12.0", 0.0), ("0.12.3", 0.0), ("0.12.4", 0.3)],
)
def test_less_than_a_second_once_counted_as_nothing(version: str, seconds: float) -> None:
    assert check_keep_alive("300ms", Version(version)) == pytest.approx(seconds)


def test_half_a_surrogate_pair_is_replaced() -> None:
    body = b'{"model":"toy","messages":[{"role":"user","content":"a\\ud83d b"}]}'
    assert decode(body, "ChatRequest")["messages"][0]["content"] == "a\N{REPLACEMENT CHARACTER} b"


def test_what_follows_the_object_is_not_looked_at() -> None:
    assert decode(b'{"model":"x"} trailing', "ChatRequest") == {"model": "x"}


@pytest.mark.parametrize(
    "body", [b"\xff\xfe", b'"text"', b"17", b"nul", b'{"a":1,}', json.dumps({"stream": "x"}).encode()]
)
def test_no_body_is_too_strange_to_be_refused(body: bytes) -> None:
    with pytest.raises(Refusal) as caught:
        decode(body, "ChatRequest")
    assert caught.value.status == 400
