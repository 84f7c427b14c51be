from __future__ import annotations

from math import nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.render import gauges
from tui.render.gauges import Run

SHARES = st.one_of(st.none(), st.floats(-0.5, 1.5), st.just(nan))


@pytest.mark.parametrize(
    ("share", "width", "picture"),
    [
        (0.0, 4, "    "),
        (1.0, 4, "████"),
        (0.5, 4, "██  "),
        (0.53125, 4, "██▏ "),
        (0.0001, 4, "▏   "),
        (0.9999, 4, "███▉"),
        (1.7, 4, "████"),
        (-1, 4, "    "),
        (None, 4, "╌╌╌╌"),
        (nan, 3, "╌╌╌"),
        (0.5, 0, ""),
        (0.5, -3, ""),
    ],
)
def test_a_bar_is_drawn_in_eighths(share: float | None, width: int, picture: str) -> None:
    assert gauges.bar(share, width) == picture


@pytest.mark.parametrize(
    ("share", "picture"),
    [(0.0, "...."), (0.01, "#..."), (0.5, "##.."), (0.99, "###."), (1.0, "####"), (None, "????")],
)
def test_a_bar_exists_in_ascii(share: float | None, picture: str) -> None:
    assert gauges.bar(share, 4, ascii_only=True) == picture


@given(SHARES, st.integers(0, 200), st.booleans())
def test_a_bar_has_its_width_whatever_the_value(share: float | None, width: int, ascii_only: bool) -> None:
    picture = gauges.bar(share, width, ascii_only=ascii_only)
    assert len(picture) == width
    assert not ascii_only or picture.isascii()


@given(st.floats(0, 1), st.floats(0, 1), st.integers(1, 60))
def test_more_is_never_drawn_shorter(one: float, other: float, width: int) -> None:
    def ink(share: float) -> int:
        return sum(" ▏▎▍▌▋▊▉█".index(cell) for cell in gauges.bar(share, width))

    low, high = sorted((one, other))
    assert ink(low) <= ink(high)


@pytest.mark.parametrize(
    ("shares", "runs"),
    [
        ([0.5, 0.25], [Run("████", 0, None), Run("██", 1, None), Run("  ", None, None)]),
        ([0.3125, 0.3125], [Run("██", 0, None), Run("▌", 0, 1), Run("██", 1, None), Run("   ", None, None)]),
        ([], [Run("        ", None, None)]),
        ([None, 0.5], [Run("████", 1, None), Run("    ", None, None)]),
        ([0.0001, 0.5], [Run("▏", 0, 1), Run("███", 1, None), Run("    ", None, None)]),
        ([2.0, 2.0], [Run("████", 0, None), Run("████", 1, None)]),
    ],
)
def test_parts_are_stacked_two_colours_to_a_cell(shares: list[float | None], runs: list[Run]) -> None:
    drawn = gauges.stacked(shares, 8)
    assert drawn == runs


def test_stacked_parts_are_letters_in_ascii() -> None:
    drawn = gauges.stacked([0.5, 0.25], 8, ascii_only=True)
    assert "".join(run.text for run in drawn) == "AAAABB.."


@given(st.lists(SHARES, max_size=8), st.integers(0, 80), st.booleans())
def test_a_stack_has_its_width_and_shows_every_part_it_has_room_for(
    shares: list[float | None], width: int, ascii_only: bool
) -> None:
    runs = gauges.stacked(shares, width, ascii_only=ascii_only)
    assert sum(len(run.text) for run in runs) == width
    if width >= 8:
        visible = {index for index, share in enumerate(shares) if share is not None and share > 0}
        lengths = gauges._lengths([gauges._share(s) or 0.0 for s in shares], width * (1 if ascii_only else 8))
        assert {index for index, length in enumerate(lengths) if length > 0} == visible


@pytest.mark.parametrize(
    ("values", "options", "picture"),
    [
        ([0, 50, 100], {"high": 100}, "  ▁▅█"),
        ([None, 0, None], {"high": 100}, "   ▁ "),
        ([], {}, "     "),
        ([5, 5, 5, 5, 5], {}, "█████"),
        ([0, 0, 0, 0, 0], {}, "▁▁▁▁▁"),
        ([1, 9, 2, 3, 4, 5, 6, 7, 8, 0], {"high": 9}, "█▃▅▆▇"),
        ([40, 60], {"low": 40, "high": 60}, "   ▁█"),
        ([300, -5], {"high": 100}, "   █▁"),
        ([0, 50, 100], {"high": 100, "ascii_only": True}, "  .+@"),
    ],
)
def test_a_sparkline_ends_with_the_newest_value(
    values: list[float | None], options: dict[str, float], picture: str
) -> None:
    assert gauges.sparkline(values, 5, **options) == picture  # type: ignore[arg-type]  # ascii_only is a bool


@given(st.lists(SHARES, max_size=300), st.integers(0, 60), st.booleans())
def test_a_sparkline_has_its_width(values: list[float | None], width: int, ascii_only: bool) -> None:
    line = gauges.sparkline(values, width, high=1.0, ascii_only=ascii_only)
    assert len(line) == width
    assert not ascii_only or line.isascii()


def test_a_peak_survives_when_many_values_share_a_column() -> None:
    values: list[float | None] = [0.0] * 1000
    values[503] = 100.0
    assert gauges.sparkline(values, 20, high=100).count("█") == 1


def test_a_graph_of_several_lines_stacks_its_columns() -> None:
    assert gauges.graph([0, 50, 100], 3, 2, high=100) == [" ▁█", "▁██"]
    assert gauges.graph([None, 100], 2, 1, high=100, ascii_only=True) == [" @"]
    assert gauges.graph([1.0], 2, 0) == []


@pytest.mark.parametrize(
    ("value", "warn", "bad", "expected"),
    [
        (None, 1, 2, "unknown"),
        (nan, 1, 2, "unknown"),
        (0.5, 1, 2, "fine"),
        (1.0, 1, 2, "warn"),
        (2.0, 1, 2, "bad"),
        (30, 20, 10, "fine"),
        (20, 20, 10, "warn"),
        (9, 20, 10, "bad"),
    ],
)
def test_a_level_is_one_of_three_words(value: float | None, warn: float, bad: float, expected: str) -> None:
    assert gauges.level(value, warn, bad) == expected
