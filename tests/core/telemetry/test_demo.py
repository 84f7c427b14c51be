from __future__ import annotations

from statistics import mean

from core.telemetry.demo import DemoMachine
from core.telemetry.probes import Ask
from core.telemetry.types import Gpu, LoadedModel, RunningJob

GIB = 2**30
MODEL = LoadedModel("qwen3-coder:30b", 18 * GIB, 18 * GIB)
JOB = RunningJob("1", MODEL.name, "Why?", tokens_per_second=38.0)


def watch(machine: DemoMachine, start: int, seconds: int, **ask: object) -> list[tuple[Gpu, ...]]:
    return [
        machine.read(Ask(float(second), **ask)).gpus  # type: ignore[arg-type]  # the same for each second
        for second in range(start, start + seconds)
    ]


def test_it_says_that_it_is_simulated() -> None:
    assert DemoMachine().probes().simulated


def test_its_gauges_live_even_when_nobody_asks_anything() -> None:
    looks = watch(DemoMachine(), 0, 300)
    for index in range(2):
        assert len({gpus[index].power for gpus in looks}) > 100
    assert max(gpus[1].busy or 0 for gpus in looks) > 35


def test_a_loaded_model_takes_its_memory_and_a_job_makes_its_gpu_busy_and_warm() -> None:
    machine = DemoMachine()
    idle = watch(machine, 0, 20)
    loaded = watch(machine, 20, 20, models=(MODEL,))
    working = watch(machine, 40, 60, models=(MODEL,), jobs=(JOB,))
    after = watch(machine, 100, 20)

    def first(looks: list[tuple[Gpu, ...]], value: str) -> float:
        return mean(float(getattr(gpus[0], value)) for gpus in looks[10:])

    assert first(loaded, "memory_used") - first(idle, "memory_used") == 18 * GIB
    assert first(after, "memory_used") == first(idle, "memory_used")
    assert first(idle, "busy") < 8
    assert first(working, "busy") > 85
    assert first(after, "busy") < 15
    assert first(working, "temperature") > first(idle, "temperature") + 15
    process = (loaded[-1][0].processes or ())[0]
    assert (process.model, process.memory) == (MODEL.name, 18 * GIB)


def test_its_values_are_possible_ones() -> None:
    big = LoadedModel("llama3.1:405b", 240 * GIB, 240 * GIB)
    for gpus in watch(DemoMachine(), 0, 200, models=(MODEL, big), jobs=(JOB,)):
        for gpu in gpus:
            assert 0 <= (gpu.busy or 0) <= 100
            assert 0 < (gpu.power or 0) <= (gpu.power_limit or 0)
            assert 20 < (gpu.temperature or 0) < 88
            assert (gpu.memory_used or 0) + (gpu.memory_free or 0) == gpu.memory_total
            assert (gpu.memory_free or 0) >= 0


def test_its_energy_counter_counts_what_it_draws() -> None:
    looks = watch(DemoMachine(), 1, 100, models=(MODEL,), jobs=(JOB,))
    used = (looks[-1][0].energy or 0) - (looks[0][0].energy or 0)
    drawn = sum(gpus[0].power or 0 for gpus in looks[1:])
    assert abs(used - drawn) < 0.01 * drawn


def test_the_same_seed_is_the_same_machine() -> None:
    assert watch(DemoMachine(3), 0, 50) == watch(DemoMachine(3), 0, 50)


def test_its_host_follows_too() -> None:
    machine = DemoMachine()
    probes = machine.probes()
    spilled = LoadedModel("llama3.1:70b", 42 * GIB, 31 * GIB)
    idle = probes.host(Ask(0.0)).host
    busy = [probes.host(Ask(float(second), models=(spilled,), jobs=(JOB,))).host for second in range(1, 20)][
        -1
    ]
    assert (idle.memory_available or 0) - (busy.memory_available or 0) == 11 * GIB
    assert busy.cores is not None
    assert min(busy.cores[:2]) > 60
    assert [process.runs_model for process in busy.ollama or ()] == [False, True]
    assert probes.volume(Ask(0.0)) is not None
    assert set(probes.gpus.traffic()) == {gpu.key for gpu in machine.read(Ask(1.0)).gpus}
