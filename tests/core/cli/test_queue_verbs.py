from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from core.cli.queue_glance import Counted, counted
from core.cli.queue_rows import reason
from core.daemon import hosting
from core.errors import LoadFailed
from core.jobs.types import Fault, Job, packed
from core.store.lock import DataLock
from tests.core.cli.running import Ended, leitstand
from tests.core.cli.servers import closed_port, ollama, serving
from tests.core.jobs.shop import Shop

DONE, FAILED, CUT_OFF, FIRST, SECOND, HELD, PULL = range(1, 8)


async def _fill(data: Path) -> None:
    async with Shop.opened(data) as shop:
        done = await shop.ask("read", title="Done one")
        (await shop.playing(done.id)).returns({"tokens": 3})
        await shop.jobs.finished(done.id)
        failed = await shop.ask("read", title="Failed one", max_attempts=1)
        (await shop.playing(failed.id)).raises(LoadFailed("It did not load.", "Try a smaller one."))
        await shop.jobs.finished(failed.id)
        running = await shop.ask(title="Cut off one", model="a:1b", payload=packed({"secret": "words"}))
        await shop.playing(running.id)
        for title in ("First", "Second", "Held"):
            await shop.ask(title=title, model="a:1b")
        await shop.jobs.hold(HELD)
        await shop.jobs.pause("network")
        await shop.ask("pull", title="qwen3:8b", sole="pull:qwen3")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A data directory whose Leitstand died in the middle of a job."""
    asyncio.run(_fill(tmp_path / "data"))
    return tmp_path


@contextmanager
def somebody_works_on(home: Path) -> Iterator[None]:
    lock = DataLock.acquire(home / "data" / "lock")
    try:
        yield
    finally:
        lock.release()


def queue(*argv: str, home: Path) -> Ended:
    return leitstand("queue", *argv, home=home)


def jobs(home: Path, *argv: str) -> dict[int, dict[str, Any]]:
    found = queue("list", "--json", *argv, home=home).json
    return {job["id"]: job for job in found}


def contents(directory: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def test_running_comes_first_then_waiting_in_its_place_then_the_finished(home: Path) -> None:
    found = jobs(home)
    assert list(found) == [CUT_OFF, FIRST, SECOND, PULL, HELD, FAILED, DONE]
    assert [found[id]["position"] for id in (FIRST, SECOND, PULL, HELD)] == [1, 2, 1, None]


def test_a_script_gets_everything_but_the_payload(home: Path) -> None:
    found = jobs(home)
    failed = found[FAILED]
    assert failed["error"] == {
        "code": "load_failed",
        "message": "It did not load.",
        "hint": "Try a smaller one.",
    }
    assert failed["created"].startswith("2026-01-01T12:00:0")
    assert (failed["kind"], failed["lane"], failed["model"], failed["group"]) == ("read", "cpu", None, None)
    assert set(failed["progress"]) == {"phase", "percent", "text", "numbers"}
    assert "secret" not in queue("list", "--json", home=home).out
    assert set(failed) == {
        "id", "kind", "lane", "state", "position", "model", "title", "reason", "priority", "attempt",
        "max_attempts", "created", "started", "finished", "progress", "error", "group",
    }  # fmt: skip


def test_people_get_a_table(home: Path) -> None:
    ended = queue("list", home=home)
    lines = ended.out.splitlines()
    assert ended.code == 0
    assert len(lines) == 7
    assert "● running" in lines[0]
    assert "cut off; it goes on when Leitstand starts" in lines[0]
    assert "waits for Leitstand to start" in lines[1]
    assert "the lane is paused" in lines[3]
    assert "set aside" in lines[4]
    assert "It did not load." in lines[5]
    assert "in 0.0 s" in lines[6]


@pytest.mark.parametrize(
    ("argv", "ids"),
    [
        (("--state", "failed"), [FAILED]),
        (("--state", "waiting", "--state", "done"), [FIRST, SECOND, PULL, DONE]),
        (("--lane", "network"), [PULL]),
        (("--lane", "cpu", "--state", "waiting"), []),
        (("--limit", "2"), [CUT_OFF, FIRST]),
        (("--limit", "6"), [CUT_OFF, FIRST, SECOND, PULL, HELD, FAILED]),
        (("--limit", "0"), []),
    ],
)
def test_a_list_can_be_narrowed(home: Path, argv: tuple[str, ...], ids: list[int]) -> None:
    assert list(jobs(home, *argv)) == ids


def test_a_position_counts_everybody_however_narrow_the_list_is(home: Path) -> None:
    assert jobs(home, "--limit", "3")[SECOND]["position"] == 2


def test_reading_changes_nothing_on_the_disk(home: Path, tmp_path: Path) -> None:
    before = contents(home)
    jobs(home)
    assert contents(home) == before
    empty = tmp_path / "empty"
    empty.mkdir()
    assert jobs(empty) == {}
    assert "The queue is empty." in queue("list", home=empty).out
    assert list(empty.iterdir()) == []


async def test_a_leitstand_that_runs_is_read_beside_without_disturbing_it(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with Shop.opened(data) as shop:
        first = await shop.ask(title="First", model="a:1b")
        await shop.playing(first.id)
        await shop.ask(title="Second", model="a:1b")
        with somebody_works_on(tmp_path):
            found = jobs(tmp_path)
            assert [job["state"] for job in found.values()] == ["running", "waiting"]
            assert found[2]["reason"] == "first in its lane"
            assert "cut off" not in found[1]["reason"]
            assert counted(data / "leitstand.db") == Counted(1, 1)
        (await shop.playing(first.id)).returns()
        assert (await shop.jobs.finished(first.id)).state == "done"


def test_what_waits_is_cancelled_and_what_ended_stays(home: Path) -> None:
    ended = queue("cancel", str(FIRST), str(HELD), str(DONE), "--json", home=home)
    assert ended.code == 0
    assert [job["state"] for job in ended.json] == ["cancelled", "cancelled", "done"]
    assert jobs(home)[SECOND]["position"] == 1


def test_what_was_cut_off_is_cancelled_for_good(home: Path) -> None:
    assert "Job 3 is cancelled" in queue("cancel", str(CUT_OFF), home=home).out
    cancelled = jobs(home)[CUT_OFF]
    assert cancelled["state"] == "cancelled"
    assert cancelled["finished"] is not None


def test_one_wrong_number_and_nothing_is_cancelled(home: Path) -> None:
    ended = queue("cancel", str(FIRST), "99", home=home)
    assert ended.code == 1
    assert "There is no job 99." in ended.err
    assert jobs(home)[FIRST]["state"] == "waiting"


def test_a_failed_job_waits_again_at_the_end_of_its_line(home: Path) -> None:
    queue("cancel", str(FIRST), home=home)
    ended = queue("retry", str(FAILED), str(FIRST), home=home)
    assert ended.out.splitlines() == [
        "Job 2 is waiting, number 1 in its lane: Failed one",
        "Job 4 is waiting, number 2 in its lane: First",
    ]
    assert list(jobs(home, "--lane", "inference", "--state", "waiting")) == [SECOND, FIRST]


@pytest.mark.parametrize("id", [DONE, FIRST, CUT_OFF, HELD])
def test_only_what_failed_or_was_cancelled_is_tried_again(home: Path, id: int) -> None:
    ended = queue("retry", str(id), home=home)
    assert ended.code == 4
    assert "only a failed or cancelled one" in ended.err


async def test_what_is_in_the_queue_again_already_is_not_tried_twice(tmp_path: Path) -> None:
    async with Shop.opened(tmp_path / "data", started=False) as shop:
        before = await shop.ask("pull", sole="pull:x")
        await shop.jobs.cancel(before.id)
        await shop.ask("pull", sole="pull:x")
    ended = await asyncio.to_thread(queue, "retry", "1", home=tmp_path)
    assert ended.code == 4
    assert "as job 2" in ended.err


def test_a_waiting_job_is_moved(home: Path) -> None:
    assert queue("move", str(SECOND), "1", home=home).out.startswith("Job 5 is waiting, number 1")
    assert list(jobs(home, "--lane", "inference", "--state", "waiting")) == [SECOND, FIRST]
    assert queue("move", str(SECOND), "99", "--json", home=home).json[0]["position"] == 2
    ended = queue("move", str(HELD), "1", home=home)
    assert (ended.code, "cannot be moved" in ended.err) == (4, True)


def test_a_lane_is_paused_and_goes_on(home: Path) -> None:
    assert queue("pause", "inference", "--json", home=home).json == {"lane": "inference", "paused": True}
    assert jobs(home)[FIRST]["reason"] == "the lane is paused"
    assert "goes on" in queue("resume", "inference", home=home).out
    assert jobs(home)[FIRST]["reason"] != "the lane is paused"
    assert queue("pause", "gpu", home=home).code == 2


def test_a_lane_can_be_paused_before_the_first_start(tmp_path: Path) -> None:
    assert queue("pause", "network", home=tmp_path).code == 0
    with closing(sqlite3.connect(tmp_path / "data" / "leitstand.db")) as connection:
        assert connection.execute("SELECT name FROM lane WHERE paused").fetchall() == [("network",)]


def test_a_width_that_was_chosen_survives_a_pause(home: Path) -> None:
    with closing(sqlite3.connect(home / "data" / "leitstand.db")) as connection:
        connection.execute("INSERT INTO lane (name, width) VALUES ('cpu', 3)")
        connection.commit()
    queue("pause", "cpu", home=home)
    with closing(sqlite3.connect(home / "data" / "leitstand.db")) as connection:
        assert connection.execute("SELECT paused, width FROM lane WHERE name = 'cpu'").fetchall() == [(1, 3)]


def test_finished_jobs_are_forgotten(home: Path) -> None:
    assert queue("clear", "--state", "done", home=home).out == "1 finished job is forgotten.\n"
    assert FAILED in jobs(home)
    assert queue("clear", "--json", home=home).json == {"cleared": 1}
    assert list(jobs(home)) == [CUT_OFF, FIRST, SECOND, PULL, HELD]
    assert queue("clear", "--state", "waiting", home=home).code == 2


@pytest.mark.parametrize(
    "argv",
    [("cancel", "4"), ("retry", "2"), ("move", "5", "1"), ("pause", "cpu"), ("resume", "cpu"), ("clear",)],
)
def test_one_that_holds_the_directory_and_does_not_answer_keeps_its_queue(
    home: Path, argv: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosting, "PATIENCE", 0.1)
    before = jobs(home)
    with somebody_works_on(home):
        ended = queue(*argv, home=home)
    assert ended.code == 4
    assert f"in use by process {os.getpid()}" in ended.err
    assert jobs(home) == before


def test_nothing_runs_because_something_was_changed(home: Path) -> None:
    queue("resume", "network", home=home)
    queue("retry", str(FAILED), home=home)
    assert {job["state"] for job in jobs(home).values()} == {"running", "waiting", "held", "done"}
    assert jobs(home)[PULL]["attempt"] == 0


def test_a_demonstration_has_no_queue_that_stays(home: Path) -> None:
    assert queue("list", "--demo", "--json", home=home).json == []
    ended = queue("clear", "--demo", home=home)
    assert (ended.code, "--demo" in ended.err) == (2, True)


def test_a_damaged_database_and_a_strange_one_are_named(tmp_path: Path) -> None:
    path = tmp_path / "data" / "leitstand.db"
    path.parent.mkdir()
    path.write_bytes(b"x" * 8192)
    ended = queue("list", home=tmp_path)
    assert (ended.code, "is damaged" in ended.err) == (1, True)
    assert counted(path) is None
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 3")
    assert "another program" in queue("list", home=tmp_path).err


def test_a_newer_database_is_not_read(home: Path) -> None:
    with closing(sqlite3.connect(home / "data" / "leitstand.db")) as connection:
        connection.execute("PRAGMA user_version = 999")
    ended = queue("list", home=home)
    assert (ended.code, "version 999" in ended.err) == (4, True)


def test_titles_from_outside_are_text(tmp_path: Path) -> None:
    async def fill() -> None:
        async with Shop.opened(tmp_path / "data", started=False) as shop:
            await shop.ask(title="a\x1b]52;c;x\x07\u202eb\nc")

    asyncio.run(fill())
    for argv in (("list",), ("list", "--json")):
        out = queue(*argv, home=tmp_path).out
        assert not {"\x1b", "\x07", "\u202e"} & set(out)
        assert out.count("\n") == 1


@pytest.mark.parametrize(
    ("values", "paused", "held", "words"),
    [
        ({"position": 1}, False, True, "first in its lane"),
        ({"position": 3}, False, True, "2 before it in its lane"),
        ({"position": 3}, True, True, "the lane is paused"),
        ({"not_before": 20.0}, False, True, "not yet time"),
        ({"not_before": 20.0, "error": Fault("x", "It broke.")}, False, True, "tried again soon: It broke."),
        ({"not_before": 5.0, "position": 1}, False, True, "first in its lane"),
        ({}, False, False, "waits for Leitstand to start"),
        ({"state": "held"}, True, True, "set aside"),
        ({"state": "running", "reason": "first in line"}, False, True, "first in line"),
        ({"state": "done", "reason": "first in line"}, False, False, "first in line"),
    ],
)
def test_a_reason_is_what_the_row_knows(values: dict[str, Any], paused: bool, held: bool, words: str) -> None:
    job = Job(**{"id": 1, "kind": "x", "lane": "cpu", **values})
    assert reason(job, paused=paused, now=10.0, held=held) == words


# status -----------------------------------------------------------------------------------------------


def test_the_status_counts_the_queue(home: Path, tmp_path: Path) -> None:
    port = closed_port()
    argv = ("status", "--json", "--host", f"127.0.0.1:{port}")
    assert leitstand(*argv, home=home).json["queue"] == {"running": 0, "waiting": 4}
    with somebody_works_on(home):
        assert leitstand(*argv, home=home).json["queue"] == {"running": 1, "waiting": 3}
        shown = leitstand("status", "--host", f"127.0.0.1:{port}", home=home).out
        assert "queue 1 running 3 waiting" in " ".join(shown.split())
    nothing = tmp_path / "nothing"
    assert leitstand(*argv, home=nothing).json["queue"] == {"running": 0, "waiting": 0}
    assert leitstand("status", "--demo", "--json", home=home).json["queue"] == {"running": 0, "waiting": 0}


def test_a_status_survives_a_queue_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "leitstand.db").write_bytes(b"x" * 8192)
    port = closed_port()
    assert leitstand("status", "--json", "--host", f"127.0.0.1:{port}", home=tmp_path).json["queue"] is None
    assert "leitstand doctor" in leitstand("status", "--host", f"127.0.0.1:{port}", home=tmp_path).out


def test_the_status_line_names_a_queue_that_is_not_empty(home: Path, tmp_path: Path) -> None:
    with serving(ollama()) as port:
        argv = ("status", "--oneline", "--host", f"127.0.0.1:{port}")
        assert leitstand(*argv, home=home).out == "● 0.33.0 no model q4\n"
        assert leitstand(*argv, home=tmp_path / "nothing").out == "● 0.33.0 no model\n"
        assert leitstand(*argv, "--format", "{queue}", home=home).out == "q4\n"
    away = leitstand("status", "--oneline", "--host", f"127.0.0.1:{closed_port()}", home=home)
    assert away == Ended(3, "✗ ollama away q4\n", "")
