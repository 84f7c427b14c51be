"""The routes that tell: version, tags, ps, show."""

from __future__ import annotations

from typing import Any

from core.simulator import asks
from core.simulator.models import Spec
from core.simulator.packages import MANIFEST, Model, Package
from core.simulator.runner import Runner
from core.simulator.server import SIGN_IN, Server
from core.simulator.shapes import facts, tensors
from core.simulator.shelf import named
from core.simulator.wire import JSON, TEXT, Refusal, Reply, Request, answer, encode, present, stamp, whole


async def root(_server: Server, _request: Request) -> Reply:
    """GET /."""
    return whole(200, "text/plain; charset=utf-8", b"Ollama is running")


async def version(server: Server, request: Request) -> Reply:
    """GET and HEAD /api/version."""
    if request.method == "HEAD" and not server.version.has("head_version"):
        return whole(404, TEXT, b"404 page not found")
    return answer({"version": server.version.text})


async def status(server: Server, _request: Request) -> Reply:
    """GET /api/status."""
    if not server.version.has("status"):
        return whole(404, TEXT, b"404 page not found")
    return answer({"cloud": {"disabled": True, "source": "env"}})


async def account(server: Server, _request: Request) -> Reply:
    """POST /api/me: nobody is signed in."""
    if not server.version.has("account"):
        return whole(404, TEXT, b"404 page not found")
    raise Refusal(401, "unauthorized", signin_url=SIGN_IN)


async def tags(server: Server, _request: Request) -> Reply:
    """GET and HEAD /api/tags."""
    return answer({"models": [_tag(server, model) for model in server.shelf.listed()]})


def details(package: Package) -> dict[str, Any]:
    """What every listing says about a model."""
    spec = package.spec
    return {
        "parent_model": package.parent,
        "format": spec.format,
        "family": spec.family,
        "families": list(spec.families or (spec.family,)),
        "parameter_size": spec.size_label,
        "quantization_level": spec.quantization,
    }


def _remote(spec: Spec) -> dict[str, str]:
    return present(remote_model=spec.remote and spec.name.removesuffix("-cloud"), remote_host=spec.remote)


def _tag(server: Server, model: Model) -> dict[str, Any]:
    package, spec = model.package, model.spec
    item: dict[str, Any] = {
        "name": model.name.shown,
        "model": model.name.shown,
        **_remote(spec),
        "modified_at": stamp(model.modified),
        "size": package.size,
        "digest": package.digest,
        "details": details(package),
    }
    if server.version.has("subprocess_engine"):
        item["details"] |= {"context_length": spec.context, "embedding_length": spec.width}
        item["capabilities"] = list(spec.capabilities)
    return item


async def ps(server: Server, _request: Request) -> Reply:
    """GET /api/ps."""
    return answer({"models": [_process(server, runner) for runner in server.runners.listed()]})


def _process(server: Server, runner: Runner) -> dict[str, Any]:
    name = runner.name.shown
    item: dict[str, Any] = {
        "name": name,
        "model": name,
        "size": runner.footprint.size,
        "digest": runner.package.digest,
        "details": details(runner.package),
        "expires_at": stamp(runner.expires_at(server.clock.now())),
        "size_vram": runner.footprint.vram,
    }
    if server.version.has("ps_context"):
        item["context_length"] = runner.load.context
    return item


async def show(server: Server, request: Request) -> Reply:
    """POST /api/show."""
    ask = asks.decode(request.body, "ShowRequest")
    text = ask.get("model") or ask.get("name") or ""
    if not text:
        raise Refusal(400, "model is required")
    model = server.find(text, "model '{full}' not found")
    package, spec = model.package, model.spec
    parameters = {**package.parameters, **asks.check_options(ask.get("options"))}
    payload = present(
        license=package.license,
        modelfile=_modelfile(server, model),
        parameters="\n".join(_parameter_lines(parameters)),
        template=package.template,
        system=ask.get("system") or package.system,
    )
    payload["details"] = details(package)
    payload |= present(messages=package.messages, **_remote(spec))
    payload["model_info"] = facts(spec, verbose=bool(ask.get("verbose")))
    if server.version.has("show_tensors"):
        payload["tensors"] = tensors(spec)
    if server.version.has("show_capabilities"):
        payload["capabilities"] = list(spec.capabilities)
    payload["modified_at"] = stamp(model.modified)
    return answer(payload)


def _parameter_lines(parameters: dict[str, Any]) -> list[str]:
    lines = []
    for key, value in parameters.items():
        for one in value if isinstance(value, list) else [value]:
            shown = f'"{one}"' if isinstance(one, str) else f"{one}"
            lines.append(f"{key:<30} {shown}")
    return lines


def _modelfile(server: Server, model: Model) -> str:
    package = model.package
    blob = package.weights.digest.replace(":", "-")
    lines = [
        '# Modelfile generated by "ollama show"',
        "# To build a new Modelfile based on this, replace FROM with:",
        f"# FROM {model.name.shown}",
        "",
        f"FROM {server.setup.store}/blobs/{blob}",
    ]
    if package.template:
        lines.append(f'TEMPLATE """{package.template}"""')
    if package.system:
        lines.append(f'SYSTEM """{package.system}"""')
    lines += [f"PARAMETER {' '.join(line.split())}" for line in _parameter_lines(package.parameters)]
    lines += [f"MESSAGE {message['role']} {message['content']}" for message in package.messages]
    return "\n".join(lines) + "\n"


async def openai_models(server: Server, _request: Request) -> Reply:
    """GET /v1/models: without models its list is null."""
    found = [
        {"id": model.name.shown, "object": "model", "created": int(model.modified), "owned_by": "library"}
        for model in server.shelf.listed()
    ]
    return answer({"object": "list", "data": found or None})


async def manifest(server: Server, request: Request) -> Reply:
    """GET /v2/<namespace>/<model>/manifests/<tag>: what the registry says about a model."""
    _, _, namespace, model, _, tag = request.path.split("/")
    package = server.registry.find(named(f"{namespace}/{model}:{tag}"))
    if package is None:
        error = {"code": "MANIFEST_UNKNOWN", "message": "manifest unknown", "detail": {"Tag": tag}}
        return whole(404, JSON, encode({"errors": [error]}))
    return whole(200, MANIFEST, package.manifest)
