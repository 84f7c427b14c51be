from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from tui.render.cells import (
    cut_rows,
    folds_of,
    is_narrow,
    joined,
    rows_of,
    runs_of,
    shown,
    tabbed_runs,
    width_of,
)

QUICK = settings(max_examples=150, deadline=None, derandomize=True, database=None)
WORDS = st.text(st.sampled_from("ab  é日本語。（）e\u0301\u200c🇩"), max_size=60)
ANYTHING = st.text(st.characters(), max_size=80)


@pytest.mark.parametrize(
    ("text", "display"),
    [
        ("❤\ufe0f", "❤"),
        ("👍\U0001f3fd", "👍"),
        ("👩\u200d👩\u200d👧 x", "👩 x"),
        ("1\ufe0f\u20e3", "1"),
        ("क\u200dष", "कष"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("tab\tline\u2028end", "tab line end"),
        ("\x1b[31m", "␛[31m"),
        ("\x9b2J\u202e", "\ufffd2J\ufffd"),
        ("a" + "\u0301" * 20, "a" + "\u0301" * 6),
        ("plain ünïcode", "plain ünïcode"),
    ],
)
def test_text_is_shown_in_cells_all_terminals_agree_on(text: str, display: str) -> None:
    assert shown(text) == display
    assert "".join(run[0] for run in runs_of(text, 0, 0)) == display


@given(ANYTHING)
@QUICK
def test_runs_cover_their_source_in_order(text: str) -> None:
    at = 5
    for display, _, start, end in runs_of(text, 3, 5):
        assert at <= start < end <= 5 + len(text)
        assert display
        at = end


@given(ANYTHING)
@QUICK
def test_what_is_shown_hides_and_moves_nothing(text: str) -> None:
    display = shown(text)
    assert not set(display) & {chr(code) for code in (*range(32), *range(0x7F, 0xA0), *range(0x202A, 0x202F))}
    assert width_of(display) == cell_len(display)


@given(WORDS, st.integers(1, 20))
@QUICK
def test_rows_fit_and_lose_only_spaces(text: str, width: int) -> None:
    rows = rows_of(text, width)
    assert [start for start, _ in rows] == sorted(start for start, _ in rows)
    for start, end in rows:
        assert width_of(text[start:end].rstrip(" ")) <= max(2, width)
    kept = "".join(text[start:end] for start, end in rows)
    assert kept.replace(" ", "") == text.replace(" ", "")


@given(WORDS, WORDS, st.integers(1, 20))
@QUICK
def test_more_text_changes_no_row_but_the_last(text: str, more: str, width: int) -> None:
    if not is_narrow(more) and is_narrow(text):
        return  # the rows of a narrow text are found another way; both ways are compared below
    before = rows_of(text, width)
    assert rows_of(text + more, width)[: len(before) - 1] == before[:-1]


@given(st.text(st.sampled_from("ab  c"), max_size=60), st.integers(1, 20))
@QUICK
def test_wide_text_breaks_like_narrow_text_where_it_is_narrow(text: str, width: int) -> None:
    narrow = [text[start:end].rstrip(" ") for start, end in rows_of(text, width)]
    # A wide character in a line of its own sends the whole text the other way.
    wide = [(text + "\n日")[start:end].rstrip(" ") for start, end in rows_of(text + "\n日", max(2, width))]
    if width > 1:
        assert wide[:-1] == narrow


def test_a_row_never_begins_with_closing_punctuation() -> None:
    text = "日本語。日本語。"
    assert [text[start:end] for start, end in rows_of(text, 6)] == ["日本", "語。日", "本語。"]


def test_a_long_word_starts_a_row_and_is_cut() -> None:
    text = "ab " + "x" * 12 + " cd"
    assert [text[start:end] for start, end in rows_of(text, 5)] == ["ab", "xxxxx", "xxxxx", "xx cd"]


def test_code_is_folded_where_the_row_ends() -> None:
    assert folds_of("abcdef", 4) == [(0, 4), (4, 6)]
    assert folds_of("日本語", 4) == [(0, 2), (2, 3)]
    assert folds_of("", 4) == [(0, 0)]


def test_rows_of_runs_keep_their_places() -> None:
    runs = [("one ", 0, 10, 14), ("&", 1, 14, 19), (" two", 0, 19, 23)]
    assert cut_rows(runs, [(0, 3), (4, 7)]) == [
        [("one", 0, 10, 13)],
        [("&", 1, 14, 19), (" t", 0, 19, 21)],
    ]


def test_neighbours_of_one_style_are_joined_only_when_their_sources_touch() -> None:
    assert joined([("a", 0, 0, 1), ("b", 0, 1, 2), ("c", 0, 5, 6), ("d", 1, 6, 7), ("&", 0, 7, 12)]) == [
        ("ab", 0, 0, 2),
        ("c", 0, 5, 6),
        ("d", 1, 6, 7),
        ("&", 0, 7, 12),
    ]


def test_a_tab_reaches_to_the_next_stop() -> None:
    assert "".join(run[0] for run in tabbed_runs("a\tb\t\tc", 0, 0)) == "a   b       c"
    assert tabbed_runs("\tx", 0, 7, [("ab", 0, 5, 7)])[0] == ("  ", 0, 7, 8)
