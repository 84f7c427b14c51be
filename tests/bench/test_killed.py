"""Killed far more often than the suite does it: faces that a host serves, a reader of files, and a queue under load."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from tests.core.daemon.test_killed import killed
from tests.core.jobs import test_kill
from tests.core.retrieval.test_killed import killed_again_and_again

pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]


def test_a_hundred_killed_faces_leave_every_answer_and_download_whole(tmp_path: Path) -> None:
    began = time.monotonic()
    caught, ended = asyncio.run(killed(tmp_path / "h", 100))
    print(
        f"\n{caught} faces killed mid-answer and mid-download; {sorted(ended)} after {time.monotonic() - began:.0f} s"
    )
    assert caught == 100
    assert ended == {("answer", "done", 100), ("download", "done", 100)}


def test_thirty_kills_while_files_are_read_leave_exactly_the_chunks_of_the_files(tmp_path: Path) -> None:
    began = time.monotonic()
    asyncio.run(killed_again_and_again(tmp_path, seed=1, rounds=30))
    print(f"\n30 kills of reading, every chunk there once: {time.monotonic() - began:.0f} s")


def test_a_queue_that_is_killed_sixty_times_loses_nothing_and_does_nothing_twice(tmp_path: Path) -> None:
    began = time.monotonic()
    test_kill.killed(tmp_path, 60)
    print(f"\n60 kills of a queue under load, nothing lost: {time.monotonic() - began:.0f} s")
