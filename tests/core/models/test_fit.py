from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.models.fit import Ask, Evictable, judge
from core.models.sizing import SET_ASIDE, Need
from core.models.types import Fit, GpuMemory

GB = 10**9


def gpu(free: float, total: float = 24, number: int = 0) -> GpuMemory:
    return GpuMemory(f"gpu{number}", f"GPU {number}", int(free * GB), int(total * GB))


def taking(base: float, each: float = 0.0) -> Callable[[int], Need | None]:
    """What needs *base* gigabytes and *each* for a thousand tokens."""
    return lambda context: Need(int((base + each * context / 1000) * GB), "estimated", 0.15)


def fit(needs: Callable[[int], Need | None], *gpus: GpuMemory, **more: Any) -> Fit:
    ask = {"name": "model", "context": 8192, "most": 131_072, "ram": 64 * GB, **more}
    return judge(Ask(gpus=gpus, **ask), needs)


@pytest.mark.parametrize(
    ("needed", "free", "verdict"),
    [
        (5, 24, "fits"),
        (20, 22.6, "fits"),
        (20, 22.5, "tight"),
        (20, 21, "tight"),
        (20, 20, "spills"),
        (30, 24, "spills"),
        (90, 24, "too big"),
    ],
)
def test_the_verdict_leaves_a_tenth_to_spare(needed: float, free: float, verdict: str) -> None:
    found = fit(taking(needed), gpu(free))
    assert found.verdict == verdict
    assert found.needed == needed * GB + SET_ASIDE
    assert found.free == free * GB


def test_what_spills_says_which_share_stays_on_the_gpu() -> None:
    found = fit(taking(40), gpu(20 + SET_ASIDE / GB))
    assert found.gpu_percent == 50
    assert found.slower == 5.5
    assert "50 % of it would run on the CPU, about 6 times slower" in found.reason


def test_memory_that_cannot_be_seen_is_unknown_and_so_is_a_machine_without_gpu() -> None:
    unseen = judge(Ask(name="model", context=8192, gpus=None), taking(5))
    assert (unseen.verdict, unseen.free, unseen.needed) == ("unknown", None, 5 * GB)
    assert "cannot be seen" in unseen.reason
    none = judge(Ask(name="model", context=8192, gpus=()), taking(5))
    assert none.verdict == "unknown"
    assert "no GPU" in none.reason


def test_a_model_nothing_is_known_of_has_no_numbers() -> None:
    found = fit(lambda context: None, gpu(24))
    assert (found.verdict, found.source, found.needed) == ("unknown", "unknown", None)


def test_a_model_in_memory_with_that_context_fits_as_it_lies_there() -> None:
    found = fit(taking(30), gpu(1), loaded=8192, own=15 * GB)
    assert found.loaded
    assert found.gpu_percent == 50
    assert found.verdict == "spills"


def test_a_model_in_memory_gives_back_what_it_has_before_a_longer_context() -> None:
    found = fit(taking(12), gpu(8), loaded=4096, own=10 * GB)
    assert not found.loaded
    assert found.verdict == "fits"


def test_one_gpu_is_used_when_it_has_room_alone() -> None:
    found = fit(taking(10), gpu(4, number=0), gpu(20, number=1))
    assert [(each.name, each.used) for each in found.gpus] == [("GPU 1", 10 * GB)]


def test_several_gpus_are_filled_together() -> None:
    found = fit(taking(30), gpu(22, number=0), gpu(22, number=1))
    assert found.verdict == "fits"
    assert sum(each.used for each in found.gpus) == 30 * GB
    assert found.needed == 30 * GB + 2 * SET_ASIDE


def test_the_longest_context_is_the_last_step_that_fits() -> None:
    found = fit(taking(5, 0.1), gpu(20))
    assert found.largest_context is not None
    room = (20 * GB / 1.1 - SET_ASIDE - 5 * GB) / (0.1 * GB) * 1000
    assert found.largest_context == room // 1024 * 1024


def test_no_context_is_proposed_that_the_model_was_not_trained_for() -> None:
    assert fit(taking(1), gpu(24), most=32_768).largest_context == 32_768
    assert fit(taking(50), gpu(24)).largest_context is None


IDLE = (
    Evictable("big", 12 * GB, 500.0),
    Evictable("small", 3 * GB, 100.0),
    Evictable("other", 4 * GB, 200.0),
)


@pytest.mark.parametrize(
    ("needed", "room"),
    [(10, ("small",)), (11, ("other",)), (15, ("big",)), (20, ("big", "other")), (30, ())],
)
def test_the_fewest_models_are_named_that_make_room(needed: float, room: tuple[str, ...]) -> None:
    found = fit(taking(needed), gpu(9), idle=IDLE)
    assert found.could_unload == room
    for name in room:
        assert name in found.reason


@given(
    st.floats(0.1, 200),
    st.floats(0, 1),
    st.lists(st.floats(0, 100), min_size=1, max_size=4),
    st.integers(1, 200_000),
    st.lists(st.builds(Evictable, st.text(min_size=1, max_size=3), st.integers(0, 10**11)), max_size=4),
)
def test_every_answer_is_consistent(
    base: float, each: float, free: list[float], context: int, idle: list[Evictable]
) -> None:
    gpus = [gpu(amount, 100, number) for number, amount in enumerate(free)]
    found = fit(taking(base, each), *gpus, context=context, idle=tuple(idle))
    assert found.gpu_percent is not None
    assert (found.gpu_percent == 100) == (found.verdict in ("fits", "tight"))
    assert 0 <= found.gpu_percent <= 100
    assert found.largest_context is None or found.largest_context % 1024 == 0
    if found.verdict == "fits" and context <= 131_072:
        assert found.largest_context is None or found.largest_context >= context // 1024 * 1024
    assert all(load.used >= 0 for load in found.gpus)
    assert found.reason
