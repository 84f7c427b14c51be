"""AMD and Intel GPUs as Linux shows them in files.

No permission and no library is needed. A read of a sleeping card would wake it, so whether it sleeps is
asked first.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from core.telemetry.probes import Ask, GpuReading, Traffic
from core.telemetry.sysfs import RESCAN, SLEEPS, SYS, entries, first, is_asleep, number, text, whole
from core.telemetry.types import Gpu, GpuFacts, Vendor

AMD_NAMES = Path("/usr/share/libdrm/amdgpu.ids")

_AMD, _INTEL = 0x1002, 0x8086


class DrmCards:
    """AMD and Intel GPUs."""

    def __init__(
        self,
        root: Path = SYS,
        names: Path = AMD_NAMES,
        memory: Callable[[], tuple[int, int] | None] = lambda: None,
    ) -> None:
        self._drm = root / "class" / "drm"
        self._names = names
        self._memory = memory
        self._cards: dict[Path, _DrmCard] = {}
        self._scanned: float | None = None

    def read(self, ask: Ask) -> GpuReading:
        """Look at every card that is awake."""
        if self._scanned is None or ask.now - self._scanned >= RESCAN:
            self._scanned = ask.now
            self._scan()
        cards = list(self._cards.values())
        return GpuReading(
            tuple(card.look(ask) for card in cards), tuple(card.facts for card in cards if card.facts)
        )

    def traffic(self) -> Traffic:
        """Nothing: AMD's counter blocks for a second and newer cards lack it, Intel has none."""
        return {}

    def close(self) -> None:
        """Nothing is held open."""

    def _scan(self) -> None:
        present: dict[Path, _DrmCard] = {}
        for card in entries(self._drm, r"card\d+"):
            device = card / "device"
            vendor = whole(device / "vendor")
            if card in self._cards:
                present[card] = self._cards[card]
            elif vendor == _AMD and (device / "gpu_busy_percent").exists():
                present[card] = _AmdCard(card, self._names, self._memory)
            elif vendor == _INTEL:
                present[card] = _IntelCard(card)
        for index, card_found in enumerate(present.values()):
            card_found.index = index
        self._cards = present


class _DrmCard:
    """One card: what it is, and how to look at it."""

    vendor: Vendor = "other"

    def __init__(self, card: Path) -> None:
        self.card = card
        self.device = card / "device"
        try:
            self.bus = self.device.resolve().name
        except OSError:
            self.bus = card.name
        self.key = f"pci:{self.bus}"
        self.index = 0
        self.name = "GPU"
        self.sensors = self.device / "hwmon"
        self.facts: GpuFacts | None = None
        self.slow = Gpu(self.key, self.index, self.name)

    def look(self, ask: Ask) -> Gpu:
        if is_asleep(self.device):
            return Gpu(self.key, self.index, self.name, self.vendor, "asleep", SLEEPS)
        if ask.slow or self.facts is None:
            # Its number may change when the driver is loaded again.
            self.sensors = next(iter(entries(self.device / "hwmon", r"hwmon\d+")), self.sensors)
        if self.facts is None:
            self.facts = self.identify()
        return self.measure(ask)

    def identify(self) -> GpuFacts:
        raise NotImplementedError

    def measure(self, ask: Ask) -> Gpu:
        raise NotImplementedError


class _AmdCard(_DrmCard):
    vendor: Vendor = "amd"

    def __init__(self, card: Path, names: Path, memory: Callable[[], tuple[int, int] | None]) -> None:
        super().__init__(card)
        self.names = names
        self.host_memory = memory
        self.name = "AMD GPU"
        self.shares_memory = False

    def identify(self) -> GpuFacts:
        unique = text(self.device / "unique_id")
        if unique:
            self.key = f"amd:{unique}"
        self.name = self._marketing_name()
        # The driver names the maker of a card's memory; a processor's GPU has none of its own.
        self.shares_memory = text(self.device / "mem_info_vram_vendor") in (None, "", "unknown")
        total, _ = self._memory()
        return GpuFacts(
            self.key,
            self.name,
            "amd",
            self.bus,
            "amdgpu",
            total,
            power_max=number(self.sensors / "power1_cap_max", 1e-6),
            temperature_limit=number(self.sensors / "temp1_crit", 1e-3),
        )

    def _marketing_name(self) -> str:
        given = text(self.device / "product_name")
        if given:
            return given
        device, revision = whole(self.device / "device"), whole(self.device / "revision")
        if device is None:
            return self.name
        for line in (text(self.names) or "").splitlines():
            parts = [part.strip() for part in line.split(",", 2)]
            if len(parts) == 3 and parts[:2] == [f"{device:04X}", f"{revision or 0:02X}"]:
                return parts[2]
        return f"AMD GPU {device:04x}"

    def _memory(self) -> tuple[int | None, int | None]:
        """Total and used. A GPU that shares the host's memory can also have what is mapped for it."""
        total, used = (whole(self.device / f"mem_info_vram_{what}") for what in ("total", "used"))
        if self.shares_memory:
            more, taken = (whole(self.device / f"mem_info_gtt_{what}") for what in ("total", "used"))
            total = None if total is None or more is None else total + more
            used = None if used is None or taken is None else used + taken
        return total, used

    def measure(self, ask: Ask) -> Gpu:
        sensors = self.sensors
        total, used = self._memory()
        free = None if total is None or used is None else max(total - used, 0)
        if self.shares_memory and free is not None and (host := self.host_memory()) is not None:
            free = min(free, host[1])  # what the host has given away is not there for the GPU either
        if ask.slow:
            pwm, pwm_max = number(sensors / "pwm1"), number(sensors / "pwm1_max")
            self.slow = Gpu(
                self.key,
                self.index,
                self.name,
                temperature=number(sensors / "temp1_input", 1e-3),
                power_limit=number(sensors / "power1_cap", 1e-6),
                clock=number(sensors / "freq1_input", 1e-6),
                memory_clock=number(sensors / "freq2_input", 1e-6),
                fan=100 * pwm / pwm_max if pwm is not None and pwm_max else None,
                fan_rpm=number(sensors / "fan1_input"),
            )
        slow = self.slow
        return Gpu(
            self.key,
            self.index,
            self.name,
            "amd",
            "unified" if self.shares_memory else "ok",
            busy=number(self.device / "gpu_busy_percent"),
            memory_total=total,
            memory_used=None if total is None or free is None else total - free,
            memory_free=free,
            memory_processes=used if self.shares_memory else None,
            power=first(sensors, "power1_average", "power1_input", scale=1e-6),
            power_limit=slow.power_limit,
            temperature=slow.temperature,
            clock=slow.clock,
            memory_clock=slow.memory_clock,
            fan=slow.fan,
            fan_rpm=slow.fan_rpm,
        )


class _IntelCard(_DrmCard):
    """Clock, power and temperature; how busy it is and its memory are not told without privileges."""

    vendor: Vendor = "intel"

    def __init__(self, card: Path) -> None:
        super().__init__(card)
        self.name = "Intel GPU"
        self.energy: tuple[float, float] | None = None

    def identify(self) -> GpuFacts:
        device = whole(self.device / "device")
        self.name = "Intel GPU" if device is None else f"Intel GPU {device:04x}"
        frequencies = self.device / "tile0" / "gt0" / "freq0"
        highest = number(self.card / "gt_max_freq_mhz")
        return GpuFacts(
            self.key,
            self.name,
            "intel",
            self.bus,
            clock_max=highest if highest is not None else number(frequencies / "max_freq"),
            temperature_limit=number(self.sensors / "temp1_crit", 1e-3),
        )

    def measure(self, ask: Ask) -> Gpu:
        sensors = self.sensors
        total, free = whole(self.card / "lmem_total_bytes"), whole(self.card / "lmem_avail_bytes")
        clock = number(self.card / "gt_act_freq_mhz")
        energy = number(sensors / "energy1_input", 1e-6)
        return Gpu(
            self.key,
            self.index,
            self.name,
            "intel",
            says="Intel's driver shows its clock; how busy it is, it does not tell.",
            memory_total=total,
            memory_free=free,
            memory_used=None if total is None or free is None else max(total - free, 0),
            clock=clock if clock is not None else number(self.device / "tile0/gt0/freq0/act_freq"),
            energy=energy,
            power=self._power(energy, ask.now),
            power_limit=number(sensors / "power1_max", 1e-6),
            temperature=number(sensors / "temp1_input", 1e-3),
            fan_rpm=number(sensors / "fan1_input"),
        )

    def _power(self, energy: float | None, now: float) -> float | None:
        """Watts since the last look; the counter may have started anew."""
        before, self.energy = self.energy, None if energy is None else (energy, now)
        if before is None or energy is None or energy < before[0] or now <= before[1]:
            return None
        return (energy - before[0]) / (now - before[1])
