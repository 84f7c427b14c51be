from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from core.guard import harmless
from tui.terminal import cells
from tui.terminal.cells import Row, glyphs, odd
from tui.terminal.pens import Pen, Pens, parse

HEART = "❤\N{VARIATION SELECTOR-16}"
FAMILY = "👨\N{ZERO WIDTH JOINER}👩\N{ZERO WIDTH JOINER}👧"
THUMB = "👍\N{EMOJI MODIFIER FITZPATRICK TYPE-4}"
FLAG = "🇩🇪"


def test_every_character_called_narrow_is_one_cell_for_textual_too() -> None:
    assert all(cell_len(character) == 1 for character in cells._NARROW)


@pytest.mark.parametrize(
    ("text", "expected", "strange"),
    [
        ("a世b", ("a", "世", "", "b"), False),
        ("e\N{COMBINING ACUTE ACCENT}x", ("e\N{COMBINING ACUTE ACCENT}", "x"), False),
        (HEART, (HEART, ""), True),
        (FAMILY, (FAMILY, ""), True),
        (THUMB, (THUMB, ""), True),
        (FLAG, (FLAG, ""), True),
        (FLAG + FLAG, (FLAG, "", FLAG, ""), True),
        ("\U0001fae8", ("\U0001fae8", ""), True),
        ("1\N{VARIATION SELECTOR-16}\N{COMBINING ENCLOSING KEYCAP}x", None, True),
        ("🎉", ("🎉", ""), False),
        ("a\tb\x1bc\x9bd\x07", ("a", "b", "c", "d"), False),
        ("\N{RIGHT-TO-LEFT OVERRIDE}abc", ("a", "b", "c"), False),
        ("", (), False),
    ],
)
def test_text_becomes_cells(text: str, expected: tuple[str, ...] | None, strange: bool) -> None:
    split, disputed = glyphs(text)
    assert disputed == strange
    if expected is not None:
        assert split == expected


@given(st.text(max_size=40))
@settings(max_examples=300)
def test_cells_are_as_many_as_textual_lays_out_and_never_control_anything(text: str) -> None:
    split, _ = glyphs(text)
    shown = "".join(split)
    assert harmless(shown) == shown
    assert "\n" not in shown
    assert "\t" not in shown
    # Flags are two letters of one cell each, for Rich as for us.
    assert len(split) == cell_len(text)


@pytest.mark.parametrize("glyph", ["a", "世", "🎉", "é", "e\N{COMBINING ACUTE ACCENT}", "─", "▏"])
def test_what_all_terminals_agree_on_is_not_odd(glyph: str) -> None:
    assert not odd(glyph)


def row(text: str) -> Row:
    split, strange = glyphs(text)
    return Row(list(split), [0] * len(split), odd=strange)


@pytest.mark.parametrize(
    ("before", "x", "text", "after"),
    [
        ("abcdef", 2, "XY", "abXYef"),
        ("世界end", 1, "x", " x界end"),
        ("世界end", 0, "x", "x 界end"),
        ("世界end", 2, "x", "世x end"),
        ("世界end", 1, "xy", " xy end"),
        ("abc", 2, "XYZ", "abX"),
        ("abc", 2, "世", "ab "),
        ("ab世", 1, "界", "a界 "),
    ],
)
def test_half_a_wide_glyph_never_stays(before: str, x: int, text: str, after: str) -> None:
    target = row(before)
    split, strange = glyphs(text)
    target.put(x, list(split), [1] * len(split), odd_ones=strange)
    assert "".join(target.glyphs) == after
    assert len(target.glyphs) == len(target.pens) == cell_len(before)


def test_a_row_stops_being_odd_when_its_odd_glyphs_are_gone() -> None:
    target = row(HEART + "abc")
    assert target.odd
    target.put(0, ["x", "y"], [0, 0], odd_ones=False)
    assert not target.odd


@pytest.mark.parametrize(
    ("codes", "pen"),
    [
        ("", Pen()),
        ("1;3", Pen(frozenset({"1", "3"}))),
        ("38;2;1;2;3;48;2;4;5;6", Pen(foreground="38;2;1;2;3", background="48;2;4;5;6")),
        ("7;38;5;9;48;5;10", Pen(frozenset({"7"}), "38;5;9", "48;5;10")),
        ("31;42", Pen(foreground="31", background="42")),
        ("97;104", Pen(foreground="97", background="104")),
        ("39;49", Pen()),
        ("53;21;9", Pen(frozenset({"53", "21", "9"}))),
    ],
)
def test_codes_are_read(codes: str, pen: Pen) -> None:
    assert parse(codes) == pen


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        ("", "1", "\x1b[1m"),
        ("1", "", "\x1b[m"),
        ("38;2;1;2;3;48;2;4;5;6", "38;2;9;9;9;48;2;4;5;6", "\x1b[38;2;9;9;9m"),
        ("38;2;1;2;3;48;2;4;5;6", "48;2;4;5;6", "\x1b[39m"),
        ("1;38;2;1;2;3", "2;38;2;1;2;3", "\x1b[22;2m"),
        ("1;2;38;2;1;2;3", "2;38;2;1;2;3", "\x1b[22;2m"),
        ("4;31", "7;31", "\x1b[24;7m"),
        ("31;42", "", "\x1b[m"),
    ],
)
def test_the_shortest_change_between_pens(old: str, new: str, change: str) -> None:
    pens = Pens()
    assert pens.change(pens.number(old), pens.number(new)) == change


def test_a_pen_has_one_number_however_its_codes_are_written() -> None:
    pens = Pens()
    assert pens.number("1;31") == pens.number("31;1") != pens.number("31")
    assert pens.number("39;49") == 0


def test_links_are_opened_and_closed() -> None:
    pens = Pens()
    linked = pens.number("1", "id=1;https://example.org")
    assert pens.linked(linked)
    assert pens.change(0, linked) == "\x1b]8;id=1;https://example.org\x1b\\\x1b[1m"
    assert pens.change(linked, 0) == "\x1b]8;;\x1b\\\x1b[m"
