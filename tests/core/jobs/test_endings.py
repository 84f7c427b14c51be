from __future__ import annotations

from typing import Any

import msgspec
import pytest

from core.errors import (
    LoadFailed,
    ModelNotFound,
    OutOfMemory,
    RunnerCrashed,
    ServerBusy,
    ServerUnavailable,
    StreamCut,
    Timeout,
)
from core.jobs.context import GiveUp, OtherModel, TryLater
from core.jobs.endings import MOST_DEATHS, Cut, Ending, Outcome, Raised, Returned, ending, orphaned
from core.jobs.types import Fault, Job


def job(**values: Any) -> Job:
    return Job(**{"id": 1, "kind": "turn", "lane": "inference", "attempt": 1, "max_attempts": 2, **values})


def end(of: Job, outcome: Outcome) -> Ending:
    return ending(of, outcome, now=1000.0, retry_after=5.0, rest=8.0)


@pytest.mark.parametrize(
    ("error", "attempt", "step", "free"),
    [
        (LoadFailed("It did not load."), 1, "again", 0),
        (LoadFailed("It did not load."), 2, "fail", None),
        (OutOfMemory("No memory."), 1, "again", 0),
        (RunnerCrashed("It died."), 2, "fail", None),
        (ServerUnavailable("Nobody answers."), 1, "again", 1),
        (ServerUnavailable("Nobody answers."), 2, "again", 1),  # however often: it waits for the server
        (ServerBusy("Too much."), 2, "again", 1),
        (ModelNotFound("No such model."), 1, "fail", None),
        (StreamCut("It ended early."), 1, "fail", None),
        (Timeout("Silent."), 1, "fail", None),
        (ZeroDivisionError("private"), 1, "fail", None),
        (TryLater(Timeout("Silent."), after=60), 1, "again", 0),
        (TryLater(Timeout("Silent."), after=60), 2, "fail", None),
        (TryLater(Timeout("Silent."), after=60, counts=False), 2, "again", 1),
        (GiveUp(LoadFailed("It never will.")), 1, "fail", None),
        (OtherModel("qwen3:8b"), 2, "change model", None),
    ],
)
def test_what_an_error_means(error: Exception, attempt: int, step: str, free: int | None) -> None:
    ended = end(job(attempt=attempt), Raised(error))
    assert ended.step == step
    assert ended.values.get("free") == free


@pytest.mark.parametrize(
    ("error", "moment"),
    [
        (LoadFailed("no"), 1005.0),
        (ServerBusy("no"), 1008.0),
        (TryLater(Timeout("no"), after=60), 1060.0),
    ],
)
def test_when_it_is_tried_again(error: Exception, moment: float) -> None:
    assert end(job(), Raised(error)).values["not_before"] == moment


def test_only_a_server_that_is_away_makes_its_lane_rest() -> None:
    assert end(job(), Raised(ServerUnavailable("no"))).server_away
    assert not end(job(), Raised(LoadFailed("no"))).server_away


def test_a_result_is_kept_as_json() -> None:
    assert end(job(), Returned({"tokens": 3})) == Ending("finish", {"result": '{"tokens":3}'})
    assert end(job(), Returned(None)) == Ending("finish", {"result": None})


@pytest.mark.parametrize("result", [object(), "\ud800", {1: object()}])
def test_a_result_that_cannot_be_kept_fails_the_job_in_plain_words(result: object) -> None:
    ended = end(job(), Returned(result))
    assert ended.step == "fail"
    assert ended.fault == Fault("error", "The result of the turn cannot be kept.", "See the log.")


def test_a_fault_says_its_kind_and_keeps_private_text_to_itself() -> None:
    ended = end(job(), Raised(ValueError("my secret question")))
    assert ended.fault == Fault("error", "The turn stopped by a fault: ValueError.", "See the log.")
    assert "secret" not in ended.values["error"]


def test_an_error_keeps_its_code_its_words_and_its_hint() -> None:
    ended = end(job(), Raised(ModelNotFound("There is no m.", "Pull it.")))
    kept = msgspec.json.decode(ended.values["error"], type=Fault)
    assert kept == Fault("model_not_found", "There is no m.", "Pull it.")


@pytest.mark.parametrize(
    ("stopping", "outcome", "step"),
    [
        ("cancel", Cut(), "stop"),
        ("cancel", Raised(StreamCut("cut")), "stop"),
        ("cancel", Returned("it was quicker"), "finish"),
        ("hold", Cut(), "set aside"),
        ("hold", Raised(LoadFailed("no")), "set aside"),
        (None, Cut(), "fail"),
    ],
)
def test_a_wish_to_stop_decides_unless_the_work_was_done(stopping: Any, outcome: Outcome, step: str) -> None:
    assert end(job(stopping=stopping), outcome).step == step


@pytest.mark.parametrize(
    ("stopping", "verdict", "step"),
    [
        (None, "requeue", "again"),
        (None, "fail", "fail"),
        (None, "cancel", "stop"),
        (None, "done", "finish"),
        ("cancel", "requeue", "stop"),  # the wish was on disk before the crash
        ("hold", "requeue", "set aside"),
    ],
)
def test_what_becomes_of_an_orphan(stopping: Any, verdict: Any, step: str) -> None:
    assert orphaned(job(stopping=stopping), verdict, deaths=0).step == step


def test_what_kills_the_process_again_and_again_is_not_started_for_ever() -> None:
    assert orphaned(job(), "requeue", deaths=MOST_DEATHS - 2).values["died"] == 1
    ended = orphaned(job(), "requeue", deaths=MOST_DEATHS - 1)
    assert ended.step == "fail"
    assert ended.fault is not None
    assert "died 10 times" in ended.fault.message


def test_closing_is_not_dying() -> None:
    assert orphaned(job(), "requeue").values["died"] == 0


def test_half_characters_in_an_error_can_be_kept() -> None:
    ended = end(job(), Raised(ModelNotFound("no \ud800 model")))
    assert msgspec.json.decode(ended.values["error"], type=Fault).message == "no ? model"
