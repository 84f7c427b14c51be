"""The embedder: prefixes, batches, long texts in parts, and errors one can act on."""

from __future__ import annotations

import asyncio
from array import array

import httpx
import msgspec
import pytest

from core.errors import BadReply, ModelNotFound, ServerError
from core.ollama.address import parse
from core.ollama.client import Ollama
from core.retrieval.embed import Embedder
from core.retrieval.embedders import manner_of
from core.simulator import Setup, Simulator
from core.simulator.embedding import vector as numbers
from core.simulator.models import INSTALLED, PULLABLE
from core.simulator.transport import SimulatedTransport
from tests.core.retrieval.shelves import length
from tests.fakes.clock import ManualClock
from tests.waiting import until


class Listening(SimulatedTransport):
    """The simulated server, and what it was asked to embed."""

    def __init__(self, simulator: Simulator) -> None:
        super().__init__(simulator)
        self.asked: list[list[str]] = []
        self.held: asyncio.Event | None = None
        self.clock: ManualClock | None = None
        self.seconds = 0.0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        if request.url.path == "/api/embed":
            body = msgspec.json.decode(request.content)
            assert body["truncate"] is False
            self.asked.append(body["input"])
            if self.held is not None:
                await self.held.wait()
            if self.clock is not None:
                await self.clock.advance(self.seconds)
        return await super().handle_async_request(request)


def pair(model: str = "nomic-embed-text", **given: object) -> tuple[Embedder, Listening, Simulator]:
    everything = (*INSTALLED, *(spec for spec in PULLABLE if spec.name.startswith("all-minilm")))
    simulator = Simulator(Setup(installed=everything))
    transport = Listening(simulator)
    ollama = Ollama(parse("127.0.0.1"), transport=transport)
    return Embedder(lambda: ollama, model, **given), transport, simulator  # type: ignore[arg-type]


def kept(text: str, size: int = 768) -> bytes:
    return array("f", numbers(text, size)).tobytes()


@pytest.mark.parametrize(
    ("model", "query", "document", "window"),
    [
        ("nomic-embed-text", "search_query: ", "search_document: ", 2048),
        ("nomic-embed-text:v1.5", "search_query: ", "search_document: ", 2048),
        ("registry.local/team/nomic-embed-text-v2-moe:latest", "search_query: ", "search_document: ", 512),
        ("all-minilm:22m", "", "", 256),
        ("mxbai-embed-large", "Represent this sentence for searching relevant passages: ", "", 512),
        ("bge-m3", "", "", 8192),
        ("snowflake-arctic-embed2", "query: ", "", 8192),
        ("jeffh/intfloat-multilingual-e5-large", "query: ", "passage: ", 512),
        ("hf.co/user/multilingual-e5-small:F16", "query: ", "passage: ", 512),
        ("embeddinggemma:300m", "task: search result | query: ", "title: none | text: ", 2048),
        ("somebodys-model", "", "", 512),
    ],
)
def test_a_model_is_put_its_texts_as_it_was_trained(
    model: str, query: str, document: str, window: int
) -> None:
    manner = manner_of(model)
    assert (manner.query, manner.document, manner.window) == (query, document, window)


def test_qwen_is_told_the_task_with_the_question_only() -> None:
    manner = manner_of("qwen3-embedding:0.6b")
    assert manner.query.startswith("Instruct: ")
    assert manner.query.endswith("\nQuery:")
    assert manner.document == ""


def test_a_model_nobody_knows_reads_what_the_server_says() -> None:
    assert manner_of("somebodys-model", 4096).window == 4096
    assert manner_of("all-minilm", 512).window == 256, "what it was trained to read counts"


async def test_documents_and_questions_carry_their_prefixes_and_the_vectors_come_in_order() -> None:
    embedder, server, _ = pair()
    texts = ["one cat", "two dogs", ""]
    vectors = await embedder.documents(texts)
    question = await embedder.query("one cat")
    assert server.asked == [[f"search_document: {text or ' '}" for text in texts], ["search_query: one cat"]]
    assert vectors[0] == question == kept("one cat")
    assert all(vector is not None and length(vector) == pytest.approx(1, abs=1e-6) for vector in vectors)
    assert embedder.dimension == 768


async def test_nothing_to_embed_asks_nothing() -> None:
    embedder, server, _ = pair()
    assert await embedder.documents([]) == []
    assert server.asked == []


async def test_many_texts_go_in_batches_that_grow_while_the_server_is_quick() -> None:
    embedder, server, _ = pair(clock=ManualClock())
    vectors = await embedder.documents([f"text {number}" for number in range(300)])
    assert [len(batch) for batch in server.asked] == [16, 32, 64, 64, 64, 60]
    assert vectors[299] == kept("text 299")


async def test_batches_shrink_while_the_server_is_slow() -> None:
    clock = ManualClock()
    embedder, server, _ = pair(clock=clock)
    server.clock, server.seconds = clock, 3.0
    await embedder.documents([f"text {number}" for number in range(40)])
    assert [len(batch) for batch in server.asked] == [16, 8, 4, 4, 4, 4]


async def test_a_question_goes_before_the_next_batch_of_documents() -> None:
    embedder, server, _ = pair(clock=ManualClock())
    server.held = asyncio.Event()
    documents = asyncio.ensure_future(embedder.documents([f"text {number}" for number in range(48)]))
    await until(lambda: len(server.asked) == 1)
    question = asyncio.ensure_future(embedder.query("now"))
    await until(lambda: len(server.asked) == 2)
    server.held.set()
    await asyncio.gather(documents, question)
    assert server.asked[1] == ["search_query: now"]
    assert len(server.asked) == 3


async def test_a_question_asked_again_is_remembered() -> None:
    embedder, server, _ = pair()
    assert await embedder.query("again") == await embedder.query("again")
    assert len(server.asked) == 1
    for number in range(100):
        await embedder.query(str(number))
    await embedder.query("again")
    assert len(server.asked) == 102


@pytest.mark.parametrize("words", [150, 400, 3_000])
async def test_a_text_the_server_finds_too_long_is_embedded_in_parts(words: int) -> None:
    embedder, server, _ = pair("all-minilm")
    text = " ".join(f"word{number}." for number in range(words))
    near = text[: len(text) // 8]
    vectors = await embedder.documents(["short", text, "also short"])
    assert vectors[0] == kept("short", 384)
    assert vectors[2] == kept("also short", 384)
    assert vectors[1] is not None
    assert length(vectors[1]) == pytest.approx(1, abs=1e-6)
    alike = sum(a * b for a, b in zip(array("f", vectors[1]), numbers(near, 384), strict=True))
    assert alike > 0.2
    parts = [part for batch in server.asked for part in batch if "word" in part and len(part) <= 1024]
    said = " ".join(" ".join(parts).split())
    assert all(f"word{number}." in said for number in range(words)), "nothing is cut"


async def test_a_text_without_any_gap_is_divided_all_the_same() -> None:
    embedder, server, _ = pair("all-minilm")
    (vector,) = await embedder.documents(["x" * 5_000])
    assert vector is not None
    assert sum(len(part) for batch in server.asked for part in batch if len(part) <= 1016) == 5_000


async def test_a_text_that_cannot_be_embedded_costs_only_itself() -> None:
    embedder, server, simulator = pair(clock=ManualClock())
    for _ in range(4):  # the batch, and each half the text is in
        simulator.fault("status:route=embed,status=400,text=embedding contains NaN or Inf values")
    vectors = await embedder.documents([f"text {number}" for number in range(8)])
    assert [vector is None for vector in vectors].count(True) == 1
    assert len(server.asked) > 1


async def test_a_model_that_is_not_there_is_named() -> None:
    embedder, _, _ = pair("bge-m3")
    with pytest.raises(ModelNotFound):
        await embedder.documents(["x"])
    with pytest.raises(ModelNotFound, match="bge-m3") as told:
        await embedder.identify()
    assert "leitstand pull bge-m3" in told.value.hint


async def test_a_chat_model_cannot_embed_and_says_so() -> None:
    embedder, _, _ = pair("llama3.1:8b")
    with pytest.raises(ServerError):
        await embedder.documents(["x", "y"])


async def test_the_server_says_which_file_the_model_is() -> None:
    embedder, _, _ = pair("nomic-embed-text:latest")
    assert "unknown" in embedder.stamp
    await embedder.identify()
    assert len(embedder.digest) == 64
    assert embedder.dimension == 768
    assert embedder.stamp.startswith(f"nomic-embed-text:latest@{embedder.digest[:12]}/")


async def test_another_model_under_the_same_name_is_noticed() -> None:
    embedder, _, _ = pair(dimension=384)
    with pytest.raises(BadReply, match="768"):
        await embedder.documents(["x"])
