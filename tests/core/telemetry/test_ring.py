from __future__ import annotations

import sys

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from core.telemetry.ring import Ring


def test_what_was_never_written_is_not_known() -> None:
    ring = Ring(4)
    assert ring.newest is None
    assert ring.read(0, 4) == [None, None, None, None]


def test_the_newest_slots_are_kept_and_the_older_forgotten() -> None:
    ring = Ring(3)
    for slot in range(10, 16):
        ring.put(slot, float(slot))
    assert ring.read(11, 6) == [None, None, 13.0, 14.0, 15.0, None]


def test_a_gap_stays_a_gap() -> None:
    ring = Ring(5)
    ring.put(0, 1.0)
    ring.put(3, 2.0)
    assert ring.read(0, 4) == [1.0, None, None, 2.0]


def test_a_short_gap_holds_the_value_before_it() -> None:
    ring = Ring(8)
    ring.put(0, 1.0)
    ring.put(3, 2.0, hold=2)
    ring.put(7, 3.0, hold=2)
    assert ring.read(0, 8) == [1.0, 1.0, 1.0, 2.0, None, None, None, 3.0]


def test_an_unknown_value_is_not_zero_and_zero_is_known() -> None:
    ring = Ring(3)
    ring.put(0, 0.0)
    ring.put(1, None)
    assert ring.read(0, 2) == [0.0, None]


def test_a_clock_set_far_back_starts_anew_instead_of_stopping() -> None:
    ring = Ring(4)
    ring.put(1_000_000, 1.0)
    ring.put(50, 2.0)
    ring.put(51, 3.0)
    assert ring.read(49, 3) == [None, 2.0, 3.0]
    assert ring.get(1_000_000) is None


def test_a_clock_set_a_little_back_writes_over() -> None:
    ring = Ring(4)
    for slot in range(4):
        ring.put(slot, float(slot))
    ring.put(2, 20.0)
    assert ring.read(0, 4) == [0.0, 1.0, 20.0, 3.0]


@given(st.lists(st.integers(0, 10_000), max_size=200))
def test_its_memory_never_grows(slots: list[int]) -> None:
    ring = Ring(64)
    before = sys.getsizeof(ring._values)
    for slot in slots:
        ring.put(slot, 1.0)
    assert sys.getsizeof(ring._values) == before


class AgainstAModel(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.ring = Ring(7)
        self.model: dict[int, float | None] = {}
        self.newest: int | None = None

    @rule(step=st.integers(0, 20), value=st.one_of(st.none(), st.integers(0, 1000).map(float)))
    def forward(self, step: int, value: float | None) -> None:
        slot = (self.newest or 0) + step
        self.ring.put(slot, value)
        self.model[slot] = value
        self.newest = slot

    @invariant()
    def same(self) -> None:
        if self.newest is not None:
            wanted = [self.model.get(slot) for slot in range(self.newest - 6, self.newest + 1)]
            assert self.ring.read(self.newest - 6, 7) == wanted


TestAgainstAModel = AgainstAModel.TestCase
