from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from core.cli.checks import holder_check, store_check
from core.clock import SystemClock
from core.store.lock import DataLock
from core.store.migrate import load
from core.store.opening import open_database


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "leitstand.db"
    open_database(path, now=0.0).connection.close()
    return path


def change(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(statement)
        connection.commit()


def contents(directory: Path) -> dict[str, bytes]:
    return {entry.name: entry.read_bytes() for entry in directory.iterdir()}


def test_no_database_yet_is_in_order(tmp_path: Path) -> None:
    found = store_check(tmp_path / "leitstand.db")
    assert (found.state, "will be made" in found.message) == ("ok", True)
    assert list(tmp_path.iterdir()) == []


def test_a_sound_database_is_named_with_its_version_and_not_touched(database: Path) -> None:
    before = contents(database.parent)
    found = store_check(database)
    assert found.state == "ok"
    newest = len(load())
    assert f"version {newest} of {newest}" in found.message
    assert contents(database.parent) == before


def test_a_database_in_use_is_read_all_the_same(database: Path) -> None:
    with closing(sqlite3.connect(database)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("CREATE TABLE unsaved (x)")
        assert store_check(database).state == "ok"


def test_a_newer_database_names_both_versions(database: Path) -> None:
    change(database, "PRAGMA user_version = 999")
    found = store_check(database)
    assert found.state == "fail"
    assert "version 999" in found.message
    assert "newer Leitstand" in found.hint


def test_the_database_of_another_program_is_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "leitstand.db"
    change(path, "PRAGMA user_version = 3")
    found = store_check(path)
    assert (found.state, "another program" in found.message) == ("fail", True)


@pytest.mark.parametrize("damage", ["header", "page"])
def test_a_damaged_database_fails_and_is_left_as_it_is(database: Path, damage: str) -> None:
    content = bytearray(database.read_bytes())
    if damage == "header":
        content[:100] = b"x" * 100
    else:
        content[4096:8192] = os.urandom(4096)
    database.write_bytes(content)
    found = store_check(database)
    assert (found.state, "is damaged" in found.message) == ("fail", True)
    assert database.read_bytes() == content


def test_a_database_that_is_no_file_fails(tmp_path: Path) -> None:
    (tmp_path / "leitstand.db").mkdir()
    assert store_check(tmp_path / "leitstand.db").state == "fail"


def test_a_running_leitstand_is_named_and_its_lock_not_taken(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert "No Leitstand" in holder_check(path).message
    lock = DataLock.acquire(path, clock=SystemClock())
    assert f"process {os.getpid()}." in holder_check(path).message
    lock.release()
    assert "No Leitstand" in holder_check(path).message
    again = DataLock.acquire(path, clock=SystemClock())
    again.release()


def test_a_leitstand_on_another_machine_is_believed(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.write_text('{"pid": 7, "started": 0.0, "host": "elsewhere.example"}')
    assert "process 7 on elsewhere.example" in holder_check(path).message
