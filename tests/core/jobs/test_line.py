from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.jobs.line import Line, Waiting


def line(*jobs: Waiting) -> Line:
    made = Line()
    for job in jobs:
        made.put(job)
    return made


def test_who_is_overtaken_remembers_how_often_and_for_how_long() -> None:
    made = line(Waiting(1, 1, "a"), Waiting(2, 2, "b"), Waiting(3, 3, "a"), Waiting(4, 4, "a"))
    start = made.start(3, seconds=10.0, now=0.0)
    assert [made.overtaken(id) for id in (1, 2, 4)] == [(1, 10.0), (1, 10.0), (0, 0.0)]
    made.put(Waiting(5, 0, "a"))  # came after the start, so it was not held up by it
    made.end(start, seconds=25.0)
    assert [made.overtaken(id) for id in (1, 2, 4, 5)] == [(1, 25.0), (1, 25.0), (0, 0.0), (0, 0.0)]


def test_the_less_urgent_are_not_overtaken_but_count_how_many_went_first() -> None:
    made = line(Waiting(1, 1, priority=2), Waiting(2, 2, priority=0), Waiting(3, 3, priority=0))
    made.start(2, 1.0, 0.0)
    made.start(3, 1.0, 0.0)
    assert made.overtaken(1) == (0, 0.0)
    assert made.in_a_row[2] == 2
    made.put(Waiting(4, 4, priority=2))
    made.start(1, 1.0, 0.0)
    assert made.in_a_row[2] == 0


def test_changing_what_is_known_of_a_job_keeps_what_it_put_up_with() -> None:
    made = line(Waiting(1, 1, "a"), Waiting(2, 2, "b"))
    made.start(2, 1.0, 0.0)
    made.put(Waiting(1, 1, "a", ready_at=5.0))
    assert made.overtaken(1) == (1, 1.0)


def test_leaving_is_forgetting() -> None:
    made = line(Waiting(1, 1, "a", placed=True, ready_at=3.0))
    made.remove(1)
    made.remove(1)
    assert (len(made), 1 in made, made.models(1)) == (0, False, 0)
    assert made.first_placed(9.0) is None
    assert made.next_ready(0.0) is None


def test_the_next_moment_at_which_somebody_becomes_ready() -> None:
    made = line(
        Waiting(1, 1, ready_at=7.0), Waiting(2, 2, ready_at=float("inf")), Waiting(3, 3, ready_at=4.0)
    )
    assert [made.next_ready(now) for now in (0.0, 4.0, 7.0)] == [4.0, 7.0, None]


@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(0, 50), st.integers(0, 2), st.booleans()), max_size=40)
)
def test_positions_are_the_order_of_places_whatever_was_put_and_removed(
    steps: list[tuple[int, int, int, bool]],
) -> None:
    made = Line()
    expected: dict[int, int] = {}
    for id, place, priority, puts in steps:
        if puts:
            made.put(Waiting(id, place * 10 + id, priority=priority))
            expected[id] = place * 10 + id
        else:
            made.remove(id)
            expected.pop(id, None)
    in_order = sorted(expected, key=expected.__getitem__)
    assert [job.id for job in made.all()] == in_order
    assert [made.position(id) for id in in_order] == list(range(1, len(in_order) + 1))
