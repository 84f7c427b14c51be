"""What surrounds the GPUs, through psutil: processors, memory, network, disk, and Ollama's processes.

psutil is imported on first use, on the thread that looks. What a system does not tell is None.
"""

from __future__ import annotations

import os
import platform
import shutil
import socket
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from core.telemetry.probes import Ask, HostReading, ProcessInfo
from core.telemetry.types import Host, HostFacts, OllamaProcess, Volume

T = TypeVar("T")

_INITIAL_NAMESPACE = "pid:[4026531836]"
"""The kernel's own process namespace always has this number."""

_FORGET = 30.0
_TOO_LONG = 60.0


def memory() -> tuple[int, int] | None:
    """Return the host's memory: all of it, and what could be had without swapping."""
    import psutil

    def read() -> tuple[int, int]:
        found = psutil.virtual_memory()
        return found.total, found.available

    return _attempt(read)


def own_processes(proc: Path = Path("/proc")) -> bool:
    """Say whether process numbers the driver reports are the ones we see: not so in a container."""
    if not proc.is_dir():
        return True
    try:
        return str((proc / "self/ns/pid").readlink()) == _INITIAL_NAMESPACE
    except OSError:
        return False


def _attempt(read: Callable[[], T]) -> T | None:
    """Read something that a system may not have."""
    import psutil

    try:
        return read()
    except (psutil.Error, OSError, ValueError, AttributeError, RuntimeError):
        return None


def is_runner(name: str, command: Iterable[str]) -> bool:
    """Say whether a process of Ollama runs a model: it was called three things over the years."""
    if name.startswith(("llama-server", "ollama_llama")):
        return True
    return name.startswith("ollama") and "runner" in list(command)[1:2]


class Rate:
    """Makes a rate of a counter that only grows, or starts anew."""

    def __init__(self) -> None:
        self._before: tuple[float, float] | None = None

    def of(self, counter: float | None, now: float) -> float | None:
        """Return what was added a second since the last look, when that is not too long ago."""
        before, self._before = self._before, None if counter is None else (counter, now)
        if before is None or counter is None or counter < before[0]:
            return None
        passed = now - before[1]
        return (counter - before[0]) / passed if 0 < passed <= _TOO_LONG else None


class Names:
    """Who a process is, by its number."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._told: dict[int, tuple[float, ProcessInfo | None]] = {}

    def describe(self, pid: int) -> ProcessInfo | None:
        """Name a process; None when it is gone or of somebody who hides it."""
        now = self._monotonic()
        told = self._told.get(pid)
        if told is None or now - told[0] >= _FORGET:
            import psutil

            # Numbers are used again: nothing is remembered for long.
            self._told = {known: told for known, told in self._told.items() if now - told[0] < _FORGET}
            told = self._told[pid] = (now, _attempt(lambda: ProcessInfo(psutil.Process(pid).name())))
        return told[1]


class Processes:
    """Ollama's processes, found without asking all of them each time."""

    def __init__(self) -> None:
        self._ollama: dict[int, Any] = {}
        self._others: set[int] = set()
        self._forgotten = 0.0
        self._now = 0.0

    def look(self, now: float) -> tuple[OllamaProcess, ...] | None:
        """List them. Every number is asked for its name once in half a minute only."""
        import psutil

        self._now = now
        if now - self._forgotten >= _FORGET:
            self._forgotten = now
            self._others.clear()  # numbers are used again
        pids = _attempt(lambda: set(psutil.pids()))
        if pids is None:
            return None
        self._others &= pids
        self._ollama = {pid: process for pid, process in self._ollama.items() if pid in pids}
        for pid in pids - self._others - self._ollama.keys():
            process = _attempt(partial(psutil.Process, pid))
            name = _attempt(process.name) if process is not None else None
            if name is not None and name.lower().startswith(("ollama", "llama-server")):
                self._ollama[pid] = process
            else:
                self._others.add(pid)
        return tuple(sorted(self._measured(), key=lambda process: process.pid))

    def _measured(self) -> Iterator[OllamaProcess]:
        for pid, process in list(self._ollama.items()):
            # A process object knows when its number was given to another.
            if not _attempt(process.is_running):
                del self._ollama[pid]
                continue
            name = _attempt(process.name) or "ollama"
            used = _attempt(process.memory_info)
            # The first answer of a process covers no time and says 0.
            first = not hasattr(process, "looked_at")
            cpu = _attempt(process.cpu_percent)
            process.looked_at = self._now
            runs = is_runner(name, _attempt(process.cmdline) or ())
            yield OllamaProcess(pid, name, runs, None if first else cpu, used.rss if used else None)


class HostProbe:
    """Looks at the host."""

    def __init__(self, root: Path = Path("/sys")) -> None:
        self._processes = Processes()
        self._net = root / "class" / "net"
        self._facts: HostFacts | None = None
        self._received = Rate()
        self._sent = Rate()
        self._slow = Host()
        self._cpu_at: float | None = None

    def read(self, ask: Ask) -> HostReading:
        """Look at everything that is due."""
        import psutil

        if self._facts is None:
            self._facts = _facts()
        cores = self._cores(ask.now)
        amounts = memory()
        received, sent = _attempt(self._network) or (None, None)
        if ask.slow:
            self._slow = self._look_slowly(ask)
        host = msgspec.structs.replace(
            self._slow,
            cpu=sum(cores) / len(cores) if cores else None,
            cores=cores,
            load=_attempt(psutil.getloadavg),
            memory_total=amounts[0] if amounts else None,
            memory_available=amounts[1] if amounts else None,
            received=self._received.of(received, ask.now),
            sent=self._sent.of(sent, ask.now),
        )
        return HostReading(host, self._facts)

    def _cores(self, now: float) -> tuple[float, ...] | None:
        import psutil

        cores = _attempt(lambda: tuple(psutil.cpu_percent(percpu=True)))
        before, self._cpu_at = self._cpu_at, now
        # The first answer covers no time; one after a long rest covers what nobody asked for.
        return None if before is None or now - before > _TOO_LONG else cores or None

    def _look_slowly(self, ask: Ask) -> Host:
        import psutil

        swap = _attempt(psutil.swap_memory)
        return Host(
            swap_total=swap.total if swap else None,
            swap_used=swap.used if swap else None,
            cpu_temperature=_attempt(_cpu_temperature),
            ollama=self._processes.look(ask.now),
        )

    def _network(self) -> tuple[int, int]:
        """Bytes in and out of the machine: of its hardware where that is known, never of its loopback."""
        import psutil

        counters = {
            name: found
            for name, found in psutil.net_io_counters(pernic=True).items()
            if not name.startswith("lo")
        }
        # What a bridge or a container's cable carries passes the hardware as well.
        hardware = {name: found for name, found in counters.items() if (self._net / name / "device").exists()}
        chosen = (hardware or counters).values()
        return sum(found.bytes_recv for found in chosen), sum(found.bytes_sent for found in chosen)


def _cpu_temperature() -> float | None:
    import psutil

    sensors = psutil.sensors_temperatures()
    for name in ("coretemp", "k10temp", "zenpower", "cpu_thermal", "soc_thermal"):
        readings: list[float] = [found.current for found in sensors.get(name, ()) if found.current]
        if readings:
            return max(readings)
    return None


def _facts() -> HostFacts:
    import psutil

    amounts = memory()
    return HostFacts(
        name=socket.gethostname() or None,
        system=" ".join(part for part in (platform.system(), platform.release()) if part) or None,
        processor=_processor(),
        cores=_attempt(lambda: psutil.cpu_count(logical=False)),
        threads=_attempt(psutil.cpu_count),
        memory_total=amounts[0] if amounts else None,
    )


def _processor(cpuinfo: Path = Path("/proc/cpuinfo")) -> str | None:
    try:
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            key, _, value = line.partition(":")
            if key.strip().lower() in ("model name", "hardware") and value.strip():
                return value.strip()
    except OSError:
        pass
    return platform.processor() or None


class VolumeProbe:
    """Looks at the disk that holds the models; a dead network share blocks this probe alone."""

    def __init__(self, path: Callable[[], Path | None], root: Path = Path("/sys")) -> None:
        self._path = path
        self._blocks = root / "dev" / "block"
        self._read = Rate()
        self._written = Rate()

    def read(self, ask: Ask) -> Volume | None:
        """Look at it; None when it is not known where the models are."""
        wanted = self._path()
        if wanted is None:
            return None
        # Before the first model is pulled the directory may not be there yet.
        there = next((place for place in (wanted, *wanted.parents) if place.exists()), None)
        if there is None:
            return Volume(str(wanted))
        usage = _attempt(lambda: shutil.disk_usage(there))
        counters = _attempt(lambda: self._counters(there))
        return Volume(
            str(wanted),
            usage.total if usage else None,
            usage.free if usage else None,
            self._read.of(counters[0] if counters else None, ask.now),
            self._written.of(counters[1] if counters else None, ask.now),
        )

    def _counters(self, path: Path) -> tuple[int, int] | None:
        """Bytes read and written by the device below *path*, where there is one."""
        import psutil

        number = path.stat().st_dev
        device = (self._blocks / f"{os.major(number)}:{os.minor(number)}").resolve(strict=True).name
        found = psutil.disk_io_counters(perdisk=True).get(device)
        return None if found is None else (found.read_bytes, found.write_bytes)
