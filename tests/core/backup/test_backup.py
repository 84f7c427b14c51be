from __future__ import annotations

import json
import os
import shutil
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from core.backup import inventory, making, restoring
from core.errors import DataDirectoryBusy, LeitstandError, NotFound, Refused, StoreNewer
from core.paths import Paths, make_private
from core.store.lock import DataLock
from tests.core.cli.running import leitstand

NOW = 1_790_000_000.0


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    """A home with a database, settings and an index of two files."""
    found = Paths.find({"LEITSTAND_HOME": str(tmp_path / "home")})
    make_private(found.data)
    with sqlite3.connect(found.database) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE said (number INTEGER)")
        database.execute("INSERT INTO said VALUES (1)")
    database.close()
    found.config.write_text('[ui]\ntheme = "leitstand-light"\n')
    for name, text in (("_versions/1.manifest", "one"), ("data/a.lance", "vectors" * 1000)):
        place = found.library / "units.lance" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return found


def said(database: Path) -> list[int]:
    connection = sqlite3.connect(database)
    try:
        return [number for (number,) in connection.execute("SELECT number FROM said ORDER BY number")]
    finally:
        connection.close()


def test_everything_is_copied_privately_and_proved(paths: Paths, tmp_path: Path) -> None:
    folder, made = making.make(paths, tmp_path / "backups", NOW)
    assert {entry.path for entry in made.files} == {
        "leitstand.db", "config.toml", "library/units.lance/_versions/1.manifest",
        "library/units.lance/data/a.lance",
    }  # fmt: skip
    assert restoring.proved(folder) == made
    files = list(folder.rglob("*"))
    assert {oct(each.stat().st_mode & 0o077) for each in (folder, *files)} == {"0o0"}


def test_a_backup_under_load_has_every_fact_from_before_its_start(paths: Paths, tmp_path: Path) -> None:
    ended, written = threading.Event(), [1]

    def work() -> None:
        connection = sqlite3.connect(paths.database, timeout=30)
        while not ended.is_set():
            with connection:
                connection.execute("INSERT INTO said VALUES (?)", (written[-1] + 1,))
            written.append(written[-1] + 1)
        connection.close()

    worker = threading.Thread(target=work)
    worker.start()
    try:
        for _ in range(5):
            acknowledged = written[-1]
            folder, _ = making.make(paths, tmp_path / "backups", NOW)
            copied = said(folder / "leitstand.db")
            assert copied == list(range(1, len(copied) + 1))
            assert copied[-1] >= acknowledged
    finally:
        ended.set()
        worker.join()


def test_what_is_unchanged_is_shared_with_the_backup_before(paths: Paths, tmp_path: Path) -> None:
    first, _ = making.make(paths, tmp_path / "backups", NOW)
    (paths.library / "units.lance" / "data" / "b.lance").write_text("new")
    second, _ = making.make(paths, tmp_path / "backups", NOW + 60)
    old = "library/units.lance/data/a.lance"
    assert (first / old).stat().st_ino == (second / old).stat().st_ino
    assert (paths.data / old).stat().st_ino != (second / old).stat().st_ino
    shutil.rmtree(first)
    restoring.proved(second)


def test_a_shared_file_that_went_bad_is_not_handed_on(paths: Paths, tmp_path: Path) -> None:
    first, _ = making.make(paths, tmp_path / "backups", NOW)
    (first / "library/units.lance/data/a.lance").write_text("rotten")
    second, _ = making.make(paths, tmp_path / "backups", NOW + 60)
    restoring.proved(second)


def test_only_the_latest_are_kept_and_nothing_else_is_touched(paths: Paths, tmp_path: Path) -> None:
    target = tmp_path / "backups"
    folders = [making.make(paths, target, NOW + number)[0] for number in range(4)]
    (target / "mine").mkdir()
    (target / "leitstand-20200101T000000Z").mkdir()  # no backup: nothing says that it is whole
    assert making.keep(target, 2) == folders[:2]
    assert making.backups(target) == folders[2:]
    assert (target / "mine").exists()
    assert (target / "leitstand-20200101T000000Z").exists()


def test_one_that_was_interrupted_never_looks_like_a_backup(paths: Paths, tmp_path: Path) -> None:
    def stop(step: str, done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        making.make(paths, tmp_path / "backups", NOW, stop)
    assert list((tmp_path / "backups").iterdir()) == []


def test_one_that_was_killed_is_in_nobodys_way(paths: Paths, tmp_path: Path) -> None:
    left = making.begin(paths, tmp_path / "backups", NOW)
    folder, made = making.make(paths, tmp_path / "backups", NOW)
    assert restoring.proved(folder) == made
    assert making.backups(tmp_path / "backups") == [folder]
    assert left.part.exists(), "somebody may be at work on it"
    making.make(paths, tmp_path / "backups", NOW + 100_000)
    assert not left.part.exists()


def test_it_comes_back_and_what_was_there_is_kept(paths: Paths, tmp_path: Path) -> None:
    folder, _ = making.make(paths, tmp_path / "backups", NOW)
    with sqlite3.connect(paths.database) as database:
        database.execute("INSERT INTO said VALUES (2)")
    database.close()
    paths.config.write_text("# other\n")
    back = restoring.restore(folder, paths, NOW + 100)
    assert said(paths.database) == [1]
    assert said(Path(back.kept) / "leitstand.db") == [1, 2]
    assert "leitstand-light" in paths.config.read_text()
    assert Path(back.kept_config).read_text() == "# other\n"
    assert (paths.library / "units.lance" / "data" / "a.lance").read_text() == "vectors" * 1000
    restoring.proved(folder)


def test_it_comes_back_where_nothing_was(paths: Paths, tmp_path: Path) -> None:
    folder, _ = making.make(paths, tmp_path / "backups", NOW)
    other = Paths.find({"LEITSTAND_HOME": str(tmp_path / "other")})
    restoring.restore(folder, other, NOW)
    assert said(other.database) == [1]


def cut(folder: Path) -> None:
    os.truncate(folder / "leitstand.db", 100)


def flipped(folder: Path) -> None:
    data = bytearray((folder / "leitstand.db").read_bytes())
    data[5000] ^= 1
    (folder / "leitstand.db").write_bytes(data)


def missing(folder: Path) -> None:
    (folder / "config.toml").unlink()


def linked(folder: Path) -> None:
    (folder / "config.toml").unlink()
    (folder / "config.toml").symlink_to("/etc/passwd")


def listed(change: Callable[[dict[str, object]], None]) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        told = json.loads((folder / "backup.json").read_text())
        change(told)
        (folder / "backup.json").write_text(json.dumps(told))

    return write


def entry(path: str) -> Callable[[Path], None]:
    def add(told: dict[str, object]) -> None:
        files = told["files"]
        assert isinstance(files, list)
        files.append({"path": path, "size": 1, "sha256": "0" * 64})

    return listed(add)


DAMAGE: dict[str, tuple[Callable[[Path], None], type[LeitstandError]]] = {
    "cut short": (cut, inventory.Damaged),
    "a flipped bit": (flipped, inventory.Damaged),
    "a missing file": (missing, inventory.Damaged),
    "a link to elsewhere": (linked, inventory.Damaged),
    "a torn list": (lambda folder: os.truncate(folder / "backup.json", 40), inventory.Damaged),
    "no list": (lambda folder: (folder / "backup.json").unlink(), NotFound),
    "no database": (listed(lambda told: told.update(files=[])), inventory.Damaged),
    "a way up": (entry("library/../../evil"), inventory.Damaged),
    "a place of its own": (entry("/etc/evil"), inventory.Damaged),
    "another name": (entry("lock"), inventory.Damaged),
    "a doubled slash": (entry("library//evil"), inventory.Damaged),
    "the library itself": (entry("library"), inventory.Damaged),
    "a newer database": (listed(lambda told: told.update(schema=9999)), StoreNewer),
    "a newer Leitstand": (listed(lambda told: told.update(format=9)), Refused),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_what_is_not_as_it_was_written_is_refused_and_nothing_changes(
    paths: Paths, tmp_path: Path, damage: str
) -> None:
    folder, _ = making.make(paths, tmp_path / "backups", NOW)
    break_it, error = DAMAGE[damage]
    break_it(folder)
    with pytest.raises(error) as told:
        restoring.restore(folder, paths, NOW)
    assert told.value.message.endswith(".")
    assert said(paths.database) == [1]
    assert {each.name for each in paths.data.parent.iterdir()} <= {"data", "config.toml"}


def test_a_running_leitstand_is_not_pulled_from_under(paths: Paths, tmp_path: Path) -> None:
    folder, _ = making.make(paths, tmp_path / "backups", NOW)
    lock = DataLock.acquire(paths.lock)
    try:
        with pytest.raises(DataDirectoryBusy):
            restoring.restore(folder, paths, NOW)
    finally:
        lock.release()


def test_a_damaged_database_is_not_kept_as_if_it_were_sound(paths: Paths, tmp_path: Path) -> None:
    paths.database.write_bytes(b"this was a database once" * 400)
    with pytest.raises(LeitstandError):
        making.make(paths, tmp_path / "backups", NOW)
    assert making.backups(tmp_path / "backups") == []


def test_the_verbs_make_prove_and_bring_back(paths: Paths, tmp_path: Path) -> None:
    home = paths.data.parent
    assert leitstand("backup", home=tmp_path / "empty").code == 1
    made = leitstand("backup", "--keep", "2", "--json", home=home)
    last = json.loads(made.out.splitlines()[-1])
    assert (made.code, last["done"], last["files"]) == (0, True, 4)
    assert Path(last["path"]).parent == home / "data-backups"
    proved = leitstand("backup", "verify", home=home)
    assert (proved.code, "is sound: 4 files" in proved.out) == (0, True)
    back = leitstand("restore", home=home)
    assert (back.code, "is back" in back.out) == (0, True)
    flipped(Path(last["path"]))
    refused = leitstand("backup", "verify", home=home)
    assert (refused.code, "its content has changed" in refused.err) == (1, True)
    assert leitstand("backup", "--keep", "0", home=home).code == 2
    assert leitstand("restore", str(tmp_path / "nowhere"), home=home).code == 1
