"""What a look at the machine shows. Every value is optional: None means not known, never zero.

Sizes are bytes, rates bytes a second, temperatures degrees Celsius, power watts, energy joules, clocks
megahertz, and shares of time or of a whole percent from 0 to 100. Times called `at` are wall time.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Literal

import msgspec

from core.bus import Level, StateEvent

Vendor = Literal["nvidia", "amd", "intel", "apple", "other"]

GpuState = Literal["ok", "unified", "asleep", "resting", "lost", "silent"]
"""How a device is: `unified` shares the host's memory; `asleep` and `resting` are left alone so that they
save power; `lost` has fallen off the bus or needs a reset; `silent` answers with errors."""

Panel = Literal["status", "gauges", "processes", "pcie"]
"""Who looks: a status line, the gauges, the list of processes, the PCIe traffic (which is slow to read)."""

Throttle = Literal["power cap", "hot", "too hot", "power brake", "hardware", "sync boost", "display"]
"""Why a GPU runs slower than it could: the driver's thermal limit is `hot`, the hardware's is `too hot`."""


class GpuProcess(msgspec.Struct, frozen=True, omit_defaults=True):
    """A process that holds memory of a GPU."""

    pid: int
    name: str | None = None
    memory: int | None = None
    kind: Literal["compute", "graphics", "both"] = "compute"
    model: str | None = None
    """The model it serves, where that is certain."""


class Gpu(msgspec.Struct, frozen=True, omit_defaults=True):
    """One GPU, or one slice of a divided one, at one moment."""

    key: str
    """Its UUID where it has one: indices move when a device comes or goes."""
    index: int
    name: str
    vendor: Vendor = "other"
    state: GpuState = "ok"
    says: str = ""
    """A sentence about its state, where it needs one."""
    parent: str | None = None
    """The key of the GPU this is a slice of."""
    busy: float | None = None
    """Share of the last moment in which anything ran on it; 100 does not mean full."""
    memory_total: int | None = None
    memory_free: int | None = None
    memory_used: int | None = None
    """Total minus free: what cannot be had, whoever holds it."""
    memory_reserved: int | None = None
    memory_processes: int | None = None
    """What its processes hold together, where each of them is known."""
    approximate: bool = False
    """Its memory is accounted by the operating system and may stay used after a process ended."""
    power: float | None = None
    power_limit: float | None = None
    energy: float | None = None
    """Since the driver was loaded."""
    temperature: float | None = None
    clock: float | None = None
    memory_clock: float | None = None
    throttle: tuple[Throttle, ...] | None = None
    fan: float | None = None
    """Percent of its intended speed."""
    fan_rpm: float | None = None
    pcie_received: float | None = None
    pcie_sent: float | None = None
    processes: tuple[GpuProcess, ...] | None = None


class GpuFacts(msgspec.Struct, frozen=True, omit_defaults=True):
    """What does not change about a GPU."""

    key: str
    name: str
    vendor: Vendor = "other"
    bus: str | None = None
    """Its PCI address, like 0000:01:00.0."""
    driver: str | None = None
    memory_total: int | None = None
    clock_max: float | None = None
    power_max: float | None = None
    temperature_limit: float | None = None
    """Where it begins to slow down."""
    counts_energy: bool = False


class OllamaProcess(msgspec.Struct, frozen=True, omit_defaults=True):
    """A process of the Ollama server: itself, or one that runs a model."""

    pid: int
    name: str
    runs_model: bool = False
    cpu: float | None = None
    """100 is one core."""
    memory: int | None = None


class Host(msgspec.Struct, frozen=True, omit_defaults=True):
    """Everything around the GPUs."""

    cpu: float | None = None
    cores: tuple[float, ...] | None = None
    cpu_temperature: float | None = None
    load: tuple[float, float, float] | None = None
    memory_total: int | None = None
    memory_available: int | None = None
    swap_total: int | None = None
    swap_used: int | None = None
    received: float | None = None
    sent: float | None = None
    ollama: tuple[OllamaProcess, ...] | None = None


class HostFacts(msgspec.Struct, frozen=True, omit_defaults=True):
    """What does not change about the machine."""

    name: str | None = None
    system: str | None = None
    processor: str | None = None
    cores: int | None = None
    threads: int | None = None
    memory_total: int | None = None


class Volume(msgspec.Struct, frozen=True, omit_defaults=True):
    """The disk that holds the models."""

    path: str
    total: int | None = None
    free: int | None = None
    read: float | None = None
    written: float | None = None


class Pcie(msgspec.Struct, frozen=True):
    """Traffic between a GPU and the host."""

    received: float | None
    sent: float | None


class LoadedModel(msgspec.Struct, frozen=True, omit_defaults=True):
    """A model the server holds in memory, as `/api/ps` says."""

    name: str
    size: int
    vram: int
    context: int | None = None
    expires_at: float | None = None
    """When the server will unload it; None when it stays."""
    answer_joules: float | None = None
    """What its last answer took, where the GPUs count that."""


class RunningJob(msgspec.Struct, frozen=True, omit_defaults=True):
    """A job that keeps a model busy now."""

    id: str
    model: str
    title: str = ""
    doing: str = ""
    """A word for it: thinking, loading …; answering, where nothing is said."""
    tokens_per_second: float | None = None


class ModelUse(msgspec.Struct, frozen=True, omit_defaults=True):
    """A loaded model, what it holds, and what it is doing."""

    name: str
    size: int
    vram: int
    on_cpu: int
    gpu_share: float | None
    context: int | None = None
    expires_in: float | None = None
    jobs: tuple[RunningJob, ...] = ()
    tokens_per_second: float | None = None
    joules_per_token: float | None = None
    answer_joules: float | None = None
    """What its last answer took."""


AlertKind = Literal[
    "gpu_memory", "gpu_temperature", "gpu_throttled", "gpu_lost", "driver_silent", "host_memory", "disk",
    "spill", "server_away",
]  # fmt: skip


class Alert(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something that needs attention, or needed it."""

    kind: AlertKind
    subject: str
    """What it is about: a GPU's key, a model's name, or nothing."""
    level: Level
    text: str
    hint: str
    since: float
    ended: float | None = None

    @property
    def key(self) -> tuple[str, str]:
        """One alert of a kind for a subject at a time."""
        return (self.kind, self.subject)


class Sample(msgspec.Struct, frozen=True, omit_defaults=True):
    """One look at the machine. It never changes; ages say how old its parts were when it was made."""

    at: float
    interval: float | None = None
    """Seconds to the next one; None when nobody needs one."""
    simulated: bool = False
    gpus: tuple[Gpu, ...] = ()
    gpus_age: float | None = None
    """None: not looked at yet."""
    gpu_note: str = ""
    """One sentence when there is no GPU to show, or its driver does not do what it should."""
    host: Host | None = None
    host_age: float | None = None
    volume: Volume | None = None
    volume_age: float | None = None
    models: tuple[ModelUse, ...] = ()
    models_here: bool = True
    """The server runs on this machine: its models are in the memory of these GPUs."""
    alerts: tuple[Alert, ...] = ()
    arriving: tuple[RunningJob, ...] = ()
    """Jobs whose model is not in memory yet."""

    def is_stale(self, age: float | None) -> bool:
        """Say whether a part of that age is too old to be shown as the present."""
        return age is None or age > 2 * (self.interval or 0) + 1


class Static(msgspec.Struct, frozen=True):
    """What does not change while the program runs, as far as it was seen."""

    gpus: tuple[GpuFacts, ...]
    host: HostFacts | None
    simulated: bool


class Series(msgspec.Struct, frozen=True):
    """One value over time; `peaks` are the highest within each step, where a step joins several looks."""

    subject: str
    """A GPU's key, or `host`."""
    metric: str
    values: tuple[float | None, ...]
    peaks: tuple[float | None, ...] | None = None


class History(msgspec.Struct, frozen=True):
    """Values over time as columns: value number i is of the moment `start + i * step`."""

    start: float
    step: float
    series: tuple[Series, ...]


class Thresholds(msgspec.Struct, frozen=True):
    """When something becomes an alert."""

    gpu_memory: float = 95.0
    temperature: float = 87.0
    """Used where a GPU does not say where it begins to slow down."""
    temperature_margin: float = 5.0
    """Degrees below where a GPU begins to slow down."""
    host_memory: float = 95.0
    disk_free: int = 10_000_000_000
    away: float = 15.0


class TelemetrySettings(msgspec.Struct, frozen=True):
    """How closely the machine is watched."""

    interval: float = 1.0
    """Seconds between two looks while somebody watches."""
    background: float = 10.0
    """Seconds between two looks while nobody does."""
    keep_history: bool = True
    """Go on looking while nobody watches, for the history and the alerts."""
    alerts: bool = True
    thresholds: Thresholds = Thresholds()


class Watch(msgspec.Struct, frozen=True):
    """The right to be shown something; it ends by itself unless it is renewed."""

    id: str
    lease: float
    """Renew within this many seconds."""


class Sampled(StateEvent, frozen=True, tag=True):
    """The machine was looked at."""

    sample: Sample


class AlertChanged(StateEvent, frozen=True, tag=True):
    """Something needs attention, or no longer does."""

    alert: Alert

    @property
    def topic(self) -> Hashable:
        """Each alert by itself."""
        return (AlertChanged, self.alert.key)
