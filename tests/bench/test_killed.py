"""A hundred faces killed in the middle of an answer and of a download: the host does not even notice."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from tests.core.daemon.test_killed import killed

pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]


def test_a_hundred_killed_faces_leave_every_answer_and_download_whole(tmp_path: Path) -> None:
    began = time.monotonic()
    caught, ended = asyncio.run(killed(tmp_path / "h", 100))
    print(
        f"\n{caught} faces killed mid-answer and mid-download; {sorted(ended)} after {time.monotonic() - began:.0f} s"
    )
    assert caught == 100
    assert ended == {("answer", "done", 100), ("download", "done", 100)}
