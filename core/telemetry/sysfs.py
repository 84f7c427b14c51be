"""What Linux says about GPUs in files: who is asleep, and the GPU of a Jetson board.

The roots are arguments, because tests bring their own trees.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from core.telemetry.probes import JETSON, Ask, GpuReading, Traffic
from core.telemetry.types import Gpu, GpuFacts

SYS = Path("/sys")

RESCAN = 60.0
"""Cards are looked for this often; they hardly ever come and go."""

_NVIDIA = 0x10DE
_ASLEEP = ("suspended", "suspending")
SLEEPS = "Asleep; it is not woken to be looked at."


def text(path: Path) -> str | None:
    """Read a small file; None when it cannot be read, which drivers do when they feel like it."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except (OSError, ValueError):
        return None


def number(path: Path, scale: float = 1.0) -> float | None:
    """Read a number, times *scale*."""
    written = text(path)
    try:
        return None if written is None else int(written, 0) * scale
    except ValueError:
        return None


def whole(path: Path) -> int | None:
    """Read a whole number."""
    value = number(path)
    return None if value is None else int(value)


def first(directory: Path, *names: str, scale: float = 1.0) -> float | None:
    """Read the first of several files that holds a number."""
    return next((value for name in names if (value := number(directory / name, scale)) is not None), None)


def entries(directory: Path, pattern: str) -> list[Path]:
    """List a directory that may not exist, in natural order."""
    try:
        found = [entry for entry in directory.iterdir() if re.fullmatch(pattern, entry.name)]
    except OSError:
        return []
    return sorted(
        found,
        key=lambda entry: [int(part) if part.isdigit() else 0 for part in re.split(r"(\d+)", entry.name)],
    )


def is_asleep(device: Path) -> bool:
    """Say whether a device sleeps; this question wakes nobody."""
    return text(device / "power" / "runtime_status") in _ASLEEP


class Card(NamedTuple):
    """An NVIDIA card as the PCI bus knows it."""

    bus: str
    may_sleep: bool
    asleep: bool


class NvidiaCards:
    """Which NVIDIA cards there are, and which of them sleep: known without touching their driver."""

    def __init__(self, root: Path = SYS) -> None:
        self._devices = root / "bus" / "pci" / "devices"
        self._found: dict[Path, bool] = {}
        self._scanned: float | None = None

    def look(self, now: float) -> list[Card]:
        """Return every card. Only those that are allowed to sleep cost a read each time."""
        if self._scanned is None or now - self._scanned >= RESCAN:
            self._scanned = now
            self._found = {device: self._may_sleep(device) for device in self._scan()}
        return [
            Card(device.name, may_sleep, may_sleep and is_asleep(device))
            for device, may_sleep in self._found.items()
        ]

    def _scan(self) -> Iterator[Path]:
        for device in entries(self._devices, r"[0-9a-f]+:[0-9a-f]{2}:[0-9a-f]{2}\.[0-9a-f]"):
            kind = whole(device / "class") or 0
            if kind >> 16 == 0x03 and whole(device / "vendor") == _NVIDIA:
                yield device

    @staticmethod
    def _may_sleep(device: Path) -> bool:
        return text(device / "power" / "control") == "auto"


class Jetson:
    """The GPU inside an NVIDIA Jetson board."""

    _LOADS = ("devices/platform/gpu.0/load", "devices/gpu.0/load", "devices/platform/bus@0/17000000.gpu/load")

    def __init__(self, root: Path = SYS, memory: Callable[[], tuple[int, int] | None] = lambda: None) -> None:
        self._root = root
        self._memory = memory
        self._load: Path | None = None
        self._looked = False

    def read(self, ask: Ask) -> GpuReading:
        """Look at it, if there is one."""
        if not self._looked:
            self._looked = True
            self._load = next((path for name in self._LOADS if (path := self._root / name).exists()), None)
        if self._load is None:
            return GpuReading()
        total, free = self._memory() or (None, None)
        gpu = Gpu(
            JETSON,
            0,
            "Jetson GPU",
            "nvidia",
            "unified",
            busy=number(self._load, 0.1),
            memory_total=total,
            memory_free=free,
            memory_used=None if total is None or free is None else total - free,
            temperature=self._temperature(),
        )
        return GpuReading((gpu,), (GpuFacts(gpu.key, gpu.name, "nvidia", memory_total=total),))

    def _temperature(self) -> float | None:
        zones = entries(self._root / "class" / "thermal", r"thermal_zone\d+")
        for zone in zones:
            if (text(zone / "type") or "").lower() in ("gpu-thermal", "gpu-therm"):
                return number(zone / "temp", 1e-3)
        return None

    def traffic(self) -> Traffic:
        """Nothing: there is no bus between it and its memory."""
        return {}

    def close(self) -> None:
        """Nothing is held open."""
