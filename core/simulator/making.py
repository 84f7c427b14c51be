"""Create: a new model from one that is there, or from files the client brought."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import msgspec

from core.simulator import asks
from core.simulator.models import Spec, toy
from core.simulator.names import Name, parse
from core.simulator.packages import Layer, Package, build
from core.simulator.pulling import progress, pulled
from core.simulator.server import Server
from core.simulator.wire import Refusal, Reply, Request

_ADAPTER = "application/vnd.ollama.image.adapter"
_BITS = {"Q4_K_M": 4.8, "Q4_K_S": 4.6, "Q8_0": 8.5, "F16": 16.0}


async def create(server: Server, request: Request) -> Reply:
    """POST /api/create."""
    ask = asks.decode(request.body, "CreateRequest")
    text = ask.get("model") or ask.get("name") or ""
    name = server.name(text)
    if not ask.get("from") and not ask.get("files"):
        raise Refusal(400, "neither 'from' or 'files' was specified")
    if "{{" in (ask.get("template") or "") and "}}" not in ask["template"]:
        raise Refusal(400, "template error: template: :1: unclosed action")
    return await progress(_created(server, request, name, ask), ask)


async def _created(
    server: Server, request: Request, name: Name, ask: dict[str, Any]
) -> AsyncGenerator[dict[str, Any], None]:
    known = set(server.shelf.blobs)
    if ask.get("from"):
        source = parse(ask["from"])
        if source is None:
            raise Refusal(400, "invalid model name")
        if server.shelf.find(source) is None:
            async for status in pulled(server, source, server.trouble(request.path, ask["from"])):
                if status["status"] != "success":
                    yield status
        base = server.shelf.find(source)
        if base is None:
            raise Refusal(500, f"model '{ask['from']}' not found")
        package = _derived(base.package, base.name.shown, ask, _adapters(server, ask))
    else:
        yield {"status": "parsing GGUF"}
        package = _from_files(server, name, ask)
    if wanted := str(ask.get("quantize") or "").upper():
        for share in (0.5, 1.0):
            size = package.weights.size
            step = f"quantizing {package.spec.quantization} model to {wanted}"
            yield {
                "status": step,
                "digest": "0000000000000000000",
                "total": size,
                "completed": int(size * share),
            }
        package = _quantized(package, wanted)
    for layer in package.blobs:
        yield {
            "status": ("using existing layer " if layer.digest in known else "creating new layer ")
            + layer.digest
        }
    yield {"status": "writing manifest"}
    server.shelf.discard(server.shelf.put(name, package))
    yield {"status": "success"}


def _adapters(server: Server, ask: dict[str, Any]) -> tuple[Layer, ...]:
    return tuple(
        Layer(_ADAPTER, digest, _blob(server, digest).size) for digest in (ask.get("adapters") or {}).values()
    )


def _blob(server: Server, digest: str) -> Layer:
    layer = server.shelf.blobs.get(digest)
    if layer is None:
        raise Refusal(
            500, f"open {server.setup.store}/blobs/{digest.replace(':', '-')}: no such file or directory"
        )
    return layer


def _derived(base: Package, parent: str, ask: dict[str, Any], adapters: tuple[Layer, ...]) -> Package:
    license = ask.get("license")
    return build(
        base.spec,
        weights=base.weights,
        template=_given(ask, "template", base.template),
        system=_given(ask, "system", base.system),
        license="\n".join(license) if isinstance(license, list) else license or base.license,
        parameters={**base.parameters, **(ask.get("parameters") or {})},
        messages=tuple(ask.get("messages") or base.messages),
        adapters=adapters,
        parent=parent,
    )


def _given(ask: dict[str, Any], key: str, otherwise: str) -> str:
    value = ask.get(key)
    return otherwise if value is None else str(value)


def _from_files(server: Server, name: Name, ask: dict[str, Any]) -> Package:
    weights = _blob(server, next(iter(ask["files"].values())))
    spec: Spec = msgspec.structs.replace(toy(name.shown), weights=weights.size)
    return build(
        spec,
        weights=weights,
        template=ask.get("template"),
        system=ask.get("system"),
        parameters=ask.get("parameters"),
        messages=tuple(ask.get("messages") or ()),
        adapters=_adapters(server, ask),
    )


def _quantized(package: Package, wanted: str) -> Package:
    if package.spec.quantization != "F16":
        raise Refusal(500, "quantization is only supported for F16 and F32 models")
    if wanted not in _BITS:
        raise Refusal(500, f"unsupported quantization type {wanted}")
    spec = msgspec.structs.replace(
        package.spec,
        base=f"{package.spec.base or package.spec.name} {wanted}",
        quantization=wanted,
        weights=int(package.spec.weights * _BITS[wanted] / 16),
    )
    return build(
        spec,
        template=package.template,
        system=package.system,
        license=package.license,
        parameters=package.parameters,
        messages=package.messages,
        parent=package.parent,
    )
