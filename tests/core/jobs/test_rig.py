from __future__ import annotations

import pytest

from core.jobs.rig import Rig

SIZES = {"small": 2, "middle": 6, "big": 20}


def rig(*loaded: str, running: tuple[str, ...] = (), free: int | None = 8) -> Rig:
    return Rig(loaded={name: SIZES[name] for name in loaded}, running=running, free=free, size_of=SIZES.get)


@pytest.mark.parametrize(
    ("now", "model", "can"),
    [
        (rig(), "big", True),  # nothing runs: whatever is loaded may go
        (rig("big", running=("big",)), "small", True),  # fits into what is free
        (rig("big", running=("big",), free=1), "small", False),
        (rig("big", "middle", running=("big",), free=1), "small", True),  # the idle one makes room
        (rig("big", running=("big",), free=None), "small", False),  # unknown: it would have to wait
        (rig("big", running=("big",)), "never seen", False),
        (rig("big", running=("big",), free=0), "big", True),  # the same model needs no more
        (rig("big", "small", running=("big",), free=0), "small", True),
        (rig("big", running=("big",), free=0), "", True),  # needs no model
    ],
)
def test_who_can_start_beside_what_runs(now: Rig, model: str, can: bool) -> None:
    assert now.can_start(model) is can


def test_what_is_longest_unused_goes_first_and_only_as_much_as_must() -> None:
    now = rig("small", "middle", free=1)
    assert now.evicts("big") == ("small", "middle")
    now = rig("middle", "small", free=3)
    assert now.evicts("middle") == ()
    assert Rig(loaded={"a": 5, "b": 5}, free=0, size_of=lambda _: 4).evicts("c") == ("a",)


def test_using_a_model_makes_another_the_longest_unused() -> None:
    now = Rig(loaded={"a": 5, "b": 5}, free=0, size_of=lambda _: 4)
    now.start("a")
    now.end("a")
    assert now.evicts("c") == ("b",)


def test_memory_is_counted_while_models_come_and_go() -> None:
    now = Rig(loaded={"a": 5}, free=1, size_of=lambda _: 5)
    now.start("b")
    assert now.loaded == ("b",)
    now.end("b")
    now.start("a")
    assert now.loaded == ("a",)
    assert now.runs("a")
    assert not now.can_start("b")


def test_with_unknown_memory_a_load_is_taken_to_replace_what_is_idle() -> None:
    now = Rig(loaded=("a", "b"))
    now.start("c")
    assert now.loaded == ("c",)


def test_a_model_that_is_being_loaded_for_a_running_job_counts_as_loaded() -> None:
    assert Rig(running=("a",)).has("a")


def test_trying_on_a_copy_leaves_the_original_alone() -> None:
    now = Rig(loaded=("a",))
    now.copy().start("b")
    assert now.loaded == ("a",)
    assert not now.runs("b")
