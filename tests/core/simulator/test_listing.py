"""What the server tells about its models, in old and in new words."""

from __future__ import annotations

import hashlib
from datetime import datetime

import httpx
import pytest

from core.simulator import Setup, Simulator
from core.simulator.models import INSTALLED, PULLABLE, Spec
from core.simulator.shapes import facts, needed, tensors
from tests.core.simulator.helpers import client


async def test_models_are_listed_the_newest_first(http: httpx.AsyncClient) -> None:
    models = (await http.get("/api/tags")).json()["models"]
    assert [model["name"] for model in models] == [spec.name for spec in INSTALLED]
    times = [datetime.fromisoformat(model["modified_at"]) for model in models]
    assert times == sorted(times, reverse=True)
    assert all(time.utcoffset() for time in times)
    assert all(model["name"] == model["model"] for model in models)


async def test_the_digest_is_that_of_the_manifest_in_the_registry(http: httpx.AsyncClient) -> None:
    for model in (await http.get("/api/tags")).json()["models"]:
        name, tag = model["name"].split(":")
        reply = await http.get(f"/v2/library/{name}/manifests/{tag}", headers={"host": "registry.ollama.ai"})
        assert hashlib.sha256(reply.content).hexdigest() == model["digest"]
        manifest = reply.json()
        assert (
            manifest["config"]["size"] + sum(layer["size"] for layer in manifest["layers"]) == model["size"]
        )


async def test_the_registry_does_not_know_everything(http: httpx.AsyncClient) -> None:
    reply = await http.get("/v2/library/nope/manifests/latest")
    assert reply.status_code == 404
    assert reply.json()["errors"][0]["code"] == "MANIFEST_UNKNOWN"


@pytest.mark.parametrize("version", ["0.5.0", "0.12.6", "0.24.0", "0.33.0-rc2", "0.0.0"])
async def test_fields_appear_with_their_version(version: str) -> None:
    new = version in ("0.33.0-rc2", "0.0.0")
    async with client(Simulator(Setup(version=version))) as http:
        tag = (await http.get("/api/tags")).json()["models"][0]
        assert ("capabilities" in tag, "context_length" in tag["details"]) == (new, new)
        shown = (await http.post("/api/show", json={"model": tag["name"]})).json()
        assert ("capabilities" in shown) == (version != "0.5.0")
        assert ("tensors" in shown) == (version != "0.5.0")
        await http.post("/api/generate", json={"model": tag["name"]})
        process = (await http.get("/api/ps")).json()["models"][0]
        assert ("context_length" in process) == (version != "0.5.0")


async def test_show_tells_the_facts_and_hides_the_vocabulary(http: httpx.AsyncClient) -> None:
    shown = (await http.post("/api/show", json={"model": "llama3.2:3b"})).json()
    facts = shown["model_info"]
    assert facts["general.architecture"] == "llama"
    assert facts["llama.context_length"] == 131_072
    assert facts["tokenizer.ggml.tokens"] is None
    assert '"<|eot_id|>"' in shown["parameters"]
    assert shown["modelfile"].startswith("# Modelfile")
    verbose = (await http.post("/api/show", json={"model": "all-minilm", "verbose": True})).status_code
    assert verbose == 404
    verbose_info = (await http.post("/api/show", json={"name": "nomic-embed-text", "verbose": True})).json()
    assert len(verbose_info["model_info"]["tokenizer.ggml.tokens"]) == 30_522


@pytest.mark.parametrize("spec", PULLABLE, ids=lambda spec: spec.name)
def test_the_cache_can_be_worked_out_from_the_shapes(spec: Spec) -> None:
    """The recipe that clients use on real servers gives what the simulator itself reserves."""
    shapes = {tensor["name"]: tensor["shape"] for tensor in tensors(spec)}
    info = facts(spec)
    context, batch = 8192, 512
    layers = info[f"{spec.family}.block_count"]
    window = info.get(f"{spec.family}.attention.sliding_window", 0)
    cache = 0
    for layer in range(layers):
        width = shapes[f"blk.{layer}.attn_k.weight"][1] + shapes[f"blk.{layer}.attn_v.weight"][1]
        sliding = window and layer % spec.full_every
        cache += width * (min(context, window + batch) if sliding else context) * 2
    compute = 4 * batch * shapes["token_embd.weight"][1] + 128 * 2**20
    if not spec.embeds:
        assert needed(spec, context, 1) == spec.weights + cache + compute


def test_known_caches_have_their_measured_size() -> None:
    by_name = {spec.name: spec for spec in PULLABLE}
    llama = by_name["llama3.2:3b"]
    assert needed(llama, 32_768, 1) - needed(llama, 0, 1) == 3584 * 2**20
    coder = by_name["qwen3-coder:30b"]
    assert needed(coder, 32_768, 1) - needed(coder, 0, 1) == 3072 * 2**20


def test_no_two_models_have_the_same_name_and_weights_differ() -> None:
    names = [name for spec in PULLABLE for name in (spec.name, *spec.also)]
    assert len(names) == len(set(names))
    assert len({spec.weights for spec in PULLABLE}) == len(PULLABLE)
