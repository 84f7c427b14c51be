from __future__ import annotations

import pytest

from core.config.schema import Queue
from core.jobs.context import Handler, JobContext
from core.jobs.line import Waiting
from core.jobs.planner import Planner, model_key
from core.jobs.track import Kind, Track
from core.jobs.types import Job, Loaded, Memory
from tests.fakes.clock import ManualClock


async def run(context: JobContext) -> None:
    raise NotImplementedError


HANDLER: Handler = run


class Asked:
    """A planner and what it is told about memory."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.memory = Memory()
        self.planner = Planner(
            self.clock,
            {"turn": Kind("inference", HANDLER, "requeue")},
            Queue,
            lambda: self.memory,
            {"a:latest": 6, "b:latest": 6}.get,
        )
        self.track = Track("inference")
        for number, model in enumerate(("b:latest", "a:latest"), 1):
            self.track.line.put(Waiting(number, number, model))

    def first(self) -> int | None:
        return self.planner.choose(self.track).id


def test_what_the_server_says_is_loaded_counts() -> None:
    asked = Asked()
    assert asked.first() == 1
    asked.memory = Memory((Loaded("A"),))
    assert asked.first() == 2


def test_when_nobody_can_say_what_is_loaded_the_last_model_counts() -> None:
    asked = Asked()
    asked.planner.started(asked.track, "a:latest")
    assert asked.first() == 2


async def test_a_look_from_before_the_last_start_is_not_believed_and_a_newer_one_is() -> None:
    asked = Asked()
    asked.memory = Memory((Loaded("b:latest", 6),), free=0, at=0.0)
    await asked.clock.advance(5)
    asked.planner.started(asked.track, "a:latest")
    assert asked.first() == 2  # b had to go for a, whatever the old look says
    asked.memory = Memory((Loaded("b:latest", 6),), free=0, at=6.0)
    assert asked.first() == 1


async def test_a_start_on_another_lane_says_nothing_about_models() -> None:
    asked = Asked()
    asked.planner.started(Track("network"), "a:latest")
    assert asked.first() == 1


def test_downloads_are_not_grouped_by_model() -> None:
    asked = Asked()
    job = Job(id=1, kind="turn", lane="network", model="qwen3:8b")
    assert asked.planner.waiting(job).model == ""


def test_a_kind_nobody_runs_is_never_ready() -> None:
    assert Asked().planner.waiting(Job(id=1, kind="?", lane="cpu")).ready_at == float("inf")


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Qwen3", "qwen3:latest"),
        ("library/qwen3:8B", "qwen3:8b"),
        ("hf.co/Some/Model:Q4", "hf.co/some/model:q4"),
        ("", ""),
        ("no name at all", "no name at all"),
    ],
)
def test_all_spellings_of_a_name_are_one_model(name: str, key: str) -> None:
    assert model_key(name) == key


def test_a_lane_is_as_wide_as_the_settings_say_unless_a_person_said_otherwise() -> None:
    asked = Asked()
    widths = [asked.planner.width(Track(name)) for name in ("inference", "network", "cpu")]
    settings = Queue()
    assert widths == [settings.inference_width, settings.network_width, settings.cpu_width]
    asked.track.own_width = 7
    assert asked.planner.width(asked.track) == 7
