"""One NVIDIA GPU, or a slice of one: what it can tell, and how it is."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from core.telemetry.nvml import WAYS, Memory, Nvml, Outcome, ProcessUse
from core.telemetry.probes import Ask, ProcessInfo
from core.telemetry.types import Gpu, GpuFacts, GpuProcess, GpuState, Pcie, Throttle

_NEVER = -1
_FORBIDDEN = -2
_BACK_OFF = (2.0, 60.0)

_THROTTLES: tuple[tuple[int, Throttle], ...] = (
    (0x04, "power cap"),
    (0x08, "hardware"),
    (0x10, "sync boost"),
    (0x20, "hot"),
    (0x40, "too hot"),
    (0x80, "power brake"),
    (0x100, "display"),
)
_HARDWARE_SAYS_WHY = 0x40 | 0x80


@dataclass(frozen=True)
class Surroundings:
    """What a GPU does not know itself."""

    host_memory: Callable[[], tuple[int, int] | None] = lambda: None
    """Total and available memory of the host."""
    describe: Callable[[int], ProcessInfo | None] = lambda pid: None
    own_processes: bool = False
    """The driver's process numbers are ours: not so in a container."""


class Gone(Exception):
    """The device, or the library, stopped answering altogether."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.name)
        self.outcome = outcome


class Slow(msgspec.Struct, frozen=True):
    """What is read every few seconds only."""

    power_limit: float | None = None
    temperature: float | None = None
    clock: float | None = None
    memory_clock: float | None = None
    throttle: tuple[Throttle, ...] | None = None
    fan: float | None = None
    processes: tuple[GpuProcess, ...] | None = None


class Device:
    """Remembers of each question which way of asking works, and asks no more where none does."""

    def __init__(
        self, nvml: Nvml, key: str, surroundings: Surroundings, driver: str | None, parent: str | None = None
    ) -> None:
        self._nvml = nvml
        self._surroundings = surroundings
        self._driver = driver
        self.key = key
        self.parent = parent
        self.index = 0
        self.handle: Any = None
        self.name = "NVIDIA GPU"
        self.bus: str | None = None
        self.facts: GpuFacts | None = None
        self.divided = False
        self.approximate = False
        self.state: GpuState = "ok"
        self.says = ""
        self.lost_since: float | None = None
        self.retry_at = 0.0
        self._delay = _BACK_OFF[0]
        self._ways: dict[str, int] = {}
        self._pauses: dict[str, tuple[float, float]] = {}
        self._slow: Slow | None = None
        self._now = 0.0
        self._answers = 0
        self._failures = 0

    # Its life.

    def meet(self, index: int, handle: Any, now: float) -> None:
        """Be found at *index*; get to know it when it is new or was away."""
        self.index, self.handle, self._now = index, handle, now
        if self.facts is not None and self.state != "lost":
            return
        self._ways.clear()
        self._pauses.clear()
        self._slow = None
        try:
            self._identify()
        except Gone as gone:
            self.lose(f"It stopped answering ({gone.outcome.name.lower()}).", now)
            return
        self.state, self.says, self.lost_since, self._delay = "ok", "", None, _BACK_OFF[0]

    def lose(self, says: str, now: float) -> None:
        """Note that it does not answer, and when to try again."""
        if self.state != "lost":
            self.lost_since, self._delay = now, _BACK_OFF[0]
        self.state, self.says = "lost", says
        self.retry_at = now + self._delay
        self._delay = min(self._delay * 2, _BACK_OFF[1])

    def _identify(self) -> None:
        self.name = self._get("name") or self.name
        self.bus = None if self.parent else _short_bus(self._get("bus"))
        self.approximate = self._get("numa") is not None
        memory: Memory | None = self._get("memory")
        power_max = self._get("power_max")
        self.facts = GpuFacts(
            self.key,
            self.name,
            "nvidia",
            self.bus,
            self._driver,
            memory.total if memory is not None and memory.total else None,
            self._get("clock_max"),
            None if power_max is None else power_max / 1000,
            self._get("slows_at"),
            counts_energy=self._get("energy") is not None,
        )

    # Asking.

    def _get(self, what: str, nothing: Any = None) -> Any:
        """Ask it something; None when it does not tell, now or ever."""
        way = self._ways.get(what)
        if way is None:
            way = 1 if what in ("compute", "graphics") and _is_r535(self._driver) else 0
        if way < 0:
            return None
        pause = self._pauses.get(what)
        if pause is not None and self._now < pause[0]:
            return None
        for attempt in range(way, len(WAYS[what])):
            value, outcome = self._nvml.read(what, self.handle, attempt)
            if outcome is Outcome.OK or outcome is Outcome.NOTHING:
                self._ways[what] = attempt
                self._pauses.pop(what, None)
                self._answers += 1
                return value if outcome is Outcome.OK else nothing
            if outcome is Outcome.TROUBLE:
                delay = min(pause[1] * 2, _BACK_OFF[1]) if pause is not None else _BACK_OFF[0]
                self._pauses[what] = (self._now + delay, delay)
                self._failures += 1
                return None
            if outcome is Outcome.FORBIDDEN:
                self._ways[what] = _FORBIDDEN
                return None
            if outcome is not Outcome.UNSUPPORTED:
                raise Gone(outcome)
        self._ways[what] = _NEVER
        return None

    def look(self, ask: Ask) -> Gpu:
        """Read everything that is due."""
        self._now, self._answers, self._failures = ask.now, 0, 0
        busy = self._get("busy")
        memory = self._memory(self._get("memory"))
        power, energy = self._get("power"), self._get("energy")
        unified = memory is not None and memory.state == "unified"
        if ask.slow or self._slow is None:
            self._slow = self._look_slowly(processes=ask.processes or unified)
        slow = self._slow
        if self._failures and not self._answers:
            return self.still("silent", "Its driver answers every question with an error.")
        return Gpu(
            self.key,
            self.index,
            self.name,
            "nvidia",
            "unified" if unified else "ok",
            parent=self.parent,
            busy=busy if busy is not None and busy <= 100 else None,
            memory_total=memory.total if memory else None,
            memory_free=memory.free if memory else None,
            memory_used=memory.used if memory else None,
            memory_reserved=memory.reserved if memory else None,
            memory_processes=_sum(slow.processes),
            approximate=self.approximate,
            power=None if power is None else power / 1000,
            power_limit=slow.power_limit,
            energy=None if energy is None else energy / 1000,
            temperature=slow.temperature,
            clock=slow.clock,
            memory_clock=slow.memory_clock,
            throttle=slow.throttle,
            fan=slow.fan,
            processes=slow.processes,
        )

    def _look_slowly(self, *, processes: bool) -> Slow:
        limit = self._get("power_limit")
        return Slow(
            None if limit is None else limit / 1000,
            self._get("temperature"),
            self._get("clock"),
            self._get("memory_clock"),
            _throttles(self._get("throttle")),
            self._get("fan"),
            self._processes() if processes else None,
        )

    def still(self, state: GpuState, says: str) -> Gpu:
        """Return its row without asking it anything."""
        total = self.facts.memory_total if self.facts is not None else None
        return Gpu(self.key, self.index, self.name, "nvidia", state, says, self.parent, memory_total=total)

    def traffic(self) -> Pcie:
        """Measure its PCIe traffic, which takes 20 ms a direction."""
        received, sent = (self._nvml.read(what, self.handle).value for what in ("pcie_received", "pcie_sent"))
        return Pcie(None if received is None else received * 1000.0, None if sent is None else sent * 1000.0)

    # Memory.

    def _memory(self, memory: Memory | None) -> _Memory | None:
        if memory is not None and memory.total > 0:
            return _own_memory(memory)
        # No memory of its own: only when it says so, not when it says nothing or may not tell.
        says_so = memory is not None or self._ways.get("memory") == _NEVER
        if not says_so or self.divided or self.parent is not None:
            return None
        host = self._surroundings.host_memory()
        if host is None:
            return _Memory("unified", None, None, None, None)
        total, available = host
        return _Memory("unified", total, available, total - available, None)

    # Processes.

    def _processes(self) -> tuple[GpuProcess, ...] | None:
        compute: list[ProcessUse] | None = self._get("compute", [])
        graphics: list[ProcessUse] | None = self._get("graphics", [])
        if compute is None and graphics is None:
            return None
        found: dict[int, GpuProcess] = {}
        for use in compute or ():
            found[use.pid] = self._process(use, found.get(use.pid))
        for use in graphics or ():
            # The same process may be in both lists with the same memory: it does not hold it twice.
            both = use.pid in found
            process = self._process(use, found.get(use.pid))
            found[use.pid] = msgspec.structs.replace(process, kind="both" if both else "graphics")
        return tuple(sorted(found.values(), key=lambda process: -(process.memory or 0)))

    def _process(self, use: ProcessUse, known: GpuProcess | None) -> GpuProcess:
        amounts = [memory for memory in (use.memory, known.memory if known else None) if memory is not None]
        who = self._surroundings.describe(use.pid) if self._surroundings.own_processes else None
        return GpuProcess(use.pid, who.name if who else None, max(amounts, default=None))


class _Memory(msgspec.Struct, frozen=True):
    state: GpuState
    total: int | None
    free: int | None
    used: int | None
    reserved: int | None


def _own_memory(memory: Memory) -> _Memory:
    total = memory.total
    if 0 <= memory.free <= total:
        # What is free is the same in every version of the call; what is used is not.
        whole = memory.reserved is not None and memory.used + memory.free + memory.reserved == total
        return _Memory("ok", total, memory.free, total - memory.free, memory.reserved if whole else None)
    used = memory.used if memory.used <= total else None
    return _Memory("ok", total, None if used is None else total - used, used, None)


def _sum(processes: tuple[GpuProcess, ...] | None) -> int | None:
    if processes is None or any(process.memory is None for process in processes):
        return None
    return sum(process.memory or 0 for process in processes)


def _throttles(bits: int | None) -> tuple[Throttle, ...] | None:
    if bits is None:
        return None
    if bits & _HARDWARE_SAYS_WHY:
        bits &= ~0x08
    return tuple(word for bit, word in _THROTTLES if bits & bit)


def _is_r535(driver: str | None) -> bool:
    """Drivers 535.43 to 535.86 fill the newest process list with a structure of another size."""
    match = re.match(r"535\.(\d+)", driver or "")
    return match is not None and 43 <= int(match[1]) < 98


def _short_bus(address: str | None) -> str | None:
    """Write a PCI address as the kernel does: 00000000:01:00.0 is 0000:01:00.0."""
    match = re.match(r"([0-9a-fA-F]+):([0-9a-fA-F:.]+)", address or "")
    return f"{int(match[1], 16):04x}:{match[2].lower()}" if match else None
