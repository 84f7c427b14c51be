from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from core.errors import DataDirectoryError, LeitstandError, StoreError, StoreNewer
from core.store import opening
from core.store.migrate import load, version_of
from core.store.opening import Opened, open_database
from tests.core.store.files import NAME, NOW, bytes_of, killed, said


def _open(path: Path) -> Opened:
    return open_database(path, now=NOW)


def _texts(path: Path) -> list[str]:
    with closing(_open(path).connection) as connection:
        return [row["text"] for row in connection.execute("SELECT text FROM said ORDER BY id")]


def _names(home: Path) -> list[str]:
    return sorted(file.name for file in home.iterdir())


def test_a_new_database_is_private_current_and_durable(tmp_path: Path) -> None:
    umask = os.umask(0)
    try:
        opened = _open(tmp_path / "data" / NAME)
    finally:
        os.umask(umask)
    with closing(opened.connection) as connection:
        assert opened.notices == ()
        assert not opened.check_due
        assert version_of(connection) == len(load())
        pragmas = {
            name: connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "temp_store")
        }
        assert pragmas == {
            "journal_mode": "wal",
            "synchronous": 2,
            "foreign_keys": 1,
            "busy_timeout": 5000,
            "temp_store": 2,
        }
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "data").iterdir()}
        assert modes == {NAME: 0o600, f"{NAME}-wal": 0o600, f"{NAME}-shm": 0o600}
        assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


def test_an_installation_keeps_its_name(tmp_path: Path) -> None:
    names = set()
    for now in (NOW, NOW + 1000):
        with closing(open_database(tmp_path / NAME, now=now).connection) as connection:
            meta = dict(map(tuple, connection.execute("SELECT key, value FROM meta")))
            names.add((meta["install"], float(meta["created"])))
    assert len(names) == 1
    assert names.pop()[1] == NOW


def test_a_sound_database_opens_without_a_word(path: Path) -> None:
    assert _texts(path) == [said(number) for number in range(500)]
    assert _names(path.parent) == [NAME]


def test_a_file_others_could_read_is_closed_to_them(path: Path) -> None:
    path.chmod(0o644)
    _open(path).connection.close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_empty_file_is_a_new_database(tmp_path: Path) -> None:
    (tmp_path / NAME).touch()
    opened = _open(tmp_path / NAME)
    opened.connection.close()
    assert opened.notices == ()


def test_a_first_start_that_was_cut_short_is_a_new_database(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / NAME)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    assert (tmp_path / NAME).stat().st_size > 0
    opened = _open(tmp_path / NAME)
    opened.connection.close()
    assert opened.notices == ()
    assert _names(tmp_path) == [NAME]


def test_what_a_killed_process_had_committed_is_there(path: Path, tmp_path: Path) -> None:
    left = killed(tmp_path / "killed", path)
    assert (left.parent / f"{NAME}-wal").stat().st_size > 0
    opened = _open(left)
    opened.connection.close()
    assert opened.notices == ()
    assert _texts(left)[-1] == said(-1)
    assert len(_texts(left)) == 501


@pytest.mark.parametrize("name", ["a b?#%.db", "ümläut\udcff.db", "x&mode=memory.db"])
def test_any_file_name_will_do(tmp_path: Path, name: str) -> None:
    for _ in range(2):
        with closing(_open(tmp_path / name).connection) as connection:
            assert version_of(connection) == len(load())
    assert _names(tmp_path) == [name]


def test_a_link_to_a_database_elsewhere_is_followed(path: Path, tmp_path: Path) -> None:
    (tmp_path / "link.db").symlink_to(path)
    opened = _open(tmp_path / "link.db")
    opened.connection.close()
    assert opened.path == path
    assert _names(path.parent) == [NAME]


def _pragma(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(statement)
        connection.commit()


def _refused(path: Path) -> LeitstandError:
    before, names = bytes_of(path.parent), set(_names(path.parent))
    with pytest.raises(StoreError) as caught:
        _open(path)
    assert bytes_of(path.parent) == before
    assert set(_names(path.parent)) - names <= {f"{NAME}-shm"}
    return caught.value


def test_a_newer_database_is_refused_and_left_as_it_is(path: Path) -> None:
    _pragma(path, "PRAGMA user_version = 999")
    error = _refused(path)
    assert type(error) is StoreNewer
    assert f"version 999; this Leitstand knows up to version {len(load())}" in error.message
    assert _names(path.parent) == [NAME]


def test_a_newer_database_is_left_as_it_is_even_when_its_writer_was_killed(
    path: Path, tmp_path: Path
) -> None:
    _pragma(path, "PRAGMA user_version = 999")
    home = tmp_path / "killed"
    home.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO said (text) VALUES ('in the log')")
        connection.commit()
        for name, content in bytes_of(path.parent).items():
            (home / name).write_bytes(content)
    assert type(_refused(home / NAME)) is StoreNewer


def test_a_newer_version_that_is_only_in_the_log_counts(path: Path, tmp_path: Path) -> None:
    home = tmp_path / "killed"
    home.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 999")
        for name, content in bytes_of(path.parent).items():
            (home / name).write_bytes(content)
    assert type(_refused(home / NAME)) is StoreNewer


@pytest.mark.parametrize("statement", ["PRAGMA application_id = 7", "PRAGMA application_id = 0"])
def test_a_database_of_another_program_is_refused_and_left_as_it_is(path: Path, statement: str) -> None:
    _pragma(path, statement)
    error = _refused(path)
    assert "another program" in error.message
    assert "--data" in error.hint
    assert _names(path.parent) == [NAME]


def test_another_programs_database_in_rollback_mode_is_left_as_it_is(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / NAME)) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    assert "another program" in _refused(tmp_path / NAME).message


def test_a_directory_in_its_place_is_said_clearly(tmp_path: Path) -> None:
    (tmp_path / NAME).mkdir()
    with pytest.raises(DataDirectoryError, match="cannot be opened: Is a directory"):
        _open(tmp_path / NAME)


def test_a_pipe_in_its_place_is_said_clearly(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / NAME)
    with pytest.raises(DataDirectoryError, match="is not a file"):
        _open(tmp_path / NAME)


def test_a_file_in_place_of_its_directory_is_said_clearly(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("mine")
    with pytest.raises(DataDirectoryError, match="is a file, not a directory"):
        _open(tmp_path / "data" / NAME)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read and write everything")
@pytest.mark.parametrize("mode", [0o000, 0o400])
def test_a_file_that_may_not_be_written_is_said_clearly(path: Path, mode: int) -> None:
    path.chmod(mode)
    with pytest.raises(DataDirectoryError, match="cannot be opened: Permission denied"):
        _open(path)


def test_a_file_system_that_refuses_to_write_is_said_clearly(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_only(path: Path, flags: int) -> int:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(opening, "open_private", read_only)
    with pytest.raises(DataDirectoryError, match="cannot be opened: Read-only file system"):
        _open(path)
    monkeypatch.undo()
    assert len(_texts(path)) == 500
