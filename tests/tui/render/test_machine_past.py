from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.telemetry.types import History, Series
from tui.render.machine_past import NOTHING, ZOOMS, Past, Zoom, beat, resolution, until

START = 1_767_268_800.0


def past(values: list[float | None], *, step: float = 1.0, seconds: float | None = None) -> Past:
    history = History(START, step, (Series("host", "cpu", tuple(values)),))
    return Past(history, len(values) * step if seconds is None else seconds)


@pytest.mark.parametrize(
    ("values", "width", "columns"),
    [
        ([1.0, 2.0, 3.0, 4.0], 4, (1.0, 2.0, 3.0, 4.0)),
        ([1.0, 3.0, 5.0, 7.0], 2, (2.0, 6.0)),
        ([1.0, None, None, None], 2, (1.0, None)),
        ([1.0, 2.0], 4, (1.0, 1.0, 2.0, 2.0)),
        ([None, 2.0], 4, (None, None, 2.0, 2.0)),
        ([], 3, (None, None, None)),
        ([1.0], 0, ()),
        ([1.0], -1, ()),
    ],
)
def test_a_past_is_cut_into_columns_of_equal_length(
    values: list[float | None], width: int, columns: tuple[float | None, ...]
) -> None:
    assert past(values, seconds=max(len(values), 1)).columns("host", "cpu", width) == columns


def test_what_was_never_seen_is_a_gap() -> None:
    assert past([1.0, 2.0]).columns("GPU-9", "busy", 3) == (None, None, None)
    assert NOTHING.columns("host", "cpu", 2) == (None, None)


def test_peaks_are_kept_where_a_column_stands_for_many_looks() -> None:
    values = tuple(float(index) for index in range(3600))
    history = History(START, 1.0, (Series("host", "cpu", values),))
    hour = Past(history, 3600)
    assert hour.peaks("host", "cpu", 60) == tuple(float(index * 60 + 59) for index in range(60))
    assert Past(history, 60).peaks("host", "cpu", 60) is None
    minutes = History(START, 60.0, (Series("host", "cpu", (1.0, 2.0), (9.0, 8.0)),))
    assert Past(minutes, 120).peaks("host", "cpu", 2) == (9.0, 8.0)
    assert hour.peaks("host", "busy", 60) is None


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(ZOOMS[:3]), st.integers(10, 190), st.integers(1, 120))
def test_old_columns_stay_as_they_are_drawn_while_time_goes_on(zoom: Zoom, width: int, later: int) -> None:
    step = resolution(zoom, width)

    def at(end: int) -> tuple[float | None, ...]:
        # As the service answers: steps end on multiples of their length.
        last = int(end // step + 1)
        count = round(zoom.seconds / step)
        values = tuple(float(index * 7 % 101) for index in range(last - count, last))
        series = (Series("host", "cpu", values),)
        return Past(History((last - count) * step, step, series), zoom.seconds).columns("host", "cpu", width)

    begin = 10_000_000
    before, after = at(begin), at(begin + later)
    # The first column may have lost its beginning, the last may not be full.
    shifts = [
        shift for shift in range(width) if after[1 : width - shift - 1] == before[1 + shift : width - 1]
    ]
    moved = later / (zoom.seconds / width)
    assert moved >= width - 3 or any(
        abs(shift - moved) <= step * width / zoom.seconds + 1 for shift in shifts
    )


@pytest.mark.parametrize(
    ("label", "width", "step"),
    [("1 m", 60, 1), ("5 m", 60, 1), ("1 h", 60, 15), ("1 h", 10, 90), ("24 h", 60, 360), ("24 h", 2000, 60)],
)
def test_no_more_is_asked_of_the_history_than_can_be_drawn(label: str, width: int, step: int) -> None:
    [zoom] = [zoom for zoom in ZOOMS if zoom.label == label]
    assert resolution(zoom, width) == step


def test_the_picture_of_the_past_changes_once_a_column() -> None:
    hour = ZOOMS[2]
    beats = [beat(hour, 60, START + second) for second in range(600)]
    assert len(set(beats)) == 10
    assert len({beat(ZOOMS[0], 200, START + second) for second in range(60)}) == 60


def test_a_frozen_past_ends_where_it_was_frozen() -> None:
    history = History(START, 1.0, (Series("host", "cpu", (1.0, 2.0, 3.0), (1.5, 2.5, 3.5)),))
    cut = until(history, START + 2)
    assert cut.series[0].values == (1.0, 2.0)
    assert cut.series[0].peaks == (1.5, 2.5)
    assert until(history, START + 99) == history
    assert until(history, START - 9).series[0].values == ()


def test_a_drawing_is_made_once_for_as_long_as_the_past_stays() -> None:
    made: list[int] = []
    one = past([1.0])
    assert [one.once("key", lambda: made.append(1)) for _ in range(3)] == [None, None, None]
    assert made == [1]
