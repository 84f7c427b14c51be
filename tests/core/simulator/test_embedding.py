"""Vectors: near for similar texts, the same every time."""

from __future__ import annotations

import math

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.simulator import Setup, Simulator
from core.simulator.embedding import vector
from tests.core.simulator.helpers import LAST_OF_THE_OLD, NEWEST, client, refusal

NEAR_AND_FAR = [
    ("how do I restart nginx", "restarting the nginx web server", "recipe for apple pie"),
    ("die Rechnung ist am 3. März fällig", "Wann ist die Rechnung fällig?", "Der Hund schläft im Garten"),
    ("Datenbankverbindung", "die Verbindung zur Datenbank", "Sonnenuntergang am Meer"),
    (
        "search_query: battery life",
        "search_document: the battery lasts ten hours",
        "search_document: blue paint",
    ),
]


def alike(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize(("text", "near", "far"), NEAR_AND_FAR)
@pytest.mark.parametrize("size", [384, 768, 1024])
def test_what_shares_words_or_parts_of_words_is_near(text: str, near: str, far: str, size: int) -> None:
    asked = vector(text, size)
    assert alike(asked, vector(near, size)) > alike(asked, vector(far, size)) + 0.1


@given(st.text(max_size=200), st.sampled_from([8, 384, 768]))
def test_every_text_has_a_vector_of_length_one(text: str, size: int) -> None:
    found = vector(text, size)
    assert len(found) == size
    assert math.hypot(*found) == pytest.approx(1, abs=1e-5)
    assert found == vector(text, size)


async def test_order_is_kept_and_nothing_is_special_about_an_empty_text_in_a_list(
    http: httpx.AsyncClient,
) -> None:
    texts = ["one", "", "two"]
    reply = (await http.post("/api/embed", json={"model": "nomic-embed-text", "input": texts})).json()
    assert reply["embeddings"] == [vector(text, 768) for text in texts]
    assert reply["prompt_eval_count"] == 2
    assert reply["total_duration"] > reply["load_duration"] > 0


@pytest.mark.parametrize("given_input", ["", [], None])
async def test_nothing_to_embed_only_loads(http: httpx.AsyncClient, given_input: object) -> None:
    reply = await http.post("/api/embed", json={"model": "nomic-embed-text", "input": given_input})
    assert reply.json() == {"model": "nomic-embed-text", "embeddings": []}
    assert len((await http.get("/api/ps")).json()["models"]) == 1


async def test_fewer_dimensions_are_the_first_ones_at_length_one(http: httpx.AsyncClient) -> None:
    async def embed(dimensions: int) -> list[float]:
        body = {"model": "nomic-embed-text", "input": "boats in a harbour at night", "dimensions": dimensions}
        found: list[float] = (await http.post("/api/embed", json=body)).json()["embeddings"][0]
        return found

    whole, short = await embed(0), await embed(64)
    assert len(short) == 64
    assert math.hypot(*short) == pytest.approx(1, abs=1e-5)
    assert [value > 0 for value in short] == [value > 0 for value in whole[:64]]
    assert await embed(5000) == whole


@pytest.mark.parametrize(
    ("version", "said"),
    [
        (NEWEST, "the input length exceeds the context length"),
        ("0.12.6", "input exceeds maximum context length"),
        ("0.5.0", "input length exceeds maximum context length"),
    ],
)
async def test_a_text_that_is_too_long_is_cut_or_refused(version: str, said: str) -> None:
    async with client(Simulator(Setup(version=version))) as http:
        body = {"model": "nomic-embed-text", "input": ["short", "word " * 4000]}
        reply = await http.post("/api/embed", json=body)
        assert reply.json()["prompt_eval_count"] == 2 + 2046
        assert await refusal(http, "/api/embed", body | {"truncate": False}) == (400, said)


async def test_chat_models_make_vectors_on_old_servers_only() -> None:
    body = {"model": "llama3.2:3b", "input": "x", "prompt": "x"}
    async with client(Simulator(Setup(version=NEWEST))) as http:
        assert (await refusal(http, "/api/embed", body))[0] == 501
        assert (await refusal(http, "/api/embeddings", body))[0] == 500
    async with client(Simulator(Setup(version=LAST_OF_THE_OLD))) as http:
        assert len((await http.post("/api/embed", json=body)).json()["embeddings"][0]) == 3072
        old = (await http.post("/api/embeddings", json=body)).json()["embedding"]
        assert math.hypot(*old) == pytest.approx(7.5, abs=1e-3)


async def test_the_old_route_gives_nothing_for_nothing(http: httpx.AsyncClient) -> None:
    assert (await http.post("/api/embeddings", json={"model": "nomic-embed-text"})).json() == {
        "embedding": []
    }
    assert (await refusal(http, "/api/embeddings", {"model": "nope", "prompt": "x"}))[0] == 404
