from __future__ import annotations

from typing import Any

import pytest

from core.jobs.types import FINISHED, Job, Lane, LaneState, Plan, Progress
from tui.render.job_board import (
    MOST_WAITING,
    Ended,
    Gap,
    JobBoard,
    More,
    Pace,
    Section,
    row_key,
    selectable,
    states,
)


def job(id: int, **values: Any) -> Job:
    fixed: dict[str, Any] = {"kind": "chat.turn", "lane": "inference", "title": f"Job {id}", "place": id}
    return Job(id=id, **{**fixed, **values})


def lanes(**waiting: int) -> tuple[LaneState, ...]:
    names: tuple[Lane, ...] = ("inference", "network", "cpu")
    return tuple(LaneState(name=name, width=1, waiting=waiting.get(name, 0)) for name in names)


def board(*jobs: Job, ended: tuple[Job, ...] = (), **waiting: int) -> JobBoard:
    made = JobBoard()
    made.take(Plan(lanes=lanes(**waiting), running=(), waiting=()), jobs)
    made.ended = list(ended)
    return made


def ids(made: JobBoard) -> list[int]:
    return [row.id for row in made.rows() if isinstance(row, Job)]


def test_nothing_to_list_is_nothing_at_all() -> None:
    made = board()
    assert made.idle
    assert made.rows() == []
    made.which = "failed"
    assert Ended("failed", any=False) in made.rows()


def test_lanes_come_in_their_order_with_a_gap_between_them_and_then_what_ended() -> None:
    made = board(job(1, lane="cpu"), ended=(job(2, state="done", finished=1.0),), cpu=1)
    kinds = [type(row).__name__ for row in made.rows()]
    assert kinds == ["Section", "Gap", "Section", "Gap", "Section", "Job", "Gap", "Ended", "Job"]
    assert [row.lane.name for row in made.rows() if isinstance(row, Section)] == [
        "inference",
        "network",
        "cpu",
    ]


def test_a_lane_lists_running_then_planned_then_unplanned_then_held() -> None:
    made = board(
        job(1, state="held"),
        job(2, state="waiting"),
        job(3, state="waiting", order=2),
        job(4, state="waiting", order=1),
        job(5, state="running", started=9.0),
        job(6, state="running", started=8.0),
    )
    assert ids(made) == [6, 5, 4, 3, 2, 1]


def test_a_heading_is_selected_only_where_it_stands_alone() -> None:
    made = board(job(1))
    assert [selectable(row) for row in made.rows()] == [False, True, False, True, False, True]
    assert not selectable(Ended("all", any=True))
    assert not selectable(More("cpu", 3))


def test_a_job_keeps_its_key_wherever_it_stands_and_no_two_rows_share_one() -> None:
    made = board(job(1), ended=(job(2, state="done", finished=1.0),))
    keys = [row_key(row) for row in made.rows()]
    assert len(set(keys)) == len(keys)
    assert row_key(job(1)) == row_key(job(1, state="done"))


def test_a_changed_job_moves_between_waiting_and_ended_and_back() -> None:
    made = board(job(1), job(2))
    made.changed(job(1, state="done", finished=5.0))
    made.changed(job(2, state="failed", finished=6.0))
    assert [each.id for each in made.ended] == [2, 1]
    made.changed(job(1, state="waiting"))
    assert [each.id for each in made.ended] == [2]
    assert 1 in made.jobs


def test_an_ended_job_of_another_state_or_title_is_not_listed() -> None:
    made = board(job(1), job(2), job(3, title="Rivers of Spain"))
    made.which = "failed"
    made.changed(job(1, state="done", finished=5.0))
    assert made.ended == []
    made.which, made.text = "all", "rivers"
    made.changed(job(2, state="done", finished=5.0))
    assert made.ended == []
    assert ids(made) == [3]


def test_only_the_front_of_a_long_line_is_listed_and_the_rest_is_counted() -> None:
    made = board(*(job(n, order=n if n <= MOST_WAITING else None) for n in range(1, 131)), inference=5000)
    assert ids(made) == [*range(1, MOST_WAITING + 1)]
    assert More("inference", 5000 - MOST_WAITING) in made.rows()
    made.text = "job 12"
    assert not [row for row in made.rows() if isinstance(row, More)]


def test_cleared_states_leave_the_others() -> None:
    made = board(ended=(job(1, state="done", finished=1.0), job(2, state="failed", finished=1.0)))
    made.cleared(("done",))
    assert [each.id for each in made.ended] == [2]


def test_a_newer_plan_changes_places_and_lanes() -> None:
    made = board(job(1, order=1), job(2, order=2))
    paused = LaneState(name="inference", width=1, paused=True)
    made.replan(Plan(lanes=(paused,), running=(), waiting=(job(2, order=1), job(1, order=2))))
    assert ids(made)[:2] == [2, 1]
    assert made.lanes["inference"].paused
    made.lane_changed(LaneState(name="inference", width=3))
    assert made.lanes["inference"].width == 3


@pytest.mark.parametrize(("of", "beside"), [(1, 2), (2, 3), (3, 2)])
def test_the_neighbour_is_the_next_below_or_the_last_above(of: int, beside: int) -> None:
    made = board(job(1, order=1), job(2, order=2), job(3, order=3))
    assert made.neighbour(made.jobs[of]) == beside


def test_who_is_alone_or_gone_has_no_neighbour() -> None:
    made = board(job(1), job(9, lane="cpu"))
    assert made.neighbour(made.jobs[1]) is None
    assert made.neighbour(job(7)) is None


def test_a_choice_of_ended_jobs_stands_for_its_states() -> None:
    assert states("all") == FINISHED
    assert states("failed") == ("failed",)


def running(tokens: float, *, claim: int = 1, **numbers: float) -> Job:
    return job(1, state="running", claim=claim, progress=Progress("x", numbers={"tokens": tokens, **numbers}))


def test_speed_is_what_came_since_the_first_look() -> None:
    pace = Pace()
    pace.see(running(10), 100.0)
    assert pace.speed(running(10)) is None
    pace.see(running(60), 102.0)
    assert pace.speed(running(60)) == 25.0
    pace.see(running(60), 110.0)  # the same news once more is no slower writing
    assert pace.speed(running(60)) == 25.0
    assert pace.speed(running(60, speed=31.5)) == 31.5


def test_another_try_is_measured_anew() -> None:
    pace = Pace()
    pace.see(running(10), 100.0)
    pace.see(running(110), 101.0)
    pace.see(running(0, claim=2), 200.0)
    assert pace.speed(running(0, claim=2)) is None
    pace.see(running(20, claim=2), 202.0)
    assert pace.speed(running(20, claim=2)) == 10.0


def test_what_ended_is_forgotten() -> None:
    pace = Pace()
    pace.see(running(10), 100.0)
    pace.see(running(20), 101.0)
    pace.see(job(1, state="done"), 102.0)
    assert pace.speed(running(30)) is None


def test_a_gap_belongs_to_what_it_stands_before() -> None:
    assert row_key(Gap("cpu")) != row_key(Gap("network"))


def test_progress_of_what_runs_changes_nothing_but_its_own_row() -> None:
    made = board(job(1, state="running", started=1.0), job(2, state="running", started=2.0), job(3, order=1))
    before = made.rows()
    told = job(1, state="running", started=1.0, progress=Progress("loading"))
    made.changed(told)
    assert [new for old, new in zip(before, made.rows(), strict=True) if new != old] == [told]
    made.changed(job(1, state="waiting", order=2))
    assert ids(made) == [2, 3, 1]
