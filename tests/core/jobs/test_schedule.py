from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.jobs.line import Line, Waiting
from core.jobs.rig import Rig
from core.jobs.schedule import Bounds, Choice, Scene, choose
from tests.core.jobs.simulated import Arrival, bursty, run

INTERACTIVE, NORMAL, BATCH = 0, 1, 2


def line(*jobs: Waiting) -> Line:
    made = Line()
    for job in jobs:
        made.put(job)
    return made


def of(*models: str, priority: int = NORMAL, seconds: float = 1.0) -> list[Waiting]:
    """One job for each model, in this order."""
    return [
        Waiting(number, number, model, priority, seconds=seconds) for number, model in enumerate(models, 1)
    ]


def scene(rig: Rig | None = None, *, now: float = 0.0, load: float = 10.0, **bounds: float) -> Scene:
    return Scene(rig or Rig(), Bounds(**bounds), lambda _: load, now)  # type: ignore[arg-type]  # numbers of both kinds


def order(made: Line, at: Scene) -> list[int]:
    """Run them one after the other, each ending before the next begins."""
    ran: list[int] = []
    while (choice := choose(made, at)).id is not None:
        ran.append(choice.id)
        model = made[choice.id].model
        made.start(choice.id, made[choice.id].seconds, at.now)
        at.rig.start(model)
        at.rig.end(model)
    return ran


def test_jobs_of_a_loaded_model_go_first_and_the_rest_is_grouped() -> None:
    assert order(line(*of("b", "a", "c", "b", "a", "c")), scene(Rig(loaded=["a"]))) == [2, 5, 1, 4, 3, 6]


def test_without_any_difference_the_first_in_line_runs() -> None:
    assert order(line(*of("a", "a", "a")), scene()) == [1, 2, 3]
    assert choose(line(*of("a")), scene()) == Choice(1, "first in line")


def test_the_model_that_gets_most_done_is_loaded_first() -> None:
    assert choose(line(*of("a", "b", "b", "b")), scene()) == Choice(2, "3 wait for b")


def test_what_must_be_loaded_again_afterwards_counts_against_a_load() -> None:
    sizes = {"a": 6, "b": 6, "c": 2}
    rig = Rig(loaded={"a": 6}, free=4, size_of=sizes.get, running=["a"])
    # Beside the running a only c fits.
    assert choose(line(*of("b", "c", "a")), scene(rig)).id == 3
    assert choose(line(*of("b", "c")), scene(rig)).id == 2


def test_with_no_overtaking_allowed_it_is_first_come_first_served() -> None:
    assert order(line(*of("b", "a", "b", "a")), scene(Rig(loaded=["a"]), times=0)) == [1, 2, 3, 4]


def test_nobody_is_overtaken_more_often_than_allowed() -> None:
    ran = order(line(*of("b", "a", "a", "a", "a")), scene(Rig(loaded=["a"]), times=2))
    assert ran == [2, 3, 1, 4, 5]


def test_nobody_is_held_up_longer_than_allowed() -> None:
    ran = order(line(*of("b", "a", "a", "a", seconds=40)), scene(Rig(loaded=["a"]), seconds=90))
    assert ran == [2, 3, 1, 4]


def test_who_was_overtaken_up_to_the_limit_hears_so() -> None:
    made, at = line(*of("b", "a", "a")), scene(Rig(loaded=["a"]), times=1)
    made.start(2, 1.0, 0.0)
    assert choose(made, at) == Choice(1, "overtaken by 1 later ones, the limit")


def test_a_later_job_of_the_loaded_model_joins_while_there_is_room() -> None:
    made, at = line(*of("b")), scene(Rig(loaded=["a"]), times=3)
    assert choose(made, at).id == 1
    made.put(Waiting(2, 2, "a", seconds=1.0))
    assert choose(made, at) == Choice(2, "its model is loaded")


def test_more_urgent_ones_go_first_whatever_is_loaded() -> None:
    jobs = [
        Waiting(1, 1, "a", BATCH),
        Waiting(2, 2, "a", NORMAL),
        Waiting(3, 3, "b", INTERACTIVE),
    ]
    assert order(line(*jobs), scene(Rig(loaded=["a"]))) == [3, 2, 1]


def test_after_so_many_urgent_ones_a_less_urgent_one_is_let_in() -> None:
    jobs = [Waiting(1, 1, "b", BATCH), *(Waiting(n, n, "a", INTERACTIVE) for n in range(2, 8))]
    made, at = line(*jobs), scene(in_a_row=3)
    assert order(made, at) == [2, 3, 4, 1, 5, 6, 7]


def test_who_is_let_in_hears_why() -> None:
    made, at = line(Waiting(1, 1, "", BATCH), *of("a", priority=INTERACTIVE)[:0]), scene(in_a_row=1)
    made.put(Waiting(2, 2, "", INTERACTIVE))
    made.put(Waiting(3, 3, "", INTERACTIVE))
    made.start(2, 1.0, 0.0)
    assert choose(made, at) == Choice(1, "let in after 1 more urgent ones")


def test_one_that_a_person_placed_is_overtaken_by_nobody() -> None:
    jobs = [Waiting(1, 1, "b", BATCH, placed=True), Waiting(2, 2, "a", INTERACTIVE), Waiting(3, 3, "a")]
    made, at = line(*jobs), scene(Rig(loaded=["a"]))
    assert choose(made, at) == Choice(1, "moved here by hand")
    made.put(Waiting(4, 0, "a", BATCH))  # who is before it may go before it
    assert choose(made, at).id == 4


def test_a_load_never_takes_the_memory_of_a_running_job() -> None:
    running = Rig(loaded={"a": 6}, running=["a"], free=1, size_of={"a": 6, "b": 6}.get)
    assert choose(line(*of("b")), scene(running)) == Choice(None, "b is loaded when what runs has finished")


def test_an_urgent_job_that_must_wait_for_memory_is_not_kept_waiting_by_batch_work() -> None:
    running = Rig(running=["a"])
    jobs = [Waiting(1, 1, "a", BATCH), Waiting(2, 2, "b", INTERACTIVE)]
    assert choose(line(*jobs), scene(running)).id is None


def test_one_that_is_not_ready_neither_runs_nor_holds_up_others() -> None:
    made = line(Waiting(1, 1, "b", ready_at=5.0), Waiting(2, 2, "a"), Waiting(3, 3, "a"))
    assert choose(made, scene(times=0)).id == 2
    made.start(2, 1.0, 0.0)
    assert made.overtaken(1) == (0, 0.0)
    assert choose(made, scene(now=5.0, times=0)).id == 1
    assert choose(line(Waiting(1, 1, ready_at=5.0)), scene()).id is None


def test_an_empty_line_has_nobody_to_run() -> None:
    assert choose(Line(), scene()).id is None


def test_jobs_without_a_model_never_need_a_load() -> None:
    assert order(line(*of("", "a", "")), scene(times=5)) == [1, 3, 2]


jobs_of_any_kind = st.builds(
    lambda model, priority, seconds, gap, placed: (model, priority, seconds, gap, placed),
    st.sampled_from(["a", "b", "c", "d", ""]),
    st.sampled_from([INTERACTIVE, NORMAL, NORMAL, BATCH]),
    st.floats(0.5, 30),
    st.sampled_from([0.0, 0.0, 0.5, 20.0]),
    st.sampled_from([False] * 9 + [True]),
)


@settings(max_examples=150, deadline=None)
@given(
    wanted=st.lists(jobs_of_any_kind, min_size=1, max_size=40),
    bounds=st.builds(Bounds, st.integers(0, 8), st.sampled_from([0.0, 30.0, 120.0]), st.integers(1, 5)),
    width=st.integers(1, 3),
    memory=st.sampled_from([None, 10, 20, 40]),
)
def test_whatever_comes_everybody_runs_once_and_nobody_is_passed_beyond_the_bounds(
    wanted: list[tuple[str, int, float, float, bool]], bounds: Bounds, width: int, memory: int | None
) -> None:
    arrivals, now = [], 0.0
    for number, (model, priority, seconds, gap, placed) in enumerate(wanted, 1):
        now += gap
        job = Waiting(number, number, model, priority, seconds, placed)
        arrivals.append(Arrival(now, job, seconds))
    loads = {"a": 3.0, "b": 8.0, "c": 15.0, "d": 1.0, "": 0.0}
    sizes = None if memory is None else {"a": 3, "b": 6, "c": 9, "d": 5, "": 0}
    outcome = run(arrivals, bounds=bounds, loads=loads, sizes=sizes, memory=memory, width=width)
    assert sorted(outcome.order) == [arrival.job.id for arrival in arrivals]
    assert max(outcome.overtaken.values(), default=0) <= bounds.times
    assert max(outcome.held_up.values(), default=0.0) <= bounds.seconds + 1e-6
    placed_ones = {arrival.job.id for arrival in arrivals if arrival.job.placed}
    assert not placed_ones & outcome.passed.keys()


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), busy=st.sampled_from([0.5, 0.9, 50.0]))
def test_it_switches_less_than_first_come_first_served_and_nobody_waits_longer_for_it(
    seed: int, busy: float
) -> None:
    arrivals, loads = bursty(300, 6, seed, busy=busy)
    plain = run(arrivals, bounds=None, loads=loads)
    planned = run(arrivals, bounds=Bounds(), loads=loads)
    assert planned.switches <= plain.switches * 0.6
    assert planned.p95() <= plain.p95()


@pytest.mark.parametrize("width", [1, 2])
def test_the_same_line_always_gives_the_same_order(width: int) -> None:
    arrivals, loads = bursty(100, 4, 7)
    runs = [run(arrivals, bounds=Bounds(), loads=loads, width=width).order for _ in range(2)]
    assert runs[0] == runs[1]
