from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.chat.prompt import (
    PER_IMAGE,
    Line,
    Ratio,
    budget,
    estimate,
    learn,
    merged,
    plan,
    reserve,
    was_cut,
    weight,
)
from core.chat.types import Role


def talk(*lengths: int) -> list[Line]:
    """Question, answer, question …; each of about so many tokens."""
    roles: tuple[Role, Role] = ("user", "assistant")
    return [
        Line(roles[number % 2], "x" * round(length / 0.27), key=number)
        for number, length in enumerate(lengths)
    ]


def keys(lines: tuple[Line, ...]) -> list[int]:
    return [line.key for line in lines]


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("", 0, 0),
        ("The quick brown fox jumps over the lazy dog. " * 10, 90, 140),
        ("Der schnelle braune Fuchs springt über den faulen Hund. " * 10, 130, 190),
        ("敏捷的棕色狐狸跳过了懒狗。" * 10, 90, 160),
        ("def f(x):\n    return x + 1\n" * 10, 60, 110),
        ("🙂" * 10, 5, 20),
        ("\ud800", 0, 2),
    ],
)
def test_an_estimate_is_in_the_right_region_for_every_script(text: str, low: float, high: float) -> None:
    assert low <= estimate(text) <= high


def test_pictures_and_templates_weigh_something() -> None:
    assert weight(Line("user", "")) > 0
    assert weight(Line("user", "", images=2)) >= 2 * PER_IMAGE


def test_everything_goes_along_when_it_fits() -> None:
    found = plan("Be brief.", talk(10, 10, 10), window=10, context=2048, kept=500)
    assert (keys(found.lines), found.sent, found.dropped, found.verdict) == ([0, 1, 2], 3, 0, "fits")


def test_the_window_counts_messages_and_begins_with_a_question() -> None:
    found = plan("", talk(*[10] * 9), window=4, context=2048, kept=500)
    assert (keys(found.lines), found.dropped, found.verdict) == ([6, 7, 8], 6, "fits")
    assert keys(plan("", talk(*[10] * 9), window=1, context=2048, kept=500).lines) == [8]


def test_what_does_not_fit_stays_out_the_oldest_first() -> None:
    found = plan("", talk(10, 900, 10, 10, 10), window=10, context=1024, kept=200)
    assert (keys(found.lines), found.dropped, found.verdict) == ([2, 3, 4], 2, "drops")


def test_an_answer_that_is_gone_on_with_keeps_its_question() -> None:
    found = plan("", talk(10, 10, 10, 900), window=10, context=1024, kept=200, must=2)
    assert keys(found.lines) == [2, 3]


def test_a_question_that_is_too_long_alone_is_called_so() -> None:
    found = plan("", talk(10, 10, 2000), window=10, context=1024, kept=200)
    assert (keys(found.lines), found.verdict) == ([2], "cut")


def test_messages_that_were_not_even_read_count_as_left_out() -> None:
    assert plan("", talk(10, 10, 10), window=10, context=2048, kept=100, total=50).dropped == 47


def test_the_ratio_of_a_model_makes_room_or_takes_it() -> None:
    lines = talk(*[100] * 9)
    assert plan("", lines, window=9, context=1200, kept=200, ratio=1.0).sent == 9
    assert plan("", lines, window=9, context=1200, kept=200, ratio=2.0).sent < 9


@given(
    st.lists(st.integers(1, 400), min_size=1, max_size=30),
    st.integers(1, 20),
    st.integers(512, 8192),
    st.floats(0.5, 2.5),
)
def test_a_plan_keeps_its_promises(lengths: list[int], window: int, context: int, ratio: float) -> None:
    lines = talk(*lengths)
    kept = reserve(context)
    found = plan("System.", lines, window=window, context=context, kept=kept, ratio=ratio)
    assert found.lines[-1] == lines[-1]
    assert list(found.lines) == lines[len(lines) - found.sent :]
    assert found.sent + found.dropped == len(lines)
    assert found.sent <= window
    assert found.sent == 1 or found.lines[0].role == "user"
    if found.sent > 1:
        assert found.tokens <= context - kept + 1
    assert (found.verdict == "cut") == (found.tokens > context - 64)


@pytest.mark.parametrize(
    ("context", "wanted", "kept"),
    [(2048, None, 512), (8192, None, 1024), (8192, 100, 100), (8192, 8000, 1024), (8192, -1, 1024)],
)
def test_room_is_kept_for_the_answer(context: int, wanted: int | None, kept: int) -> None:
    assert reserve(context, wanted) == kept


def test_what_one_side_said_in_a_row_is_one_message() -> None:
    lines = [Line("user", "a"), Line("user", "b"), Line("assistant", "c"), Line("user", "d")]
    assert [[line.text for line in group] for group in merged(lines)] == [["a", "b"], ["c"], ["d"]]


def test_a_model_teaches_how_it_counts() -> None:
    ratio = learn(Ratio(), estimated=100, counted=150)
    assert ratio == Ratio(1.5, 1)
    for _ in range(20):
        ratio = learn(ratio, estimated=100, counted=90)
    assert ratio.value == pytest.approx(0.9, abs=0.02)


@pytest.mark.parametrize("counted", [None, 0, 5, 20, 1000])
def test_a_count_that_left_something_out_teaches_nothing(counted: int | None) -> None:
    assert learn(Ratio(1.1, 3), estimated=100, counted=counted) == Ratio(1.1, 3)


@pytest.mark.parametrize(
    ("estimated", "counted", "cut"),
    [
        (3000, 2048, True),
        (3000, 1027, True),
        (3000, 2900, False),
        (1000, 900, False),
        (2000, 1900, False),
        (3000, 1500, False),
        (3000, None, False),
    ],
)
def test_a_cut_prompt_is_recognised_by_its_count(estimated: int, counted: int | None, cut: bool) -> None:
    assert was_cut(estimated=estimated, counted=counted, context=2048) == cut


def test_a_budget_says_what_can_be_done() -> None:
    lines = talk(10, 900, 10, 10, 10)
    found = plan("", lines, window=10, context=1024, kept=200)
    told = budget(found, context=1024, kept=200, model_max=32768, largest=4096, learned=True)
    assert (told.used, told.available, told.verdict) == (found.tokens, 1024, "drops")
    assert told.message == "2 earlier messages stay out: the context holds 1 024 tokens."
    assert [(choice.kind, choice.tokens) for choice in told.choices] == [
        ("raise_context", 2048),
        ("new_chat", None),
    ]
    assert "that fits into memory" in told.choices[0].text


@pytest.mark.parametrize(
    ("largest", "words", "tokens"),
    [
        (None, "whether that fits into memory is not known", 4096),
        (9000, "that fits into memory", 4096),
        (3500, "that fits into memory", 3072),
    ],
)
def test_the_context_is_raised_as_far_as_it_fits(largest: int | None, words: str, tokens: int) -> None:
    found = plan("", talk(2500), window=10, context=2048, kept=512)
    told = budget(found, context=2048, kept=512, model_max=32768, largest=largest, learned=False)
    assert [(choice.kind, choice.tokens) for choice in told.choices][1:] == [("raise_context", tokens)]
    assert words in told.choices[1].text
    assert told.source == "estimated"


@pytest.mark.parametrize("largest", [0, 2048, 2500])
def test_a_context_that_does_not_fit_is_not_offered(largest: int) -> None:
    found = plan("", talk(3000), window=10, context=2048, kept=512)
    told = budget(found, context=2048, kept=512, model_max=32768, largest=largest, learned=False)
    assert [choice.kind for choice in told.choices] == ["shorten"]


def test_a_context_is_not_raised_beyond_what_the_model_was_trained_for() -> None:
    found = plan("", talk(3000), window=10, context=2048, kept=512)
    told = budget(found, context=2048, kept=512, model_max=2048, largest=None, learned=False)
    assert [choice.kind for choice in told.choices] == ["shorten"]
    assert told.percent > 100
