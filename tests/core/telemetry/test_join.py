from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.telemetry.energy import Counters, joules
from core.telemetry.join import models_in_use, with_models
from core.telemetry.types import Gpu, GpuProcess, LoadedModel, RunningJob

GIB = 2**30
BIG = LoadedModel("big", 18 * GIB, 18 * GIB)
SMALL = LoadedModel("small", 2 * GIB, 2 * GIB)
TWIN = LoadedModel("twin", 18 * GIB + 1000, 18 * GIB + 1000)
ON_CPU = LoadedModel("cpu", 4 * GIB, 0)


def card(*processes: GpuProcess, key: str = "GPU-1", power: float | None = 100.0) -> Gpu:
    return Gpu(key, 0, "card", "nvidia", power=power, processes=processes)


def runner(pid: int, memory: int | None, name: str | None = "llama-server") -> GpuProcess:
    return GpuProcess(pid, name, memory)


def served(gpus: list[Gpu], models: list[LoadedModel]) -> dict[int, str | None]:
    return {
        process.pid: process.model for gpu in with_models(gpus, models) for process in gpu.processes or ()
    }


@pytest.mark.parametrize(
    ("processes", "models", "expected"),
    [
        # One runner, one model: whatever the memory says, as long as it does not contradict.
        ([runner(1, 18 * GIB)], [BIG], {1: "big"}),
        ([runner(1, None)], [BIG], {1: "big"}),
        ([runner(1, 3 * GIB)], [BIG], {1: None}),
        # By size, as long as only one fits.
        ([runner(1, 18 * GIB), runner(2, 2 * GIB)], [SMALL, BIG], {1: "big", 2: "small"}),
        ([runner(1, 18 * GIB), runner(2, 18 * GIB)], [BIG, TWIN], {1: None, 2: None}),
        (
            [runner(1, 18 * GIB), runner(2, 2 * GIB), runner(3, 18 * GIB)],
            [BIG, TWIN, SMALL],
            {1: None, 2: "small", 3: None},
        ),
        ([runner(1, None), runner(2, 2 * GIB)], [SMALL, BIG], {1: None, 2: "small"}),
        # Others are not models, and without a name nothing is claimed.
        ([runner(1, 18 * GIB, "python")], [BIG], {1: None}),
        ([runner(1, 18 * GIB, None)], [BIG], {1: None}),
        ([runner(1, 18 * GIB, "ollama")], [ON_CPU], {1: None}),
        (
            [runner(1, 18 * GIB, "ollama_llama_server"), runner(9, GIB, "Xorg")],
            [BIG, ON_CPU],
            {1: "big", 9: None},
        ),
        ([], [BIG], {}),
    ],
)
def test_a_process_is_given_a_model_only_where_there_is_one_choice(
    processes: list[GpuProcess], models: list[LoadedModel], expected: dict[int, str | None]
) -> None:
    assert served([card(*processes)], models) == expected


def test_a_model_over_two_gpus_is_one_process() -> None:
    gpus = [card(runner(1, 10 * GIB)), card(runner(1, 9 * GIB), key="GPU-2")]
    assert served(gpus, [BIG, SMALL]) == {1: "big"}


def test_a_gpu_whose_processes_were_not_read_stays_as_it_is() -> None:
    gpu = Gpu("GPU-1", 0, "card")
    assert with_models([gpu], [BIG]) == (gpu,)


@given(
    st.lists(st.tuples(st.integers(1, 6), st.one_of(st.none(), st.integers(0, 40))), max_size=6),
    st.lists(st.integers(1, 40), max_size=4),
)
def test_no_model_is_given_to_two_processes(held: list[tuple[int, int | None]], sizes: list[int]) -> None:
    processes = {pid: runner(pid, None if gib is None else gib * GIB) for pid, gib in held}
    models = [LoadedModel(f"m{n}", size * GIB, size * GIB) for n, size in enumerate(sizes)]
    given_models = [model for model in served([card(*processes.values())], models).values() if model]
    assert len(given_models) == len(set(given_models))


def test_what_does_not_fit_the_gpu_is_on_the_cpu() -> None:
    (found,) = models_in_use([LoadedModel("m", 10 * GIB, 7 * GIB)], [], [], now=0, here=True)
    assert (found.vram, found.on_cpu, found.gpu_share) == (7 * GIB, 3 * GIB, 70.0)
    (odd,) = models_in_use([LoadedModel("m", 0, 7 * GIB)], [], [], now=0, here=True)
    assert (odd.vram, odd.on_cpu, odd.gpu_share) == (0, 0, None)


@pytest.mark.parametrize(
    ("expires_at", "left"), [(1240.0, 240.0), (900.0, 0.0), (None, None), (1000.0 + 300 * 365 * 86_400, None)]
)
def test_the_countdown_ends_at_zero_and_for_ever_is_no_countdown(
    expires_at: float | None, left: float | None
) -> None:
    (found,) = models_in_use(
        [msgspec.structs.replace(BIG, expires_at=expires_at)], [], [], now=1000.0, here=True
    )
    assert found.expires_in == left


def test_the_energy_of_a_token_is_known_only_when_one_model_works_here() -> None:
    job = RunningJob("1", "big", tokens_per_second=30.0)
    other = RunningJob("2", "small", tokens_per_second=60.0)
    gpus = [card(power=300.0)]

    def cost(models: list[LoadedModel], jobs: list[RunningJob], *, here: bool = True) -> list[float | None]:
        return [found.joules_per_token for found in models_in_use(models, jobs, gpus, now=0, here=here)]

    assert cost([BIG, SMALL], [job]) == [10.0, None]
    assert cost([BIG, SMALL], [job, other]) == [None, None]
    assert cost([BIG], [job], here=False) == [None]
    assert cost([BIG], []) == [None]
    assert cost([BIG], [RunningJob("1", "big")]) == [None]


def test_two_answers_of_one_model_add_up() -> None:
    jobs = [RunningJob(str(n), "big", tokens_per_second=20.0) for n in range(2)]
    (found,) = models_in_use([BIG], jobs, [card(power=400.0)], now=0, here=True)
    assert (found.tokens_per_second, found.joules_per_token, len(found.jobs)) == (40.0, 10.0, 2)


@pytest.mark.parametrize(
    ("first", "begin", "last", "end", "used"),
    [
        (Counters(0, {"a": (100, 50)}), 0.0, Counters(10, {"a": (700, 50)}), 10.0, 600),
        (Counters(0, {"a": (100, 50)}), 0.5, Counters(10, {"a": (700, 80)}), 10.5, 615),
        (
            Counters(0, {"a": (0, 10), "b": (0, 20)}),
            0.0,
            Counters(5, {"a": (50, 10), "b": (100, 20)}),
            5.0,
            150,
        ),
        (Counters(0, {"a": (0, 10), "b": (0, 20)}), 0.0, Counters(5, {"a": (50, 10)}), 5.0, 50),
        (Counters(0, {}), 0.0, Counters(5, {"a": (50, 10)}), 5.0, None),
        (Counters(0, {"a": (1000, 10)}), 0.0, Counters(5, {"a": (0, 10)}), 5.0, None),
    ],
)
def test_energy_is_the_difference_of_counters(
    first: Counters, begin: float, last: Counters, end: float, used: float | None
) -> None:
    assert joules(first, begin, last, end) == used
