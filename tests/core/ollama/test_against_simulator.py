"""The client against the stand-in server, old and new, and against everything that can go wrong there."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import msgspec
import pytest

from core.errors import (
    BadReply,
    BadRequest,
    CannotThink,
    ContextExceeded,
    DiskFull,
    LeitstandError,
    LoadFailed,
    ModelNotFound,
    NotCapable,
    NotInRegistry,
    NotOllama,
    OutOfMemory,
    RunnerCrashed,
    ServerBusy,
    ServerError,
    ServerUnavailable,
    StreamCut,
)
from core.ollama.address import parse
from core.ollama.client import Ollama
from core.ollama.reading import gpu_percent, speed, stay
from core.ollama.registry import Registry
from core.ollama.wire import (
    ChatRequest,
    CreateRequest,
    EmbedRequest,
    GenerateRequest,
    Message,
    Tool,
    ToolSpec,
)
from core.simulator import Script, Setup, Simulator

VERSIONS = ["0.5.0", "0.12.4", "0.12.6", "0.24.0", "0.33.0-rc2", "0.0.0"]
MODEL, THINKER, EMBEDDER = "llama3.2:3b", "qwen3:8b", "nomic-embed-text"


def asking(text: str = "Hello", model: str = MODEL, **more: Any) -> ChatRequest:
    return ChatRequest(model=model, messages=(Message(role="user", content=text),), **more)


def pair(setup: Setup | None = None) -> tuple[Ollama, Simulator]:
    simulator = Simulator(setup)
    return Ollama(parse("127.0.0.1"), transport=simulator.transport()), simulator


async def collect(stream: AsyncIterator[Any]) -> tuple[list[Any], LeitstandError | None]:
    seen: list[Any] = []
    try:
        async for item in stream:
            seen.append(item)  # noqa: PERF401 - what came before the error is the point
    except LeitstandError as error:
        return seen, error
    return seen, None


@pytest.mark.parametrize("version", VERSIONS)
async def test_every_route_works_with_servers_of_every_age(version: str) -> None:
    ollama, _ = pair(Setup(version=version))
    assert await ollama.version() == version
    models = await ollama.tags()
    assert MODEL in {model.name for model in models}
    assert (await ollama.show(MODEL)).trained_context == 131072
    await ollama.load(MODEL, {"num_ctx": 4096}, "10m")
    chunks, error = await collect(ollama.chat(asking(options={"num_ctx": 4096})))
    assert error is None
    assert chunks[-1].done
    assert "".join(chunk.message.content for chunk in chunks)
    assert (speed(chunks[-1]) or 0) > 0
    (loaded,) = await ollama.ps()
    assert gpu_percent(loaded.size, loaded.size_vram) == 100
    assert stay(loaded.expires_at, 0).kind == "until"
    generated, error = await collect(ollama.generate(GenerateRequest(model=MODEL, prompt="Hi")))
    assert error is None
    assert "".join(chunk.response for chunk in generated)
    await ollama.unload(MODEL)
    assert await ollama.ps() == ()
    await ollama.load(EMBEDDER)
    vectors = (await ollama.embed(EmbedRequest(model=EMBEDDER, input=("a cat", "a dog")))).embeddings or ()
    assert [round(math.hypot(*vector), 3) for vector in vectors] == [1, 1]
    await ollama.copy(MODEL, "mine")
    assert "mine:latest" in {model.name for model in await ollama.tags()}
    await ollama.delete("mine")
    assert "mine:latest" not in {model.name for model in await ollama.tags()}


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_pull_ends_with_a_model_that_was_not_there(version: str) -> None:
    ollama, _ = pair(Setup(version=version, installed=()))
    assert await ollama.tags() == ()
    steps, error = await collect(ollama.pull(MODEL))
    assert error is None
    assert (steps[0].status, steps[-1].status) == ("pulling manifest", "success")
    assert [model.name for model in await ollama.tags()] == [MODEL]


async def test_the_manifest_says_what_the_pull_then_fetches() -> None:
    ollama, simulator = pair(Setup(installed=()))
    manifest = await Registry(transport=simulator.transport()).manifest(MODEL)
    await collect(ollama.pull(MODEL))
    (model,) = await ollama.tags()
    assert (model.size, model.digest) == (manifest.total, manifest.digest)


async def test_a_model_is_made_from_another_and_from_a_file() -> None:
    ollama, _ = pair()
    steps, error = await collect(ollama.create(CreateRequest(model="mine", from_=MODEL, system="Be kind.")))
    assert error is None
    assert steps[-1].status == "success"
    assert (await ollama.show("mine")).system == "Be kind."
    digest = "sha256:" + "0" * 64
    assert not await ollama.blob_exists(digest)
    with pytest.raises(LeitstandError, match="digest"):
        await ollama.upload_blob(digest, content())
    with pytest.raises(BadRequest):
        await ollama.blob_exists("nonsense")


async def content() -> AsyncIterator[bytes]:
    yield b"GGUF"


async def test_thinking_and_tool_calls_arrive_as_what_they_are() -> None:
    ollama, simulator = pair()
    script = simulator.next(Script())
    tool = Tool(ToolSpec("weather", "Tells the weather.", {"type": "object", "properties": {}}))
    reading = asyncio.get_running_loop().create_task(
        collect(ollama.chat(asking(model=THINKER, think=True, tools=(tool,))))
    )
    await script.think("Rain?")
    await script.call("weather", city="Paris")
    await script.say("Let me look.")
    await script.finish(eval_count=7)
    chunks, error = await reading
    assert error is None
    assert "".join(chunk.message.thinking or "" for chunk in chunks) == "Rain?"
    assert "".join(chunk.message.content for chunk in chunks) == "Let me look."
    (call,) = [call for chunk in chunks for call in chunk.message.tool_calls or ()]
    assert (call.function.name, call.function.arguments) == ("weather", {"city": "Paris"})
    assert chunks[-1].eval_count == 7


@pytest.mark.parametrize(
    ("fault", "kind", "complete"),
    [
        ("refuse", ServerUnavailable, 0),
        ("html", ServerUnavailable, 0),
        ("redirect", NotOllama, 0),
        ("forbidden", ServerError, 0),
        ("status:status=503,text=server busy", ServerBusy, 0),
        ("status:status=502,text=<html>", ServerUnavailable, 0),
        ("status:status=500,text=what?", ServerError, 0),
        ("cut:after=2", StreamCut, 2),
        ("cut:after=0", StreamCut, 0),
        ("end:after=2", StreamCut, 2),
        ("error:after=2", RunnerCrashed, 2),
        ("garbage:after=2", BadReply, 2),
        ("busy", ServerBusy, 0),
        ("oom", OutOfMemory, 0),
        ("load:text=error loading model: unknown type", LoadFailed, 0),
        ("crash:after=2", RunnerCrashed, 2),
        ("crash:after=0", RunnerCrashed, 0),
    ],
)
@pytest.mark.parametrize("version", ["0.5.0", "0.24.0", "0.33.0-rc2"])
async def test_every_fault_of_an_answer_is_named_and_keeps_what_came(
    version: str, fault: str, kind: type[LeitstandError], complete: int
) -> None:
    ollama, simulator = pair(Setup(version=version))
    simulator.fault(fault)
    chunks, error = await collect(ollama.chat(asking()))
    assert type(error) is kind
    assert len(chunks) == complete
    _, error = await collect(ollama.chat(asking()))
    assert error is None


@pytest.mark.parametrize("fault", ["utf8", "huge:after=1", "duplicate"])
async def test_oddities_that_are_no_faults_change_nothing(fault: str) -> None:
    ollama, simulator = pair()
    simulator.fault(fault)
    simulator.next(Script.saying("Größe ", "🙂", "!"))
    chunks, error = await collect(ollama.chat(asking()))
    assert error is None
    assert "".join(chunk.message.content for chunk in chunks) == "Größe 🙂!"
    assert [chunk.done for chunk in chunks].count(True) == 1


async def test_lists_that_are_null_are_empty() -> None:
    ollama, simulator = pair()
    simulator.fault("null:times=3")
    assert await ollama.tags() == ()
    assert await ollama.ps() == ()
    assert (await ollama.show(MODEL)).capabilities is None


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("disk:after=50", DiskFull),
        ("digest", ServerError),
        ("registry", ServerError),
        ("cut:after=3", StreamCut),
        ("end:after=3", StreamCut),
        ("refuse", ServerUnavailable),
    ],
)
async def test_every_fault_of_a_pull_is_named_and_pulling_again_helps(
    fault: str, kind: type[LeitstandError]
) -> None:
    ollama, simulator = pair(Setup(installed=()))
    simulator.fault(fault)
    _, error = await collect(ollama.pull(MODEL))
    assert type(error) is kind
    steps, error = await collect(ollama.pull(MODEL))
    assert error is None
    assert steps[-1].status == "success"


@pytest.mark.parametrize("version", VERSIONS)
async def test_what_is_not_there_and_what_a_model_cannot_do_is_said(version: str) -> None:
    ollama, _ = pair(Setup(version=version))
    for attempt in (
        ollama.show("nope"),
        ollama.delete("nope"),
        ollama.copy("nope", "mine"),
        ollama.embed(EmbedRequest(model="nope", input="x")),
        ollama.load("nope"),
        ollama.unload("nope"),
    ):
        with pytest.raises(ModelNotFound, match="nope"):
            await attempt
    assert type((await collect(ollama.chat(asking(model="nope"))))[1]) is ModelNotFound
    assert type((await collect(ollama.pull("nope")))[1]) is NotInRegistry
    with pytest.raises(BadRequest, match="not a valid name"):
        await ollama.show("a b")


@pytest.mark.parametrize("version", ["0.9.0", "0.12.4", "0.12.6", "0.33.0-rc2"])
async def test_a_model_that_cannot_think_or_use_tools_says_so(version: str) -> None:
    ollama, _ = pair(Setup(version=version))
    assert type((await collect(ollama.chat(asking(think=True))))[1]) is CannotThink
    tool = Tool(ToolSpec("weather", "", {"type": "object", "properties": {}}))
    _, error = await collect(ollama.chat(asking(model="gemma3:12b", tools=(tool,))))
    assert type(error) is NotCapable
    assert "tools" in error.message
    _, error = await collect(ollama.chat(asking(model=EMBEDDER)))
    assert type(error) is NotCapable


async def test_a_chat_model_asked_for_vectors_says_so_on_new_servers() -> None:
    ollama, _ = pair()
    with pytest.raises(NotCapable, match="embeddings"):
        await ollama.embed(EmbedRequest(model=MODEL, input="x"))


async def test_a_prompt_that_does_not_fit_gives_its_numbers() -> None:
    ollama, _ = pair()
    request = asking("word " * 5000, options={"num_ctx": 2048}, truncate=False)
    _, error = await collect(ollama.chat(request))
    assert isinstance(error, ContextExceeded)
    assert error.window == 2048
    assert (error.prompt_tokens or 0) > 2048
    assert "word" not in error.message


async def test_hanging_up_frees_the_server_at_once() -> None:
    ollama, simulator = pair()
    script = simulator.next(Script())
    async with aclosing(ollama.chat(asking())) as chunks:
        saying = asyncio.get_running_loop().create_task(script.say("Hel"))
        assert (await anext(chunks)).message.content == "Hel"
        assert simulator.active == 1
    assert simulator.active == 0
    assert script.over
    saying.cancel()


async def test_a_request_holds_exactly_what_was_asked() -> None:
    ollama, simulator = pair()
    await collect(ollama.chat(asking(think=False, keep_alive=-1)))
    sent = msgspec.json.decode(simulator.requests[-1].body)
    assert sent == {
        "model": MODEL,
        "messages": [{"role": "user", "content": "Hello"}],
        "think": False,
        "keep_alive": -1,
    }
