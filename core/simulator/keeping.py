"""Copy and delete, and the blobs that clients bring."""

from __future__ import annotations

import re
from typing import Any

from core.simulator import asks
from core.simulator.names import Name, parse
from core.simulator.packages import Layer, digest_of
from core.simulator.server import Server
from core.simulator.wire import Refusal, Reply, Request, answer, whole

_DIGEST = re.compile(r"sha256[:-][0-9a-f]{64}")


async def copy(server: Server, request: Request) -> Reply:
    """POST /api/copy: an empty body when it worked."""
    ask = asks.decode(request.body, "CopyRequest")
    source = _valid(ask, "source")
    destination = _valid(ask, "destination")
    model = server.shelf.find(source)
    if model is None:
        raise Refusal(404, f'model "{ask["source"]}" not found')
    server.shelf.put(destination, model.package)
    return whole(200, "", b"")


def _valid(ask: dict[str, Any], field: str) -> Name:
    name = parse(ask.get(field) or "")
    if name is None:
        raise Refusal(400, f'{field} "{ask.get(field) or ""}" is invalid')
    return name


async def delete(server: Server, request: Request) -> Reply:
    """DELETE /api/delete with a JSON body; what is in memory stays there."""
    ask = asks.decode(request.body, "DeleteRequest")
    text = ask.get("model") or ask.get("name") or ""
    if not text:
        raise Refusal(400, "model is required")
    name = parse(text)
    if name is None:
        raise Refusal(400, f'name "{text}" is invalid')
    if server.shelf.find(name) is None:
        raise Refusal(404, f"model '{text}' not found")
    server.shelf.drop(name)
    return whole(200, "", b"")


def _digest(request: Request) -> str:
    digest = request.path.removeprefix("/api/blobs/")
    if not _DIGEST.fullmatch(digest):
        raise Refusal(400, "invalid digest format")
    return digest.replace("-", ":")


async def has_blob(server: Server, request: Request) -> Reply:
    """HEAD /api/blobs/<digest>."""
    return whole(200 if _digest(request) in server.shelf.blobs else 404, "", b"")


async def take_blob(server: Server, request: Request) -> Reply:
    """POST /api/blobs/<digest>: the body is the blob."""
    digest = _digest(request)
    if digest in server.shelf.blobs:
        return whole(200, "", b"")
    found = digest_of(request.body)
    if found != digest:
        return answer({"error": f'digest mismatch, expected "{digest}", got "{found}"'}, 400)
    server.shelf.blobs[digest] = Layer(
        "application/vnd.ollama.image.model", digest, len(request.body), request.body
    )
    return whole(201, "", b"")
