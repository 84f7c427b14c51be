from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from core.bus import Notice
from core.errors import NotFound, UsageError
from core.exposed import verbs
from core.store.database import Database
from core.telemetry.interest import LEASE
from core.telemetry.service import TelemetryService
from core.telemetry.types import (
    AlertChanged,
    Gpu,
    LoadedModel,
    RunningJob,
    Sampled,
    TelemetrySettings,
    Volume,
)
from tests.core.telemetry.station import CARD, GIB, Station
from tests.fakes.clock import ManualClock, settle


@pytest.fixture
async def station() -> AsyncIterator[Station]:
    made = Station()
    await made.service.start()
    await settle()
    yield made
    await made.close()


class TestRhythm:
    """How often the machine is looked at follows from who looks."""

    async def test_the_first_look_waits_until_it_is_wanted(self, station: Station) -> None:
        assert station.looks() == 0
        await station.clock.advance(9.9)
        assert station.looks() == 0
        await station.clock.advance(0.1)
        assert station.looks() == 1

    async def test_who_opens_the_gauges_sees_something_at_once_and_then_every_second(
        self, station: Station
    ) -> None:
        await station.service.watch("gauges")
        await settle()
        assert station.looks() == 1
        await station.clock.advance(60)
        assert station.looks() == 61

    async def test_a_status_line_looks_every_five_seconds(self, station: Station) -> None:
        await station.service.watch("status")
        await station.clock.advance(60)
        assert station.looks() == 13

    async def test_nobody_watching_means_a_look_every_ten_seconds(self, station: Station) -> None:
        await station.clock.advance(600)
        assert station.looks() == 60

    async def test_work_nobody_watches_is_followed_more_closely(self, station: Station) -> None:
        station.models = [LoadedModel("m", GIB, GIB)]
        await station.clock.advance(600)
        assert station.looks() == pytest.approx(120, abs=2)

    async def test_nothing_is_looked_at_when_nobody_needs_anything(self) -> None:
        station = Station(TelemetrySettings(keep_history=False, alerts=False))
        await station.service.start()
        await station.clock.advance(3600)
        assert station.looks() == 0
        assert len(station.tasks) == 0
        watch = await station.service.watch("gauges")
        await station.clock.advance(10)
        assert station.looks() == 11
        await station.service.release(watch.id)
        await station.clock.advance(3600)
        assert station.looks() == 11
        await station.close()

    async def test_the_slowest_watcher_does_not_slow_the_others(self, station: Station) -> None:
        status = await station.service.watch("status")
        gauges = await station.service.watch("gauges")
        await station.clock.advance(10)
        assert station.looks() == 11
        await station.service.release(gauges.id)
        await station.clock.advance(10)
        assert station.looks() == 13
        await station.service.release(status.id)
        await station.clock.advance(20)
        assert station.looks() == 15

    async def test_a_watch_nobody_renews_ends_by_itself(self, station: Station) -> None:
        await station.service.watch("gauges")
        await station.clock.advance(LEASE + 1)
        before = station.looks()
        await station.clock.advance(100)
        assert station.looks() == before + 10

    async def test_a_watch_that_is_renewed_goes_on(self, station: Station) -> None:
        watch = await station.service.watch("gauges")
        for _ in range(10):
            await station.clock.advance(watch.lease / 2)
            await station.service.renew(watch.id)
        assert station.looks() == pytest.approx(10 * LEASE / 2, abs=2)

    async def test_renewing_what_has_ended_says_so_and_releasing_it_is_fine(self, station: Station) -> None:
        watch = await station.service.watch("gauges")
        await station.service.release(watch.id)
        await station.service.release(watch.id)
        with pytest.raises(NotFound):
            await station.service.renew(watch.id)

    async def test_looks_do_not_drift(self, station: Station) -> None:
        await station.service.watch("gauges")
        await station.clock.advance(0.5)
        at = []
        for _ in range(50):
            await station.clock.advance(1.0)
            at.append(station.lanes["gpus"].questions[-1].now)
        assert [round(later - earlier, 6) for earlier, later in pairwise(at)] == [1.0] * 49

    async def test_what_was_missed_while_the_machine_slept_is_not_made_up_for(self, station: Station) -> None:
        await station.service.watch("gauges")
        await station.clock.advance(2)
        before = station.looks()
        station.clock._passed += 5000.0  # the lid was closed
        await station.clock.advance(1)
        assert station.looks() <= before + 2

    async def test_other_settings_count_at_once(self, station: Station) -> None:
        await station.service.watch("gauges")
        station.service.configure(TelemetrySettings(interval=0.01))
        await station.clock.advance(10)
        assert station.looks() == pytest.approx(41, abs=1)  # a quarter of a second is the floor

    async def test_slow_facts_are_read_every_five_seconds_and_at_once_for_a_new_watcher(
        self, station: Station
    ) -> None:
        await station.service.watch("gauges")
        await station.clock.advance(20)
        slow = [question.now for question in station.lanes["gpus"].questions if question.slow]
        assert slow == [0.0, 5.0, 10.0, 15.0, 20.0]
        assert station.looks("volume") == 5
        await station.clock.advance(1)
        await station.service.watch("processes")
        await settle()
        last = station.lanes["gpus"].questions[-1]
        assert last.slow
        assert last.processes

    async def test_pcie_is_measured_only_while_its_panel_is_open(self, station: Station) -> None:
        await station.service.watch("gauges")
        await station.clock.advance(2)
        assert "traffic" not in station.lanes
        assert station.sample().gpus[0].pcie_sent is None
        watch = await station.service.watch("pcie")
        await station.clock.advance(2)
        assert station.sample().gpus[0].pcie_received == 5e6
        await station.service.release(watch.id)
        await station.clock.advance(1)
        assert station.lanes["traffic"].closed
        assert station.sample().gpus[0].pcie_sent is None


class TestSamples:
    async def test_a_sample_carries_everything_and_its_age(self, station: Station) -> None:
        await station.service.watch("gauges")
        await settle()
        sample = station.sample()
        assert sample.gpus == (CARD,)
        assert sample.host is not None
        assert sample.host.cpu == 20.0
        assert sample.volume is not None
        assert (sample.gpus_age, sample.host_age, sample.volume_age) == (0.0, 0.0, 0.0)
        assert (sample.at, sample.interval, sample.simulated) == (station.clock.now(), 1.0, False)
        await station.clock.advance(0.7)
        assert (await station.service.latest()).gpus_age == pytest.approx(0.7)

    async def test_before_the_first_look_nothing_is_known(self, station: Station) -> None:
        sample = await station.service.latest()
        assert (sample.gpus, sample.gpus_age, sample.host) == ((), None, None)
        assert sample.is_stale(sample.gpus_age)

    async def test_who_needs_it_fresh_gets_it_fresh(self, station: Station) -> None:
        await station.clock.advance(10)
        station.machine.change(busy=77.0)
        await station.clock.advance(3)
        assert (await station.service.latest()).gpus[0].busy == 10.0
        assert (await station.service.latest(max_age=5.0)).gpus[0].busy == 10.0
        assert (await station.service.latest(max_age=1.0)).gpus[0].busy == 77.0

    async def test_a_driver_that_hangs_goes_stale_and_everything_else_lives(self, station: Station) -> None:
        await station.service.watch("gauges")
        await station.clock.advance(3)
        station.lanes["gpus"].hangs = True
        ages = []
        for second in range(12):
            station.machine.host = msgspec.structs.replace(station.machine.host, cpu=float(second))
            await station.clock.advance(1)
            if second == 0:
                continue  # the round it hangs in waits for it until the next begins
            sample = station.sample()
            ages.append(sample.gpus_age)
            assert sample.gpus == (CARD,)
            assert sample.host is not None
            assert sample.host.cpu == float(second)
            assert sample.host_age == 0.0
        assert ages == [float(age) for age in range(2, 13)]
        assert sample.is_stale(sample.gpus_age)
        assert "has not answered for 11 s" in sample.gpu_note
        station.machine.change(busy=50.0)
        station.lanes["gpus"].answer()
        await station.clock.advance(1)
        sample = station.sample()
        assert (sample.gpus[0].busy, sample.gpus_age, sample.gpu_note) == (50.0, 0.0, "")

    async def test_a_driver_that_never_answered_is_said(self, station: Station) -> None:
        station.lanes["gpus"].hangs = True
        await station.service.watch("gauges")
        await station.clock.advance(20)
        sample = station.sample()
        assert (sample.gpus, sample.gpus_age) == ((), None)
        assert "has not answered for 20 s" in sample.gpu_note
        kinds = [alert.kind for alert in sample.alerts]
        assert kinds == ["driver_silent"]

    async def test_waiting_for_a_fresh_look_at_a_hanging_driver_ends(
        self, station: Station, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("core.telemetry.service._PATIENCE", 0.01)
        station.lanes["gpus"].hangs = True
        assert (await station.service.latest(max_age=1.0)).gpus_age is None

    async def test_a_probe_with_a_fault_costs_only_its_part(self, station: Station) -> None:
        station.machine.breaks = True
        await station.service.watch("gauges")
        await station.clock.advance(5)
        sample = station.sample()
        assert sample.gpus_age is None
        assert sample.host_age == 0.0
        station.machine.breaks = False
        await station.clock.advance(1)
        assert station.sample().gpus_age == 0.0

    async def test_a_machine_without_gpu_says_so_kindly(self, station: Station) -> None:
        station.machine.gpus = ()
        await station.service.watch("gauges")
        await settle()
        assert "models run on the processor" in station.sample().gpu_note
        station.here = False
        await station.clock.advance(1)
        assert "another machine" in station.sample().gpu_note
        station.machine.note = "The driver is not loaded."
        await station.clock.advance(1)
        assert station.sample().gpu_note == "The driver is not loaded."

    async def test_models_are_joined_with_their_jobs_and_the_machine(self, station: Station) -> None:
        now = station.clock.now()
        station.models = [LoadedModel("big", 20 * GIB, 15 * GIB, 32_768, now + 240)]
        station.jobs = [RunningJob("job-1", "big", "Why is the sky blue?", tokens_per_second=40.0)]
        await station.service.watch("gauges")
        await settle()
        (use,) = station.sample().models
        assert (use.name, use.on_cpu, use.gpu_share, use.expires_in) == ("big", 5 * GIB, 75.0, 240.0)
        assert use.jobs[0].title == "Why is the sky blue?"
        assert (use.tokens_per_second, use.joules_per_token) == (40.0, 5.0)

    async def test_what_is_simulated_says_so(self) -> None:
        station = Station(simulated=True)
        await station.service.start()
        await station.service.watch("gauges")
        await settle()
        assert station.sample().simulated
        assert (await station.service.static()).simulated
        await station.close()

    async def test_static_facts_are_those_that_were_seen(self, station: Station) -> None:
        assert (await station.service.static()).gpus == ()
        await station.clock.advance(10)
        static = await station.service.static()
        assert [facts.key for facts in static.gpus] == ["GPU-1"]
        assert static.host is not None
        assert static.host.name == "box"


class TestHistory:
    async def test_a_watched_minute_is_there_by_the_second(self, station: Station) -> None:
        await station.service.watch("gauges")
        for second in range(60):
            station.machine.change(busy=float(second))
            await station.clock.advance(1)
        history = await station.service.history(10, 1, ("busy",))
        (series,) = history.series
        assert (series.subject, series.metric) == ("GPU-1", "busy")
        assert series.values == (50, 51, 52, 53, 54, 55, 56, 57, 58, 59)

    async def test_a_hanging_driver_leaves_a_gap_and_no_frozen_line(self, station: Station) -> None:
        await station.service.watch("gauges")
        await station.clock.advance(5)
        station.lanes["gpus"].hangs = True
        await station.clock.advance(20)
        (series,) = (await station.service.history(20, 1, ("busy",))).series
        assert series.values[-15:] == (None,) * 15

    @pytest.mark.parametrize(
        ("seconds", "resolution", "metrics"),
        [
            (0, 1, None),
            (60, 0, None),
            (60, 61, None),
            (100_000, 60, None),
            (3600, 0.5, None),
            (60, 1, ("taste",)),
        ],
    )
    async def test_what_is_not_kept_is_refused_with_a_sentence(
        self, station: Station, seconds: float, resolution: float, metrics: tuple[str, ...] | None
    ) -> None:
        with pytest.raises(UsageError):
            await station.service.history(seconds, resolution, metrics)

    async def test_a_day_comes_by_the_minute_whatever_was_asked(self, station: Station) -> None:
        await station.clock.advance(130)
        history = await station.service.history(86_400, 30)
        assert history.step == 60.0
        assert len(history.series[0].values) == 1440


class TestAlerts:
    async def test_an_alert_is_an_event_and_a_notice_once_and_stays_in_the_log(
        self, station: Station
    ) -> None:
        await station.service.watch("gauges")
        await settle()
        station.events()
        station.machine.change(memory_used=31 * GIB)
        await station.clock.advance(60)
        events = station.events()
        (begun,) = [event.alert for event in events if isinstance(event, AlertChanged)]
        (notice,) = [event for event in events if isinstance(event, Notice)]
        assert begun.kind == "gpu_memory"
        assert (notice.text, notice.hint, notice.level) == (begun.text, begun.hint, "warning")
        assert [event for event in events if isinstance(event, Sampled)][-1].sample.alerts == (begun,)
        assert (await station.service.alerts()) == (begun,)
        station.machine.change(memory_used=GIB)
        await station.clock.advance(60)
        events = station.events()
        (ended,) = [event.alert for event in events if isinstance(event, AlertChanged)]
        assert ended.ended is not None
        assert not [event for event in events if isinstance(event, Notice)]
        assert (await station.service.alerts()) == (ended,)
        assert (await station.service.alerts(limit=0)) == ()

    async def test_a_server_that_is_away_is_an_alert(self, station: Station) -> None:
        station.away_since = station.clock.now()
        await station.service.watch("status")
        await station.clock.advance(30)
        assert [alert.kind for alert in await station.service.alerts()] == ["server_away"]

    async def test_switched_off_they_end(self, station: Station) -> None:
        await station.service.watch("gauges")
        station.machine.volume = Volume("/models", free=1)
        await station.clock.advance(10)
        assert (await station.service.alerts())[0].ended is None
        station.service.configure(TelemetrySettings(alerts=False))
        await station.clock.advance(10)
        assert (await station.service.alerts())[0].ended is not None


class TestEnergy:
    async def test_an_answer_costs_the_difference_of_the_counters(self, station: Station) -> None:
        with station.service.meter() as meter:
            assert meter.joules() is None
            for second in range(10):
                station.machine.change(energy=1000.0 + 300 * second, power=300.0)
                await station.clock.advance(1)
            await station.clock.advance(0.25)
            # The last look was at ten seconds; a quarter of a second at 300 W is added.
            assert meter.joules() == pytest.approx(2700 + 300 * 1.25, rel=0.15)
        assert len(station.service._meters) == 0

    async def test_without_a_counter_there_is_no_number(self, station: Station) -> None:
        station.machine.change(energy=None)
        with station.service.meter() as meter:
            await station.clock.advance(5)
            assert meter.joules() is None

    async def test_a_counter_that_began_anew_gives_no_number(self, station: Station) -> None:
        with station.service.meter() as meter:
            await station.clock.advance(3)
            station.machine.change(energy=0.0)
            await station.clock.advance(2)
            assert meter.joules() is None

    async def test_measuring_looks_every_second_and_then_rests_again(self, station: Station) -> None:
        with station.service.hold():
            await station.clock.advance(10)
            assert station.looks() >= 10
        before = station.looks()
        await station.clock.advance(100)
        assert station.looks() == before + 10


class TestStore:
    @pytest.fixture
    async def store(self, tmp_path: Path) -> AsyncIterator[Database]:
        database = await Database.open(tmp_path / "leitstand.db", clock=ManualClock())
        yield database
        await database.close()

    async def run(
        self, store: Database, seconds: float, clock: ManualClock | None = None, **gpu: object
    ) -> Station:
        station = Station()
        if clock is not None:
            station.clock._start, station.clock._passed = clock.now(), 0.0
        station.machine.change(**gpu)
        await station.service.start(store)
        await station.service.watch("gauges")
        for _ in range(int(seconds // 60)):
            await station.clock.advance(60)
            await station.saved()
        await station.clock.advance(seconds % 60)
        return station

    async def test_a_restart_keeps_the_day_by_the_minute(self, store: Database) -> None:
        first = await self.run(store, 300, busy=30.0)
        await first.close()
        second = await self.run(store, 60, first.clock, busy=60.0)
        (series,) = (await second.service.history(600, 60, ("busy",))).series
        known = [value for value in series.values if value is not None]
        assert known[:5] == [30.0] * 5
        assert 30.0 < known[5] <= 60.0
        await second.close()

    async def test_the_log_of_alerts_outlives_the_program(self, store: Database) -> None:
        first = await self.run(store, 60, memory_used=31 * GIB)
        (alert,) = await first.service.alerts()
        assert alert.ended is None
        await first.saved()
        await first.close()
        second = await self.run(store, 0, first.clock)
        (logged,) = await second.service.alerts()
        assert (logged.text, logged.since) == (alert.text, alert.since)
        assert logged.ended is not None
        await second.close()

    async def test_what_is_older_than_a_day_is_forgotten(self, store: Database) -> None:
        old = int(ManualClock().now() // 60) - 3 * 1440
        async with store.write() as transaction:
            await transaction.execute("INSERT INTO telemetry_minute VALUES (?, ?)", (old, b"{}"))
        station = await self.run(store, 120)
        await station.saved()
        await station.close()
        rows = await store.read("SELECT min(minute) FROM telemetry_minute")
        assert rows[0][0] > old

    async def test_rows_nobody_can_read_are_left_out(self, store: Database) -> None:
        minute = int(ManualClock().now() // 60) - 5
        async with store.write() as transaction:
            await transaction.execute("INSERT INTO telemetry_minute VALUES (?, ?)", (minute, b"torn {"))
            await transaction.execute(
                "INSERT INTO telemetry_alert (kind, subject, level, text, hint, since) "
                "VALUES ('of a later version', '', 'warning', '', '', 1.0)"
            )
        station = await self.run(store, 5)
        assert await station.service.alerts() == ()
        assert (await station.service.latest()).gpus == (CARD,)
        await station.close()

    async def test_a_store_that_fails_costs_the_past_and_nothing_else(self, store: Database) -> None:
        station = await self.run(store, 10)
        await store.close()
        station.events()
        await station.clock.advance(70)
        await station.saved()
        assert not [event for event in station.events() if isinstance(event, Notice)]
        assert station.looks() >= 80
        await station.close()


async def test_closing_ends_everything_and_lets_go_of_the_driver() -> None:
    station = Station()
    await station.service.start()
    await station.service.watch("gauges")
    await station.clock.advance(3)
    await station.service.close()
    assert station.machine.closed
    assert all(lane.closed for lane in station.lanes.values())
    before = station.looks()
    await station.clock.advance(60)
    assert station.looks() == before
    # What screens do while they close must not fail.
    watch = await station.service.watch("gauges")
    await station.service.release(watch.id)
    await station.close()


def test_every_verb_travels() -> None:
    found = verbs(TelemetryService)
    assert set(found) == {"watch", "renew", "release", "latest", "history", "alerts", "static"}
    for verb in found.values():
        assert verb.doc.endswith(".")
        msgspec.json.schema(verb.params)
        msgspec.json.schema(verb.returns)


async def test_a_sample_survives_the_wire(station: Station) -> None:
    station.machine.gpus = (CARD, Gpu("GPU-2", 1, "other", "amd", "asleep", "It sleeps."))
    station.models = [LoadedModel("m", GIB, GIB, expires_at=station.clock.now() + 60)]
    await station.clock.advance(10)
    event = next(event for event in station.events() if isinstance(event, Sampled))
    assert msgspec.json.decode(msgspec.json.encode(event), type=Sampled) == event
