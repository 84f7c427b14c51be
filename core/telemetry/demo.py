"""A machine that is not there: its gauges live, follow the models, and say that they are made up."""

from __future__ import annotations

from math import exp
from pathlib import PurePosixPath
from random import Random

from core.telemetry.probes import Ask, GpuReading, HostReading, Probes, Traffic
from core.telemetry.types import (
    Gpu,
    GpuFacts,
    GpuProcess,
    Host,
    HostFacts,
    OllamaProcess,
    Pcie,
    Throttle,
    Volume,
)

_GIB = 2**30
_CORES = 16
_MODELS = PurePosixPath("/usr/share/ollama/.ollama/models")
_DESKTOP = 700 * 2**20
_TRAINING = int(2.1 * _GIB)
_CYCLE, _BURST = 75.0, 20.0
"""Somebody else trains something now and then, so that a machine without questions is alive too."""


def _towards(value: float, target: float, seconds: float, passed: float) -> float:
    """Move *value* towards *target*, most of the way within *seconds*."""
    return target + (value - target) * exp(-passed / seconds)


class _Card:
    """One made-up GPU."""

    def __init__(self, index: int, name: str, total: int, limit: float, random: Random) -> None:
        self.facts = GpuFacts(
            f"GPU-51317ed0-0000-4000-8000-{index:012}",
            name,
            "nvidia",
            f"0000:{index + 1:02x}:00.0",
            "580.95.05",
            total,
            2850.0,
            limit,
            88.0,
            counts_energy=True,
        )
        self.index = index
        self.random = random
        self.busy = 2.0
        self.power = 32.0
        self.temperature = 38.0
        self.energy = 1_500_000.0

    def look(self, ask: Ask, passed: float, *, works: bool, trains: bool) -> Gpu:
        """Let time pass, and look."""
        facts = self.facts
        limit = facts.power_max or 0.0
        wanted = 96.0 if works else 48.0 if trains else 1.5
        shake = self.random.gauss(0, 3.0 if works or trains else 0.8)
        self.busy = _towards(self.busy, wanted, 0.7, passed)
        busy = min(max(self.busy + shake, 0.0), 100.0)
        self.power = _towards(self.power, 32 + 0.0087 * limit * busy, 0.9, passed)
        power = min(self.power + self.random.gauss(0, 2), limit)
        self.energy += power * passed
        self.temperature = _towards(self.temperature, 36 + 40 * power / limit, 25.0, passed)
        processes = self._processes(ask, trains=trains)
        total = facts.memory_total or 0
        held = min(_DESKTOP + sum(process.memory or 0 for process in processes), total)
        throttle: tuple[Throttle, ...] = ("power cap",) if power > 0.97 * limit else ()
        return Gpu(
            facts.key,
            self.index,
            facts.name,
            "nvidia",
            busy=round(busy),
            memory_total=total,
            memory_free=total - held,
            memory_used=held,
            memory_reserved=500 * 2**20,
            memory_processes=sum(process.memory or 0 for process in processes),
            power=round(power, 1),
            power_limit=limit,
            energy=round(self.energy, 1),
            temperature=round(self.temperature),
            clock=round(2610 + self.random.gauss(0, 15)) if busy > 10 else 210,
            memory_clock=14_001 if busy > 10 else 405,
            throttle=throttle,
            fan=round(min(max((self.temperature - 40) * 1.9, 0), 100)),
            processes=processes,
        )

    def _processes(self, ask: Ask, *, trains: bool) -> tuple[GpuProcess, ...]:
        found = [
            GpuProcess(41_000 + number, "llama-server", model.vram, "compute", model.name)
            for number, model in enumerate(ask.models)
            if model.vram > 0 and number % 2 == self.index
        ]
        if trains:
            found.append(GpuProcess(3_117, "python", _TRAINING))
        return tuple(sorted(found, key=lambda process: -(process.memory or 0)))


class DemoMachine:
    """Two GPUs and a host that react to what the server does."""

    def __init__(self, seed: int = 7) -> None:
        random = Random(seed)  # noqa: S311 - a picture, not a secret
        self._cards = (
            _Card(0, "NVIDIA GeForce RTX 5090", 32 * _GIB, 575.0, random),
            _Card(1, "NVIDIA GeForce RTX 4090", 24 * _GIB, 450.0, random),
        )
        self._looked = {"gpus": 0.0, "host": 0.0}
        self._cores = [4.0] * _CORES
        self._host_random = Random(seed + 1)  # noqa: S311 - used on another thread

    def probes(self) -> Probes:
        """Return what looks at it."""
        return Probes(self, self.host, self.volume, simulated=True)

    def _passed(self, part: str, now: float) -> float:
        passed = min(max(now - self._looked[part], 0.0), 30.0)
        self._looked[part] = now
        return passed

    def read(self, ask: Ask) -> GpuReading:
        """Look at its GPUs."""
        passed = self._passed("gpus", ask.now)
        working = {job.model for job in ask.jobs}
        places = {model.name: number % 2 for number, model in enumerate(ask.models)}
        gpus = tuple(
            card.look(
                ask,
                passed,
                works=any(places.get(model) == card.index for model in working),
                trains=card.index == 1 and ask.now % _CYCLE > _CYCLE - _BURST,
            )
            for card in self._cards
        )
        return GpuReading(gpus, tuple(card.facts for card in self._cards))

    def traffic(self) -> Traffic:
        """Look at its buses."""
        return {card.facts.key: Pcie(card.busy * 4.1e6, card.busy * 0.9e6) for card in self._cards}

    def close(self) -> None:
        """Nothing is held open."""

    def host(self, ask: Ask) -> HostReading:
        """Look at its host."""
        passed = self._passed("host", ask.now)
        random = self._host_random
        for number in range(_CORES):
            wanted = 78.0 if ask.jobs and number < 2 else random.choice((1.0, 3.0, 3.0, 12.0))
            self._cores[number] = _towards(self._cores[number], wanted, 1.2, passed)
        cores = tuple(round(min(max(core + random.gauss(0, 1), 0), 100), 1) for core in self._cores)
        on_cpu = sum(max(model.size - model.vram, 0) for model in ask.models)
        host = Host(
            cpu=round(sum(cores) / _CORES, 1),
            cores=cores,
            cpu_temperature=round(44 + sum(cores) / _CORES * 0.4),
            load=(round(sum(cores) / 100, 2), 0.9, 0.8),
            memory_total=64 * _GIB,
            memory_available=max(64 * _GIB - 19 * _GIB - on_cpu, _GIB),
            swap_total=8 * _GIB,
            swap_used=0,
            received=max(random.gauss(60_000, 25_000), 0.0),
            sent=max(random.gauss(30_000, 9_000), 0.0),
            ollama=self._ollama(ask),
        )
        facts = HostFacts(
            "demo", "Linux (simulated)", "AMD Ryzen 9 9950X (simulated)", _CORES // 2, _CORES, 64 * _GIB
        )
        return HostReading(host, facts)

    @staticmethod
    def _ollama(ask: Ask) -> tuple[OllamaProcess, ...]:
        server = OllamaProcess(1_204, "ollama", cpu=0.7, memory=180 * 2**20)
        runners = [
            OllamaProcess(
                41_000 + number,
                "llama-server",
                runs_model=True,
                cpu=98.0 if any(job.model == model.name for job in ask.jobs) else 0.3,
                memory=900 * 2**20 + max(model.size - model.vram, 0),
            )
            for number, model in enumerate(ask.models)
        ]
        return (server, *runners)

    def volume(self, ask: Ask) -> Volume | None:
        """Look at its disk."""
        return Volume(str(_MODELS), 2_000_000_000_000, 812_000_000_000, 0.0, 40_000.0)
