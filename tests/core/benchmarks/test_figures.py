from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.benchmarks import figures, prompts
from core.benchmarks.types import Figure, Repeat, Run, Setting

SETTING = Setting(digest="a", context=8192, version="0.32.0", gpus=("Card",), gpu_percent=100)


def run(*speeds: float, shared: bool = False, wanted: int = 5, **setting: object) -> Run:
    return Run(
        model="wise:latest",
        at=0.0,
        setting=Setting(**{**{n: getattr(SETTING, n) for n in Setting.__struct_fields__}, **setting}),
        repeats=tuple(Repeat(speed=speed) for speed in speeds),
        wanted=wanted,
        shared=shared,
    )


@pytest.mark.parametrize(
    ("new", "old", "verdict"),
    [
        ((40, 41, 42), (40, 41, 42), "noise"),
        ((40, 42, 46), (44, 47, 49), "noise"),  # they overlap
        ((41.1, 41.1, 41.1), (40, 40, 40), "noise"),  # they do not, but it is next to nothing
        ((50, 51, 52), (40, 41, 42), "faster"),
        ((30, 31, 32), (40, 41, 42), "slower"),
        ((50, 51), (40, 41, 42), "too few"),
        ((50, 51, 52), (40,), "too few"),
        ((), (40, 41, 42), "first"),
        ((50, 51, 52), (), "first"),
    ],
)
def test_a_difference_is_told_only_where_there_is_one(
    new: tuple[float, ...], old: tuple[float, ...], verdict: str
) -> None:
    assert figures.change(run(*new), run(*old)).verdict == verdict


def test_the_sentence_says_how_much_and_what_else_was_different() -> None:
    new, old = run(60, 61, 62), run(40, 40, 40, context=4096, version="0.31.0", shared=True)
    words = figures.worded(figures.change(new, old))
    assert words.startswith("52 % faster than 40.0 tok/s")
    assert "context 4096 → 8192" in words
    assert "Ollama 0.31.0 → 0.32.0" in words
    assert "other work on the models" in words
    assert figures.worded(figures.change(new, None)) == ""
    assert "within the noise" in figures.worded(figures.change(new, run(60, 61, 62)))
    assert "too few" in figures.worded(figures.change(new, run(40)))


def test_only_runs_of_the_same_files_are_compared() -> None:
    reports = figures.reports([run(60, 61, 62), run(9, 9, 9, digest="b"), run(40, 40, 40)])
    assert [report.change.verdict for report in reports] == ["faster", "first", "first"]


def test_what_spoils_the_figures_is_said() -> None:
    assert figures.remark(run(1, 2, 3, 4, 5)) == ""
    assert figures.remark(run(1, 2)) == "stopped after 2 of 5 rounds"
    assert "too low" in figures.remark(run(1, 2, 3, 4, 5, shared=True))


@given(st.lists(st.one_of(st.none(), st.floats(0.1, 1e4))))
def test_a_figure_lies_between_its_ends(values: list[float | None]) -> None:
    known = [value for value in values if value is not None]
    found = figures.figure(values)
    if not known:
        assert found is None
        return
    assert isinstance(found, Figure)
    assert found.low == min(known) <= found.median <= max(known) == found.high
    assert found.count == len(known)


@given(st.integers(1, 300_000))
def test_no_two_prompts_begin_alike_and_none_is_too_long(context: int) -> None:
    marks = {prompts.nonce(1, number) for number in range(5)}
    assert len({prompts.long(mark, context)[:8] for mark in marks}) == len(marks)
    words = len(prompts.long(prompts.nonce(1), context).split())
    assert words <= max(context // 4, 40)
