from __future__ import annotations

import json
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from core.errors import StoreError
from core.store import migrate
from core.store.migrate import APPLICATION_ID, MIGRATIONS, apply, load, version_of
from core.store.opening import open_database
from tests.core.store.files import NAME, NOW, at_version, bytes_of, migrations

ROOT = Path(__file__).parents[3]
NEWEST = len(load())

SAID = "CREATE TABLE said (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;"
# Long enough to be killed in its middle.
SLOW = """
CREATE TABLE slow (n INTEGER) STRICT;
INSERT INTO slow
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500) SELECT i FROM n;
INSERT INTO said (text) VALUES ('added by the migration');
"""
REBUILD = """
CREATE TABLE said_new (id INTEGER PRIMARY KEY, text TEXT NOT NULL, at REAL NOT NULL DEFAULT 0) STRICT;
INSERT INTO said_new (id, text) SELECT id, text FROM said;
DROP TABLE said;
ALTER TABLE said_new RENAME TO said; -- a comment at the end
"""
CHILD = "CREATE TABLE reply (said INTEGER NOT NULL REFERENCES said (id)) STRICT;"


def _texts(connection: sqlite3.Connection) -> list[str]:
    return [row[0] for row in connection.execute("SELECT text FROM said ORDER BY id")]


def _with_rows(path: Path, version: int, directory: Path) -> Path:
    with closing(sqlite3.connect(at_version(path, version, directory))) as connection:
        connection.executemany("INSERT INTO said (text) VALUES (?)", [("one",), ("two",)])
        connection.commit()
    return path


@pytest.mark.parametrize("step", load(), ids=lambda step: step.name)
def test_a_migration_stays_within_its_transaction_and_makes_strict_tables(step: object) -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        for each in load():
            connection.executescript(f"BEGIN;\n{each.sql}\n")
            assert connection.in_transaction
            connection.execute("COMMIT")
            if each is step:
                break
        loose = connection.execute(
            "SELECT name FROM pragma_table_list"
            " WHERE type = 'table' AND NOT strict AND name NOT LIKE 'sqlite_%'"
        )
        assert loose.fetchall() == []


@pytest.mark.parametrize("version", range(NEWEST + 1))
def test_a_database_of_every_version_is_brought_forward(tmp_path: Path, version: int) -> None:
    path = at_version(tmp_path / NAME, version, MIGRATIONS)
    opened = open_database(path, now=NOW)
    with closing(opened.connection) as connection:
        assert version_of(connection) == NEWEST
        assert connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert connection.execute("SELECT count(*) FROM meta WHERE key = 'install'").fetchone()[0] == 1
    assert bool(opened.notices) == (0 < version < NEWEST)


def test_every_way_to_the_newest_version_ends_in_the_same_schema(tmp_path: Path) -> None:
    directory = migrations(tmp_path / "sql", SAID, CHILD, REBUILD, SLOW)
    schemas = set()
    for version in range(6):
        path = at_version(tmp_path / str(version) / NAME, version, directory)
        with closing(open_database(path, now=NOW, migrations=directory).connection) as connection:
            rows = connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name")
            schemas.add(tuple(map(tuple, rows)))
    assert len(schemas) == 1


def test_rows_survive_and_a_copy_of_the_earlier_state_is_kept(tmp_path: Path) -> None:
    directory = migrations(tmp_path / "sql", SAID, CHILD, REBUILD)
    path = _with_rows(tmp_path / "data" / NAME, 2, directory)
    opened = open_database(path, now=NOW, migrations=directory)
    with closing(opened.connection) as connection:
        assert version_of(connection) == 4
        assert _texts(connection) == ["one", "two"]
        assert connection.execute("PRAGMA foreign_keys").fetchone()[0] == 1
    copy = path.with_name(f"{NAME}.v2-backup")
    assert opened.notices == (f"The database was updated; a copy of its earlier state is {copy}.",)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with closing(sqlite3.connect(copy)) as connection:
        assert version_of(connection) == 2
        assert _texts(connection) == ["one", "two"]
    # A copy is a database like any other: it can take the place of the newer one.
    restored = tmp_path / "restored" / NAME
    restored.parent.mkdir()
    copy.rename(restored)
    with closing(open_database(restored, now=NOW, migrations=directory).connection) as connection:
        assert _texts(connection) == ["one", "two"]


def test_the_copy_holds_what_a_killed_process_left_in_the_log(tmp_path: Path) -> None:
    directory = migrations(tmp_path / "sql", SAID, REBUILD)
    path = _with_rows(tmp_path / "data" / NAME, 2, directory)
    home = tmp_path / "killed"
    home.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO said (text) VALUES ('three')")
        connection.commit()
        for name, content in bytes_of(path.parent).items():
            (home / name).write_bytes(content)
    open_database(home / NAME, now=NOW, migrations=directory).connection.close()
    with closing(sqlite3.connect(home / f"{NAME}.v2-backup")) as connection:
        assert _texts(connection) == ["one", "two", "three"]


@pytest.mark.parametrize(
    ("sql", "sentence"),
    [
        (
            "CREATE TABLE more (x TEXT) STRICT; INSERT INTO nowhere VALUES (1);",
            "could not be brought to version 3",
        ),
        ("CREATE TABLE more (x TEXT) STRICT; DROP TABLE said;", "references to missing rows"),
        ("CREATE TABLE more (x TEXT) STRICT; THIS IS NOT SQL;", "could not be brought to version 3"),
    ],
)
def test_a_migration_that_fails_changes_nothing(tmp_path: Path, sql: str, sentence: str) -> None:
    good = migrations(tmp_path / "good", SAID + CHILD)
    path = _with_rows(tmp_path / "data" / NAME, 2, good)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO reply VALUES (1)")
        connection.commit()
    with pytest.raises(StoreError, match=sentence):
        open_database(path, now=NOW, migrations=migrations(tmp_path / "bad", SAID + CHILD, sql))
    with closing(open_database(path, now=NOW, migrations=good).connection) as connection:
        assert version_of(connection) == 2
        assert _texts(connection) == ["one", "two"]
        assert connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'more'").fetchone() is None


def test_an_unfinished_copy_of_an_earlier_attempt_is_in_nobodys_way(tmp_path: Path) -> None:
    directory = migrations(tmp_path / "sql", SAID, REBUILD)
    path = _with_rows(tmp_path / "data" / NAME, 2, directory)
    unfinished = path.with_name(f"{NAME}.v2-backup.tmp")
    unfinished.write_bytes(b"half a page")
    path.with_name(f"{NAME}.v2-backup").write_bytes(b"older")
    open_database(path, now=NOW, migrations=directory).connection.close()
    assert not unfinished.exists()
    with closing(sqlite3.connect(path.with_name(f"{NAME}.v2-backup"))) as connection:
        assert _texts(connection) == ["one", "two"]


def test_a_copy_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = migrations(tmp_path / "sql", SAID, REBUILD)
    path = _with_rows(tmp_path / "data" / NAME, 2, directory)
    copy = path.with_name(f"{NAME}.v2-backup")
    synced = []

    def record(what: Path) -> None:
        synced.append((what.name, copy.exists()))

    monkeypatch.setattr(migrate, "sync", record)
    open_database(path, now=NOW, migrations=directory).connection.close()
    assert synced == [(f"{copy.name}.tmp", False), ("data", True)]


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        ([], "migrations are missing"),
        (["0002_second.sql"], "0002_second.sql is not the next"),
        (["0001_first.sql", "0003_third.sql"], "0003_third.sql is not the next"),
        (["0001_first.sql", "0001_second.sql"], "0001_second.sql is not the next"),
        (["first.sql"], "first.sql is not the next"),
    ],
)
def test_an_incomplete_installation_is_said_clearly(tmp_path: Path, names: list[str], sentence: str) -> None:
    for name in names:
        (tmp_path / name).write_text("SELECT 1;")
    with pytest.raises(StoreError, match=sentence) as caught:
        load(tmp_path)
    assert "Install" in caught.value.hint


def test_a_failed_step_leaves_the_connection_without_a_transaction(tmp_path: Path) -> None:
    directory = migrations(tmp_path / "sql", "NOT SQL;")
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        apply(connection, load(directory)[0])
        with pytest.raises(sqlite3.OperationalError):
            apply(connection, load(directory)[1])
        assert not connection.in_transaction
        assert version_of(connection) == 1


def test_a_kill_at_any_moment_of_a_migration_leaves_the_old_or_the_new_version(tmp_path: Path) -> None:
    directory = migrations(tmp_path / "sql", SAID, SLOW)
    _with_rows(tmp_path / "template" / NAME, 2, directory)
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.core.store.victim",
            "opens",
            tmp_path / "template",
            tmp_path / "s",
            directory,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.stderr == ""
    moments = [json.loads(line) for line in done.stdout.splitlines()]
    assert {tuple(moment["left"]) for moment in moments} == {(2, 2), (3, 3)}
    assert all(moment["after"] == [3, 3] for moment in moments)
    # Early enough there is no copy yet; wherever the version is new, the copy is there and whole.
    for moment in moments:
        copy = Path(moment["home"]) / f"{NAME}.v2-backup"
        with closing(sqlite3.connect(copy)) as connection:
            assert (version_of(connection), _texts(connection)) == (2, ["one", "two"])
    assert len(moments) > 30
