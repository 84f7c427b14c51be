"""`status` in full: one part after the other, each read from where its truth is.

A feature that has something to show adds one line to `PARTS`; its key belongs to the JSON from then on.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

import msgspec

from core.cli.context import Context
from core.cli.exits import DONE, exit_code
from core.cli.output import Output, Piece, bold, describe, dim, green, red
from core.cli.reach import server
from core.errors import LeitstandError, ServerUnavailable, Timeout
from core.ollama.client import Ollama
from core.ollama.reading import gpu_percent, stay

_DEADLINE = 5.0

State = Literal["online", "away", "wrong"]
"""Whether Ollama answers, nobody does, or something else does."""


class ServerLine(msgspec.Struct, frozen=True):
    """The server, as scripts get it."""

    url: str
    state: State
    version: str | None = None


class LoadedModel(msgspec.Struct, frozen=True):
    """A model in the server's memory, as scripts get it; null is not known."""

    name: str
    size: int
    size_vram: int | None
    gpu_percent: int | None
    context: int | None
    quantization: str | None
    stays: Literal["until", "forever", "ending", "unknown"]
    expires_at: str | None


class Part(NamedTuple):
    """One thing that is shown: its key in the JSON, how it is read, and its lines for people."""

    key: str
    read: Callable[[Ollama], Awaitable[list[Any]]]
    """Asked only when the server answers; without it the part is empty."""
    rows: Callable[[list[Any]], Iterable[tuple[Piece, ...]]]


async def show(context: Context) -> int:
    """Print everything; the number says whether the server is there."""
    parts: dict[str, list[Any]] = {part.key: [] for part in PARTS}
    failure: LeitstandError | None = None
    async with server(context) as ollama:
        line = ServerLine(ollama.address.url, "online")
        try:
            line = msgspec.structs.replace(line, version=await ollama.version(deadline=_DEADLINE))
            for part in PARTS:
                parts[part.key] = await part.read(ollama)
        except LeitstandError as error:
            failure = error
            away = isinstance(error, ServerUnavailable | Timeout)
            line = msgspec.structs.replace(line, state="away" if away else "wrong")
    if context.out.json:
        told = {"error": describe(failure)} if failure else {}
        context.out.value({"server": line, **parts, **told})
    else:
        _print(context.out, line, parts)
        if failure is not None:
            context.out.error(failure)
    return exit_code(failure) if failure else DONE


def _print(out: Output, line: ServerLine, parts: dict[str, list[Any]]) -> None:
    live, dead = ("●", "✗") if out.unicode else ("*", "x")
    state = green(f"{live} {line.state}") if line.state == "online" else red(f"{dead} {line.state}")
    rows: list[tuple[Piece, ...]] = [(bold("server"), line.url, state, line.version or "")]
    if line.state == "online":
        for part in PARTS:
            rows += part.rows(parts[part.key])
    out.table(rows)


async def _models(ollama: Ollama) -> list[LoadedModel]:
    now = time.time()
    found = []
    for model in await ollama.ps(deadline=_DEADLINE):
        rest = stay(model.expires_at, now)
        until = None if rest.until is None else datetime.fromtimestamp(rest.until, UTC)
        found.append(
            LoadedModel(
                name=model.name,
                size=model.size,
                size_vram=model.size_vram,
                gpu_percent=gpu_percent(model.size, model.size_vram),
                context=model.context_length,
                quantization=(model.details.quantization_level or None) if model.details else None,
                stays=rest.kind,
                expires_at=until.isoformat(timespec="seconds") if until else None,
            )
        )
    return found


def _model_rows(models: list[LoadedModel]) -> Iterable[tuple[Piece, ...]]:
    if not models:
        yield (bold("models"), dim("none in memory"))
    for model in models:
        share = "" if model.gpu_percent is None else f"{model.gpu_percent} % GPU"
        context = "" if model.context is None else f"context {model.context}"
        yield (bold("model"), model.name, f"{model.size / 1e9:.1f} GB", share, context, dim(_stays(model)))


def _stays(model: LoadedModel) -> str:
    if model.stays == "until" and model.expires_at:
        return f"until {datetime.fromisoformat(model.expires_at).astimezone():%H:%M}"
    return {"forever": "stays", "ending": "in use or leaving"}.get(model.stays, "")


PARTS = (Part("models_loaded", _models, _model_rows),)
"""In the order they are shown."""
