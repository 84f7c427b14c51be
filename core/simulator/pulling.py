"""Pull and push: progress that omits, skips, stalls and slips back the way the real one does."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from core.simulator import asks
from core.simulator.faults import Fault
from core.simulator.names import HOST, Name
from core.simulator.pace import Timeline
from core.simulator.packages import Layer, Package
from core.simulator.runners import Trouble
from core.simulator.server import Server
from core.simulator.wire import Refusal, Reply, Request, answer, line, present, stream

_HOSTS = (HOST, "hf.co", "huggingface.co")
WHOLE = "sha256:model"
"""The digest that stands for all tensors of a model."""
_ASK = 0.2
"""Seconds the registry takes to answer."""
_SLIP = 0.15
"""The share of a blob that is lost when a part fails."""


async def pull(server: Server, request: Request) -> Reply:
    """POST /api/pull."""
    ask = asks.decode(request.body, "PullRequest")
    text = ask.get("model") or ask.get("name") or ""
    name = server.name(text)
    statuses = pulled(server, name, server.trouble(request.path, text))
    return await progress(statuses, ask)


async def progress(statuses: AsyncGenerator[dict[str, Any], None], ask: dict[str, Any]) -> Reply:
    """The statuses as a stream, or only the last one for who does not want a stream."""
    if ask.get("stream") is not False:
        return stream(_lines(statuses))
    last: dict[str, Any] = {}
    async with aclosing(statuses):
        async for status in statuses:
            last = status
    return answer({"status": last.get("status", "success")})


async def _lines(statuses: AsyncGenerator[dict[str, Any], None]) -> AsyncGenerator[bytes, None]:
    async with aclosing(statuses):
        async for status in statuses:
            yield line(status)


async def pulled(server: Server, name: Name, trouble: Trouble) -> AsyncGenerator[dict[str, Any], None]:
    """Everything a pull reports until the model is there."""
    timeline = server.timeline()
    yield {"status": "pulling manifest"}
    package = _manifest(server, name, trouble)
    await timeline.spend(_ASK / server.pace.scale)
    fault = trouble("stall", "backwards", "disk", "digest")
    fetched: list[Layer] = []
    async with aclosing(_layers(server, package, fault, timeline, fetched)) as statuses:
        async for status in statuses:
            yield status
    if _parts(server, package) == package.blobs:
        yield {"status": "verifying sha256 digest"}
    await timeline.spend(sum(layer.size for layer in fetched) / server.pace.verify / server.pace.scale)
    if fault and fault.kind == "digest":
        raise _mismatch(server, max(fetched or package.blobs, key=lambda one: one.size))
    yield {"status": "writing manifest"}
    server.shelf.discard(layer for layer in fetched if layer.kind == WHOLE)
    if unused := server.shelf.put(name, package):
        yield {"status": "removing unused layers"}
        server.shelf.discard(unused)
    if trouble("vanish"):
        server.shelf.drop(name)
    yield {"status": "success"}


async def _layers(
    server: Server, package: Package, fault: Fault | None, timeline: Timeline, fetched: list[Layer]
) -> AsyncGenerator[dict[str, Any], None]:
    before = 0
    for layer in _parts(server, package):
        wanted = package.blobs if layer.kind == WHOLE else (layer,)
        if all(one.digest in server.shelf.blobs for one in wanted):
            yield _progress(layer, layer.size)
        else:
            fetched.append(layer)
            strike = _Strike(fault, before, package.size, layer.size)
            async with aclosing(_fetched(server, layer, strike, timeline)) as statuses:
                async for status in statuses:
                    yield status
        before += layer.size


def _mismatch(server: Server, layer: Layer) -> Refusal:
    server.shelf.discard([layer])
    got = layer.digest[:-8] + "deadbeef"
    return Refusal(500, f"digest mismatch, file must be downloaded again: want {layer.digest}, got {got}")


def _manifest(server: Server, name: Name, trouble: Trouble) -> Package:
    fault = trouble("registry")
    place = f"https://{name.host}/v2/{name.namespace}/{name.model}/manifests/{name.tag}"
    offline = f'Get "{place}": dial tcp: lookup {name.host}: no such host'
    if fault or name.host not in _HOSTS:
        raise Refusal(500, f"pull model manifest: {(fault and fault.text) or offline}")
    package = server.registry.find(name)
    if package is None:
        raise Refusal(500, "pull model manifest: file does not exist")
    return package


def _parts(server: Server, package: Package) -> tuple[Layer, ...]:
    """What is fetched one after the other: newer servers take models of many tensors as one."""
    if package.spec.format == "safetensors" and server.version.has("whole_model"):
        return (Layer(WHOLE, f"sha256:{package.digest}", package.size),)
    return package.blobs


def _progress(layer: Layer, completed: int) -> dict[str, Any]:
    whole = layer.kind == WHOLE
    return {
        "status": "pulling model" if whole else f"pulling {layer.short}",
        **present(digest=WHOLE if whole else layer.digest, total=layer.size, completed=completed),
    }


class _Strike:
    """Where in a blob a fault of the whole download falls."""

    def __init__(self, fault: Fault | None, before: int, total: int, size: int) -> None:
        at = total * (40 if fault.after is None else fault.after) / 100 - before if fault else -1.0
        self._at = at if 0 <= at < size else -1.0
        self._kind = fault.kind if fault and fault.kind in ("stall", "backwards", "disk") else ""

    def waits(self, completed: float) -> bool:
        """Whether it falls now."""
        return bool(self._kind) and 0 <= self._at <= completed

    def due(self, completed: float) -> str:
        """The kind of fault that falls now; each falls once."""
        if not self.waits(completed):
            return ""
        kind, self._kind = self._kind, ""
        return kind


async def _fetched(
    server: Server, layer: Layer, strike: _Strike, timeline: Timeline
) -> AsyncGenerator[dict[str, Any], None]:
    transfers = server.transfers
    transfer = transfers.join(layer)
    try:
        while layer.digest not in server.shelf.blobs:
            kind = strike.due(transfer.completed)
            if kind == "disk" or not server.shelf.has_room(transfers.moving):
                raise Refusal(500, _no_space(server, layer))
            if kind == "backwards":
                transfer.completed -= layer.size * _SLIP
            transfer.stalled = transfer.stalled or kind == "stall"
            tick = transfers.tick(transfer)
            if transfer.stalled or layer.size > transfers.rate * tick:
                # A blob that is there before the first look is never mentioned.
                yield _progress(layer, int(transfer.completed))
            if transfer.stalled:
                # The same line for ever, but never faster than the real one.
                await server.clock.sleep(server.pace.tick)
                continue
            wait = min(tick, transfers.left(transfer))
            await timeline.spend(wait)
            done = transfers.move(transfer, wait if server.pace.instant else 0.0)
            if done and not strike.waits(transfer.completed):
                transfers.complete(transfer)
    finally:
        transfers.leave(transfer)


def _no_space(server: Server, layer: Layer) -> str:
    blob = layer.digest.replace(":", "-")
    return f"write {server.setup.store}/blobs/{blob}-partial: no space left on device"


async def push(server: Server, request: Request) -> Reply:
    """POST /api/push, as a server with a key does it."""
    ask = asks.decode(request.body, "PushRequest")
    text = ask.get("model") or ask.get("name") or ""
    return await progress(_pushed(server, server.name(text)), ask)


async def _pushed(server: Server, name: Name) -> AsyncGenerator[dict[str, Any], None]:
    yield {"status": "retrieving manifest"}
    model = server.shelf.find(name)
    if model is None:
        place = f"{server.setup.store}/manifests/{name.host}/{name.namespace}/{name.model}/{name.tag}"
        raise Refusal(500, f"open {place}: no such file or directory")
    timeline = server.timeline()
    for layer in model.package.blobs:
        for share in (0.5, 1.0):
            yield {**_progress(layer, int(layer.size * share)), "status": f"pushing {layer.short}"}
            await timeline.spend(layer.size / server.pace.pull / server.pace.scale / 2)
    yield {"status": "pushing manifest"}
    server.registry.offer(model.package, name.full)
    yield {"status": "success"}
