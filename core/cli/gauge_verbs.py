"""`gauges` and `top`: the machine, printed once or for as long as one likes, or on the screen alone."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from core.cli.context import Context
from core.cli.exits import DONE
from core.cli.output import Output, Piece, bold, dim, red, yellow
from core.cli.reach import DEADLINE, server
from core.clock import Clock, SystemClock
from core.errors import LeitstandError, UsageError
from core.guard import one_line
from core.ollama.client import Ollama
from core.ollama.places import models_directory
from core.ollama.reading import stay
from core.ollama.wire import RunningModel
from core.telemetry.alerts import Seen, Tracks, active, judge
from core.telemetry.probes import Probes
from core.telemetry.sampler import Sampler, World
from core.telemetry.types import Gpu, LoadedModel, ModelUse, Sample, Thresholds

_FIRST = 0.5
"""Seconds between the two looks that a rate needs."""

_PATIENCE = 3.0
"""Real seconds to wait for a look; what a silent driver keeps to itself is left out then."""

_GIB = 2**30


def top(context: Context) -> int:
    """Open the gauges and nothing else."""
    if context.out.json:
        raise UsageError("top is a screen.", "`leitstand gauges --json` answers as JSON.")
    context.values = {**context.values, "screen": "gauges", "alone": True}
    return context.screens(context)


async def gauges(context: Context) -> int:
    """Print one look at the machine, or one after the other."""
    every, as_table = context.values["every"], context.values["csv"]
    if as_table and context.out.json:
        raise UsageError("--csv and --json are two answers; leave one out.")
    table = Table()
    async with _watching(context, every) as station:
        while True:
            sample = await station.look()
            if context.out.json:
                context.out.event(everything(sample))
            elif as_table:
                for line in table.lines(sample):
                    context.out.line(line)
            else:
                _print(context.out, sample)
            if every is None:
                return DONE
            context.out.flush()


# Looking -----------------------------------------------------------------------------------------


class Station:
    """Looks at the machine by itself: it takes no lock, and a Leitstand that runs does not notice it."""

    def __init__(self, context: Context, ollama: Ollama, every: float | None) -> None:
        self._ollama = ollama
        self._every = every
        self._here = context.values["demo"] or ollama.address.loopback
        self._clock = SystemClock()
        self._sampler = Sampler(_probes(context, self._clock), self._over)
        self._done = asyncio.Event()
        self._due: float | None = None
        self._tracks: Tracks = {}

    def _over(self) -> None:
        self._done.set()

    async def look(self) -> Sample:
        """Look when it is time; the first time twice, because a rate needs two looks."""
        if self._due is None:
            await self._round(_FIRST)
            await self._clock.sleep(_FIRST)
            self._due = self._clock.monotonic()
        else:
            self._due += self._every or 0
            await self._clock.sleep(self._due - self._clock.monotonic())
        await self._round(self._every or _FIRST)
        return self._judged(self._sampler.sample(self._clock.monotonic(), self._clock.now(), self._every))

    async def _round(self, interval: float) -> None:
        world = World(await self._models(), (), self._here)
        self._sampler.begin(
            self._clock.monotonic(), world, processes=True, traffic=False, watched=True, eager=interval >= 1
        )
        # What was over before it began was the round before, ended by a driver that hangs.
        self._done.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                while self._sampler.in_round:
                    await self._done.wait()

    def _judged(self, sample: Sample) -> Sample:
        """Add what needs attention, and has for long enough."""
        now = self._clock.monotonic()
        seen = Seen(sample, self._sampler.facts, self._sampler.silent_for(now))
        self._tracks, _ = judge(self._tracks, seen, Thresholds(), wall=sample.at, monotonic=now)
        return msgspec.structs.replace(sample, alerts=active(self._tracks))

    async def _models(self) -> tuple[LoadedModel, ...]:
        try:
            listed = await self._ollama.ps(deadline=DEADLINE)
        except LeitstandError:
            return ()  # the machine has gauges without a server, too
        now = self._clock.now()
        return tuple(_loaded(model, now) for model in listed)

    def close(self) -> None:
        """Look no more; a driver that hangs is left behind."""
        self._sampler.close()


@asynccontextmanager
async def _watching(context: Context, every: float | None) -> AsyncIterator[Station]:
    async with server(context) as ollama:
        station = Station(context, ollama, every)
        try:
            yield station
        finally:
            station.close()


def _probes(context: Context, clock: Clock) -> Probes:
    if context.values["demo"]:
        from core.telemetry.demo import DemoMachine

        return DemoMachine().probes()
    from core.telemetry.machine import this_machine

    return this_machine(clock, lambda: models_directory(context.environment))


def _loaded(model: RunningModel, now: float) -> LoadedModel:
    rest = stay(model.expires_at, now)
    until = now if rest.kind == "ending" else rest.until
    return LoadedModel(model.name, model.size, model.size_vram or 0, model.context_length, until)


# Showing -----------------------------------------------------------------------------------------


def everything(value: Any) -> Any:
    """Plain data with every field: what is not known is null, not missing."""
    if isinstance(value, msgspec.Struct):
        return {name: everything(getattr(value, name)) for name in value.__struct_fields__}
    return [everything(part) for part in value] if isinstance(value, tuple) else value


class Column(NamedTuple):
    """One column of the table: its heading, and where its value is."""

    title: str
    read: Callable[[Sample], object]


HOST_COLUMNS = (
    Column("time", lambda seen: datetime.fromtimestamp(seen.at, UTC).isoformat(timespec="seconds")),
    Column("host_cpu", lambda seen: seen.host and seen.host.cpu),
    Column("host_memory_total", lambda seen: seen.host and seen.host.memory_total),
    Column("host_memory_available", lambda seen: seen.host and seen.host.memory_available),
    Column("host_swap_used", lambda seen: seen.host and seen.host.swap_used),
    Column("host_load", lambda seen: seen.host and seen.host.load and seen.host.load[0]),
    Column("net_received", lambda seen: seen.host and seen.host.received),
    Column("net_sent", lambda seen: seen.host and seen.host.sent),
    Column("disk_free", lambda seen: seen.volume and seen.volume.free),
    Column("disk_read", lambda seen: seen.volume and seen.volume.read),
    Column("disk_written", lambda seen: seen.volume and seen.volume.written),
    Column("models", lambda seen: " ".join(one_line(model.name, 80) for model in seen.models)),
)
GPU_COLUMNS = (
    "name", "state", "busy", "memory_total", "memory_used", "memory_free", "power", "power_limit",
    "temperature", "clock", "memory_clock", "fan",
)  # fmt: skip


class Table:
    """Samples as lines of a table; its columns are those of the first one."""

    def __init__(self) -> None:
        self._keys: tuple[str, ...] | None = None

    def lines(self, sample: Sample) -> Iterator[str]:
        """Yield the heading before the first sample, and the line of this one."""
        if self._keys is None:
            self._keys = tuple(gpu.key for gpu in sample.gpus)
            numbered = [f"gpu{gpu.index}_{name}" for gpu in sample.gpus for name in GPU_COLUMNS]
            yield _joined([*(column.title for column in HOST_COLUMNS), *numbered])
        gpus = {gpu.key: gpu for gpu in sample.gpus}
        cells: list[object] = [column.read(sample) for column in HOST_COLUMNS]
        for key in self._keys:
            found = gpus.get(key)
            cells += [getattr(found, name, None) for name in GPU_COLUMNS]
        yield _joined([_cell(cell) for cell in cells])


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return "" if value is None else one_line(str(value), 400)


def _joined(cells: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue()


def _print(out: Output, sample: Sample) -> None:
    if sample.simulated:
        out.line(dim("simulated"))
    if sample.gpu_note:
        out.line(sample.gpu_note)
    out.table([*_gpu_rows(sample.gpus), *_model_rows(sample.models), *_host_rows(sample)])
    for alert in sample.alerts:
        word = red("error") if alert.level == "error" else yellow("warning")
        out.line(word, f"  {alert.text}  ", dim(alert.hint))
    out.line()


def _of(used: int | None, total: int | None) -> str:
    if used is None or total is None:
        return ""
    return f"{used / _GIB:.1f} of {total / _GIB:.1f} GiB"


def _with(value: float | None, unit: str) -> str:
    return "" if value is None else f"{value:.0f} {unit}"


def _gpu_rows(gpus: Iterable[Gpu]) -> Iterator[tuple[Piece, ...]]:
    for gpu in gpus:
        slowed = " ".join(gpu.throttle or ())
        yield (
            bold(f"gpu {gpu.index}"),
            gpu.name,
            _with(gpu.busy, "% busy"),
            _of(gpu.memory_used, gpu.memory_total),
            _with(gpu.power, "W"),
            _with(gpu.temperature, "°C"),
            _with(gpu.clock, "MHz"),
            f"{'' if gpu.state == 'ok' else gpu.state} {slowed}".strip(),
        )


def _model_rows(models: Iterable[ModelUse]) -> Iterator[tuple[Piece, ...]]:
    for model in models:
        leaves = "stays" if model.expires_in is None else f"unloads in {model.expires_in:.0f} s"
        context = "" if model.context is None else f"context {model.context}"
        yield (
            bold("model"),
            model.name,
            _with(model.gpu_share, "% GPU"),
            f"{model.size / _GIB:.1f} GiB",
            context,
            dim(leaves),
        )


def _host_rows(sample: Sample) -> Iterator[tuple[Piece, ...]]:
    host, volume = sample.host, sample.volume
    if host is not None:
        used = None if host.memory_available is None else (host.memory_total or 0) - host.memory_available
        load = "" if host.load is None else f"load {host.load[0]:.2f}"
        net = (
            ""
            if host.received is None or host.sent is None
            else f"{_rate(host.received)} in, {_rate(host.sent)} out"
        )
        yield (bold("host"), "", _with(host.cpu, "% cpu"), _of(used, host.memory_total), load, net)
    if volume is not None and volume.free is not None:
        yield (bold("disk"), volume.path, "", f"{volume.free / 1e9:.0f} GB free")


def _rate(per_second: float) -> str:
    return f"{per_second / 1e6:.1f} MB/s"
