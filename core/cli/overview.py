"""`status` in full: one part after the other, each read from where its truth is.

A feature that has something to show adds one line to `PARTS`; its key belongs to the JSON from then on.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

import msgspec

from core.bus import Bus
from core.cli.context import Context
from core.cli.exits import DONE, exit_code
from core.cli.output import Output, Piece, bold, describe, dim, green, red, yellow
from core.cli.queue_glance import counted, fetched
from core.cli.reach import DEADLINE, elsewhere, looked_at, server
from core.clock import SystemClock
from core.errors import LeitstandError
from core.models.fit import gibibytes
from core.ollama.client import Ollama
from core.ollama.connection import Phase, ServerState
from core.ollama.names import at
from core.ollama.reading import gpu_percent, stay
from core.store.lock import held
from core.tasks import Tasks
from core.telemetry.probes import Ask, GpuReading
from core.telemetry.types import GpuState

_DRIVER_PATIENCE = 3.0
"""Seconds until a GPU driver that does not answer is left behind."""


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


class HostNow(msgspec.Struct, frozen=True):
    """Another server, as scripts get it."""

    name: str
    url: str
    state: Phase
    version: str | None
    models_loaded: list[str]
    """Named as Leitstand names them: with their server."""


class GpuNow(msgspec.Struct, frozen=True):
    """A GPU, as scripts get it; null is not known."""

    index: int
    name: str
    vendor: str
    state: GpuState
    busy: float | None
    memory_total: int | None
    memory_used: int | None
    memory_free: int | None
    power: float | None
    power_limit: float | None
    temperature: float | None
    fan: float | None


class TerminalNow(msgspec.Struct, frozen=True):
    """Where the person sits, as scripts get it; null is not known."""

    remote: bool
    round_trip: float | None
    """Seconds there and back."""


class Look(NamedTuple):
    """What a part may be read from; one that needs a server is not asked without one."""

    context: Context
    ollama: Ollama
    tasks: Tasks
    """The one door to threads, kept for every look: a driver that hangs costs one thread and not many."""


class Part(NamedTuple):
    """One thing that is shown: its key in the JSON, how it is read, and its lines for people."""

    key: str
    read: Callable[[Look], Awaitable[Any]]
    rows: Callable[[Any], Iterable[tuple[Piece, ...]]]
    needs_server: bool = False
    """Without a server that answers it is an empty array, and people are told nothing of it."""


async def show(context: Context, *, every: float | None = None) -> int:
    """Print everything, once or every so many seconds; the number says whether the server is there."""
    async with server(context) as ollama:
        look = Look(context, ollama, Tasks(Bus()))
        while True:
            code = await _show(look)
            if every is None:
                return code
            context.out.flush()
            await asyncio.sleep(every)
            if not context.out.json:
                context.out.line()


async def _show(look: Look) -> int:
    context = look.context
    state, failure = await looked_at(look.ollama, demo=context.values["demo"])
    there = failure is None
    parts = {part.key: await part.read(look) if there or not part.needs_server else [] for part in PARTS}
    if context.out.json:
        line = {"url": state.url, "state": state.phase, "version": state.version, "demo": state.demo}
        told = {"error": describe(failure)} if failure else {}
        context.out.value({"server": line, **parts, **told})
    else:
        _print(context.out, state, parts)
        if failure is not None:
            context.out.error(failure)
    return exit_code(failure) if failure else DONE


def _print(out: Output, state: ServerState, parts: dict[str, Any]) -> None:
    live, dead = ("●", "✗") if out.unicode else ("*", "x")
    shown = green(f"{live} {state.phase}") if state.phase == "online" else red(f"{dead} {state.phase}")
    url = "the built-in demonstration" if state.demo else state.url
    rows: list[tuple[Piece, ...]] = [(bold("server"), url, shown, state.version or "")]
    for part in PARTS:
        if state.phase == "online" or not part.needs_server:
            rows += part.rows(parts[part.key])
    out.table(rows)


async def _models(look: Look) -> list[LoadedModel]:
    now = time.time()
    found = []
    for model in await look.ollama.ps(deadline=DEADLINE):
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
        yield (bold("model"), model.name, gibibytes(model.size), share, context, dim(_stays(model)))


def _stays(model: LoadedModel) -> str:
    if model.stays == "until" and model.expires_at:
        return f"until {datetime.fromisoformat(model.expires_at).astimezone():%H:%M}"
    return {"forever": "stays", "ending": "in use or leaving"}.get(model.stays, "")


async def _hosts(look: Look) -> list[HostNow]:
    found = []
    async for name, ollama in elsewhere(look.context):
        state, _ = await looked_at(ollama)
        try:
            loaded = await ollama.ps(deadline=DEADLINE) if state.phase == "online" else ()
        except LeitstandError:
            loaded = ()
        models = [at(model.name, name) for model in loaded]
        found.append(HostNow(name, state.url, state.phase, state.version, models))
    return found


def _host_rows(hosts: list[HostNow]) -> Iterable[tuple[Piece, ...]]:
    for host in hosts:
        shown = green(host.state) if host.state == "online" else yellow(host.state)
        yield (
            bold(f"server {host.name}"),
            host.url,
            shown,
            host.version or "",
            ", ".join(host.models_loaded),
        )


async def _gpus(look: Look) -> list[GpuNow]:
    try:
        async with asyncio.timeout(_DRIVER_PATIENCE):
            # A driver that hangs keeps its thread; the answer comes without it.
            reading = await look.tasks.in_thread(_read_gpus, demo=look.context.values["demo"])
    except TimeoutError:
        return []
    return [GpuNow(**{name: getattr(gpu, name) for name in GpuNow.__struct_fields__}) for gpu in reading.gpus]


def _read_gpus(*, demo: bool) -> GpuReading:
    clock = SystemClock()
    if demo:
        from core.telemetry.demo import DemoMachine

        probes = DemoMachine().probes()
    else:
        from core.telemetry.machine import this_machine

        probes = this_machine(clock, lambda: None)
    try:
        return probes.gpus.read(Ask(clock.monotonic()))
    finally:
        probes.gpus.close()


def _gpu_rows(gpus: list[GpuNow]) -> Iterable[tuple[Piece, ...]]:
    for gpu in gpus:
        used, total = gpu.memory_used, gpu.memory_total
        memory = "" if used is None or total is None else f"{used / 2**30:.1f} of {total / 2**30:.1f} GiB"
        busy = "" if gpu.busy is None else f"{gpu.busy:.0f} % busy"
        power = "" if gpu.power is None else f"{gpu.power:.0f} W"
        heat = "" if gpu.temperature is None else f"{gpu.temperature:.0f} °C"
        state = "" if gpu.state == "ok" else gpu.state
        yield (bold(f"gpu {gpu.index}"), gpu.name, memory, busy, power, f"{heat} {state}".strip())


async def _queue(look: Look) -> dict[str, int] | None:
    if look.context.values["demo"]:
        return {"running": 0, "waiting": 0}
    paths = look.context.paths
    found = await look.tasks.in_thread(counted, paths.database)
    if found is None:
        return None
    if held(paths.lock) is None:  # what was running when Leitstand ended waits for its next start
        return {"running": 0, "waiting": sum(found)}
    return found._asdict()


def _queue_rows(found: dict[str, int] | None) -> Iterable[tuple[Piece, ...]]:
    if found is None:
        yield (bold("queue"), dim("cannot be read; see leitstand doctor"))
    else:
        yield (bold("queue"), f"{found['running']} running", f"{found['waiting']} waiting")


async def _downloads(look: Look) -> list[dict[str, Any]]:
    if look.context.values["demo"]:
        return []
    return await look.tasks.in_thread(fetched, look.context.paths.database)


def _download_rows(found: list[dict[str, Any]]) -> Iterable[tuple[Piece, ...]]:
    for download in found:
        percent = "" if download["percent"] is None else f"{download['percent']:.0f} %"
        yield (bold("download"), download["name"], download["state"], percent)


async def _terminal(look: Look) -> TerminalNow:
    context = look.context
    remote = any(context.environment.get(name) for name in ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"))
    far = await look.tasks.in_thread(context.far, context)
    return TerminalNow(remote or far is not None, None if far is None else round(far, 4))


def _terminal_rows(found: TerminalNow) -> Iterable[tuple[Piece, ...]]:
    if found.remote:
        far = "" if found.round_trip is None else f"{found.round_trip * 1000:.0f} ms there and back"
        yield (bold("terminal"), "over SSH", far or dim("how far cannot be measured"))


async def _leitstand(look: Look) -> dict[str, Any] | None:
    if look.context.values["demo"]:
        return None
    who = held(look.context.paths.lock)
    return None if who is None else {"pid": who.pid, "socket": who.socket or None}


def _leitstand_rows(found: dict[str, Any] | None) -> Iterable[tuple[Piece, ...]]:
    if found is not None:
        yield (bold("leitstand"), f"runs, process {found['pid']}")


PARTS = (
    Part("hosts", _hosts, _host_rows),
    Part("leitstand", _leitstand, _leitstand_rows),
    Part("models_loaded", _models, _model_rows, needs_server=True),
    Part("queue", _queue, _queue_rows),
    Part("downloads", _downloads, _download_rows),
    Part("gpus", _gpus, _gpu_rows),
    Part("terminal", _terminal, _terminal_rows),
)
"""In the order they are shown."""
