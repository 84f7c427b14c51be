from __future__ import annotations

import logging
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import logs


@pytest.fixture(autouse=True)
def ended() -> Iterator[None]:
    yield
    logs.end()


def say(text: str) -> None:
    logging.getLogger("leitstand.test").warning("%s", text)


def test_the_log_is_private_and_says_what_happened(tmp_path: Path) -> None:
    logs.begin(tmp_path / "leitstand.log", "info")
    say("the server is away")
    logging.getLogger("leitstand.test").debug("too small to be told")
    text = (tmp_path / "leitstand.log").read_text()
    assert text.endswith("WARNING leitstand.test the server is away\n")
    assert "too small" not in text
    assert stat.S_IMODE((tmp_path / "leitstand.log").stat().st_mode) == 0o600


def test_a_log_that_has_grown_begins_anew_while_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "LARGEST", 2000)
    logs.begin(tmp_path / "leitstand.log", "info")
    for number in range(100):
        say(f"entry {number}")
    now, before = ((tmp_path / name).read_text() for name in ("leitstand.log", "leitstand.log.1"))
    assert "entry 99" in now + before
    assert len(now) < 2100
    assert len(before) < 2100
    assert {path.name for path in tmp_path.iterdir()} == {"leitstand.log", "leitstand.log.1"}


def test_a_log_that_cannot_be_written_keeps_nobody_from_working(tmp_path: Path) -> None:
    logs.begin(tmp_path / "missing" / "leitstand.log", "info")
    say("into the void")


def test_where_stderr_is_the_journal_entries_go_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (tmp_path / "journal").open("w") as journal:
        monkeypatch.setattr(sys, "stderr", journal)
        found = os.fstat(journal.fileno())
        logs.begin(tmp_path / "leitstand.log", "info", {"JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino}"})
        say("the server is away")
        logs.end()
    assert (tmp_path / "journal").read_text() == "<4>leitstand.test the server is away\n"
    assert not (tmp_path / "leitstand.log").exists()


def test_a_journal_that_is_not_stderrs_does_not_count(tmp_path: Path) -> None:
    logs.begin(tmp_path / "leitstand.log", "info", {"JOURNAL_STREAM": "1:1"})
    say("the server is away")
    assert "away" in (tmp_path / "leitstand.log").read_text()
