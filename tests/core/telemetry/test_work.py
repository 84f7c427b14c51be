"""What keeps models busy: the speed of this moment, and the energy of the last answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from core.telemetry.energy import Counters, Meter
from core.telemetry.work import Workload
from tests.fakes.clock import ManualClock


class Counter:
    """GPUs that count; what they counted is what a test says."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.used = 1000.0
        self.meters: list[Meter] = []
        self.open = 0
        self.work = Workload(clock, self.meter)

    @contextmanager
    def meter(self) -> Iterator[Meter]:
        meter = Meter(self.clock, self._now())
        self.meters.append(meter)
        self.open += 1
        try:
            yield meter
        finally:
            self.open -= 1

    def _now(self) -> Counters:
        return Counters(self.clock.monotonic(), {"gpu": (self.used, 300.0)})

    async def pass_(self, seconds: float, joules: float = 0.0) -> None:
        """Let time pass, and the GPUs count."""
        await self.clock.advance(seconds)
        self.used += joules
        for meter in self.meters:
            meter.take(self._now())


@pytest.fixture
def counter() -> Counter:
    return Counter(ManualClock())


async def test_the_speed_is_that_of_the_last_seconds_and_not_of_the_whole_answer(counter: Counter) -> None:
    work = counter.work
    work.works(7, model="big", title="Why?", doing="thinking about")
    assert [(job.id, job.title, job.tokens_per_second) for job in work.jobs()] == [("7", "Why?", None)]
    for second in range(10):
        work.works(7, model="big", tokens=10 * (second + 1))
        await counter.pass_(1)
    assert work.jobs()[0].tokens_per_second == pytest.approx(10)
    for second in range(6):
        work.works(7, model="big", tokens=100 + 40 * (second + 1))
        await counter.pass_(1)
    assert work.jobs()[0].tokens_per_second == pytest.approx(40)


async def test_what_falls_silent_has_no_speed_and_loading_is_none(counter: Counter) -> None:
    work = counter.work
    work.works(1, model="big", tokens=0)
    await counter.pass_(30)
    work.works(1, model="big", tokens=5)
    await counter.pass_(1)
    work.works(1, model="big", tokens=25)
    assert work.jobs()[0].tokens_per_second == pytest.approx(20)
    await counter.pass_(3.5)
    assert work.jobs()[0].tokens_per_second is None


async def test_another_attempt_begins_anew(counter: Counter) -> None:
    work = counter.work
    for tokens in (100, 200, 5, 15):
        work.works(1, model="big", tokens=tokens)
        await counter.pass_(1)
    assert work.jobs()[0].tokens_per_second == pytest.approx(10)


async def test_an_answer_took_what_the_gpus_counted_meanwhile(counter: Counter) -> None:
    work = counter.work
    work.works(1, model="big", tokens=1)
    assert counter.open == 1
    await counter.pass_(1, 300)
    await counter.pass_(1, 280)
    work.works(1, model="big", tokens=50)
    work.rests(1)
    assert work.energy("big") == pytest.approx(580)
    assert counter.open == 0
    assert work.jobs() == ()
    work.rests(1)
    assert work.energy("small") is None


async def test_what_two_took_together_is_given_to_neither(counter: Counter) -> None:
    work = counter.work
    work.works(1, model="big", tokens=1)
    await counter.pass_(1, 300)
    work.works(2, model="small", tokens=1)
    await counter.pass_(1, 300)
    work.rests(1)
    work.rests(2)
    assert (work.energy("big"), work.energy("small")) == (None, None)
    assert counter.open == 0


async def test_a_job_that_said_nothing_took_nothing_worth_showing(counter: Counter) -> None:
    work = counter.work
    work.works(1, model="big")
    await counter.pass_(1, 300)
    work.rests(1)
    assert work.energy("big") is None


async def test_where_nothing_is_measured_the_speed_is_known_all_the_same() -> None:
    clock = ManualClock()
    work = Workload(clock, lambda: None)
    work.works(1, model="big", tokens=10)
    await clock.advance(1)
    work.works(1, model="big", tokens=30)
    assert work.jobs()[0].tokens_per_second == pytest.approx(20)
    work.rests(1)
    assert work.energy("big") is None
