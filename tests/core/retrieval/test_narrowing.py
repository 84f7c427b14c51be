"""What a search keeps to, as it is typed and as it is said."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.errors import UsageError
from core.retrieval.narrowing import TYPES, Narrow, checked, in_line, in_words, moment, parsed, type_of

NOW = time.mktime((2026, 11, 28, 15, 30, 0, 0, 0, -1))


def midnight(year: int, month: int, day: int) -> float:
    return time.mktime((year, month, day, 0, 0, 0, 0, 0, -1))


@pytest.mark.parametrize(
    ("said", "begins", "before"),
    [
        ("2026-03-01", midnight(2026, 3, 1), midnight(2026, 3, 2)),
        ("2026-3-1", midnight(2026, 3, 1), midnight(2026, 3, 2)),
        ("2026-02", midnight(2026, 2, 1), midnight(2026, 3, 1)),
        ("2025-12", midnight(2025, 12, 1), midnight(2026, 1, 1)),
        ("2024", midnight(2024, 1, 1), midnight(2025, 1, 1)),
        ("today", midnight(2026, 11, 28), midnight(2026, 11, 29)),
        ("Yesterday", midnight(2026, 11, 27), midnight(2026, 11, 28)),
    ],
)
def test_a_day_a_month_or_a_year_counts_from_its_beginning_to_its_end(
    said: str, begins: float, before: float
) -> None:
    assert moment(said, NOW) == begins
    end = moment(said, NOW, end=True)
    assert end is not None
    assert before - 0.01 < end < before


@pytest.mark.parametrize(
    ("said", "days"), [("7d", 7), ("2w", 14), ("3m", 90), ("1y", 365), ("36h", 1.5), ("0d", 0)]
)
def test_a_span_counts_back_from_now(said: str, days: float) -> None:
    assert moment(said, NOW) == NOW - days * 86400 == moment(said, NOW, end=True)


@pytest.mark.parametrize(
    "said", ["", "soon", "2026-13", "2026-02-30", "1066", "9999", "7", "d", "-7d", "7d7d", "2026-01-01-01"]
)
def test_what_is_no_time_is_none(said: str) -> None:
    assert moment(said, NOW) is None


@pytest.mark.parametrize(
    ("line", "words", "narrow"),
    [
        ("notice period", "notice period", Narrow()),
        ("type:pdf notice period", "notice period", Narrow(types=("pdf",))),
        ("notice TYPE:md,PDF period", "notice period", Narrow(types=("markdown", "pdf"))),
        ("type:.docx", "", Narrow(types=("word",))),
        ("since:2026-01-01 oil", "oil", Narrow(since=midnight(2026, 1, 1))),
        ('in:"annual report" in:lease oil', "oil", Narrow(names=("annual report", "lease"))),
        ('in:"annual', "", Narrow(names=("annual",))),
        # What means nothing is just words.
        ("type:spell oil", "type:spell oil", Narrow()),
        ("type:pdf,spell oil", "type:pdf,spell oil", Narrow()),
        ("type: in: since:", "type: in: since:", Narrow()),
        ("since:soon until:late", "since:soon until:late", Narrow()),
        ("xtype:pdf a:b http://in:side", "xtype:pdf a:b http://in:side", Narrow()),
    ],
)
def test_a_line_is_taken_apart(line: str, words: str, narrow: Narrow) -> None:
    assert parsed(line, NOW) == (words, narrow)


@given(st.text(st.sampled_from("tpyein:snceuldf \"',-\\\x1b\u202e2026[]0d\n"), max_size=60))
@example('in:"" type:, since:99999999d')
@example("in:\x1b[31mred\x07")
def test_whatever_is_typed_nothing_breaks_and_nothing_is_kept_that_could(line: str) -> None:
    words, narrow = parsed(line, NOW)
    shown = in_words(narrow)
    assert "\x1b" not in shown
    assert "\n" not in shown
    assert len(words) <= len(line)
    assert checked(narrow) == narrow


def test_what_was_kept_to_can_be_typed_again() -> None:
    narrow = Narrow(
        names=("annual report", "lease"),
        types=("pdf", "word"),
        since=midnight(2026, 1, 1),
        until=moment("2026-06", NOW, end=True),
    )
    assert in_words(narrow) == "PDF, Word · in annual report, lease · since 2026-01-01 · until 2026-06-30"
    line = in_line(narrow)
    assert line == 'type:pdf,word in:"annual report" in:lease since:2026-01-01 until:2026-06-30'
    assert parsed(line, NOW) == ("", narrow)


def test_a_type_is_known_by_what_people_call_it_and_an_unknown_one_is_named() -> None:
    assert {type_of(word) for word in ("docx", "DOC", ".docx", "Word")} == {"word"}
    assert type_of("spell") is None
    called = [word for name, each in TYPES.items() for word in {name, *each.also}]
    assert len(called) == len(set(called)), "no word means two types"
    with pytest.raises(UsageError, match="'spell'") as error:
        checked(Narrow(types=("pdf", "spell")))
    assert "markdown" in error.value.hint
    with pytest.raises(UsageError, match="20 names"):
        checked(Narrow(names=tuple(map(str, range(21)))))


def test_every_reader_makes_a_type() -> None:
    from core.retrieval.extract.kinds import _KINDS

    media = {name for each in TYPES.values() for name in each.media}
    assert {kind.name for kind in _KINDS.values()} | {"code", "notebook"} == media
