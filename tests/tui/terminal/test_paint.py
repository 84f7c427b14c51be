from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.emulator import Emulator
from tui.terminal.cells import glyphs
from tui.terminal.paint import Painter

WIDTH, HEIGHT = 30, 12
PENS = ("", "1", "31", "38;2;10;20;30;48;2;1;1;1", "48;5;17", "2;4;92", "7;31;44")


class Screen:
    """A painter and the terminal it paints on."""

    def __init__(
        self,
        width: int = WIDTH,
        height: int = HEIGHT,
        *,
        scroll_regions: bool = True,
        erases: bool = True,
    ) -> None:
        self.painter = Painter(width, height, scroll_regions=scroll_regions, erases=erases)
        self.terminal = Emulator(width, height)
        self.terminal.feed("\x1b[?7l")
        self.terminal.spoil()
        self.written = ""

    def put(self, y: int, x: int, text: str, codes: str = "") -> None:
        split, strange = glyphs(text)
        pen = self.painter.pens.number(codes)
        self.painter.put(y, x, list(split), [pen] * len(split), odd_ones=strange)

    def frame(self, cursor: tuple[int, int] = (0, 0)) -> str:
        self.written = self.painter.frame(cursor)
        self.terminal.feed(self.written)
        assert self.terminal.cursor == cursor
        return self.written

    def check(self) -> None:
        """The terminal shows what a terminal shows that is painted from nothing."""
        fresh = Emulator(self.painter.width, self.painter.height)
        fresh.feed("\x1b[?7l")
        fresh.spoil()
        wanted = self.painter
        other = Painter(wanted.width, wanted.height, erases=False)
        other.pens = wanted.pens
        for y, row in enumerate(wanted._wanted):
            other.put(y, 0, row.glyphs, row.pens, odd_ones=row.odd)
        fresh.feed(other.frame((0, 0)))
        assert self.terminal.cells() == fresh.cells()


def test_the_first_frame_writes_every_cell() -> None:
    screen = Screen()
    screen.put(3, 4, "hello", "31")
    screen.frame()
    assert "~" not in screen.terminal.text
    assert screen.terminal.lines[3] == "    hello" + " " * 21
    assert screen.terminal.row(3)[4].fg == "red"


def test_a_frame_without_change_is_no_byte() -> None:
    screen = Screen()
    screen.put(0, 0, "same")
    screen.frame((4, 0))
    screen.put(0, 0, "same")
    assert screen.frame((4, 0)) == ""


def test_a_cursor_that_moves_alone_is_all_that_is_sent() -> None:
    screen = Screen()
    screen.frame((4, 5))
    assert screen.frame((3, 5)) == "\x1b[D"
    assert screen.frame((20, 5)) == "\x1b[17C"
    assert screen.frame((0, 5)) == "\r"
    assert screen.frame((7, 2)) == "\x1b[3;8H"


def test_a_typed_letter_and_its_caret_are_few_bytes() -> None:
    screen = Screen(120, 40)
    text, caret = "38;2;224;224;224;48;2;39;39;39", "7;38;2;224;224;224;48;2;39;39;39"
    screen.put(37, 0, " " * 120, text)
    screen.frame((2, 37))
    for column, letter in enumerate("hello there", 2):
        screen.put(37, column, letter, text)
        screen.put(37, column + 1, " ", caret)
        assert len(screen.frame((column + 1, 37))) <= 44
    assert screen.terminal.lines[37].strip() == "hello there"


def test_a_scrolled_transcript_is_scrolled_by_the_terminal() -> None:
    screen = Screen(120, 40)

    def show(first: int) -> str:
        for y in range(30):
            screen.put(y, 0, f"line {first + y} with some words that fill it".ljust(120))
        return screen.frame()

    show(0)
    written = show(1)
    assert "\x1b[1;30r" in written
    assert len(written) < 120
    assert "\x1bM" in show(0)
    written = show(3)
    assert "\n\n\n" in written
    assert screen.terminal.lines[0].startswith("line 3 ")
    screen.check()


def test_where_scrolling_a_region_costs_more_rows_are_written() -> None:
    screen = Screen(120, 40, scroll_regions=False)
    for y in range(30):
        screen.put(y, 0, f"line {y}".ljust(120))
    screen.frame()
    for y in range(30):
        screen.put(y, 0, f"line {y + 1}".ljust(120))
    written = screen.frame()
    assert not {"\x1bM", "\n"} & set(written)
    assert not written.endswith("r")
    screen.check()


def test_a_full_list_beside_a_short_text_is_not_scrolled_along() -> None:
    screen = Screen(120, 40)
    for y in range(36):
        screen.put(y, 0, f"a long and different title in the list, number {y} {'x' * 30}".ljust(90))
        screen.put(y, 90, f"{y}".ljust(30))
    screen.frame()
    for y in range(36):
        screen.put(y, 90, f"{y + 1}".ljust(30))
    assert "r" not in screen.frame()
    screen.check()


def test_forgetting_paints_over_whatever_is_there() -> None:
    screen = Screen()
    screen.put(0, 0, "here", "31")
    screen.frame()
    screen.terminal.spoil()
    screen.terminal.feed("\x1b[35m")
    screen.painter.forget()
    screen.frame()
    screen.check()


@pytest.mark.parametrize(
    "strange",
    [
        "❤\N{VARIATION SELECTOR-16}",
        "👍\N{EMOJI MODIFIER FITZPATRICK TYPE-4}",
        "\U0001fae8",
        "👨\N{ZERO WIDTH JOINER}👩\N{ZERO WIDTH JOINER}👧",
        "🇩🇪",
    ],
)
def test_a_glyph_of_disputed_width_moves_nothing_but_itself(strange: str) -> None:
    screen = Screen()
    screen.put(2, 0, f"a {strange} word|")
    screen.frame()
    place = screen.terminal.row(2)
    columns = [x for x, cell in enumerate(place) if cell.data == "|"]
    assert columns == [9]
    screen.put(2, 5, "WORD|")
    screen.frame()
    assert "WORD|" in screen.terminal.lines[2]
    assert screen.terminal.row(2)[9].data == "|"
    screen.put(2, 0, "plain again".ljust(WIDTH))
    screen.frame()
    assert screen.terminal.lines[2] == "plain again".ljust(WIDTH)


def test_blanks_are_erased_only_where_that_looks_the_same() -> None:
    screen = Screen()
    screen.put(1, 0, "word".ljust(WIDTH), "48;5;17")
    screen.put(2, 0, "word".ljust(20), "48;5;17")
    screen.put(2, 20, "|", "48;5;18")
    screen.put(3, 0, "word".ljust(WIDTH), "4;92")
    screen.frame()
    assert "word\x1b[K" in screen.written
    assert "word\x1b[16X" in screen.written
    assert "word" + " " * 26 in screen.written
    screen.check()
    careful = Screen(erases=False)
    careful.put(1, 0, "word".ljust(WIDTH), "48;5;17")
    careful.frame()
    assert "\x1b[K" not in careful.written


def test_a_link_is_closed_before_the_frame_ends() -> None:
    screen = Screen()
    pen = screen.painter.pens.number("4", "id=1;https://example.org")
    screen.painter.put(0, 0, list("link"), [pen] * 4, odd_ones=False)
    written = screen.frame()
    assert written.count("\x1b]8;") == 2
    assert written.rindex("\x1b]8;;\x1b\\") > written.index("link")


words = st.sampled_from(
    [
        "alpha ",
        "beta ",
        "世界",
        "🎉",
        "é",
        "e\N{COMBINING ACUTE ACCENT}",
        "  ",
        "│",
        "x",
        "❤\N{VARIATION SELECTOR-16}",
    ]
)
lines = st.builds("".join, st.lists(words, min_size=1, max_size=7))
puts = st.tuples(
    st.just("put"), st.integers(0, HEIGHT - 1), st.integers(0, WIDTH - 1), lines, st.sampled_from(PENS)
)
shifts = st.tuples(
    st.just("shift"),
    st.integers(0, HEIGHT // 2),
    st.integers(HEIGHT // 2 + 1, HEIGHT - 1),
    st.integers(-4, 4),
    st.sampled_from([0, 0, 10]),
)
frames = st.tuples(st.just("frame"), st.integers(0, WIDTH - 1), st.integers(0, HEIGHT - 1))
forgets = st.tuples(st.just("forget"))


@given(
    steps=st.lists(st.one_of(puts, puts, puts, shifts, shifts, frames, frames, forgets), max_size=40),
    scroll_regions=st.booleans(),
    erases=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_whatever_happens_the_terminal_shows_the_picture(
    steps: list[tuple[object, ...]], scroll_regions: bool, erases: bool
) -> None:
    screen = Screen(scroll_regions=scroll_regions, erases=erases)
    for y in range(HEIGHT):
        screen.put(y, 0, f"row {y} 世 {'.' * y}", PENS[y % len(PENS)])
    screen.frame()
    for step in steps:
        match step:
            case ("put", int(y), int(x), str(text), str(codes)):
                screen.put(y, x, text, codes)
            case ("shift", int(top), int(bottom), int(by), int(left)):
                wanted = screen.painter._wanted
                before = [row.copy() for row in wanted]
                for y in range(top, bottom + 1):
                    if top <= y + by <= bottom:
                        source = before[y + by]
                        screen.painter.put(
                            y, left, source.glyphs[left:], source.pens[left:], odd_ones=source.odd
                        )
            case ("frame", int(x), int(y)):
                screen.frame((x, y))
            case _:
                screen.painter.forget()
                screen.terminal.spoil()
    screen.frame()
    screen.check()
