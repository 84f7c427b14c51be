"""What people may write as a pattern, and that nothing they may write takes long."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import UsageError
from core.router.patterns import compile_pattern


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        (r"ORA-\d{1,5}", "it says ora-00942 again", "ora-00942"),
        (r"\bpl/sql\b", "in PL/SQL", "PL/SQL"),
        (r"(?:invoice|rechnung) \d{3}", "Rechnung 123", "Rechnung 123"),
        (r"[a-f0-9]{8}", "commit deadbeef", "deadbeef"),
        (r"[^a-z]x?", "1x", "1x"),
        (r"[]a]b", "]b", "]b"),
        (r"(ab){2}", "abab", "abab"),
        (r"a\{b\}", "a{b}", "a{b}"),
        (r"größe \d", "GRÖSSE 7 oder Größe 7", "Größe 7"),
        ("", "", None),
        (r"x{0,3}y$", "the end xxy", "xxy"),
    ],
)
def test_a_pattern_finds_what_it_says(pattern: str, text: str, found: str | None) -> None:
    if found is None:
        with pytest.raises(UsageError, match="empty"):
            compile_pattern(pattern)
        return
    match = compile_pattern(pattern).search(text)
    assert match is not None
    assert match[0] == found


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        (r"a*", "repeats without end"),
        (r"a+", "repeats without end"),
        (r"a{3,}", "that is no"),
        (r"a{99}", "more than 64 times"),
        (r"a{2,1}", "repeats nothing"),
        (r"a{0}", "repeats nothing"),
        (r"*a", "repeats nothing at"),
        (r"a{1,2}{1,2}", "repeats a repetition"),
        (r"(a{1,9}){1,9}", "in several ways"),
        (r"(a|a){1,9}", "in several ways"),
        (r"\b{2}", "in several ways"),
        (r"(a", "( without its )"),
        (r"a)", ") without its ("),
        (r"[a", "[ without its ]"),
        ("a\\", "ends with"),
        (r"(?=a)", "uses (?"),
        (r"(?P<x>a)", "uses (?"),
        (r"(a)\1", r"uses \1"),
        (r"\p{L}", r"uses \p"),
        (r"[z-a]", "cannot be read"),
        ("a{1,30}" * 20, "too many ways"),
        ("(a|b)" * 30, "too many ways"),
        ("x" * 201, "201 characters"),
    ],
)
def test_what_could_take_long_or_makes_no_sense_is_refused_with_the_reason(pattern: str, reason: str) -> None:
    with pytest.raises(UsageError) as refused:
        compile_pattern(pattern)
    assert reason in refused.value.message


PATTERNS = st.lists(
    st.sampled_from(
        [
            "a",
            "b",
            ".",
            r"\w",
            r"\d",
            "[ab]",
            "(",
            ")",
            "|",
            "?",
            "{1,5}",
            "{0,9}",
            "{3}",
            "{1,40}",
            "*",
            "^",
            "$",
            r"\b",
        ]
    ),
    min_size=1,
    max_size=24,
).map("".join)


@given(PATTERNS)
@settings(deadline=None, max_examples=400)
def test_whatever_is_accepted_costs_little_on_a_page_made_to_hurt(pattern: str) -> None:
    try:
        compiled = compile_pattern(pattern)
    except UsageError:
        return
    for page in ("a" * 1000, "ab" * 500, "a" * 999 + "!"):
        began = time.thread_time()
        compiled.search(page + "\n")
        assert time.thread_time() - began <= 0.15
