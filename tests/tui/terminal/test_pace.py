from __future__ import annotations

from typing import Literal

import pytest

from tui.terminal.pace import LOW_FRAMES, SILENCE, Pace


class Time:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Slow:
    """A pace over a line with a round trip, a rate, and a terminal that answers."""

    def __init__(self, trip: float, rate: float, wish: Literal["auto", "on", "off"] = "auto") -> None:
        self.time = Time()
        self.low: list[bool] = []
        self.trip, self.rate = trip, rate
        self.pace = Pace(self.time, frames=10, acknowledged=True, low_bandwidth=wish, on_low=self.low.append)

    def frame(self, size: int = 300) -> None:
        self.pace.sent(size, asked=self.pace.asks())
        self.time.now += self.trip + size / self.rate
        self.pace.answered(self.time.now)


def test_frames_have_a_rate() -> None:
    time = Time()
    pace = Pace(time, frames=20)
    assert pace.may_paint()
    pace.painted(time.now, 0.001)
    time.now += 0.04
    assert not pace.may_paint()
    time.now += 0.01
    assert pace.may_paint()


def test_painting_never_takes_more_than_a_third_of_the_time() -> None:
    time = Time()
    pace = Pace(time, frames=20)
    pace.painted(time.now, 0.1)
    time.now += 0.28
    assert not pace.may_paint()
    time.now += 0.02
    assert pace.may_paint()


def test_a_pressed_key_does_not_wait_for_its_turn() -> None:
    time = Time()
    pace = Pace(time, frames=10)
    pace.painted(time.now, 0.001)
    assert not pace.may_paint()
    pace.key()
    assert pace.may_paint()
    pace.sent(20, asked=False)
    assert not pace.may_paint()


def test_a_key_puts_off_nothing_that_waits_for_its_turn() -> None:
    time = Time()
    pace = Pace(time, frames=10)
    pace.painted(time.now, 0.001)
    time.now += 0.05
    pace.key()
    pace.painted(time.now, 0.001)
    pace.sent(20, asked=False)
    time.now += 0.05
    assert pace.may_paint()
    pace.painted(time.now, 0.001)
    pace.key()
    pace.painted(time.now, 0.1)
    pace.sent(20, asked=False)
    time.now += 0.1
    assert not pace.may_paint()


def test_nothing_is_sent_while_the_terminal_has_not_taken_the_last() -> None:
    pace = Pace(Time())
    assert pace.may_send(0)
    assert not pace.may_send(1)


def test_a_long_stall_is_painted_for_seldom_and_its_end_at_once() -> None:
    time = Time()
    pace = Pace(time, frames=20)
    assert not pace.may_send(1)
    pace.painted(time.now, 0.001)
    time.now += 0.1
    assert pace.may_paint()
    time.now += 1.0
    pace.painted(time.now, 0.001)
    time.now += 0.2
    assert not pace.may_paint()
    assert pace.may_send(0)
    assert pace.may_paint()


def test_two_frames_may_be_under_way_and_a_third_for_a_key() -> None:
    line = Slow(0.15, 1e6)
    line.frame()
    pace = line.pace
    for _ in range(2):
        assert pace.may_send(0)
        pace.sent(300, asked=True)
    assert not pace.may_send(0)
    pace.key()
    assert pace.may_send(0)
    pace.sent(20, asked=True)
    assert not pace.may_send(0)
    pace.answered(line.time.now)
    pace.answered(line.time.now)
    assert pace.may_send(0)


def test_silence_is_an_answer() -> None:
    line = Slow(0.1, 1e6)
    line.frame()
    for _ in range(2):
        line.pace.sent(300, asked=True)
    line.time.now += SILENCE - 0.1
    assert not line.pace.may_send(0)
    line.time.now += 0.2
    assert line.pace.may_send(0)


def test_a_terminal_that_never_answered_holds_nothing_back_and_is_not_asked_for_ever() -> None:
    time = Time()
    pace = Pace(time, acknowledged=True)
    asked = 0
    for _ in range(20):
        assert pace.may_send(0)
        asks = pace.asks()
        asked += asks
        pace.sent(100, asked=asks)
        time.now += SILENCE + 0.1
    assert asked == 3


def test_local_terminals_are_never_asked() -> None:
    pace = Pace(Time())
    assert not pace.asks()
    assert pace.state.round_trip is None


def test_an_answer_nobody_asked_for_changes_nothing() -> None:
    line = Slow(0.1, 1e6)
    line.pace.answered(line.time.now)
    assert line.pace.state.round_trip is None
    assert line.pace.may_send(0)


def test_the_round_trip_is_measured_by_small_frames_and_the_rate_by_large_ones() -> None:
    line = Slow(0.05, 125_000)
    for _ in range(10):
        line.frame(100)
    for _ in range(3):
        line.frame(8_000)
    state = line.pace.state
    assert state.round_trip == pytest.approx(0.05, abs=0.002)
    assert state.rate == pytest.approx(125_000, rel=0.05)
    assert not state.low


@pytest.mark.parametrize(
    ("trip", "rate", "low"),
    [
        (0.05, 125_000, False),
        (0.15, 32_000, True),
        (0.6, 1e6, True),
        (0.001, 1e8, False),
        (0.05, 10_000, True),
    ],
)
def test_a_slow_line_is_noticed(trip: float, rate: float, low: bool) -> None:
    line = Slow(trip, rate)
    for _ in range(4):
        line.frame(200)
        line.frame(6_000)
    assert line.pace.low == low
    assert line.low == ([True] if low else [])
    assert line.pace.frames == (LOW_FRAMES if low else 10)


def test_a_line_between_slow_and_quick_does_not_flap() -> None:
    line = Slow(0.3, 1e6)
    for _ in range(12):
        line.frame(100)
    assert line.pace.low
    line.trip = 0.16
    for _ in range(12):
        line.frame(100)
    assert line.pace.low
    line.trip = 0.05
    for _ in range(12):
        line.frame(100)
    assert line.low == [True, False]


@pytest.mark.parametrize(("wish", "low"), [("on", True), ("off", False)])
def test_a_setting_is_followed_whatever_the_line_is(wish: Literal["on", "off"], low: bool) -> None:
    line = Slow(0.8, 5_000, wish)
    for _ in range(6):
        line.frame(3_000)
    assert line.pace.low == low


def test_changed_settings_are_followed_at_once() -> None:
    line = Slow(0.01, 1e6)
    line.pace.configure(frames=30, low_bandwidth="on")
    assert line.low == [True]
    assert line.pace.frames == LOW_FRAMES
    line.pace.configure(frames=30, low_bandwidth="off")
    assert line.pace.frames == 30


def test_a_window_that_nobody_looks_at_rests_until_a_key_or_the_focus_proves_the_contrary() -> None:
    time = Time()
    pace = Pace(time, frames=20)
    pace.painted(time.now, 0.001)
    pace.rest(resting=True)
    assert pace.frames == 4
    pace.key()
    assert pace.frames == 20
    pace.sent(1, asked=False)
    pace.rest(resting=True)
    assert not pace.may_paint()
    pace.rest(resting=False)
    assert pace.frames == 20
    assert pace.may_paint()


@pytest.mark.parametrize(("trip", "low"), [(0.05, False), (0.3, True), (None, False)])
def test_what_the_kernel_tells_counts_where_the_terminal_cannot_be_asked(
    trip: float | None, low: bool
) -> None:
    pace = Pace(Time(), frames=20)
    pace.learn(trip)
    assert (pace.low, pace.state.round_trip) == (low, trip)
