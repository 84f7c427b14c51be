"""What a job is, the states it goes through, and the events about it.

waiting ──▶ running ──▶ done
   ▲  ▲        │  ├───▶ failed ────┐
   │  └────────┘  └───▶ cancelled ─┤   retry
   │  again, later, other model    │
   ├── held ◀── waiting, running   │
   └───────────────────────────────┘

`core.jobs.store.STEPS` is the table of every step with what it demands of the state before.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Literal

import msgspec

from core.bus import Event, StateEvent
from core.ollama.names import is_server

Lane = str
"""Where a job runs: on the server's models, over the network, or on this machine's processors.

The models of each other server have a lane of their own, `inference@box`: two servers work at once.
"""

LANES: tuple[Lane, ...] = ("inference", "network", "cpu")
"""The lanes everybody has."""


def lane_of(base: Lane, model: str) -> Lane:
    """Return the lane a job belongs into: that of its model's server."""
    _, mark, server = model.partition("@")
    return f"{base}@{server.lower()}" if base == "inference" and mark and is_server(server) else base


def base_of(lane: Lane) -> Lane:
    """Return which kind of lane it is."""
    return lane.partition("@")[0]


def in_order(lanes: Iterable[Lane]) -> list[Lane]:
    """Return lanes as they are shown: those of other servers below the one of the main server."""
    return sorted(lanes, key=lambda lane: (LANES.index(base_of(lane)), lane))


Priority = Literal["interactive", "normal", "batch"]
"""Somebody looks at it and waits; somebody will look soon; it may take all night."""

PRIORITIES: tuple[Priority, ...] = ("interactive", "normal", "batch")

State = Literal["waiting", "held", "running", "done", "failed", "cancelled"]
"""`held` was set aside by a person and waits to be released; the last three are final until retried."""

STATES: tuple[State, ...] = ("waiting", "held", "running", "done", "failed", "cancelled")
UNFINISHED: tuple[State, ...] = ("waiting", "held", "running")
FINISHED: tuple[State, ...] = ("done", "failed", "cancelled")

Stopping = Literal["cancel", "hold", "close"]
"""Why a handler's task was cancelled: a person cancelled or set the job aside, or Leitstand closes."""

NOTHING = msgspec.Raw(b"null")


class Progress(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far a running job is; *percent* is None where nobody can know."""

    phase: str = ""
    percent: float | None = None
    text: str = ""
    numbers: dict[str, float] = {}


class Fault(msgspec.Struct, frozen=True):
    """Why a job failed, or why it waits to be tried again."""

    code: str
    message: str
    hint: str = ""


class NewJob(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller asks for."""

    kind: str
    """Who runs it: a name given to `JobService.handle`."""
    title: str
    """One short line that is shown; stored as it is, made harmless where it is shown."""
    model: str = ""
    """The model it needs on the inference lane; empty when it needs none."""
    payload: msgspec.Raw = NOTHING
    """What its handler needs, as JSON; see `packed`."""
    priority: Priority = "normal"
    group: str = ""
    """What belongs together, like the questions of one file; jobs can be listed by it."""
    key: str = ""
    """Makes asking twice harmless: while a job with this key is known, finished or not, it is returned."""
    sole: str = ""
    """Like *key*, but only among unfinished jobs: one download of a model at a time, a new one later."""
    max_attempts: int | None = None
    """How often it is tried before it fails; by default what the settings say."""
    delay: float = 0.0
    """Not before that many seconds from now."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A job as it is now."""

    id: int
    """Its number: unique, without gaps, in the order of arrival."""
    kind: str
    lane: Lane
    model: str = ""
    title: str = ""
    state: State = "waiting"
    position: int | None = None
    """Its place in the line of its lane, as they came or were moved: 1, 2, 3 … without gaps."""
    order: int | None = None
    """When it is planned to run: 1 is the next of its lane. Differs from its place where that saves time."""
    place: int = 0
    """What its position is sorted by; unique among the unfinished jobs of its lane."""
    placed: bool = False
    """A person moved it to its place: nobody behind overtakes it."""
    priority: Priority = "normal"
    attempt: int = 0
    """Which try this is, or was; tries that ended because the server was away do not count."""
    max_attempts: int = 1
    not_before: float | None = None
    created: float = 0.0
    started: float | None = None
    finished: float | None = None
    load_seconds: float | None = None
    """How long its model took to load, if it had to be loaded."""
    progress: Progress = Progress()
    result: msgspec.Raw = NOTHING
    error: Fault | None = None
    payload: msgspec.Raw = NOTHING
    group: str = ""
    key: str = ""
    sole: str = ""
    reason: str = ""
    """Why it waits, or why it was the one to run: one sentence for people."""
    expected_start: float | None = None
    stopping: Stopping | None = None
    claim: int = 0
    """How often it was started; what an earlier start still wants to write is refused."""

    @property
    def batch(self) -> str:
        """The group, where it has a name for people: several words."""
        return self.group if " " in self.group else ""

    @property
    def unfinished(self) -> bool:
        """Whether it still has something before it."""
        return self.state in UNFINISHED


Jobs = list[Job]
"""A list of jobs; named here because a verb is called `list`."""


class JobFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which jobs to list; what is empty does not restrict. Newest first among the finished ones."""

    states: tuple[State, ...] = ()
    lanes: tuple[Lane, ...] = ()
    kinds: tuple[str, ...] = ()
    model: str = ""
    group: str = ""
    text: str = ""
    """A part of the title, or of the group's name."""
    skip: int = 0
    """How many to leave out: the pages before."""
    limit: int = 200


EVERYTHING = JobFilter()


class LaneState(msgspec.Struct, frozen=True, kw_only=True):
    """One lane as it is now."""

    name: Lane
    width: int
    """How many of its jobs run at once."""
    paused: bool = False
    running: int = 0
    waiting: int = 0
    held: int = 0
    rests_until: float | None = None
    """Wall time of the next try when the server was away or too busy."""
    reason: str = ""
    """Why nothing new starts, when that is so."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What runs and what is to run, in the planned order, each with its reason and expected start."""

    lanes: tuple[LaneState, ...]
    running: tuple[Job, ...]
    waiting: tuple[Job, ...]


class JobChanged(StateEvent, frozen=True, tag=True):
    """A job is new, moved on, or was planned anew."""

    job: Job

    @property
    def topic(self) -> Hashable:
        """One topic a job."""
        return (JobChanged, self.job.id)


class LaneChanged(StateEvent, frozen=True, tag=True):
    """A lane's width, pause or numbers changed; its jobs' places may have changed too."""

    lane: LaneState

    @property
    def topic(self) -> Hashable:
        """One topic a lane."""
        return (LaneChanged, self.lane.name)


class JobsCleared(Event, frozen=True, tag=True):
    """Finished jobs were removed: whoever lists them should read again."""

    states: tuple[State, ...]

    def merge(self, newer: Event) -> Event | None:
        """Join what was cleared."""
        if not isinstance(newer, JobsCleared):
            return None
        return JobsCleared(tuple(sorted({*self.states, *newer.states})))


class Loaded(msgspec.Struct, frozen=True):
    """A model the server holds in memory."""

    model: str
    bytes: int | None = None


class Memory(msgspec.Struct, frozen=True):
    """What is known of the memory models run in; None is unknown, never zero or empty."""

    loaded: tuple[Loaded, ...] | None = None
    free: int | None = None
    at: float | None = None
    """When it was looked at, in the clock's monotonic seconds; None means just now."""


def packed(value: object) -> msgspec.Raw:
    """Return plain data or a struct as the JSON that a payload or a result is."""
    return msgspec.Raw(msgspec.json.encode(value))
