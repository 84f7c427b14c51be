"""A machine that stands still: probes that say what the test says."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.telemetry.probes import Ask, GpuReading, HostReading, Probes, Traffic
from core.telemetry.types import Gpu, GpuFacts, Host, HostFacts, OllamaProcess, Pcie, Volume

GIB = 2**30

CARD = Gpu(
    "GPU-0",
    0,
    "NVIDIA GeForce RTX 5090",
    "nvidia",
    busy=94.0,
    memory_total=32 * GIB,
    memory_free=13 * GIB,
    memory_used=19 * GIB,
    power=480.0,
    power_limit=575.0,
    temperature=71.0,
    clock=2610.0,
    memory_clock=14_001.0,
    throttle=(),
    fan=58.0,
)
FACTS = GpuFacts(
    "GPU-0",
    CARD.name,
    "nvidia",
    driver="580.95.05",
    memory_total=32 * GIB,
    clock_max=2850.0,
    power_max=575.0,
    temperature_limit=88.0,
)
HOST = Host(
    cpu=14.0,
    cores=(62.0, 71.0, 3.0, 5.0, 12.0, 0.0, 8.0, 4.0, 3.0, 2.0, 9.0, 1.0, 0.0, 22.0, 3.0, 6.0),
    cpu_temperature=52.0,
    load=(1.25, 0.9, 0.8),
    memory_total=64 * GIB,
    memory_available=43 * GIB,
    swap_total=8 * GIB,
    swap_used=0,
    received=41_200_000.0,
    sent=230_000.0,
    ollama=(
        OllamaProcess(1204, "ollama", cpu=1.0, memory=180 * 2**20),
        OllamaProcess(41_000, "llama-server", runs_model=True, cpu=98.0, memory=950 * 2**20),
    ),
)


@dataclass
class FakeMachine:
    """What its probes say."""

    gpus: tuple[Gpu, ...] = (CARD,)
    facts: tuple[GpuFacts, ...] = (FACTS,)
    note: str = ""
    host: Host = HOST
    volume: Volume | None = field(
        default_factory=lambda: Volume("/models", 2 * 10**12, 812 * 10**9, 0.0, 40_000.0)
    )
    asked: list[Ask] = field(default_factory=list)

    def probes(self, *, simulated: bool = False) -> Probes:
        """What looks at it."""
        return Probes(self, self._host, lambda ask: self.volume, simulated)

    def read(self, ask: Ask) -> GpuReading:
        """Look at its GPUs."""
        self.asked.append(ask)
        return GpuReading(self.gpus, self.facts, self.note)

    def traffic(self) -> Traffic:
        """Look at its buses."""
        return {gpu.key: Pcie(12_100_000.0, 3_200_000.0) for gpu in self.gpus}

    def close(self) -> None:
        """Nothing is held open."""

    def _host(self, ask: Ask) -> HostReading:
        return HostReading(
            self.host, HostFacts("gpubox", "Linux", "AMD Ryzen 9 9950X", 16, 32, self.host.memory_total)
        )
