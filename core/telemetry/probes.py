"""What a probe is asked and what it answers. Probes run on threads of their own and never raise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import msgspec

from core.telemetry.types import (
    Gpu,
    GpuFacts,
    Host,
    HostFacts,
    LoadedModel,
    Pcie,
    RunningJob,
    Volume,
)


class Ask(msgspec.Struct, frozen=True):
    """One question to a probe, with everything it may need to answer it."""

    now: float
    """Monotonic time."""
    slow: bool = True
    """Read the facts that change slowly as well."""
    processes: bool = False
    """Somebody looks at the processes."""
    watched: bool = True
    models: tuple[LoadedModel, ...] = ()
    """What the server of this machine holds in memory."""
    jobs: tuple[RunningJob, ...] = ()


class GpuReading(msgspec.Struct, frozen=True):
    """The GPUs at one moment; *note* is a sentence when something is wrong or missing."""

    gpus: tuple[Gpu, ...] = ()
    facts: tuple[GpuFacts, ...] = ()
    note: str = ""


class HostReading(msgspec.Struct, frozen=True):
    """The host at one moment."""

    host: Host
    facts: HostFacts


JETSON = "jetson:gpu.0"
"""The key of a Jetson board's GPU."""

_INTEL_PROCESSOR = "pci:0000:00:02.0"
"""Where the GPU of an Intel processor always is."""

Traffic = Mapping[str, Pcie]
"""PCIe traffic by GPU key."""


class GpuProbe(Protocol):
    """Reads the GPUs of one vendor."""

    def read(self, ask: Ask) -> GpuReading:
        """Look at them; blocks as long as the driver does."""
        ...

    def traffic(self) -> Traffic:
        """Measure PCIe traffic; blocks for the time it measures."""
        ...

    def close(self) -> None:
        """Let go of the driver."""
        ...


@dataclass(frozen=True)
class Probes:
    """Everything that looks at a machine. Each is called from one thread at a time, its own."""

    gpus: GpuProbe
    host: Callable[[Ask], HostReading]
    volume: Callable[[Ask], Volume | None]
    simulated: bool = False


class ProcessInfo(msgspec.Struct, frozen=True):
    """Who a process is."""

    name: str


class SeveralGpuProbes:
    """The GPUs of all vendors, in the order of their probes."""

    def __init__(self, probes: tuple[GpuProbe, ...]) -> None:
        self._probes = probes

    def read(self, ask: Ask) -> GpuReading:
        """Look at all of them; the first note is the one that is said."""
        readings = [probe.read(ask) for probe in self._probes]
        gpus: list[Gpu] = []
        for reading in readings:
            # The first probe keeps its driver's numbers: people know them from its own tools.
            offset = max((gpu.index for gpu in gpus), default=-1) + 1
            gpus += [
                msgspec.structs.replace(gpu, index=gpu.index + offset) if offset else gpu
                for gpu in reading.gpus
            ]
        return GpuReading(
            tuple(merged(gpus)),
            tuple(fact for reading in readings for fact in reading.facts),
            next((reading.note for reading in readings if reading.note), ""),
        )

    def traffic(self) -> Traffic:
        """Measure PCIe traffic where a probe can."""
        return {key: value for probe in self._probes for key, value in probe.traffic().items()}

    def close(self) -> None:
        """Let go of all drivers."""
        for probe in self._probes:
            probe.close()


def merged(gpus: list[Gpu]) -> list[Gpu]:
    """Leave out what would mislead: one GPU seen twice, and a processor's own beside a real one."""
    if any(gpu.vendor != "intel" for gpu in gpus):
        gpus = [gpu for gpu in gpus if gpu.key != _INTEL_PROCESSOR]
    board = next((gpu for gpu in gpus if gpu.key == JETSON), None)
    driver = next((gpu for gpu in gpus if gpu.vendor == "nvidia" and gpu.state == "unified"), None)
    if board is None or driver is None or board is driver:
        return gpus
    # A Jetson: the driver knows the name of its GPU, the board how busy it is.
    one = msgspec.structs.replace(
        driver,
        busy=driver.busy if driver.busy is not None else board.busy,
        temperature=driver.temperature if driver.temperature is not None else board.temperature,
    )
    return [one if gpu is driver else gpu for gpu in gpus if gpu is not board]
