from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.guard import harmless, one_line

CONTROLS = {chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))} - set("\n\t")
BIDI = {chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}
SURROGATES = {chr(code) for code in range(0xD800, 0xE000)}
TAGS = {chr(code) for code in range(0xE0000, 0xE0080)}
ANNOTATIONS = {"\ufff9", "\ufffa", "\ufffb"}
SEPARATORS = {"\u2028", "\u2029"}
FORBIDDEN = CONTROLS | BIDI | SURROGATES | TAGS | ANNOTATIONS | SEPARATORS

ATTACKS = [
    "\x1b[2J\x1b[H",
    "\x1b]52;c;ZWNobyBoaQ==\x07",
    "\x1b]0;title\x1b\\",
    "\x1bP+q544e\x1b\\",
    "\x9b31m",
    "\x9d52;c;eA==\x9c",
    "\u202egnp.exe",
    "\u2066a\u2069",
    "\ud800",
    "\x00\x07\x08\x0b\x0c\x0e\x7f",
    "\U000e0041\U000e007f",
    "a\r\nb\rc",
    "\x85\u2028\u2029",
]

# Every code point there is, lone surrogates too.
anything = st.text(st.one_of(st.characters(exclude_categories=()), st.sampled_from(sorted(FORBIDDEN))))


def test_every_code_point_is_decided() -> None:
    touched = {chr(code) for code in range(0x110000) if harmless(chr(code)) != chr(code)}
    assert touched == FORBIDDEN


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text, ümläut, 日本語, 👩‍👩‍👧", "plain text, ümläut, 日本語, 👩‍👩‍👧"),
        ("line\n\tindented", "line\n\tindented"),
        ("\x00\x07\x1b", "␀␇␛"),
        ("\x7f", "␡"),
        ("a\r\nb", "a\nb"),
        ("\x80\x9b\x9f", "\ufffd\ufffd\ufffd"),
        ("\x85\u2028\u2029", "\n\n\n"),
        ("\u202e\u2069\ud800\udfff\ufff9\U000e0041", "\ufffd" * 6),
        ("\x1b]52;c;eA==\x07", "␛]52;c;eA==␇"),
        ("é\x1b[31m", "é␛[31m"),
        ("", ""),
    ],
)
def test_control_characters_are_shown_and_not_obeyed(text: str, shown: str) -> None:
    assert harmless(text) == shown


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("before", ["", "é"])
def test_nothing_a_terminal_obeys_is_left_of_an_attack(attack: str, before: str) -> None:
    for text in (harmless(before + attack), one_line(before + attack)):
        assert not FORBIDDEN & set(text)


@given(anything)
def test_nothing_a_terminal_obeys_is_ever_left(text: str) -> None:
    shown = harmless(text)
    assert not FORBIDDEN & set(shown)
    assert all(char in "\n\t" or unicodedata.category(char) not in {"Cc", "Cs"} for char in shown)
    shown.encode()


@given(anything)
def test_what_is_harmless_stays_as_it_is(text: str) -> None:
    assert harmless(harmless(text)) == harmless(text)


@given(st.lists(st.one_of(anything, st.sampled_from(ATTACKS))))
def test_a_sequence_torn_across_chunks_is_as_harmless_as_a_whole_one(chunks: list[str]) -> None:
    assert "".join(map(harmless, chunks)) == harmless("".join(chunks))


@given(anything, st.integers(1, 60))
def test_one_line_is_one_harmless_line_within_its_limit(text: str, limit: int) -> None:
    line = one_line(text, limit)
    assert len(line) <= limit
    assert not FORBIDDEN & set(line)
    assert len(line.splitlines()) <= 1
    assert "\t" not in line


@pytest.mark.parametrize(
    ("text", "limit", "line"),
    [
        ("  a\n\tb  \r\n c ", 10, "a b c"),
        ("abcdef", 6, "abcdef"),
        ("abcdefg", 6, "abcde…"),
        ("x" * 10_000_000, 8, "xxxxxxx…"),
        (" " * 5000 + "late", 8, "late"),
        ("a" + " " * 5000 + "b", 8, "a…"),
        ("", 8, ""),
        (" \n ", 8, ""),
    ],
)
def test_a_line_that_was_cut_says_so(text: str, limit: int, line: str) -> None:
    assert one_line(text, limit) == line
