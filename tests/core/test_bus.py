from __future__ import annotations

import asyncio
from collections.abc import Hashable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.bus import UNHEARD, Bus, Event, Mailbox, Notice, Resync, StateEvent, TextEvent


class Said(TextEvent, frozen=True, tag=True, kw_only=True):
    who: str

    @property
    def topic(self) -> Hashable:
        return (Said, self.who)


class Mood(StateEvent, frozen=True, tag=True):
    who: str
    number: int

    @property
    def topic(self) -> Hashable:
        return (Mood, self.who)


class Step(Event, frozen=True, tag=True):
    who: str
    number: int

    @property
    def topic(self) -> Hashable:
        return (Step, self.who)


class World:
    """What happened, as its owner knows it: the source of events and of snapshots."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.moods: dict[str, int] = {}
        self.steps: dict[str, list[int]] = {}

    def next(self, kind: str, who: str, size: int) -> Event:
        if kind == "text":
            before = self.texts.get(who, "")
            piece = chr(97 + len(before) % 26) * size
            self.texts[who] = before + piece
            return Said(who=who, offset=len(before), text=piece)
        if kind == "mood":
            self.moods[who] = self.moods.get(who, 0) + 1
            return Mood(who, self.moods[who])
        self.steps.setdefault(who, []).append(len(self.steps.get(who, [])))
        return Step(who, self.steps[who][-1])


class Follower:
    """A reader that knows only snapshots and events, as every screen does."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.texts: dict[str, str] = {}
        self.moods: dict[str, int] = {}
        self.steps: dict[str, list[int]] = {}
        self.resyncs = 0

    def apply(self, events: list[Event]) -> None:
        for event in events:
            match event:
                case Resync():
                    self.resyncs += 1
                    self.texts, self.moods = dict(self.world.texts), dict(self.world.moods)
                    self.steps = {who: list(numbers) for who, numbers in self.world.steps.items()}
                case Said():
                    have = self.texts.get(event.who, "")
                    assert event.offset <= len(have), "text beyond what was read: a piece is missing"
                    self.texts[event.who] = have + event.text[len(have) - event.offset :]
                case Mood():
                    self.moods[event.who] = event.number
                case Step():
                    known = self.steps.setdefault(event.who, [])
                    if event.number >= len(known):
                        assert event.number == len(known), "steps out of order"
                        known.append(event.number)

    @property
    def agrees(self) -> bool:
        world = self.world
        return (self.texts, self.moods, self.steps) == (world.texts, world.moods, world.steps)


publish = st.tuples(st.sampled_from(["text", "mood", "step"]), st.sampled_from("ab"), st.integers(0, 5))
plays = st.lists(st.one_of(publish, st.none()), max_size=120)


@settings(deadline=None)
@given(plays)
def test_any_interleaving_of_publishing_and_reading_ends_in_the_same_state_and_text(
    play: list[tuple[str, str, int] | None],
) -> None:
    world, box = World(), Mailbox()
    follower = Follower(world)
    for move in play:
        if move is None:
            follower.apply(box.take())
        else:
            box.put(world.next(*move))
    follower.apply(box.take())
    assert follower.agrees
    assert follower.resyncs == 0


@settings(deadline=None)
@given(plays, st.integers(1, 6))
def test_a_mailbox_that_overflows_still_leads_its_reader_to_the_truth(
    play: list[tuple[str, str, int] | None], limit: int
) -> None:
    world, box = World(), Mailbox(limit)
    follower = Follower(world)
    for move in play:
        if move is None:
            follower.apply(box.take())
        else:
            box.put(world.next(*move))
        assert len(box) <= limit
    events = box.take()
    assert sum(isinstance(event, Resync) for event in events) <= 1
    follower.apply(events)
    assert follower.agrees


def test_past_its_limit_a_mailbox_holds_one_resync_and_goes_on_from_there() -> None:
    box = Mailbox(limit=3)
    for number in range(4):
        box.put(Step("a", number))
    assert box.take() == [Resync()]
    for number in range(9):
        box.put(Step("a", number))
    assert box.take() == [Resync(), Step("a", 7), Step("a", 8)]


def test_merging_events_never_fill_a_mailbox() -> None:
    box = Mailbox(limit=1)
    for number in range(1000):
        box.put(Mood("a", number))
    assert box.take() == [Mood("a", 999)]


@pytest.mark.parametrize(
    ("events", "merged"),
    [
        ([Mood("a", 1), Mood("a", 2)], [Mood("a", 2)]),
        ([Mood("a", 1), Mood("b", 2)], [Mood("a", 1), Mood("b", 2)]),
        (
            [Said(who="a", offset=0, text="one "), Said(who="a", offset=4, text="two")],
            [Said(who="a", offset=0, text="one two")],
        ),
        # A gap, a repetition and a fresh start are left for the reader to judge by the offset.
        (
            [Said(who="a", offset=0, text="one"), Said(who="a", offset=4, text="two")],
            [Said(who="a", offset=0, text="one"), Said(who="a", offset=4, text="two")],
        ),
        (
            [Said(who="a", offset=0, text="one"), Said(who="a", offset=0, text="one")],
            [Said(who="a", offset=0, text="one"), Said(who="a", offset=0, text="one")],
        ),
        ([Notice("info", "x"), Notice("info", "x")], [Notice("info", "x"), Notice("info", "x")]),
        (
            [Mood("a", 1), Step("a", 0), Mood("a", 2), Step("a", 1)],
            [Mood("a", 2), Step("a", 0), Step("a", 1)],
        ),
    ],
)
def test_unread_events_merge_within_their_topic_only(events: list[Event], merged: list[Event]) -> None:
    box = Mailbox()
    for event in events:
        box.put(event)
    assert box.take() == merged


def test_events_of_different_classes_in_one_topic_stay_apart() -> None:
    class Other(StateEvent, frozen=True, tag=True):
        @property
        def topic(self) -> Hashable:
            return (Mood, "a")

    box = Mailbox()
    for event in (Mood("a", 1), Other(), Mood("a", 2)):
        box.put(event)
    assert box.take() == [Mood("a", 1), Other(), Mood("a", 2)]


def test_without_a_topic_of_its_own_a_class_is_its_topic() -> None:
    assert Notice("info", "x").topic is Notice
    assert Resync().topic is Resync


async def test_drain_waits_until_something_was_published() -> None:
    bus = Bus()
    with bus.subscribe() as box:
        reader = asyncio.create_task(box.drain())
        await asyncio.sleep(0)
        assert not reader.done()
        bus.publish(Mood("a", 1))
        bus.publish(Mood("a", 2))
        async with asyncio.timeout(10):
            assert await reader == [Mood("a", 2)]


async def test_a_cancelled_reader_loses_nothing() -> None:
    bus = Bus()
    with bus.subscribe() as box:
        reader = asyncio.create_task(box.drain())
        await asyncio.sleep(0)
        bus.publish(Step("a", 0))
        reader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader
        async with asyncio.timeout(10):
            assert await box.drain() == [Step("a", 0)]


async def test_after_everything_was_read_drain_waits_again() -> None:
    box = Mailbox()
    box.put(Step("a", 0))
    assert await box.drain() == [Step("a", 0)]
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await box.drain()


def test_every_subscriber_gets_every_event_as_long_as_its_block_lasts() -> None:
    bus = Bus()
    bus.publish(Step("a", 0))
    with bus.subscribe() as first:
        bus.publish(Step("a", 1))
        with bus.subscribe() as second:
            bus.publish(Step("a", 2))
        bus.publish(Step("a", 3))
        assert second.take() == [Step("a", 2)]
    bus.publish(Step("a", 4))
    assert first.take() == [Step("a", 1), Step("a", 2), Step("a", 3)]


def test_a_reader_that_fails_is_unsubscribed() -> None:
    bus = Bus()
    with pytest.raises(ValueError, match="broken"), bus.subscribe() as box:
        raise ValueError("broken")
    bus.publish(Step("a", 0))
    assert box.take() == []


class Heard(TextEvent, frozen=True, tag=True, kw_only=True):
    """Text somebody may follow."""


def test_text_may_gather_for_as_long_as_nobody_wants_it() -> None:
    bus = Bus()
    assert bus.rest(Heard) == UNHEARD
    with bus.subscribe(Notice):
        assert bus.rest(Heard) == UNHEARD
        with bus.subscribe(TextEvent, rest=lambda: 0.5):
            assert bus.rest(Heard) == 0.5
            with bus.subscribe(rest=lambda: 0.05):
                assert bus.rest(Heard) == 0.05
                with bus.subscribe(Heard):
                    assert bus.rest(Heard) == 0.0  # whoever says nothing wants it at once
            assert bus.rest(Heard) == 0.5
    assert bus.rest(Heard) == UNHEARD
