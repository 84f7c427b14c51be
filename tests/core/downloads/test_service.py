from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from core.downloads.types import Download
from core.errors import NotFound, NotInRegistry, Refused, UsageError
from core.simulator import Pace
from core.simulator.packages import build
from core.simulator.shelf import named
from tests.core.downloads.depot import MB, SLOW, Depot, depot
from tests.core.models.workshop import embedder, sized, small
from tests.waiting import until

GB = 1_000_000_000


def rising(shown: list[Download]) -> list[float]:
    """What was shown as percent, which must never fall."""
    percents = [download.percent for download in shown if download.percent is not None]
    assert percents == sorted(percents)
    completed = [download.completed for download in shown]
    assert completed == sorted(completed)
    return percents


async def state(shop: Depot, download: Download, *wanted: str, step: float = 0.05) -> Download:
    """Let time pass until a download is in a state."""
    async with asyncio.timeout(20):
        while (found := await shop.downloads.get(download.id)).state not in wanted:
            await shop.clock.advance(step)
    return found


async def over(shop: Depot, download: Download) -> Download:
    """Let time pass until a download is over."""
    return await state(shop, download, "done", "failed", "cancelled", step=1.0)


async def moving(shop: Depot, download: Download, seconds: float = 1.0) -> Download:
    """Let a download run for a while of its clock."""
    await state(shop, download, "downloading")
    await shop.clock.advance(seconds)
    return await shop.downloads.get(download.id)


async def test_a_download_is_fetched_listed_and_tried_out(tmp_path: Path) -> None:
    async with depot(tmp_path) as shop:
        download = await shop.downloads.pull("heavy")
        assert download.state == "waiting"
        ended = await shop.ended(download)
        assert ended.state == "done"
        assert ended.percent == 100.0
        assert ended.completed == ended.total
        assert ended.total is not None
        assert ended.total > 20 * GB
        assert ended.proof is not None
        assert ended.proof.speed is not None
        model = await shop.models.get("heavy")
        assert model.state in ("installed", "loaded")
        assert model.last_speed == ended.proof.speed
        assert model.fault is None


async def test_an_embedding_model_is_proved_by_a_vector(tmp_path: Path) -> None:
    async with depot(tmp_path, setup=small(installed=(), pullable=(embedder(),))) as shop:
        ended = await shop.ended(await shop.downloads.pull("vectors"))
        assert ended.state == "done"
        assert ended.proof is not None
        assert ended.proof.dimensions


async def test_a_plan_says_what_is_missing_before_a_byte_moves(tmp_path: Path) -> None:
    async with depot(tmp_path) as shop:
        shop.directory, shop.free = tmp_path, 100 * GB
        plan = await shop.downloads.plan("heavy")
        assert plan.total is not None
        assert plan.missing is not None
        assert plan.missing == pytest.approx(plan.total, rel=1e-6)  # its licence is there already
        assert plan.wanted == int(plan.missing * 1.5)
        assert plan.enough
        assert plan.fit is not None
        assert plan.fit.verdict == "fits"
        assert plan.fit.source == "estimated"
        assert shop.pulled() == 0

        there = await shop.downloads.plan("tiny")
        assert (there.missing, there.current, there.installed) == (0, True, True)


async def test_files_another_model_has_are_not_fetched_again(tmp_path: Path) -> None:
    twin = sized("twin", 1, base="tiny", system="Be kind.")
    async with depot(tmp_path, setup=small(pullable=(twin,))) as shop:
        plan = await shop.downloads.plan("twin")
        assert plan.missing is not None
        assert plan.missing < 10_000
        assert plan.total is not None
        assert plan.total > GB
        ended = await shop.ended(await shop.downloads.pull("twin"))
        assert ended.state == "done"


async def test_too_little_room_is_refused_before_a_byte_moves(tmp_path: Path) -> None:
    async with depot(tmp_path) as shop:
        shop.directory, shop.free = tmp_path, 29 * GB
        ended = await shop.ended(await shop.downloads.pull("heavy"))
        assert ended.state == "failed"
        assert ended.error is not None
        assert ended.error.code == "disk_full"
        assert "30.0 GB" in ended.error.message
        assert "29.0 GB" in ended.error.message
        assert shop.pulled() == 0


async def test_parts_on_the_disk_need_no_room_again(tmp_path: Path) -> None:
    (tmp_path / "blobs").mkdir()
    async with depot(tmp_path) as shop:
        shop.directory = tmp_path
        whole = await shop.downloads.plan("light")
        weights = shop.simulator.server.registry.find(named("light"))
        assert weights is not None
        digest = weights.weights.digest.removeprefix("sha256:")
        part = tmp_path / "blobs" / f"sha256-{digest}-partial"
        part.write_bytes(b"x" * 8_000_000)
        with part.open("ab") as file:
            file.truncate(2 * GB)  # as long as the whole, but mostly a hole
        begun = await shop.downloads.plan("light")
        assert whole.missing is not None
        assert begun.missing == pytest.approx(whole.missing - 8_000_000, abs=100_000)


async def test_where_the_disk_cannot_be_seen_that_is_said_and_nothing_is_refused(tmp_path: Path) -> None:
    async with depot(tmp_path) as shop:
        plan = await shop.downloads.plan("heavy")
        assert plan.enough is None
        assert "cannot be seen" in plan.note
        assert (await shop.ended(await shop.downloads.pull("light"))).state == "done"


async def test_a_registry_that_cannot_be_asked_leaves_sizes_unknown_until_the_server_tells(
    tmp_path: Path,
) -> None:
    async with depot(tmp_path, pace=SLOW) as shop:
        shop.simulator.fault("refuse@/v2/library/light/manifests/latest:times=0")
        plan = await shop.downloads.plan("light")
        assert plan.total is None
        assert "not known yet" in plan.note
        download = await shop.downloads.pull("light")
        found = await moving(shop, download)
        assert found.total is not None
        assert not found.exact
        assert (await over(shop, download)).state == "done"


@pytest.mark.parametrize("name", ["", "a b", "x:", "x@sha256:abc", "a/b/c/d/e", ":tag"])
async def test_names_the_server_would_refuse_are_refused_at_once(tmp_path: Path, name: str) -> None:
    async with depot(tmp_path) as shop:
        with pytest.raises(UsageError):
            await shop.downloads.pull(name)
        with pytest.raises(UsageError):
            await shop.downloads.plan(name)


async def test_a_model_the_registry_does_not_know_is_told_at_once(tmp_path: Path) -> None:
    async with depot(tmp_path) as shop:
        with pytest.raises(NotInRegistry):
            await shop.downloads.plan("nobody")
        ended = await shop.ended(await shop.downloads.pull("nobody"))
        assert ended.state == "failed"
        assert ended.error is not None
        assert ended.error.code == "not_in_registry"
        assert shop.pulled() == 0


async def test_asking_twice_is_one_download(tmp_path: Path) -> None:
    async with depot(tmp_path, pace=SLOW) as shop:
        one = await shop.downloads.pull("light")
        other = await shop.downloads.pull("LIGHT:latest")
        assert one.id == other.id
        await moving(shop, one)
        assert (await shop.downloads.pull("light")).id == one.id
        assert len(await shop.downloads.list()) == 1


async def test_progress_is_told_as_it_goes_and_never_falls(tmp_path: Path) -> None:
    async with depot(tmp_path, pace=SLOW) as shop:
        download = await shop.downloads.pull("light")
        await state(shop, download, "downloading")
        shop.shown()
        seen = []
        for _ in range(30):
            await shop.clock.advance(0.5)
            seen += shop.shown()
        percents = rising(seen)
        assert percents[-1] > 60
        assert len(percents) >= 25
        fast = [shown for shown in seen if shown.speed]
        assert fast[-1].speed == pytest.approx(100 * MB, rel=0.1)
        assert fast[-1].eta is not None
        left = (fast[-1].total or 0) - fast[-1].completed
        assert fast[-1].eta == pytest.approx(left / (100 * MB), rel=0.2)
        assert (await over(shop, download)).percent == 100.0


async def test_a_paused_download_stops_at_once_and_goes_on_where_it_was(tmp_path: Path) -> None:
    async with depot(tmp_path, pace=SLOW) as shop:
        download = await shop.downloads.pull("light")
        before = await moving(shop, download, 8)
        await shop.downloads.pause(download.id)
        paused = await state(shop, download, "paused")
        assert paused.completed >= before.completed > 500 * MB
        await until(lambda: not shop.simulator.server.transfers.moving)
        assert (await shop.downloads.resume(download.id)).completed >= paused.completed
        assert (await over(shop, download)).state == "done"
        assert shop.pulled() == 2


async def test_pulling_what_is_paused_lets_it_go_on(tmp_path: Path) -> None:
    async with depot(tmp_path, pace=SLOW) as shop:
        download = await shop.downloads.pull("light")
        await moving(shop, download)
        await shop.downloads.pause(download.id)
        await state(shop, download, "paused")
        again = await shop.downloads.pull("light")
        assert again.id == download.id
        assert again.state == "waiting"


async def test_a_cancelled_update_leaves_the_installed_model_alone(tmp_path: Path) -> None:
    async with depot(tmp_path, pace=SLOW) as shop:
        newer = build(sized("tiny", 2, base="newer weights"))
        shop.simulator.server.registry.offer(newer, "tiny")
        before = await shop.models.get("tiny")
        download = await shop.downloads.pull("tiny")
        await moving(shop, download, 5)
        await shop.downloads.cancel(download.id)
        await state(shop, download, "cancelled")
        await shop.models.sync()
        assert await shop.models.get("tiny") == before
        await shop.server.client.show("tiny")


async def test_what_was_cancelled_begins_anew(tmp_path: Path) -> None:
    async with depot(tmp_path, pace=SLOW) as shop:
        download = await shop.downloads.pull("light")
        await moving(shop, download, 8)
        await shop.downloads.cancel(download.id)
        await state(shop, download, "cancelled")
        shop.simulator.restart(prune=True)
        shop.simulator.server.shelf.partials.clear()
        again = await shop.downloads.pull("light")
        assert again.id != download.id
        assert again.completed == 0
        await shop.downloads.cancel(again.id)
        await state(shop, again, "cancelled")


@pytest.mark.parametrize(
    ("fault", "pulls"),
    [
        ("backwards:after=50", 1),
        ("cut@pull:after=30", 2),
        ("end@pull:after=30", 2),
        ("garbage@pull:after=5", 2),
        ("registry:text=Get: dial tcp: lookup registry.ollama.ai: no such host", 2),
        ("registry:text=429: too many requests", 2),
        ("digest", 2),
        ("status@pull:status=500,text=boom", 2),
        ("html@pull", 2),
        ("utf8@pull", 1),
        ("duplicate@pull", 1),
        ("huge@pull:after=3", 1),
        ("vanish", 2),
    ],
)
async def test_after_every_passing_trouble_the_model_is_there(tmp_path: Path, fault: str, pulls: int) -> None:
    async with depot(tmp_path, pace=SLOW) as shop:
        shop.simulator.fault(fault)
        download = await shop.downloads.pull("light", verify=False)
        found = await over(shop, download)
        seen = shop.shown()
        assert (found.state, found.error) == ("done", None)
        rising(seen)
        assert {shown.total for shown in seen if shown.exact} <= {found.total}
        assert shop.pulled() == pulls
        assert (await shop.models.get("light")).installed


async def test_a_download_that_stands_still_is_connected_anew(tmp_path: Path) -> None:
    async with depot(tmp_path, pace=SLOW) as shop:
        shop.simulator.fault("stall:after=50")
        download = await shop.downloads.pull("light", verify=False)
        await moving(shop, download, 20)
        shop.shown()
        await shop.clock.advance(30)
        still = shop.shown()[-1]
        assert still.state == "downloading"
        assert still.speed is not None
        assert still.speed < MB
        assert (await over(shop, download)).state == "done"
        assert shop.pulled() == 2


async def test_a_download_that_never_moves_is_given_up_with_a_sentence(tmp_path: Path) -> None:
    async with depot(tmp_path, pace=SLOW) as shop:
        await shop.config.set("downloads.attempts", 2)
        shop.simulator.fault("stall:after=0,times=0")
        download = await shop.downloads.pull("light")
        ended = await over(shop, download)
        assert ended.state == "failed"
        assert ended.error is not None
        assert "stood still for 60 s" in ended.error.message
        assert shop.pulled() == 2


async def test_a_disk_that_fills_up_is_final_and_what_came_stays(tmp_path: Path) -> None:
    async with depot(tmp_path) as shop:
        shop.simulator.fault("disk:after=50")
        ended = await shop.ended(await shop.downloads.pull("light"))
        assert ended.state == "failed"
        assert ended.error is not None
        assert ended.error.code == "disk_full"
        assert ended.percent == pytest.approx(50, abs=6)
        again = await shop.downloads.retry(ended.id)
        assert again.completed >= ended.completed
        assert (await shop.ended(again)).state == "done"


async def test_a_server_that_goes_away_is_waited_for_and_costs_no_attempt(tmp_path: Path) -> None:
    async with depot(tmp_path, pace=SLOW) as shop:
        download = await shop.downloads.pull("light", verify=False)
        before = await moving(shop, download, 8)
        shop.simulator.fault("refuse@pull:times=3")
        await shop.downloads.pause(download.id)
        await state(shop, download, "paused")
        await shop.downloads.resume(download.id)
        waiting = await state(shop, download, "retrying")
        assert waiting.error is not None
        assert waiting.error.code == "server_unavailable"
        assert waiting.completed >= before.completed
        ended = await over(shop, download)
        assert ended.state == "done"
        assert ended.attempt == 1


async def test_a_model_that_cannot_run_says_so_and_is_marked(tmp_path: Path) -> None:
    async with depot(tmp_path) as shop:
        await shop.config.set("queue.attempts", 1)
        shop.simulator.fault("load:times=0")
        ended = await shop.ended(await shop.downloads.pull("light"))
        assert ended.state == "failed"
        assert ended.percent == 100.0
        assert ended.error is not None
        assert ended.error.code == "load_failed"
        model = await shop.models.get("light")
        assert model.fault is not None
        assert model.fault.hint
        shop.simulator.clear_faults()
        assert (await shop.ended(await shop.downloads.retry(ended.id))).state == "done"
        assert (await shop.models.get("light")).fault is None
        assert shop.pulled() == 1


async def test_without_a_trial_the_model_is_not_loaded(tmp_path: Path) -> None:
    async with depot(tmp_path) as shop:
        ended = await shop.ended(await shop.downloads.pull("light", verify=False))
        assert ended.state == "done"
        assert ended.proof is None
        assert shop.asked("/api/chat") == 0


async def test_a_trial_does_not_take_the_place_of_a_model_in_use(tmp_path: Path) -> None:
    async with depot(tmp_path) as shop:
        await shop.server.client.load("middle", {"num_ctx": 8192})
        await shop.models.sync()
        await shop.ended(await shop.downloads.pull("light"))
        await shop.models.sync()
        assert {model.name for model in await shop.models.loaded()} == {"middle:latest"}


async def test_what_is_up_to_date_is_not_fetched_or_tried_again(tmp_path: Path) -> None:
    async with depot(tmp_path) as shop:
        ended = await shop.ended(await shop.downloads.pull("tiny"))
        assert ended.state == "done"
        assert ended.proof is None
        assert ended.completed == ended.total


async def test_two_run_at_once_and_the_order_of_the_rest_can_be_changed(tmp_path: Path) -> None:
    names = ["one", "two", "three", "four"]
    setup = small(pullable=tuple(sized(name, 1) for name in names))
    async with depot(tmp_path, setup=setup, pace=SLOW) as shop:
        downloads = [await shop.downloads.pull(name, verify=False) for name in names]
        for download in downloads[:2]:
            await state(shop, download, "downloading")
        await shop.downloads.move(downloads[3].id, 1)
        found = await shop.downloads.list()
        assert [each.name.removesuffix(":latest") for each in found] == ["one", "two", "four", "three"]
        assert [each.state for each in found] == ["downloading", "downloading", "waiting", "waiting"]
        assert [each.position for each in found[2:]] == [1, 2]


async def test_all_can_be_paused_and_let_go_on_together(tmp_path: Path) -> None:
    names = ["one", "two", "three"]
    setup = small(pullable=tuple(sized(name, 1) for name in names))
    async with depot(tmp_path, setup=setup, pace=SLOW) as shop:
        downloads = [await shop.downloads.pull(name, verify=False) for name in names]
        await state(shop, downloads[0], "downloading")
        await shop.downloads.pause_all()
        for download in downloads:
            await state(shop, download, "paused")
        assert "paused" not in {each.state for each in await shop.downloads.resume_all()}


async def test_a_download_outlives_the_program_and_nothing_falls_back(tmp_path: Path) -> None:
    async with depot(tmp_path, pace=SLOW) as shop:
        download = await shop.downloads.pull("light", verify=False)
        before = await moving(shop, download, 8)
        simulator, clock = shop.simulator, shop.clock
    again = Depot(tmp_path, clock=clock, pace=SLOW)
    again.simulator = simulator
    await again.open()
    await again.start()
    try:
        found = await moving(again, download, 1)
        assert found.completed >= before.completed
        seen = again.shown()
        rising(seen)
        assert seen[0].completed >= before.completed
        await again.clock.advance(60)
        assert (await again.ended(download)).state == "done"
        assert len(await again.downloads.list()) == 1
    finally:
        await again.close()


async def test_what_is_over_cannot_be_paused_and_what_is_no_download_is_none(tmp_path: Path) -> None:
    async with depot(tmp_path) as shop:
        ended = await shop.ended(await shop.downloads.pull("light", verify=False))
        with pytest.raises(Refused):
            await shop.downloads.pause(ended.id)
        with pytest.raises(Refused):
            await shop.downloads.resume(ended.id)
        with pytest.raises(NotFound):
            await shop.downloads.get(99)
        job = await shop.models.load("light")
        with pytest.raises(NotFound):
            await shop.downloads.get(job.id)


async def test_running_downloads_do_not_promise_the_same_room_twice(tmp_path: Path) -> None:
    setup = small(pullable=(sized("one", 10), sized("two", 10)))
    async with depot(tmp_path, setup=setup, pace=Pace(pull=MB, tick=1.0)) as shop:
        shop.directory, shop.free = tmp_path, 20 * GB
        one = await shop.downloads.pull("one")
        await state(shop, one, "downloading")
        two = await shop.ended(await shop.downloads.pull("two"))
        assert two.state == "failed"
        assert two.error is not None
        assert two.error.code == "disk_full"


async def test_trying_a_paused_download_again_lets_it_go_on(tmp_path: Path) -> None:
    async with depot(tmp_path, pace=SLOW) as shop:
        download = await shop.downloads.pull("heavy")
        await state(shop, download, "downloading")
        with pytest.raises(Refused, match="on its way already"):
            await shop.downloads.retry(download.id)
        await shop.downloads.pause(download.id)
        await state(shop, download, "paused")
        assert (await shop.downloads.retry(download.id)).state != "paused"
        await shop.downloads.cancel(download.id)
