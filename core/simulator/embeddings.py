"""The routes that make vectors."""

from __future__ import annotations

from typing import Any

from core.simulator import asks
from core.simulator.embedding import normalised, vector
from core.simulator.packages import Model
from core.simulator.prompts import tokens
from core.simulator.runner import Runner
from core.simulator.server import Server
from core.simulator.wire import Refusal, Reply, Request, answer, nanoseconds, present

_NONE = "This server does not support embeddings. Start it with `--embeddings`"
_MARKS = 2
"""The tokens that frame a text."""


async def embed(server: Server, request: Request) -> Reply:
    """POST /api/embed."""
    ask = asks.decode(request.body, "EmbedRequest")
    keep_alive = asks.check_keep_alive(ask.get("keep_alive"), server.version)
    texts = _texts(ask.get("input"))
    model = _model(server, ask)
    timeline = server.timeline()
    async with server.runners.use(
        model,
        {**model.package.parameters, **asks.check_options(ask.get("options"))},
        keep_alive,
        timeline,
        server.trouble(request.path, ask["model"]),
    ) as lease:
        if not texts:
            return answer({"model": ask["model"], "embeddings": []})
        _check_ability(server, model, 501)
        cut = [_cut(server, text, lease.runner, truncate=ask.get("truncate") is not False) for text in texts]
        count = sum(tokens(text) for text in cut)
        await timeline.spend(count / server.pace.prompt_rate(model.spec.active_bytes))
        vectors = [_shortened(vector(text, model.spec.width), ask.get("dimensions"), server) for text in cut]
    durations = present(
        total_duration=nanoseconds(timeline.elapsed()),
        load_duration=nanoseconds(lease.waited),
        prompt_eval_count=count,
    )
    return answer({"model": ask["model"], "embeddings": vectors, **durations})


async def legacy(server: Server, request: Request) -> Reply:
    """POST /api/embeddings: one text, no length of one before the engine changed."""
    ask = asks.decode(request.body, "EmbeddingRequest")
    if not ask.get("model"):
        raise Refusal(400, "model is required")
    keep_alive = asks.check_keep_alive(ask.get("keep_alive"), server.version)
    model = _model(server, ask)
    timeline = server.timeline()
    async with server.runners.use(
        model,
        {**model.package.parameters, **asks.check_options(ask.get("options"))},
        keep_alive,
        timeline,
        server.trouble(request.path, ask["model"]),
    ):
        text = ask.get("prompt") or ""
        if not text:
            return answer({"embedding": []})
        _check_ability(server, model, 500)
        await timeline.spend(tokens(text) / server.pace.prompt_rate(model.spec.active_bytes))
        found = vector(text, model.spec.width)
    raw = not server.version.has("subprocess_engine")
    return answer({"embedding": [value * 7.5 for value in found] if raw else found})


def _texts(given: Any) -> list[str]:
    if given is None or given == "":
        return []
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise Refusal(400, "invalid input type")
    return texts


def _model(server: Server, ask: dict[str, Any]) -> Model:
    if not ask.get("model"):
        raise Refusal(404, "model '' not found")
    return server.find(ask["model"], 'model "{name}" not found, try pulling it first')


def _check_ability(server: Server, model: Model, status: int) -> None:
    if not model.spec.embeds and server.version.has("subprocess_engine"):
        raise Refusal(status, _NONE)


def _cut(server: Server, text: str, runner: Runner, *, truncate: bool) -> str:
    room = runner.load.context - _MARKS
    if tokens(text) <= room:
        return text
    if not truncate:
        raise Refusal(400, _too_long(server))
    return text[: room * 4]


def _too_long(server: Server) -> str:
    if server.version.has("embed_truncation"):
        return "the input length exceeds the context length"
    if server.version.before(0, 12, 0):
        return "input length exceeds maximum context length"
    return "input exceeds maximum context length"


def _shortened(values: list[float], dimensions: int | None, server: Server) -> list[float]:
    if not dimensions or not 0 < dimensions < len(values) or not server.version.has("dimensions"):
        return values
    return normalised(values[:dimensions])
