from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.telemetry.history import METRICS, MINUTES, Cell, Column, Minute, Recorder, columns
from core.telemetry.types import Gpu, History, Host, ModelUse, Sample, Volume

WALL = 1_767_268_800.0
ALL = frozenset(METRICS)


def busy(value: float | None) -> Iterator[tuple[Column, float | None]]:
    yield ("GPU-1", "busy"), value


def window(recorder: Recorder, seconds: float, resolution: float, at: float) -> History:
    return recorder.window(seconds, resolution, WALL + at, at, ALL)


def values(history: History) -> tuple[float | None, ...]:
    (series,) = history.series
    return series.values


def test_each_second_is_found_where_it_was() -> None:
    recorder = Recorder()
    for second in range(10):
        recorder.add(busy(float(second)), WALL + second, float(second), 1.0)
    history = window(recorder, 5, 1, 9)
    assert values(history) == (5.0, 6.0, 7.0, 8.0, 9.0)
    assert (history.start, history.step) == (WALL + 5, 1.0)


def test_a_look_a_little_late_leaves_no_hole() -> None:
    recorder = Recorder()
    for at in (0.99, 2.01, 2.99, 4.0):
        recorder.add(busy(at), WALL + at, at, 1.0)
    assert values(window(recorder, 5, 1, 4.0)) == (0.99, 0.99, 2.99, 2.99, 4.0)


def test_slow_looks_fill_the_seconds_between_them() -> None:
    recorder = Recorder()
    for at in (0.0, 5.0, 10.0):
        recorder.add(busy(at), WALL + at, at, 5.0)
    assert values(window(recorder, 11, 1, 10)) == (0, 0, 0, 0, 0, 5, 5, 5, 5, 5, 10)


def test_a_silence_is_a_gap() -> None:
    recorder = Recorder()
    for at in (0.0, 1.0, 20.0):
        recorder.add(busy(1.0), WALL + at, at, 1.0)
    assert values(window(recorder, 21, 1, 20)) == (1.0, 1.0, *[None] * 18, 1.0)


def test_coarser_steps_hold_the_mean_and_the_peak() -> None:
    recorder = Recorder()
    for second in range(60):
        recorder.add(busy(100.0 if second == 33 else 10.0), WALL + second, float(second), 1.0)
    history = window(recorder, 60, 10, 59)
    (series,) = history.series
    assert list(series.values) == [10, 10, 10, 19, 10, 10]
    assert list(series.peaks or ()) == [10, 10, 10, 100, 10, 10]
    assert history.step == 10.0


def test_steps_stay_where_they_are_while_time_passes() -> None:
    recorder = Recorder()
    for second in range(100):
        recorder.add(busy(float(second)), WALL + second, float(second), 1.0)
    now = values(window(recorder, 50, 10, 99))
    recorder.add(busy(100.0), WALL + 100, 100.0, 1.0)
    assert values(window(recorder, 50, 10, 100))[:-1] == now[1:]


def minutely(second: int) -> float:
    return 90.0 if second == 70 else float(second // 60)


def test_minutes_hold_the_mean_and_the_peak_and_the_running_one_counts() -> None:
    recorder = Recorder()
    finished = [
        minute
        for second in range(150)
        if (minute := recorder.add(busy(minutely(second)), WALL + second, float(second), 1.0)) is not None
    ]
    history = recorder.window(180, 60, WALL + 149, 149, ALL)
    (series,) = history.series
    assert series.values == (0.0, round((59 + 90) / 60, 2), 2.0)
    assert series.peaks == (0.0, 90.0, 2.0)
    assert history.start == WALL
    assert [minute.number - finished[0].number for minute in finished] == [0, 1]


def test_a_minute_weighs_its_values_by_the_time_they_stand_for() -> None:
    recorder = Recorder()
    recorder.add(busy(0.0), WALL, 0.0, 10.0)
    for at in (10.0, 20.0, 30.0):
        recorder.add(busy(0.0), WALL + at, at, 10.0)
    for second in range(31, 60):
        recorder.add(busy(100.0), WALL + second, float(second), 1.0)
    (series,) = recorder.window(60, 60, WALL + 59, 59, ALL).series
    assert series.values[-1] == pytest.approx(100 * 29 / 69, abs=0.1)


def test_a_restart_goes_on_with_the_day_and_with_the_minute_that_was_running() -> None:
    first = Recorder()
    kept = [
        minute
        for second in range(90)
        if (minute := first.add(busy(10.0), WALL + second, float(second), 1.0)) is not None
    ]
    assert first.current is not None
    kept.append(first.current)
    stored = msgspec.json.decode(msgspec.json.encode(kept), type=list[Minute])
    second_run = Recorder()
    second_run.restore(iter(stored), WALL + 95)
    for second in range(95, 120):
        second_run.add(busy(40.0), WALL + second, float(second), 1.0)
    (series,) = second_run.window(120, 60, WALL + 119, 119, ALL).series
    assert series.values[0] == 10.0
    assert series.values[1] == pytest.approx((10 * 30 + 40 * 25) / 55, abs=0.1)


def test_what_claims_to_be_of_the_future_or_is_older_than_a_day_is_left_out() -> None:
    now = int(WALL // 60)
    recorder = Recorder()
    recorder.restore(
        iter(
            Minute(number, {"GPU-1": {"busy": Cell(1.0, 1.0, 60.0)}}) for number in (now - MINUTES, now + 5)
        ),
        WALL,
    )
    assert len(recorder) == 0


def test_a_wall_clock_set_back_loses_no_new_values() -> None:
    recorder = Recorder()
    for second in range(120):
        recorder.add(busy(1.0), WALL + second, float(second), 1.0)
    year = 365 * 86_400
    for second in range(120, 300):
        recorder.add(busy(7.0), WALL - year + second, float(second), 1.0)
    (series,) = recorder.window(180, 60, WALL - year + 299, 299, ALL).series
    assert series.values == (7.0, 7.0, 7.0)


def test_a_device_gone_for_a_day_is_forgotten() -> None:
    recorder = Recorder()
    recorder.add(iter([(("GPU-old", "busy"), 5.0)]), WALL, 0.0, 1.0)
    for minute in range(1, MINUTES + 3):
        recorder.add(busy(1.0), WALL + 60 * minute, 60.0 * minute, 1.0)
    assert {series.subject for series in window(recorder, 86_400, 60, 60.0 * (MINUTES + 2)).series} == {
        "GPU-1"
    }
    assert {series.subject for series in window(recorder, 60, 1, 60.0 * (MINUTES + 2)).series} == {"GPU-1"}


def test_a_day_at_one_look_a_second_is_right_and_takes_no_more_memory_than_two_hours() -> None:
    recorder = Recorder()

    def run(start: int, end: int) -> None:
        for second in range(start, end):
            recorder.add(
                iter(((f"GPU-{n}", "busy"), float(second // 60 % 100)) for n in range(1)),
                WALL + second,
                float(second),
                1.0,
            )

    run(0, 7200)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    run(7200, 86_400)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after - before < 50_000
    history = recorder.window(86_400, 60, WALL + 86_399, 86_399, ALL)
    assert history.start == WALL
    for series in history.series:
        assert series.values == tuple(float(minute % 100) for minute in range(1440))


@given(
    st.lists(st.one_of(st.none(), st.integers(0, 100)), min_size=1, max_size=120),
    st.integers(1, 15),
)
def test_a_window_is_what_the_plain_list_says(seen: list[int | None], step: int) -> None:
    recorder = Recorder()
    for second, value in enumerate(seen):
        recorder.add(busy(value), WALL + second, float(second), 1.0)
    last = len(seen) - 1
    history = window(recorder, len(seen), step, last)
    plain = dict(enumerate(seen))
    for series in history.series:
        first = round(last - (WALL + last - history.start))
        for index, shown in enumerate(series.values):
            group = [plain.get(first + index * step + k) for k in range(step)]
            known = [v for v in group if v is not None]
            assert shown == (pytest.approx(sum(known) / len(known), abs=0.006) if known else None)


def test_only_fresh_parts_are_written_down() -> None:
    sample = Sample(
        WALL,
        gpus=(Gpu("GPU-1", 0, "card", busy=50.0),),
        host=Host(cpu=10.0, memory_total=100, memory_available=40),
        volume=Volume("/", free=5),
        models=(ModelUse("m", 1, 1, 0, 100.0, tokens_per_second=30.0),),
    )
    fresh = dict(columns(sample, gpus=True, host=True, volume=True))
    assert fresh["GPU-1", "busy"] == 50.0
    assert fresh["GPU-1", "power"] is None
    assert fresh["host", "memory_used"] == 60
    assert fresh["host", "disk_free"] == 5
    assert fresh["host", "tokens_per_second"] == 30.0
    assert {metric for _, metric in fresh} <= ALL
    stale = dict(columns(sample, gpus=False, host=False, volume=False))
    assert set(stale) == {("host", "tokens_per_second")}
