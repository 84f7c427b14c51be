"""Paths, methods, hosts: what happens before a route is reached."""

from __future__ import annotations

import subprocess
import sys

import httpx
import pytest

from core.simulator import Setup, Simulator
from tests.core.simulator.helpers import client, lines


async def test_the_root_says_that_it_runs(http: httpx.AsyncClient) -> None:
    reply = await http.get("/")
    assert reply.text == "Ollama is running"
    assert (await http.head("/")).status_code == 200


async def test_the_version_is_told(http: httpx.AsyncClient) -> None:
    assert (await http.get("/api/version")).json() == {"version": "0.32.15"}


@pytest.mark.parametrize("path", ["/nope", "/v1/api/tags", "/api/api/tags", "/api", "/v2/x", "/api/tags/x"])
async def test_an_unknown_path_is_plain_text(http: httpx.AsyncClient, path: str) -> None:
    reply = await http.get(path)
    assert (reply.status_code, reply.headers["content-type"], reply.text) == (
        404,
        "text/plain",
        "404 page not found",
    )


async def test_a_wrong_method_is_told_the_right_ones(http: httpx.AsyncClient) -> None:
    reply = await http.get("/api/chat")
    assert (reply.status_code, reply.headers["content-type"]) == (405, "text/plain")
    assert (reply.headers["allow"], reply.text) == ("POST", "405 method not allowed")
    assert (await http.head("/api/ps")).status_code == 405
    assert (await http.head("/api/tags")).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/tags/", 301),
        ("POST", "/api/chat/", 307),
        ("GET", "//api/tags", 307),
        ("POST", "/api//chat", 307),
    ],
)
async def test_a_crooked_path_is_redirected(
    http: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    reply = await http.request(method, f"http://127.0.0.1:11434{path}")
    assert reply.status_code == status
    assert reply.headers["location"] in ("/api/tags", "/api/chat")


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:11434", 200), ("localhost", 200), ("[::1]:11434", 200),
        ("192.168.1.5", 200), ("0.0.0.0", 200),
        ("box.local", 200), ("box.internal:80", 200), ("example.com", 403),
        ("8.8.8.8", 403), ("localhost.evil.com", 403),
    ],
)  # fmt: skip
async def test_only_neighbours_are_answered(http: httpx.AsyncClient, host: str, status: int) -> None:
    reply = await http.get("/api/version", headers={"host": host})
    assert reply.status_code == status
    assert bool(reply.content) == (status == 200)


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://localhost:3000", 200),
        ("app://x", 200),
        ("vscode-webview://x", 200),
        ("https://evil.com", 403),
    ],
)
async def test_web_pages_are_kept_out(http: httpx.AsyncClient, origin: str, status: int) -> None:
    assert (await http.get("/api/version", headers={"origin": origin})).status_code == status


async def test_a_server_that_is_bound_to_the_network_answers_any_name() -> None:
    async with client(Simulator(Setup(loopback=False)), "http://gpu-box.example:11434") as http:
        assert (await http.get("/api/version")).status_code == 200


def test_the_simulator_needs_neither_client_nor_server_library() -> None:
    code = "import sys, core.simulator; print(*{'httpx', 'uvicorn', 'starlette', 'anyio'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not done.stdout.strip()


async def test_two_simulators_share_nothing() -> None:
    one, two = Simulator(), Simulator()
    one.fault("refuse")
    async with client(one) as first, client(two) as second:
        assert (await second.get("/api/tags")).status_code == 200
        with pytest.raises(httpx.ConnectError):
            await first.get("/api/tags")
        await first.request("DELETE", "/api/delete", json={"model": "qwen3:8b"})
        assert len((await first.get("/api/tags")).json()["models"]) == 7
        assert len((await second.get("/api/tags")).json()["models"]) == 8


async def test_what_was_asked_can_be_looked_at(simulator: Simulator, http: httpx.AsyncClient) -> None:
    await lines(http, "/api/chat", model="llama3.2:3b", messages=[{"role": "user", "content": "Hello"}])
    (request,) = simulator.requests
    assert (request.method, request.path) == ("POST", "/api/chat")
    assert b'"Hello"' in request.body


async def test_the_list_of_the_other_api_is_null_when_empty() -> None:
    async with client(Simulator(Setup(installed=()))) as http:
        assert (await http.get("/v1/models")).json() == {"object": "list", "data": None}
        assert (await http.get("/api/tags")).json() == {"models": []}


@pytest.mark.parametrize(
    ("version", "path", "method", "status"),
    [
        ("0.5.0", "/api/version", "HEAD", 404), ("0.5.12", "/api/version", "HEAD", 200),
        ("0.11.0", "/api/me", "POST", 404), ("0.12.0", "/api/me", "POST", 401),
        ("0.16.1", "/api/status", "GET", 404), ("0.16.2", "/api/status", "GET", 200),
    ],
)  # fmt: skip
async def test_routes_appear_with_their_version(version: str, path: str, method: str, status: int) -> None:
    async with client(Simulator(Setup(version=version))) as http:
        assert (await http.request(method, path)).status_code == status


async def test_a_cloud_model_wants_an_account(http: httpx.AsyncClient) -> None:
    reply = await http.post("/api/chat", json={"model": "gpt-oss:120b-cloud", "messages": []})
    assert reply.status_code == 401
    assert reply.json()["error"] == "unauthorized"
    assert reply.json()["signin_url"].startswith("https://")
