"""What publishing costs, as a multiple of appending to as many lists."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack

import pytest

from core.bus import Bus, Event, Notice, StateEvent, TextEvent

pytestmark = pytest.mark.bench

BOXES = 3
EVENTS = 20_000
ROUNDS = 7


class Sampled(StateEvent, frozen=True, tag=True):
    """A state, as it arrives once a second from each device."""

    load: float


class Delta(TextEvent, frozen=True, tag=True, kw_only=True):
    """A token, as it arrives a hundred times a second."""

    turn: int

    @property
    def topic(self) -> tuple[type, int]:
        return (Delta, self.turn)


def _states() -> list[Event]:
    return [Sampled(number / EVENTS) for number in range(EVENTS)]


def _tokens() -> list[Event]:
    return [Delta(turn=1, offset=number * 4, text="word") for number in range(EVENTS)]


def _notices() -> list[Event]:
    return [Notice("info", "done")] * EVENTS


def _append(events: list[Event]) -> None:
    lists: list[list[Event]] = [[] for _ in range(BOXES)]
    for event in events:
        for each in lists:
            each.append(event)


def _publish(events: list[Event], read_every: int) -> None:
    bus = Bus()
    with ExitStack() as stack:
        boxes = [stack.enter_context(bus.subscribe()) for _ in range(BOXES)]
        for number, event in enumerate(events, 1):
            bus.publish(event)
            if number % read_every == 0:
                for box in boxes:
                    box.take()


def _seconds(once: Callable[[], None]) -> float:
    began = time.perf_counter()
    once()
    return time.perf_counter() - began


@pytest.mark.parametrize(
    ("name", "events", "read_every", "budget"),
    [
        ("states, merged", _states(), 100, 40),
        ("tokens, merged", _tokens(), 100, 100),
        ("tokens, unread for 2000", _tokens(), 2000, 150),
        ("tokens, a whole answer unread", _tokens(), EVENTS, 400),
        ("notices, not merged", _notices(), 100, 80),
    ],
)
def test_publishing_to_three_mailboxes_costs_a_bounded_multiple_of_three_appends(
    name: str, events: list[Event], read_every: int, budget: float
) -> None:
    # In turns, and the best of each: what the machine can do when nothing else runs.
    rounds = [
        (_seconds(lambda: _append(events)), _seconds(lambda: _publish(events, read_every)))
        for _ in range(ROUNDS)
    ]
    bare, bus = (min(times) for times in zip(*rounds, strict=True))
    ratio = bus / bare
    print(f"\nbus  {name:<30} {EVENTS / bus:>9,.0f} events/s  {ratio:5.1f} × list.append  (≤ {budget:g})")
    assert ratio <= budget
