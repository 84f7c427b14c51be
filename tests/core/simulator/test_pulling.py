"""Downloads: what they say, what they leave out, how they break and go on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from core.simulator import REAL, Setup, Simulator, Spec, toy
from tests.core.simulator.helpers import LAST_OF_THE_OLD, NEWEST, client, lines
from tests.fakes.clock import ManualClock, settle

MB = 1_000_000
HEAVY = toy("heavy", weights=600 * MB)
TWIN = toy("twin", base="heavy", weights=600 * MB, parameters={"top_k": 3})
OFFER = (HEAVY, TWIN, toy("toy", weights=5000), toy("tensors", weights=300 * MB, format="safetensors"))


def shop(*installed: Spec, version: str = NEWEST, **settings: Any) -> Setup:
    return Setup(version=version, installed=installed, pullable=OFFER, **settings)


@pytest.fixture
async def offered() -> AsyncIterator[tuple[Simulator, httpx.AsyncClient]]:
    simulator = Simulator(shop())
    async with client(simulator) as http:
        yield simulator, http


Offered = tuple[Simulator, httpx.AsyncClient]


def of_blob(objects: list[dict[str, Any]], size: int = 600 * MB) -> list[int | None]:
    return [one.get("completed") for one in objects if one.get("total") == size]


async def test_the_first_object_has_nothing_done_and_the_last_not_everything(offered: Offered) -> None:
    objects = await lines(offered[1], "/api/pull", model="heavy")
    completed = of_blob(objects)
    assert completed[0] is None
    rest = [value for value in completed[1:] if value is not None]
    assert rest == sorted(rest)
    assert len(rest) > 10
    assert rest[-1] < 600 * MB
    blob = next(one for one in objects if one.get("total") == 600 * MB)
    assert blob["status"] == "pulling " + blob["digest"].removeprefix("sha256:")[:12]
    assert [one["status"] for one in objects[-3:]] == [
        "verifying sha256 digest",
        "writing manifest",
        "success",
    ]


async def test_small_blobs_are_never_mentioned(offered: Offered) -> None:
    objects = await lines(offered[1], "/api/pull", model="toy")
    assert [one["status"] for one in objects] == [
        "pulling manifest", "verifying sha256 digest", "writing manifest", "success",
    ]  # fmt: skip


async def test_blobs_that_are_there_are_mentioned_once_and_complete(offered: Offered) -> None:
    await lines(offered[1], "/api/pull", model="heavy")
    objects = await lines(offered[1], "/api/pull", model="twin")
    assert of_blob(objects) == [600 * MB]
    again = await lines(offered[1], "/api/pull", model="twin")
    assert all(one["completed"] == one["total"] for one in again if "total" in one)


async def test_a_new_version_removes_what_only_the_old_one_used(offered: Offered) -> None:
    simulator, http = offered
    await lines(http, "/api/pull", model="heavy")
    simulator.server.registry.offer(simulator.server.registry.find(simulator.server.name("toy")), "heavy")  # type: ignore[arg-type] # it is there
    objects = await lines(http, "/api/pull", model="heavy")
    assert "removing unused layers" in [one["status"] for one in objects]
    assert all(layer.size < MB for layer in simulator.server.shelf.blobs.values())


@pytest.mark.parametrize(("version", "whole"), [(NEWEST, True), ("0.13.5", False)])
async def test_a_model_of_many_tensors_is_one_line(version: str, whole: bool) -> None:
    async with client(Simulator(shop(version=version))) as http:
        objects = await lines(http, "/api/pull", model="tensors")
        digests = {one["digest"] for one in objects if "digest" in one}
        assert (digests == {"sha256:model"}) == whole
        assert ("verifying sha256 digest" not in [one["status"] for one in objects]) == whole
        again = await lines(http, "/api/pull", model="tensors")
        assert all(one["completed"] == one["total"] for one in again if "total" in one)


ERRORS = [
    ({"model": "nope"}, "", "pull model manifest: file does not exist"),
    ({"model": "heavy"}, "registry", "no such host"),
    ({"model": "heavy"}, "registry:text=412: {}", "pull model manifest: 412: {}"),
    ({"model": "box:5000/ns/x"}, "", 'Get "https://box:5000/v2/ns/x/manifests/latest": dial tcp'),
    ({"model": "heavy"}, "disk", "-partial: no space left on device"),
    ({"model": "heavy"}, "digest", "digest mismatch, file must be downloaded again: want sha256:"),
]


@pytest.mark.parametrize(("body", "fault", "said"), ERRORS)
async def test_errors_come_inside_a_200_and_as_500_without_a_stream(body: Any, fault: str, said: str) -> None:
    for streaming in (True, False):
        simulator = Simulator(shop())
        if fault:
            simulator.fault(fault)
        async with client(simulator) as http:
            if streaming:
                *_, last = await lines(http, "/api/pull", **body)
                assert said in last["error"]
            else:
                reply = await http.post("/api/pull", json=body | {"stream": False})
                assert reply.status_code == 500
                assert said in reply.json()["error"]


async def test_a_full_disk_keeps_what_came_and_a_wrong_digest_keeps_nothing(offered: Offered) -> None:
    simulator, http = offered
    simulator.fault("disk:after=50")
    await lines(http, "/api/pull", model="heavy")
    (partial,) = simulator.server.shelf.partials.values()
    assert 0.5 <= partial.completed / (600 * MB) < 0.7
    resumed = of_blob(await lines(http, "/api/pull", model="heavy"))
    assert resumed[0] == partial.completed
    await http.request("DELETE", "/api/delete", json={"model": "heavy"})
    simulator.fault("digest")
    await lines(http, "/api/pull", model="heavy")
    assert of_blob(await lines(http, "/api/pull", model="heavy"))[0] is None


async def test_a_disk_fills_up_by_itself() -> None:
    async with client(Simulator(shop(disk=200 * MB))) as http:
        *_, last = await lines(http, "/api/pull", model="heavy")
        assert "no space left on device" in last["error"]


async def test_progress_can_slip_back(offered: Offered) -> None:
    offered[0].fault("backwards")
    objects = await lines(offered[1], "/api/pull", model="heavy")
    completed = [value or 0 for value in of_blob(objects)]
    assert completed != sorted(completed)
    assert objects[-1] == {"status": "success"}


async def test_a_model_can_be_missing_after_its_success(offered: Offered) -> None:
    offered[0].fault("vanish")
    *_, last = await lines(offered[1], "/api/pull", model="heavy")
    assert last == {"status": "success"}
    assert (await offered[1].get("/api/tags")).json() == {"models": []}


class Download:
    """One pull in the background, object by object."""

    def __init__(self, http: httpx.AsyncClient, model: str) -> None:
        self.objects: list[dict[str, Any]] = []
        self.task = asyncio.create_task(self._run(http, model))

    async def _run(self, http: httpx.AsyncClient, model: str) -> None:
        async with http.stream("POST", "/api/pull", json={"model": model}) as reply:
            async for line in reply.aiter_lines():
                self.objects.append(json.loads(line))

    async def leave(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    @property
    def completed(self) -> int:
        return int(self.objects[-1].get("completed", 0))


@pytest.fixture
async def slow() -> AsyncIterator[tuple[Simulator, httpx.AsyncClient, ManualClock]]:
    clock = ManualClock()
    simulator = Simulator(shop(), clock=clock, pace=REAL)
    async with client(simulator) as http:
        yield simulator, http, clock


Slow = tuple[Simulator, httpx.AsyncClient, ManualClock]


async def test_a_download_has_a_speed_and_looks_every_sixty_milliseconds(slow: Slow) -> None:
    _, http, clock = slow
    pull = Download(http, "heavy")
    await clock.sleepers()
    await clock.advance(5.2)
    assert pull.completed == pytest.approx(300 * MB, rel=0.02)
    assert 80 <= len(pull.objects) <= 86
    await clock.advance(6)
    assert pull.objects[-1] == {"status": "success"}


async def test_leaving_stops_it_and_coming_back_goes_on(slow: Slow) -> None:
    simulator, http, clock = slow
    pull = Download(http, "heavy")
    await clock.sleepers()
    await clock.advance(5.2)
    await pull.leave()
    await clock.advance(100)
    (partial,) = simulator.server.shelf.partials.values()
    assert partial.completed == pytest.approx(300 * MB, rel=0.02)
    again = Download(http, "heavy")
    await settle()
    await clock.advance(0.25)
    assert again.objects[1]["completed"] == partial.completed
    await again.leave()


async def test_two_who_want_the_same_blob_share_its_transfer(slow: Slow) -> None:
    _, http, clock = slow
    one, other = Download(http, "heavy"), Download(http, "twin")
    await clock.sleepers(2)
    await clock.advance(5.2)
    assert one.completed == pytest.approx(300 * MB, rel=0.02)
    assert other.completed == pytest.approx(300 * MB, rel=0.02)
    await one.leave()
    await clock.advance(6)
    assert other.objects[-1] == {"status": "success"}


async def test_a_stalled_download_says_the_same_for_ever_until_somebody_reconnects(slow: Slow) -> None:
    simulator, http, clock = slow
    simulator.fault("stall:after=50")
    pull = Download(http, "heavy")
    await clock.sleepers()
    await clock.advance(60)
    assert pull.objects[-100:] == [pull.objects[-1]] * 100
    await pull.leave()
    again = Download(http, "heavy")
    await settle()
    await clock.advance(10)
    assert again.objects[-1] == {"status": "success"}


async def test_a_download_can_stall_before_its_first_byte(slow: Slow) -> None:
    simulator, http, clock = slow
    simulator.fault("stall:after=0")
    pull = Download(http, "heavy")
    await clock.sleepers()
    await clock.advance(60)
    assert len(pull.objects) > 500
    assert not any("completed" in one for one in pull.objects)
    await pull.leave()


@pytest.mark.parametrize(
    ("version", "age", "kept"), [(NEWEST, 0, True), (NEWEST, 3600, False), ("0.20.0", 0, False)]
)
async def test_a_restart_deletes_parts_that_are_old_or_all_of_them(
    version: str, age: float, kept: bool
) -> None:
    clock = ManualClock()
    simulator = Simulator(shop(version=version), clock=clock)
    async with client(simulator) as http:
        simulator.fault("disk")
        await lines(http, "/api/pull", model="heavy")
        await clock.advance(age)
        simulator.restart()
        assert bool(simulator.server.shelf.partials) == kept


async def test_creating_from_an_absent_model_pulls_it_first(offered: Offered) -> None:
    objects = await lines(offered[1], "/api/create", model="mine", **{"from": "heavy"}, system="Be kind.")
    statuses = [one["status"] for one in objects]
    assert statuses[0] == "pulling manifest"
    assert statuses[-2:] == ["writing manifest", "success"]
    names = {one["name"] for one in (await offered[1].get("/api/tags")).json()["models"]}
    assert names == {"mine:latest", "heavy:latest"}


async def test_an_old_server_pulls_as_well() -> None:
    async with client(Simulator(shop(version=LAST_OF_THE_OLD))) as http:
        assert (await lines(http, "/api/pull", name="heavy"))[-1] == {"status": "success"}
