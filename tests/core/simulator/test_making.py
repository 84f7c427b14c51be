"""New models from old ones and from files; copies, deletions, blobs."""

from __future__ import annotations

import hashlib
import json

import httpx
import pytest

from core.simulator import Simulator, toy
from tests.core.simulator.helpers import HELLO, client, lines, refusal, small


async def names(http: httpx.AsyncClient) -> set[str]:
    return {one["name"] for one in (await http.get("/api/tags")).json()["models"]}


async def test_a_derived_model_shares_its_weights(simulator: Simulator, http: httpx.AsyncClient) -> None:
    objects = await lines(
        http, "/api/create", model="mine", **{"from": "llama3.2:3b"}, system="Be kind.", license=["A", "B"]
    )
    weights = simulator.server.find("llama3.2:3b", "{name}").package.weights
    statuses = [one["status"] for one in objects]
    assert statuses[0] == f"using existing layer {weights.digest}"
    assert any(status.startswith("creating new layer") for status in statuses)
    assert statuses[-2:] == ["writing manifest", "success"]
    shown = (await http.post("/api/show", json={"model": "mine"})).json()
    assert (shown["system"], shown["license"]) == ("Be kind.", "A\nB")
    assert "SYSTEM" in shown["modelfile"]
    await http.request("DELETE", "/api/delete", json={"model": "llama3.2:3b"})
    assert weights.digest in simulator.server.shelf.blobs
    await http.request("DELETE", "/api/delete", json={"model": "mine"})
    assert weights.digest not in simulator.server.shelf.blobs


async def test_a_quantised_model_is_smaller() -> None:
    async with client(Simulator(small(toy("full", weights=10**9)))) as http:
        objects = await lines(http, "/api/create", model="lean", **{"from": "full"}, quantize="q4_K_M")
        assert objects[0]["status"] == "quantizing F16 model to Q4_K_M"
        assert objects[0]["digest"] == "0000000000000000000"
        shown = (await http.post("/api/show", json={"model": "lean"})).json()
        assert shown["details"]["quantization_level"] == "Q4_K_M"
        *_, last = await lines(http, "/api/create", model="leaner", **{"from": "lean"}, quantize="Q8_0")
        assert last["error"] == "quantization is only supported for F16 and F32 models"
        *_, last = await lines(http, "/api/create", model="odd", **{"from": "full"}, quantize="Q1")
        assert "unsupported quantization" in last["error"]


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"from": "nope"}, 200, "pull model manifest: file does not exist"),
        ({"from": "a b"}, 400, "invalid model name"),
        ({"files": {"x.gguf": "sha256:" + "0" * 64}}, 200, "no such file or directory"),
        ({"from": "toy", "adapters": {"a": "sha256:" + "0" * 64}}, 500, "no such file or directory"),
    ],
)
async def test_what_cannot_be_made_is_explained(body: dict[str, object], status: int, said: str) -> None:
    """With a status while nothing was sent, in the last line after that."""
    async with client(Simulator(small())) as http:
        reply = await http.post("/api/create", json={"model": "mine", **body})
        assert reply.status_code == status
        assert said in json.loads(reply.content.splitlines()[-1])["error"]


async def test_a_broken_template_is_refused_at_once() -> None:
    async with client(Simulator(small())) as http:
        status, said = await refusal(
            http, "/api/create", {"model": "m", "from": "toy", "template": "{{ .Prompt"}
        )
        assert (status, said[:15]) == (400, "template error:")


async def test_an_adapter_is_another_runner() -> None:
    simulator = Simulator(small())
    data = b"adapter" * 100
    digest = "sha256:" + hashlib.sha256(data).hexdigest()
    async with client(simulator) as http:
        assert (await http.head(f"/api/blobs/{digest}")).status_code == 404
        assert (await http.post(f"/api/blobs/{digest}", content=data)).status_code == 201
        assert (await http.post(f"/api/blobs/{digest}", content=data)).status_code == 200
        assert (await http.head(f"/api/blobs/{digest.replace(':', '-')}")).status_code == 200
        await lines(http, "/api/create", model="tuned", **{"from": "toy"}, adapters={"a.gguf": digest})
        await lines(http, "/api/chat", model="toy", messages=HELLO)
        *_, last = await lines(http, "/api/chat", model="tuned", messages=HELLO)
        assert last["load_duration"] > 10**8


async def test_a_blob_with_another_digest_is_refused(http: httpx.AsyncClient) -> None:
    wanted = "sha256:" + "0" * 64
    found = "sha256:" + hashlib.sha256(b"x").hexdigest()
    reply = await http.post(f"/api/blobs/{wanted}", content=b"x")
    assert (reply.status_code, reply.json()["error"]) == (
        400,
        f'digest mismatch, expected "{wanted}", got "{found}"',
    )


async def test_a_copy_replaces_what_has_its_name(http: httpx.AsyncClient) -> None:
    reply = await http.post("/api/copy", json={"source": "QWEN3:8B", "destination": "llama3.2:3b"})
    assert (reply.status_code, reply.content) == (200, b"")
    shown = (await http.post("/api/show", json={"model": "llama3.2:3b"})).json()
    assert shown["details"]["family"] == "qwen3"
    assert len(await names(http)) == 8


async def test_a_deleted_model_stays_in_memory(http: httpx.AsyncClient) -> None:
    await http.post("/api/generate", json={"model": "llama3.2:3b"})
    reply = await http.request("DELETE", "/api/delete", json={"model": "LLAMA3.2:3B"})
    assert (reply.status_code, reply.content) == (200, b"")
    assert "llama3.2:3b" not in await names(http)
    assert len((await http.get("/api/ps")).json()["models"]) == 1
    assert await refusal(http, "/api/delete", {"model": "llama3.2:3b"}, "DELETE") == (
        404,
        "model 'llama3.2:3b' not found",
    )
    assert await refusal(http, "/api/delete", {"model": "a b"}, "DELETE") == (400, 'name "a b" is invalid')
    assert await refusal(http, "/api/delete", {}, "DELETE") == (400, "model is required")


async def test_pushing_what_is_not_there_fails_inside_the_stream(http: httpx.AsyncClient) -> None:
    *_, last = await lines(http, "/api/push", model="nope")
    assert last["error"].endswith("nope/latest: no such file or directory")


async def test_a_remote_model_names_its_host() -> None:
    stub = toy("gpt-oss:120b-cloud", weights=384, remote="https://ollama.com:443")
    async with client(Simulator(small(stub))) as http:
        (model,) = (await http.get("/api/tags")).json()["models"]
        assert (model["remote_model"], model["remote_host"]) == ("gpt-oss:120b", "https://ollama.com:443")
        reply = await http.post("/api/chat", json={"model": "gpt-oss:120b-cloud", "messages": HELLO})
        assert reply.status_code == 401
        assert "signin_url" in reply.json()
