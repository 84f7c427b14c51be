from __future__ import annotations

from core.jobs.habits import UNKNOWN_LOAD, UNKNOWN_RUN, Habits


def test_before_anything_ran_a_guess_is_given() -> None:
    assert Habits().run_seconds("turn", "qwen3:8b") == UNKNOWN_RUN
    assert Habits().load_seconds("qwen3:8b") == UNKNOWN_LOAD


def test_loading_is_told_apart_from_running() -> None:
    habits = Habits()
    habits.learn("turn", "qwen3:8b", 12.0, 9.0)
    assert habits.run_seconds("turn", "qwen3:8b") == 3.0
    assert habits.load_seconds("qwen3:8b") == 9.0


def test_a_model_that_was_loaded_already_teaches_nothing_about_loading() -> None:
    habits = Habits()
    habits.learn("turn", "qwen3:8b", 12.0, 9.0)
    habits.learn("turn", "qwen3:8b", 3.0, 0.02)
    assert habits.load_seconds("qwen3:8b") == 9.0


def test_a_new_model_is_taken_to_behave_like_the_others() -> None:
    habits = Habits()
    habits.learn("turn", "qwen3:8b", 12.0, 9.0)
    assert habits.run_seconds("turn", "another") == 3.0
    assert habits.load_seconds("another") == 9.0
    assert habits.run_seconds("pull", "another") == UNKNOWN_RUN


def test_the_newest_counts_most_and_one_odd_value_does_not_decide() -> None:
    habits = Habits()
    for seconds in (10.0, 10.0, 10.0, 100.0):
        habits.learn("turn", "m", seconds, None)
    assert 10.0 < habits.run_seconds("turn", "m") < 60.0
    for _ in range(20):
        habits.learn("turn", "m", 5.0, None)
    assert abs(habits.run_seconds("turn", "m") - 5.0) < 0.5


def test_what_was_stored_is_learned_oldest_first_and_a_clock_set_back_does_no_harm() -> None:
    habits = Habits()
    newest = {"kind": "turn", "model": "m", "seconds": 4.0, "load_seconds": None}
    habits.learn_all([newest, {**newest, "seconds": -3600.0}])
    assert 0.0 < habits.run_seconds("turn", "m") <= 4.0
