from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.jobs.types import LANES, PRIORITIES, STATES, Fault, Job, Lane, LaneState, Progress
from tui.glyphs import ASCII, UNICODE
from tui.render.job_board import Ended, Gap, More, Row, Section
from tui.render.jobs import Look, doing, mark, paint, starts, why
from tui.render.pieces import width_of

NOW = 1_767_268_800.0


def look(*, ascii_only: bool = False, speed: float | None = None) -> Look:
    return Look(ASCII if ascii_only else UNICODE, NOW, lambda job: speed)


def job(**values: Any) -> Job:
    fixed = {"id": 1, "kind": "chat.turn", "lane": "inference", "title": "Title", "created": NOW}
    return Job(**{**fixed, **values})


def line(row: Row, width: int = 140, **looks: Any) -> str:
    [pieces] = paint(row, width, look(**looks))
    return "".join(text for text, _ in pieces)


def lane(name: Lane = "inference", **values: Any) -> LaneState:
    return LaneState(name=name, **{"width": 1, **values})


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "starting"),
        ({"progress": Progress("loading")}, "loading"),
        ({"progress": Progress("reading prompt")}, "reading prompt"),
        ({"progress": Progress("reading prompt", text="answering")}, "generating"),
        ({"progress": Progress("reading prompt", text="thinking")}, "thinking"),
        ({"progress": Progress("", text="qwen3:8b\nof 8")}, "qwen3:8b of 8"),
        ({"progress": Progress("loading", text="like the last 3 loads")}, "loading"),
        ({"stopping": "cancel"}, "stopping"),
        ({"stopping": "close"}, "stopping"),
        ({"stopping": "hold"}, "setting aside"),
    ],
)
def test_what_a_running_job_does_is_a_word_or_two(values: dict[str, Any], words: str) -> None:
    assert doing(job(state="running", **values)) == words


def test_what_else_a_running_job_says_stands_behind_its_numbers() -> None:
    told = Progress("loading", 40.0, "like the last 3 loads", {"elapsed": 3.0})
    drawn = line(job(state="running", started=NOW, progress=told))
    assert drawn.index("loading") < drawn.index("40 %") < drawn.index("like the last 3 loads")
    answering = Progress("reading prompt", text="answering", numbers={"tokens": 5})
    assert "answering" not in line(job(state="running", started=NOW, progress=answering))


@pytest.mark.parametrize(
    ("reason", "short"),
    [
        ("next: same model as running", "same model as running"),
        (
            "12 before it, then: held up 40 s by later ones, limit 60 s",
            "held up 40 s by later ones, limit 60 s",
        ),
        ("the lane is paused", "the lane is paused"),
        ("tried again soon: next: no", "tried again soon: next: no"),
        ("", ""),
    ],
)
def test_the_reason_in_a_line_leaves_out_the_order_that_stands_before_it(reason: str, short: str) -> None:
    assert why(job(reason=reason)) == short


@pytest.mark.parametrize(
    ("expected", "words"),
    [
        (None, "—"),
        (NOW + 12.4, "in 12 s"),
        (NOW + 3700, "in 1 h 01 m"),
        (NOW + 0.5, "now"),
        (NOW - 90, "now"),
    ],
)
def test_the_expected_start_is_told_from_now(expected: float | None, words: str) -> None:
    assert starts(job(expected_start=expected), NOW) == words


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (
            {"state": "waiting", "order": 3, "reason": "next: it", "model": "a:1b"},
            ("○", " 3 Title", "a:1b", "it"),
        ),
        ({"state": "held"}, ("◌", "set aside, space releases it")),
        (
            {"state": "failed", "error": Fault("x", "It broke."), "finished": NOW - 120},
            ("✗", "It broke.", "2 min"),
        ),
        ({"state": "failed", "finished": NOW}, ("✗", "failed", "now")),
        ({"state": "done", "started": NOW - 72, "finished": NOW}, ("✓", "done  in 1 m 12 s")),
        ({"state": "cancelled", "finished": NOW}, ("─", "cancelled")),
        ({"state": "running", "started": NOW - 5}, ("●", "starting", "5.0 s")),
    ],
)
def test_a_line_says_state_title_and_what_is_to_say(values: dict[str, Any], words: tuple[str, ...]) -> None:
    drawn = line(job(**values))
    assert all(word in drawn for word in words), drawn


def test_a_narrow_line_leaves_the_model_to_the_details() -> None:
    waiting = job(model="a:1b", order=1, expected_start=NOW + 12)
    assert "a:1b" not in line(waiting, 79)
    assert line(waiting, 79).rstrip().endswith(" 12 s")
    assert "in 12 s" not in line(waiting, 79)


@pytest.mark.parametrize("width", [79, 139])
@pytest.mark.parametrize("ascii_only", [False, True])
def test_progress_has_one_place_for_each_number(width: int, ascii_only: bool) -> None:
    def at(percent: float, rate: float) -> str:
        told = Progress("downloading", percent, numbers={"speed": rate, "eta": 1e6 / rate})
        return line(job(state="running", started=NOW, progress=told), width, ascii_only=ascii_only)

    drawn = [at(0.4, 12), at(9.9, 4.1e6), at(64.2, 41.2e6), at(100, 1e9)]
    assert len({text.index(" %") for text in drawn}) == 1
    assert len({len(text) for text in drawn}) == 1


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (lane(running=1, waiting=12, held=2), ("Inference", "1 of 1 running", "12 waiting", "2 held")),
        (lane("cpu"), ("This machine", "0 of 1 running")),
        (lane("network", paused=True), ("Network", "▲ paused")),
        (lane(rests_until=NOW + 12, reason="Nobody answers."), ("▲ next try in 12 s", "Nobody answers.")),
        (lane(reason="b:7b is loaded when what runs has finished"), ("b:7b is loaded",)),
    ],
)
def test_a_lane_says_how_much_runs_and_what_holds_it_up(state: LaneState, words: tuple[str, ...]) -> None:
    drawn = line(Section(state, empty=False))
    assert all(word in drawn for word in words), drawn


def test_a_quiet_lane_has_no_zeros_and_its_words_stand_where_those_of_a_busy_one_do() -> None:
    quiet, busy = (
        line(Section(lane(paused=True), empty=True)),
        line(Section(lane(paused=True, running=1, waiting=9999, held=120), empty=False)),
    )
    assert "waiting" not in quiet
    assert "held" not in quiet
    assert quiet.index("▲") == busy.index("▲")


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (Gap("cpu"), ""),
        (More("cpu", 12_345), "12k more wait behind them"),
        (Ended("all", any=True), "Finished       newest first"),
        (Ended("failed", any=True), "Finished       only failed   f shows others"),
        (Ended("done", any=False), "Finished       only done   f shows others   —  there are none"),
    ],
)
def test_headings_say_what_follows(row: Row, words: str) -> None:
    assert line(row).strip() == words


def test_every_state_has_a_sign_of_its_own_in_both_sets() -> None:
    for glyphs in (UNICODE, ASCII):
        signs = [mark(state, glyphs)[0] for state in STATES]
        assert len(set(signs)) == len(signs)
        assert all(len(sign) == 1 for sign in signs)


TEXTS = st.text(max_size=60)
MOMENTS = st.none() | st.floats(NOW - 1e6, NOW + 1e6)
JOBS = st.builds(
    Job,
    id=st.integers(1, 10**9),
    kind=TEXTS,
    lane=st.sampled_from(LANES),
    model=TEXTS,
    title=TEXTS,
    state=st.sampled_from(STATES),
    priority=st.sampled_from(PRIORITIES),
    order=st.none() | st.integers(1, 100),
    position=st.none() | st.integers(1, 10**6),
    created=st.floats(NOW - 1e6, NOW),
    started=MOMENTS,
    finished=MOMENTS,
    load_seconds=st.none() | st.floats(0, 1e4),
    expected_start=MOMENTS,
    reason=TEXTS,
    error=st.none() | st.builds(Fault, TEXTS, TEXTS, TEXTS),
    stopping=st.sampled_from([None, "cancel", "hold", "close"]),
    progress=st.builds(
        Progress,
        TEXTS,
        st.none() | st.floats(-10, 1e3),
        TEXTS,
        st.dictionaries(st.sampled_from(["tokens", "speed", "eta", "other"]), st.floats(0, 1e15)),
    ),
)


@given(JOBS, st.integers(1, 200), st.booleans())
def test_a_line_never_breaks_its_width_and_never_obeys_what_it_shows(
    shown: Job, width: int, ascii_only: bool
) -> None:
    [pieces] = paint(shown, width, look(ascii_only=ascii_only, speed=shown.progress.numbers.get("speed")))
    text = "".join(text for text, _ in pieces)
    assert not [char for char in text if ord(char) < 32 or 0x7F <= ord(char) <= 0x9F]
    if width >= 60:
        assert width_of(pieces) == width
