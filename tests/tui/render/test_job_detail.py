from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.jobs.types import NOTHING, Fault, Job, LaneState, Progress, packed
from tests.tui.render.test_jobs import JOBS, NOW, job, look
from tui.render.job_detail import of_job, of_lane, shape


def told(shown: Job, **looks: Any) -> list[str]:
    return ["".join(text for text, _ in line) for line in of_job(shown, look(**looks))]


def test_a_waiting_job_says_its_place_its_start_and_why() -> None:
    shown = job(
        id=12,
        model="a:1b",
        position=3,
        order=2,
        expected_start=NOW + 30,
        reason="1 before it, then: its model is loaded",
        created=NOW - 120,
    )
    assert told(shown) == [
        "○ Title",
        "job 12 · chat turn · a:1b · normal",
        "3rd in line   starts in 30 s   1 before it, then: its model is loaded",
        "asked 2 min ago",
    ]


def test_a_job_of_a_batch_says_which() -> None:
    shown = job(id=12, model="a:1b", priority="batch", group="batch answers.jsonl 1a2b", created=NOW)
    assert "job 12 · chat turn · a:1b · batch answers.jsonl 1a2b" in told(shown)
    assert "chat:3" not in "".join(told(job(group="chat:3", created=NOW)))


def test_a_running_job_says_what_it_does_and_how_long_everything_took() -> None:
    shown = job(
        state="running",
        attempt=2,
        max_attempts=3,
        created=NOW - 20,
        started=NOW - 12,
        load_seconds=8.2,
        progress=Progress("reading prompt", text="answering"),
        reason="same model as running",
    )
    assert told(shown)[1:] == [
        "job 1 · chat turn · normal · try 2 of 3",
        "generating   chosen because: same model as running",
        "asked just now · waited 8.0 s · loaded in 8.2 s · runs for 12 s",
    ]


def test_a_failed_job_says_what_went_wrong_and_what_helps() -> None:
    fault = Fault("out_of_memory", "It needs more memory.", "Choose a smaller one.")
    shown = job(state="failed", error=fault, started=NOW - 4, finished=NOW - 1)
    assert told(shown)[2:] == [
        "failed   r runs it again",
        "asked just now · waited 0 ms · ran 3.0 s · ended just now",
        "It needs more memory.",
        "Choose a smaller one.",
    ]


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("held", "set aside   space lets it wait"),
        ("cancelled", "cancelled   r runs it again"),
        ("done", "done"),
    ],
)
def test_other_states_say_what_can_be_done(state: Any, words: str) -> None:
    assert told(job(state=state))[2].startswith(words)


def test_an_error_of_an_earlier_try_is_not_shown_once_it_worked() -> None:
    assert "Old." not in " ".join(told(job(state="done", error=Fault("x", "Old."))))


@pytest.mark.parametrize(
    ("position", "words"), [(1, "1st"), (2, "2nd"), (11, "11th"), (13, "13th"), (21, "21st"), (112, "112th")]
)
def test_places_are_counted_as_people_do(position: int, words: str) -> None:
    assert told(job(position=position))[2].startswith(f"{words} in line")


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (None, ""),
        ({"turn": 5, "a": True, "text": "secret words"}, "turn 5, a yes, text 12 characters"),
        ({"no": None}, "no none"),
        ({"list": [1], "map": {"a": 1, "b": 2}, "share": 0.25}, "list 1 entry, map 2 entries, share 0.25"),
        ([1, 2, 3], "3 entries"),
        ("secret", "6 characters"),
        ({"n": 2**60}, "n a large number"),
        ({f"k{n}": n for n in range(11)}, "k0 0, k1 1, k2 2, k3 3, k4 4, k5 5, k6 6, k7 7, 3 more"),
        ({"\x1b[2J": 1}, "␛[2J 1"),
        ({}, ""),
    ],
)  # fmt: skip
def test_a_payload_is_told_by_its_shape_and_never_by_its_words(payload: Any, words: str) -> None:
    assert shape(packed(payload)) == words


def test_what_is_no_json_is_said() -> None:
    assert shape(msgspec.Raw(b"\xff")) == "unreadable"
    assert shape(NOTHING) == ""


def test_payload_and_result_stand_on_one_line() -> None:
    shown = job(state="done", payload=packed({"turn": 5}), result=packed({"tokens": 412}))
    assert told(shown)[-1] == "asked for: turn 5 · result: tokens 412"


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (LaneState(name="inference", width=1), "One runs at a time."),
        (LaneState(name="network", width=2), "2 run at once."),
        (LaneState(name="cpu", width=1, paused=True), "Paused: nothing new starts here. p resumes it."),
        (LaneState(name="inference", width=1, reason="Nobody answers."), "Nobody answers."),
    ],
)
def test_a_lane_explains_itself(state: LaneState, words: str) -> None:
    lines = ["".join(text for text, _ in line) for line in of_lane(state, look())]
    assert words in " ".join(lines)


@given(JOBS, st.booleans())
def test_no_story_obeys_what_it_shows(shown: Job, ascii_only: bool) -> None:
    for line in told(shown, ascii_only=ascii_only):
        assert not [char for char in line if ord(char) < 32 or 0x7F <= ord(char) <= 0x9F]
