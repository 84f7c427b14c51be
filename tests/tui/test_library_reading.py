"""The library page while a folder is read: how far it is, set aside, and what a path may become."""

from __future__ import annotations

import asyncio
import os
from functools import partial
from pathlib import Path

import pytest
from textual.widgets import Input

from core.retrieval.library import Ingest
from core.retrieval.seams import Reader, Reading
from tests.pictures import assert_picture, screen_text
from tests.tui.bookcase import quiet, shelf
from tests.tui.conftest import NARROW, WIDE, OpenShell, Shell
from tests.waiting import until
from tui.modals.paths import AskPath
from tui.screens.library import LibraryScreen

SIZES = pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
DOCUMENTS, READ = 10, 4


class Held:
    """A reader that reads a document when the test lets it."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._allowed = asyncio.Semaphore(0)

    def allow(self, documents: int = 1) -> None:
        """Let it read that many more."""
        for _ in range(documents):
            self._allowed.release()

    async def sections(self, source: Path | bytes, name: str = "", *, document_id: str) -> Reading:
        """Wait, then read."""
        await self._allowed.acquire()
        return await self._reader.sections(source, name, document_id=document_id)

    async def close(self) -> None:
        """Let go of everything."""
        await self._reader.close()


def archive(home: Path) -> Path:
    """A folder of documents that are all of one size."""
    folder = home / "archive"
    folder.mkdir()
    for number in range(DOCUMENTS):
        path = folder / f"report {number:02}.md"
        text = f"# Report {number:02}\n\n" + f"The pump ran for {number:02} hours without a fault. " * 30
        path.write_text(text.ljust(2_000)[:2_000])
        os.utime(path, (1_700_000_000 + number, 1_700_000_000 + number))
    return folder


async def shows(here: Shell, *words: str) -> str:
    await until(lambda: all(word in screen_text(here.app) for word in words))
    await here.pilot.pause()
    return screen_text(here.app)


async def reading(here: Shell, monkeypatch: pytest.MonkeyPatch) -> tuple[Held, Ingest]:
    """Read some of the archive, a document a second by the clock of the test, and stop before the next."""
    worker = here.engine.library._worker
    reader = Held(worker._tools.reader)
    monkeypatch.setattr(worker, "_tools", worker._tools._replace(reader=reader))
    space = await here.engine.library.create_space("archive", description="Reports of every day")
    ingest = await here.engine.library.ingest(space.id, (str(archive(here.home)),))

    page = here.app.screen_stack[0]
    assert isinstance(page, LibraryScreen)

    def at(done: int) -> bool:
        now = page.ingests.get(space.id)
        return now is not None and (now.documents, now.done, now.current[-5:]) == (
            DOCUMENTS,
            done,
            f"{done:02}.md",
        )

    await until(lambda: at(0))
    for done in range(1, READ + 1):
        await here.clock.advance(1)
        reader.allow()
        await until(partial(at, done))
    await quiet_but_reading(here)
    return reader, ingest


async def quiet_but_reading(here: Shell) -> None:
    """Let the status line hear which model is in memory."""
    for _ in range(60):
        if "nomic-embed-text" in screen_text(here.app).splitlines()[-2]:
            break
        await here.clock.advance(1)
        await here.pilot.pause()
    await here.pilot.pause()


async def ended(here: Shell, ingest: Ingest) -> Ingest:
    """Let time pass until nothing is left to read."""
    for _ in range(200):
        (now,) = await here.engine.library.ingests(space=ingest.space)
        if not now.unfinished:
            return now
        await here.clock.advance(0.5)
        await here.pilot.pause()
    raise AssertionError(f"{now}")


@SIZES
async def test_reading_says_how_far_it_is_how_quick_and_what_is_left(
    shell: OpenShell, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shell("library", size) as here:
        reader, ingest = await reading(here, monkeypatch)
        text = await shows(here, "4 of 10 documents", "reading 40 % · 6.0 s left", "16 chunks")
        assert "2.00 kB/s" in text
        assert "space pause" in text
        assert_picture(here.app, "library-reading")
        reader.allow(DOCUMENTS)
        assert (await ended(here, ingest)).added == DOCUMENTS


@SIZES
async def test_reading_that_was_set_aside_says_what_is_there_and_goes_on(
    shell: OpenShell, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shell("library", size) as here:
        reader, ingest = await reading(here, monkeypatch)
        await here.pilot.press("space")
        text = await shows(
            here, "paused at 4 of 10 documents", "space goes on", "by meaning: nomic-embed-text:latest"
        )
        assert "space go on" in text.splitlines()[-1]
        assert text.count("4 of 10") == 2  # in the row, and in the story below
        await quiet(here, "nomic-embed-text")
        found = await here.engine.library.search("how long did the pump run?")
        assert found.passages[0].cosine is not None
        assert_picture(here.app, "library-paused")
        await here.pilot.press("space")
        reader.allow(DOCUMENTS)
        done = await ended(here, ingest)
        assert (done.phase, done.documents, done.unchanged, done.added) == ("done", DOCUMENTS, READ, 6)


@SIZES
async def test_a_path_is_completed_and_a_folder_is_entered_before_it_is_read(
    shell: OpenShell, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shell("library", size) as here:
        monkeypatch.setenv("HOME", str(here.home))
        (shelf(here.home) / "deeper").mkdir()
        (here.home / "shelf" / "deeper" / "note.md").write_text("A note.")
        space = await here.engine.library.create_space("manuals")
        await shows(here, "manuals", "empty")
        await here.pilot.press("a", *"~/shelf/")
        await shows(here, "broken.docx", "deeper/", "prices.csv", "folder", "tab complete")
        assert_picture(here.app, "library-add-names")
        window = here.app.screen
        assert isinstance(window, AskPath)
        line = window.query_one(Input)
        # What the arrows went to is entered, where it is a folder: nothing is read yet.
        await here.pilot.press("down", "down", "enter")
        await shows(here, "note.md")
        assert (line.value, await here.engine.library.ingests()) == ("~/shelf/deeper/", ())
        await here.pilot.press("up", "enter")
        await until(lambda: here.app.screen is not window)
        assert (await here.engine.library.space(space.id)).roots == (
            str(here.home / "shelf" / "deeper" / "note.md"),
        )


async def test_enter_after_a_slash_reads_the_folder_and_not_the_first_name_in_it(
    shell: OpenShell, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shell("library") as here:
        monkeypatch.setenv("HOME", str(here.home))
        shelf(here.home)
        space = await here.engine.library.create_space("manuals")
        await shows(here, "manuals", "empty")
        await here.pilot.press("a", *"~/shelf/")
        await shows(here, "broken.docx", "lease.md")
        await here.pilot.press("enter")
        await shows(here, "manuals")
        await until(lambda: not isinstance(here.app.screen, AskPath))
        assert (await here.engine.library.space(space.id)).roots == (str(here.home / "shelf"),)
