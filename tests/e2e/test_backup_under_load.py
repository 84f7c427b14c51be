"""Backups beside a Leitstand that answers, downloads and reads all at once, and how such a one is stopped."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pytest

from core.backup import making, restoring
from core.chat.types import Turn
from core.daemon.client import AttachedEngine
from core.daemon.hosting import attached
from core.downloads.types import Download
from core.engine import Options
from core.errors import ConnectionLost
from core.retrieval.library import Ingest, LibraryDocument
from core.simulator import Pace, Setup, Simulator
from tests.core.cli.running import leitstand
from tests.core.cli.simulated import simulated
from tests.core.models.workshop import embedder, sized
from tests.waiting import until

pytestmark = pytest.mark.timeout(300)

ROOT = Path(__file__).parents[2]
WORDS = "The pump of hall %d is lubricated with grease number %d every three months."
PACE = Pace(rate=40, load=1e12, settle=0, pull=2e7)
"""Slow enough that nothing ends by itself while a test looks."""


SERVE = """
import sys
from importlib import import_module

where, _, name = sys.argv[1].partition(":")
if where:
    setattr(import_module(where), name, float(sys.argv[2]))
sys.argv[1:] = ["serve", "--json"]
from tui.__main__ import main

sys.exit(main())
"""


class Box(NamedTuple):
    """A home, and the server that everybody on it uses."""

    home: Path
    environment: dict[str, str]

    def command(self, *argv: str, home: Path | None = None) -> dict[str, object]:
        """Run a command in this process; its last line of JSON."""
        ended = leitstand(*argv, "--json", home=home or self.home, environment=self.environment)
        assert ended.code == 0, ended.err
        last: dict[str, object] = json.loads(ended.out.splitlines()[-1])
        return last

    @contextmanager
    def serve(self, wait: str = "", seconds: float = 0.0) -> Iterator[subprocess.Popen[str]]:
        """A host in a process of its own; ready when this returns. *wait* is a pause to shorten."""
        with subprocess.Popen(
            [sys.executable, "-c", SERVE, wait, str(seconds)],
            cwd=ROOT,
            env={**os.environ, "LEITSTAND_HOME": str(self.home), "HOME": str(self.home), **self.environment},
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            try:
                assert json.loads(process.stdout.readline())["ready"] is True
                yield process
            finally:
                process.kill()

    @asynccontextmanager
    async def face(self) -> AsyncIterator[AttachedEngine]:
        """A face of whoever hosts."""
        around = {"LEITSTAND_HOME": str(self.home), "HOME": str(self.home), **self.environment}
        found = await asyncio.to_thread(attached, Options(environment=around))
        await found.start()
        try:
            yield found
        finally:
            await found.close()


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    home = tmp_path / "h"
    home.mkdir()
    (home / "config.toml").write_text('[chat]\nmodel = "tiny"\ntitle_by_model = false\n')
    setup = Setup(installed=(sized("tiny", 1), embedder()), pullable=(sized("large", 40),))
    with simulated(Simulator(setup, pace=PACE)) as address:
        yield Box(home, {"OLLAMA_HOST": address})


class Load(NamedTuple):
    """What runs."""

    answer: Turn
    download: Download
    ingest: Ingest
    ready: str
    """The space of a document that had been read before."""


async def read(face: AttachedEngine, job: int) -> None:
    """Wait until a space is read into."""
    await when(lambda: face.jobs.get(job), lambda found: found.state == "done")


T = TypeVar("T")


async def when(look: Callable[[], Awaitable[T]], good: Callable[[T], object]) -> T:
    """Look at another process until it is as it should be."""
    async with asyncio.timeout(200):
        while not good(found := await look()):  # noqa: ASYNC110 - what is asked is another process
            await asyncio.sleep(0.02)
    return found


def written(folder: Path, count: int) -> Path:
    """A folder of so many documents."""
    folder.mkdir()
    for number in range(count):
        (folder / f"{number}.md").write_text(f"# Hall {number}\n\n{WORDS % (number, number)}\n")
    return folder


async def begin(face: AttachedEngine, documents: Path) -> Load:
    """Stream, download and read, until all of them are in the middle of it."""
    ready = await face.library.create_space("ready")
    await read(face, (await face.library.ingest_text(ready.id, "notes", WORDS % (0, 0))).job)
    space = await face.library.create_space("papers")
    download = await face.downloads.pull("large")
    answer = (await face.chat.send(None, "Write 4000 tokens")).answer
    ingest = await face.library.ingest(space.id, (str(documents),))
    await when(lambda: face.chat.turn(answer.id), lambda turn: turn.text)
    await when(lambda: face.downloads.get(download.id), lambda found: found.completed)
    await when(lambda: face.library.documents(space.id), lambda page: page.documents)
    return Load(answer, download, ingest, ready.name)


class Known(NamedTuple):
    """What had been acknowledged when a backup began, and the answer some time after it."""

    load: Load
    chats: dict[int, str]
    documents: set[str]
    answer: Turn


async def _ready(face: AttachedEngine) -> tuple[LibraryDocument, ...]:
    return (await face.library.documents(states=("ready",))).documents


async def backed_up(box: Box, documents: Path, kept: Path) -> tuple[Known, str]:
    """Have a backup made in the middle of everything; where it is."""
    async with box.face() as face:
        load = await begin(face, documents)
        for number in range(20):
            chat = await face.chat.create(title=f"Chat {number}")
            await face.chat.set_draft(chat.id, f"draft {number}")
        chats = {chat.id: chat.title for chat in (await face.chat.list(limit=200)).chats}
        # Documents become ready in groups; there are so many that reading goes on after the first.
        known = await when(
            lambda: _ready(face), lambda found: len({document.source for document in found}) > 1
        )
        made = await asyncio.to_thread(box.command, "backup", str(kept))
        answer = await face.chat.turn(load.answer.id)
        assert not answer.ended
        assert (await face.downloads.get(load.download.id)).unfinished
        assert (await face.jobs.get(load.ingest.job)).state == "running"
    return Known(load, chats, {document.source for document in known}, answer), str(made["path"])


def test_a_backup_under_full_load_has_every_fact_from_before_its_start(box: Box, tmp_path: Path) -> None:
    with box.serve():
        known, folder = asyncio.run(backed_up(box, written(tmp_path / "documents", 2000), tmp_path / "kept"))
    assert len(known.chats) == 21
    assert len(known.documents) > 1
    box.command("backup", "verify", folder)

    other = tmp_path / "restored"
    other.mkdir()
    box.command("restore", folder, home=other)
    for lane in ("inference", "network", "cpu"):
        box.command("queue", "pause", lane, home=other)

    def asked(*argv: str) -> Any:
        return leitstand(*argv, "--json", home=other, environment=box.environment).json

    assert {chat["id"]: chat["title"] for chat in asked("chats", "list")} == known.chats
    unfinished = {job["id"] for job in asked("queue", "list") if not job["finished"]}
    assert unfinished >= {known.load.download.id, known.load.ingest.job}
    with sqlite3.connect(other / "data" / "leitstand.db") as database:
        [(text,)] = database.execute("SELECT text FROM chat_turn WHERE id = ?", (known.load.answer.id,))
        drafts = {text for (text,) in database.execute("SELECT text FROM chat_draft")}
        read_in = {name for (name,) in database.execute("SELECT source FROM document WHERE state = 'ready'")}
    database.close()
    assert text
    assert known.answer.text.startswith(text)
    assert drafts >= {f"draft {number}" for number in range(20)}
    assert read_in >= known.documents
    [found] = asked("search", WORDS % (0, 0), "--space", known.load.ready)
    assert found["document"] == "notes"


async def test_one_that_is_told_to_stop_keeps_what_it_had_and_goes_on_at_the_next_start(
    box: Box, tmp_path: Path
) -> None:
    with box.serve("core.cli.serve_verb:GRACE", 0.2) as host:
        async with box.face() as face:
            load = await begin(face, written(tmp_path / "documents", 1500))
            seen = (await face.chat.turn(load.answer.id)).text
            host.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(host.wait, 100) == 0
        assert host.stdout is not None
        assert json.loads(host.stdout.read()) == {"done": True}
    with sqlite3.connect(box.home / "data" / "leitstand.db") as database:
        states = [state for (state,) in database.execute("SELECT state FROM job WHERE finished IS NULL")]
    database.close()
    assert states == ["waiting"] * 3
    with box.serve():
        async with box.face() as face:
            turn = await when(
                lambda: face.chat.turn(load.answer.id), lambda turn: len(turn.text) > len(seen) or turn.ended
            )
            assert turn.text.startswith(seen)
            assert not turn.ended
            moved = await when(
                lambda: face.downloads.get(load.download.id), lambda found: found.state == "downloading"
            )
            assert moved.completed >= load.download.completed
            await when(lambda: face.jobs.get(load.ingest.job), lambda job: job.state == "done")


def test_a_host_that_is_killed_while_it_makes_a_backup_leaves_none_that_is_half(
    box: Box, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"

    async def kill(host: subprocess.Popen[str]) -> None:
        async with box.face() as face:
            space = await face.library.create_space("ready")
            await read(face, (await face.library.ingest_text(space.id, "notes", WORDS % (0, 0))).job)
            with suppress(ConnectionLost):
                async for _ in face.backups.make(str(kept)):
                    host.kill()

    with box.serve() as host:
        asyncio.run(kill(host))
    _next_is_clean(box, kept)


def test_a_command_that_is_killed_while_it_makes_a_backup_leaves_none_that_is_half(
    box: Box, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    box.command("chats", "list")
    table = box.home / "data" / "library" / "units.lance" / "data"
    table.mkdir(parents=True)
    for number in range(300):
        (table / f"{number}.lance").write_bytes(bytes(50_000))
    around = {**os.environ, "LEITSTAND_HOME": str(box.home), "HOME": str(box.home), **box.environment}
    command = [sys.executable, "-P", "-m", "tui", "backup", str(kept), "--json"]
    with subprocess.Popen(command, cwd="/", env=around, stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout is not None
        assert json.loads(killed.stdout.readline())["step"] == "database"
        killed.kill()
    assert making.backups(kept) == []
    assert leitstand("backup", "verify", str(kept), home=box.home).code == 1
    _next_is_clean(box, kept)


def _next_is_clean(box: Box, kept: Path) -> None:
    """Whatever has the name of a backup is one, and one more can be made at once."""
    for each in making.backups(kept):
        restoring.proved(each)  # it was quicker than the signal
    whole = box.command("backup", str(kept))
    assert whole["files"] == len(restoring.proved(Path(str(whole["path"]))).files)


async def test_a_backup_is_made_by_itself_when_one_is_due(box: Box) -> None:
    with (box.home / "config.toml").open("a") as config:
        config.write("[backup]\nevery_hours = 24\nkeep = 1\n")
    with box.serve("core.backup.service:FIRST_LOOK", 0.1):
        kept = box.home / "data-backups"
        await until(lambda: making.backups(kept), within=200)
    [made] = making.backups(kept)
    assert restoring.proved(made).files
