"""What one service knows and another needs: the gauges know which answer keeps a model busy."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.chat.desk import TURN
from core.engine import Engine, Options
from core.jobs.types import Job, JobChanged, Progress
from core.simulator import Simulator
from core.telemetry.probes import Ask, GpuReading
from core.telemetry.types import ModelUse, Sample
from tests.fakes.clock import ManualClock, settle
from tests.fakes.machine import CARD, FACTS, FakeMachine
from tests.waiting import until

MODEL = "llama3.2:3b"
ANSWER = Job(id=7, kind=TURN, lane="inference", model=MODEL, title="Why is the sky blue?", state="running")


class Furnace(FakeMachine):
    """Its one GPU always draws 300 W, and counts them."""

    def read(self, ask: Ask) -> GpuReading:
        """Look at it."""
        counting = msgspec.structs.replace(CARD, power=300.0, energy=300.0 * ask.now)
        return GpuReading((counting,), (msgspec.structs.replace(FACTS, counts_energy=True),))


class House:
    """An engine with everything around it."""

    def __init__(self, engine: Engine, clock: ManualClock) -> None:
        self.engine = engine
        self.clock = clock

    async def load(self, name: str) -> None:
        """Have a model in memory."""
        job = await self.engine.models.load(name)
        while (await self.engine.jobs.get(job.id)).state != "done":
            await self.clock.advance(0.1)
        await until(lambda: self.engine.models.roster.get(name).in_memory)

    async def says(self, *, tokens: int = 0, state: str = "running", **values: Any) -> None:
        """Let the answer's job say how far it is."""
        progress = Progress(values.pop("phase", "answering"), numbers={"tokens": tokens})
        job = msgspec.structs.replace(ANSWER, state=state, progress=progress, **values)
        self.engine.bus.publish(JobChanged(job))
        await settle()

    async def look(self, seconds: float = 1.0) -> Sample:
        """Let time pass, and look at the machine."""
        await self.clock.advance(seconds)
        return await self.engine.telemetry.latest(0.0)

    async def model(self) -> ModelUse:
        """Look at the only model in memory."""
        (model,) = (await self.look()).models
        return model


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    clock = ManualClock()
    engine = Engine.prepare(
        Options(environment={"LEITSTAND_HOME": str(tmp_path), "HOME": str(tmp_path)}),
        clock=clock,
        transport=Simulator(clock=clock).transport(),
        probes=Furnace().probes(),
    )
    await engine.start()
    try:
        await until(lambda: (model := engine.models.roster.find(MODEL)) is not None and model.installed)
        yield House(engine, clock)
    finally:
        await engine.close()


async def test_an_answer_whose_model_is_not_in_memory_yet_is_on_its_way(house: House) -> None:
    await house.says(phase="loading")
    sample = await house.look()
    assert [(job.model, job.doing, job.title) for job in sample.arriving] == [
        (MODEL, "loading for", "Why is the sky blue?")
    ]
    assert sample.models == ()


async def test_an_answer_has_its_speed_its_energy_and_in_the_end_its_cost(house: House) -> None:
    await house.load(MODEL)
    for second in range(6):
        await house.says(tokens=1 + 20 * second)
        model = await house.model()
    assert [(job.title, job.doing) for job in model.jobs] == [("Why is the sky blue?", "answering")]
    assert model.tokens_per_second == pytest.approx(20.0)
    assert model.joules_per_token == pytest.approx(15.0)

    await house.says(state="done")
    model = await house.model()
    assert (model.jobs, model.tokens_per_second) == ((), None)
    assert model.answer_joules == pytest.approx(6 * 300.0, rel=0.2)


async def test_a_server_elsewhere_has_a_speed_but_our_gpus_do_not_say_what_it_takes(house: House) -> None:
    await house.load(MODEL)
    await house.engine.config.set("server.url", "http://gpubox:11434")
    await house.look()
    for second in range(4):
        await house.says(tokens=1 + 20 * second)
        await house.look()
    assert [job.tokens_per_second for job in house.engine._joins.running_jobs()] == [pytest.approx(20.0)]
    await house.says(state="done")
    assert [model.answer_joules for model in house.engine._joins.loaded_models()] in ([], [None])


@pytest.mark.parametrize(
    ("job", "words"),
    [
        ({"phase": "reading prompt"}, ("reading for", "Why is the sky blue?")),
        ({"kind": "model.load", "title": "Load x", "phase": "loading"}, ("loading", "")),
        ({"kind": "download.proof", "title": "Try out x", "phase": "proving"}, ("trying out", "")),
        ({"kind": "library.embed", "title": "Index manual.pdf", "phase": ""}, ("Index manual.pdf", "")),
    ],
)
async def test_what_a_job_does_is_said_in_words(
    house: House, job: dict[str, Any], words: tuple[str, str]
) -> None:
    await house.says(**job)
    (arriving,) = (await house.look()).arriving
    assert (arriving.doing, arriving.title) == words


async def test_a_job_that_names_no_model_belongs_to_the_only_one_in_memory(house: House) -> None:
    await house.says(model="")
    assert (await house.look()).arriving == ()
    await house.load(MODEL)
    await house.says(model="", tokens=1)
    assert len((await house.model()).jobs) == 1


async def test_other_lanes_keep_no_model_busy(house: House) -> None:
    await house.says(kind="download", lane="network", model=MODEL)
    assert (await house.look()).arriving == ()


async def test_a_model_under_two_names_is_in_memory_once(house: House) -> None:
    await house.engine.models.copy(MODEL, "twin")
    await house.load("twin")
    assert {model.name for model in await house.engine.models.loaded()} == {MODEL, "twin:latest"}
    await house.says(tokens=1)
    assert len((await house.model()).jobs) == 1


async def test_the_settings_of_the_gauges_count_at_once(house: House) -> None:
    assert (await house.look()).alerts == ()
    await house.engine.config.set("gauges.gpu_memory", 55.0)
    for _ in range(12):
        sample = await house.look()
    assert [alert.kind for alert in sample.alerts] == ["gpu_memory"]  # 19 of 32 GiB
    await house.engine.config.set("gauges.alerts", False)
    await settle()
    assert (await house.look()).alerts == ()
