from __future__ import annotations

import hashlib
from typing import Any

import httpx
import msgspec
import pytest

from core.errors import (
    BadReply,
    LeitstandError,
    NeedsSignIn,
    NotInRegistry,
    ServerBusy,
    ServerError,
    Timeout,
    UsageError,
)
from core.ollama.registry import Registry
from tests.core.ollama.scripted import Body, Scripted, reply, streamed

WEIGHTS = {"mediaType": "application/vnd.ollama.image.model", "digest": "sha256:" + "a" * 64, "size": 1000}
LICENCE = {"mediaType": "application/vnd.ollama.image.license", "digest": "sha256:" + "b" * 64, "size": 20}
CONFIG = {
    "mediaType": "application/vnd.docker.container.image.v1+json",
    "digest": "sha256:" + "c" * 64,
    "size": 3,
}
MANIFEST = {"schemaVersion": 2, "config": CONFIG, "layers": [WEIGHTS, LICENCE, LICENCE | {"from": "x"}]}


async def ask(answer: httpx.Response | Exception, name: str = "llama3.2") -> tuple[Any, Scripted]:
    transport = Scripted(answer)
    return await Registry(transport=transport, deadline=5).manifest(name), transport


async def test_a_manifest_tells_every_file_and_what_a_pull_fetches() -> None:
    manifest, transport = await ask(reply(MANIFEST))
    assert manifest.total == 1023
    assert manifest.weights == 1000
    assert [layer.size for layer in manifest.layers] == [1000, 20, 20, 3]
    assert manifest.digest == hashlib.sha256(msgspec.json.encode(MANIFEST)).hexdigest()
    assert transport.requests[0].headers["accept"] == "application/vnd.docker.distribution.manifest.v2+json"
    assert transport.closed


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("llama3.2", "https://registry.ollama.ai/v2/library/llama3.2/manifests/latest"),
        ("me/mine:7b", "https://registry.ollama.ai/v2/me/mine/manifests/7b"),
        ("hf.co/user/repo:Q4_K_M", "https://hf.co/v2/user/repo/manifests/Q4_K_M"),
        ("http://box:5000/ns/m", "https://box:5000/v2/ns/m/manifests/latest"),
    ],
)
async def test_each_name_leads_to_its_own_registry(name: str, url: str) -> None:
    _, transport = await ask(reply(MANIFEST), name)
    assert str(transport.requests[0].url) == url


async def test_a_registry_that_has_moved_is_followed() -> None:
    moved = httpx.Response(307, headers={"location": "https://huggingface.co/v2/u/r/manifests/latest"})
    transport = Scripted(moved, reply(MANIFEST))
    assert (await Registry(transport=transport).manifest("hf.co/u/r")).total == 1023


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (httpx.Response(404), NotInRegistry, "llama3.2:latest is not in the registry"),
        (httpx.Response(401), NeedsSignIn, "private"),
        (httpx.Response(429), ServerBusy, "wait"),
        (httpx.Response(500), ServerError, "status 500"),
        (httpx.ConnectError("no route"), ServerError, "cannot be reached from this machine"),
        (httpx.ReadError("reset"), ServerError, "cannot be reached from this machine"),
        (httpx.Response(307, headers={"location": "https://registry.ollama.ai/"}), ServerError, "cannot be"),
        (httpx.Response(200, html="<h1>Login</h1>"), BadReply, "no manifest"),
        (reply({"layers": None}), BadReply, "no manifest"),
        (reply({"layers": [WEIGHTS | {"size": -1}]}), BadReply, "no manifest"),
        (reply({"layers": [WEIGHTS | {"digest": "../../etc/passwd"}]}), BadReply, "no manifest"),
        (reply({"layers": [WEIGHTS | {"size": "big"}]}), BadReply, "no manifest"),
    ],
)
async def test_what_goes_wrong_is_said(
    answer: httpx.Response | Exception, kind: type[LeitstandError], words: str
) -> None:
    with pytest.raises(LeitstandError) as caught:
        await ask(answer)
    assert type(caught.value) is kind
    assert words in f"{caught.value.message} {caught.value.hint}"


async def test_an_endless_manifest_is_not_read_to_its_end() -> None:
    body = Body([b"x" * 1_000_000] * 6)
    with pytest.raises(BadReply, match="too long"):
        await ask(streamed(body))
    assert body.closed


async def test_a_silent_registry_is_given_up() -> None:
    body = Body([], then_wait=True)
    with pytest.raises(Timeout, match=r"registry\.ollama\.ai did not answer"):
        await Registry(transport=Scripted(streamed(body)), deadline=0.01).manifest("toy")
    assert body.closed


async def test_a_name_that_is_none_is_not_asked_for() -> None:
    transport = Scripted(reply(MANIFEST))
    with pytest.raises(UsageError):
        await Registry(transport=transport).manifest("a b")
    assert transport.requests == []
