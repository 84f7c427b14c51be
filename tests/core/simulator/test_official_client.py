"""A client nobody here wrote: the `ollama` package talks to the simulator over a real socket."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import httpx
import ollama
import pytest

from core.simulator import Fault, Script, Setup, Simulator, toy
from tests.core.simulator.helpers import HELLO, listening

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city",
        "parameters": {
            "type": "object",
            "required": ["city"],
            "properties": {"city": {"type": "string", "description": "The city"}},
        },
    },
}


# Nothing here is encrypted; loading certificates would cost more than the tests.
PLAIN: Any = {"trust_env": False, "verify": False}
T = TypeVar("T")


async def collect(stream: AsyncIterator[T], into: list[T]) -> None:
    async for part in stream:
        into += [part]


@pytest.fixture
async def official(simulator: Simulator) -> AsyncIterator[ollama.AsyncClient]:
    async with listening(simulator) as address, ollama.AsyncClient(address, **PLAIN) as found:
        yield found


async def test_a_chat_is_answered_in_one_piece(official: ollama.AsyncClient) -> None:
    reply = await official.chat("llama3.2:3b", HELLO)
    assert reply.model == "llama3.2:3b"
    assert reply.message.role == "assistant"
    assert "llama3.2:3b" in str(reply.message.content)
    assert reply.done
    assert reply.done_reason == "stop"
    assert reply.eval_count
    assert reply.eval_duration
    assert reply.eval_count > 10
    assert reply.prompt_eval_count == 9


async def test_a_chat_streams_and_its_pieces_are_the_whole(official: ollama.AsyncClient) -> None:
    whole = await official.chat("llama3.2:3b", HELLO)
    pieces = [part async for part in await official.chat("llama3.2:3b", HELLO, stream=True)]
    assert len(pieces) > 10
    assert [part.done for part in pieces] == [False] * (len(pieces) - 1) + [True]
    assert "".join(part.message.content or "" for part in pieces) == whole.message.content


async def test_thinking_comes_in_its_own_field_before_the_answer(official: ollama.AsyncClient) -> None:
    kinds = []
    async for part in await official.chat("qwen3:8b", HELLO, stream=True, think=True):
        kinds += ["thinking"] if part.message.thinking else []
        kinds += ["answer"] if part.message.content else []
    assert kinds == sorted(kinds, reverse=True)
    assert set(kinds) == {"thinking", "answer"}


async def test_thinking_can_be_switched_off(official: ollama.AsyncClient) -> None:
    reply = await official.chat("qwen3:8b", HELLO, think=False)
    assert not reply.message.thinking
    assert reply.message.content
    assert "<think>" not in reply.message.content


@pytest.mark.parametrize("level", ["low", "medium", "high"])
async def test_levels_of_thinking_are_accepted(official: ollama.AsyncClient, level: str) -> None:
    reply = await official.chat("gpt-oss:20b", HELLO, think=level)
    assert reply.message.thinking


async def test_a_tool_is_called_and_its_result_used(official: ollama.AsyncClient) -> None:
    question = {"role": "user", "content": "What is the weather in Paris today?"}
    reply = await official.chat("qwen3:8b", [question], tools=[WEATHER])
    assert reply.message.tool_calls
    call = reply.message.tool_calls[0]
    assert call.function.name == "get_weather"
    assert call.function.arguments == {"city": "Paris"}
    result = {"role": "tool", "content": "18 degrees", "tool_name": "get_weather"}
    after = await official.chat("qwen3:8b", [question, reply.message, result], tools=[WEATHER])
    assert "18 degrees" in str(after.message.content)


async def test_an_answer_follows_a_schema(official: ollama.AsyncClient) -> None:
    schema = {"type": "object", "properties": {"mood": {"enum": ["good", "bad"]}, "age": {"type": "integer"}}}
    reply = await official.chat("llama3.2:3b", [{"role": "user", "content": "a bad day"}], format=schema)
    assert reply.message.content == '{"mood": "bad", "age": 1}'


async def test_generate_answers_in_one_piece_and_streams(official: ollama.AsyncClient) -> None:
    whole = await official.generate("llama3.2:3b", "Write a Python class")
    assert "```python" in str(whole.response)
    assert whole.context
    streamed = [
        part async for part in await official.generate("llama3.2:3b", "Write a Python class", stream=True)
    ]
    assert "".join(str(part.response) for part in streamed) == whole.response
    assert streamed[-1].done_reason == "stop"


async def test_similar_texts_have_near_vectors(official: ollama.AsyncClient) -> None:
    texts = ["the cat sat on the mat", "a cat sits on a mat", "quarterly revenue grew"]
    reply = await official.embed("nomic-embed-text", texts)
    one, two, far = reply.embeddings
    assert len(one) == 768
    assert sum(a * b for a, b in zip(one, two, strict=True)) > 0.5
    assert abs(sum(a * b for a, b in zip(one, far, strict=True))) < 0.2
    short = await official.embed("nomic-embed-text", texts[0], dimensions=64)
    assert len(short.embeddings[0]) == 64
    old = await official.embeddings("nomic-embed-text", texts[0])
    assert list(old.embedding) == pytest.approx(list(one))


async def test_a_pull_reports_its_progress_and_the_model_is_there(official: ollama.AsyncClient) -> None:
    statuses = [part.status async for part in await official.pull("qwen3:0.6b", stream=True)]
    assert statuses[0] == "pulling manifest"
    assert statuses[-4:] == [statuses[-4], "verifying sha256 digest", "writing manifest", "success"]
    assert any((status or "").startswith("pulling fe7f") for status in statuses)
    listed = await official.list()
    assert listed.models[0].model == "qwen3:0.6b"


async def test_a_pull_without_a_stream_only_says_success(official: ollama.AsyncClient) -> None:
    reply = await official.pull("all-minilm")
    assert reply.status == "success"


async def test_models_are_listed_shown_and_seen_in_memory(official: ollama.AsyncClient) -> None:
    listed = await official.list()
    assert len(listed.models) == 8
    assert all(len(model.digest or "") == 64 for model in listed.models)
    shown = await official.show("gemma3:12b")
    assert shown.capabilities == ["completion", "vision"]
    assert shown.modelinfo
    assert shown.modelinfo["gemma3.block_count"] == 48
    assert not (await official.ps()).models
    await official.generate("gemma3:12b", keep_alive="10m")
    (running,) = (await official.ps()).models
    assert running.model == "gemma3:12b"
    assert running.size == running.size_vram
    assert running.context_length == 32_768
    await official.generate("gemma3:12b", keep_alive=0)
    assert not (await official.ps()).models


async def test_a_model_is_made_copied_and_deleted(official: ollama.AsyncClient) -> None:
    await official.create(
        "pirate", from_="llama3.2:3b", system="You are a pirate.", parameters={"num_ctx": 8192}
    )
    shown = await official.show("pirate")
    assert shown.details
    assert shown.details.parent_model == "llama3.2:3b"
    assert "num_ctx                        8192" in str(shown.parameters)
    assert (await official.copy("pirate", "crew/corsair:v2")).status == "success"
    names = {model.model for model in (await official.list()).models}
    assert {"pirate:latest", "crew/corsair:v2"} <= names
    assert (await official.delete("pirate")).status == "success"
    assert "pirate:latest" not in {model.model for model in (await official.list()).models}
    assert (await official.show("crew/corsair:v2")).details


async def test_a_model_is_made_from_a_file(official: ollama.AsyncClient, tmp_path: Path) -> None:
    weights = tmp_path / "weights.gguf"
    weights.write_bytes(b"GGUF" + bytes(2000))
    digest = await official.create_blob(weights)
    assert digest == "sha256:" + hashlib.sha256(weights.read_bytes()).hexdigest()
    statuses = [
        part.status
        async for part in await official.create("mine", files={"weights.gguf": digest}, stream=True)
    ]
    assert statuses[0] == "parsing GGUF"
    assert statuses[-1] == "success"
    assert f"using existing layer {digest}" in statuses
    assert (await official.chat("mine", HELLO)).message.content


async def test_a_push_reports_its_layers(official: ollama.AsyncClient) -> None:
    statuses = [part.status async for part in await official.push("llama3.2:3b", stream=True)]
    assert statuses[0] == "retrieving manifest"
    assert statuses[-1] == "success"


MISSING = [
    ("chat", 404, "model 'nope' not found"),
    ("generate", 404, "model 'nope' not found"),
    ("embed", 404, 'model "nope" not found, try pulling it first'),
    ("show", 404, "model 'nope:latest' not found"),
    ("delete", 404, "model 'nope' not found"),
    ("copy", 404, 'model "nope" not found'),
    ("pull", 500, "pull model manifest: file does not exist"),
]


@pytest.mark.parametrize(("verb", "status", "text"), MISSING)
async def test_an_absent_model_is_refused_in_the_words_of_the_route(
    official: ollama.AsyncClient, verb: str, status: int, text: str
) -> None:
    calls: dict[str, Callable[[], Awaitable[object]]] = {
        "chat": lambda: official.chat("nope", HELLO),
        "generate": lambda: official.generate("nope", "hi"),
        "embed": lambda: official.embed("nope", "hi"),
        "show": lambda: official.show("nope"),
        "delete": lambda: official.delete("nope"),
        "copy": lambda: official.copy("nope", "other"),
        "pull": lambda: official.pull("nope"),
    }
    with pytest.raises(ollama.ResponseError) as caught:
        await calls[verb]()
    assert caught.value.status_code == status
    assert caught.value.error == text


async def test_an_unknown_model_fails_inside_the_stream_of_a_pull(official: ollama.AsyncClient) -> None:
    seen: list[ollama.ProgressResponse] = []
    stream = await official.pull("nope", stream=True)
    with pytest.raises(ollama.ResponseError, match="file does not exist"):
        await collect(stream, seen)
    assert [part.status for part in seen] == ["pulling manifest"]


FAULTS = [
    (Fault(kind="busy"), 503, "server busy, please try again.  maximum pending requests exceeded"),
    (Fault(kind="oom"), 500, "out of memory"),
    (Fault(kind="load"), 500, "llama-server process has terminated"),
    (Fault(kind="crash"), 500, "an error was encountered while running the model: unexpected EOF"),
    (Fault(kind="status", status=500, text="boom"), 500, "boom"),
    (Fault(kind="html"), 502, "502 Bad Gateway"),
]


@pytest.mark.parametrize(("fault", "status", "text"), FAULTS, ids=lambda value: getattr(value, "kind", None))
async def test_faults_arrive_as_errors_with_their_status(
    official: ollama.AsyncClient, simulator: Simulator, fault: Fault, status: int, text: str
) -> None:
    simulator.fault(fault)
    with pytest.raises(ollama.ResponseError) as caught:
        await official.chat("llama3.2:3b", HELLO)
    assert caught.value.status_code == status
    assert text in caught.value.error
    assert (await official.chat("llama3.2:3b", HELLO)).done


async def test_a_crash_in_the_middle_is_a_line_of_the_stream(
    official: ollama.AsyncClient, simulator: Simulator
) -> None:
    simulator.fault("crash@chat:after=3")
    words: list[ollama.ChatResponse] = []
    stream = await official.chat("llama3.2:3b", HELLO, stream=True)
    with pytest.raises(ollama.ResponseError, match="unexpected EOF"):
        await collect(stream, words)
    assert len(words) == 3


async def test_what_a_model_cannot_do_is_refused(official: ollama.AsyncClient) -> None:
    with pytest.raises(
        ollama.ResponseError, match=re.escape('"llama3.2:3b" does not support thinking')
    ) as caught:
        await official.chat("llama3.2:3b", HELLO, think=True)
    assert caught.value.status_code == 400
    with pytest.raises(
        ollama.ResponseError, match=re.escape("registry.ollama.ai/library/gemma3:12b does not support tools")
    ):
        await official.chat("gemma3:12b", HELLO, tools=[WEATHER])
    with pytest.raises(ollama.ResponseError, match="does not support chat"):
        await official.chat("nomic-embed-text", HELLO)
    with pytest.raises(ollama.ResponseError, match="does not support embeddings") as caught:
        await official.embed("llama3.2:3b", "hi")
    assert caught.value.status_code == 501


async def test_a_client_that_leaves_frees_the_model(
    official: ollama.AsyncClient, simulator: Simulator
) -> None:
    script = simulator.next(Script())

    async def listen() -> None:
        async for _ in await official.chat("llama3.2:3b", HELLO, stream=True):
            pass

    listening_client = asyncio.create_task(listen())
    await asyncio.wait_for(script.say("one "), 10)
    assert simulator.active == 1
    listening_client.cancel()
    await asyncio.wait_for(script.closed(), 10)
    assert simulator.active == 0
    with contextlib.suppress(asyncio.CancelledError):
        await listening_client


async def test_a_connection_breaks_in_the_middle_of_a_line(
    official: ollama.AsyncClient, simulator: Simulator
) -> None:
    simulator.fault("cut@chat:after=2")
    heard: list[ollama.ChatResponse] = []
    stream = await official.chat("llama3.2:3b", HELLO, stream=True)
    with pytest.raises(httpx.RemoteProtocolError):
        await collect(stream, heard)
    assert len(heard) == 2


async def test_nobody_takes_the_connection(official: ollama.AsyncClient, simulator: Simulator) -> None:
    simulator.fault("refuse")
    with pytest.raises(httpx.TransportError):
        await official.list()
    assert (await official.list()).models


async def test_an_old_server_reports_early_failures_inside_a_200() -> None:
    simulator = Simulator(Setup(version="0.5.0", installed=(toy(),)))
    simulator.fault("crash")
    async with listening(simulator) as address, ollama.AsyncClient(address, **PLAIN) as official:
        stream = await official.chat("toy", HELLO, stream=True)
        with pytest.raises(ollama.ResponseError, match="unexpected EOF") as caught:
            await collect(stream, [])
        assert caught.value.status_code == -1
        reply = await official.chat("toy", HELLO)
        assert reply.done
