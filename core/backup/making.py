"""Makes a backup while Leitstand runs, or while it does not. Blocking."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

from core.backup.inventory import (
    CONFIG,
    DATABASE,
    FORMAT,
    INVENTORY,
    LIBRARY,
    Entry,
    Inventory,
    digest_of,
    read,
    room_for,
    write,
)
from core.errors import DiskFull, LeitstandError, NotFound
from core.paths import Paths, make_private
from core.version import VERSION

Say = Callable[[str, int], None]
"""Hears of each step and how many bytes are done."""

_NAME = re.compile(r"leitstand-\d{8}T\d{6}Z(?:-\d+)?")


def _nobody(step: str, done: int) -> None:
    """Hear nothing."""


_FIRST = ("_versions", "_transactions", "_indices", "_deletions")
"""A table is copied in this order, its data last: what a list names was there when the list was read."""

_TRIES = 5


def make(paths: Paths, target: Path, now: float, say: Say = _nobody) -> tuple[Path, Inventory]:
    """Make a backup in a folder of its own below *target*; it has that name only when it is whole."""
    if not paths.database.exists():
        raise NotFound(f"There is nothing to back up yet: {paths.database} does not exist.")
    make_private(target)
    final = _free(target, now)
    part = final.with_name(f"{final.name}.part")
    make_private(part)
    try:
        schema = _copy_database(paths.database, part / DATABASE)
        say("database", (part / DATABASE).stat().st_size)
        names = [DATABASE, *_copy_config(paths.config, part), *_copy_library(paths.library, part, say)]
        entries = tuple(Entry(name, *digest_of(part / name)) for name in sorted(names))
        entries = _linked(part, entries, _latest(target))
        inventory = Inventory(FORMAT, now, VERSION, schema, entries)
        write(part, inventory)
        part.rename(final)
        _settle(target)
    except BaseException as error:
        shutil.rmtree(part, ignore_errors=True)
        if isinstance(error, OSError):
            full = error.errno == 28
            kind = DiskFull if full else LeitstandError
            raise kind(f"The backup cannot be written to {target}: {error.strerror}.") from error
        raise
    return final, inventory


def keep(target: Path, count: int) -> list[Path]:
    """Remove all but the latest backups of a folder; nothing else in it is touched."""
    gone = list(backups(target))[:-count] if count > 0 else []
    for folder in gone:
        shutil.rmtree(folder)
    return gone


def backups(target: Path) -> list[Path]:
    """The whole backups of a folder, the oldest first."""
    found = [each for each in target.iterdir() if _NAME.fullmatch(each.name)] if target.is_dir() else []
    return sorted(each for each in found if not each.is_symlink() and (each / INVENTORY).is_file())


def _free(target: Path, now: float) -> Path:
    name = f"leitstand-{datetime.fromtimestamp(now, UTC):%Y%m%dT%H%M%SZ}"
    tries = (target / (name if not number else f"{name}-{number}") for number in range(1000))
    return next(each for each in tries if not each.exists())


def _copy_database(source: Path, copy: Path) -> int:
    """Copy by SQLite's own means: one moment of it, whoever writes meanwhile."""
    os.close(os.open(copy, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    try:
        with (
            closing(sqlite3.connect(f"{source.as_uri()}?mode=rw", uri=True, timeout=30)) as live,
            closing(sqlite3.connect(copy)) as ours,
        ):
            live.backup(ours)  # in one step: a write of somebody else does not begin it anew
            ours.execute("PRAGMA journal_mode = DELETE")
            faults = [str(row[0]) for row in ours.execute("PRAGMA quick_check")]
            schema = int(ours.execute("PRAGMA user_version").fetchone()[0])
    except sqlite3.Error as error:
        raise LeitstandError(f"The database cannot be copied: {error}.") from None
    if faults != ["ok"]:
        raise LeitstandError(
            f"The database is damaged: {faults[0]}.", "leitstand doctor says more; nothing was backed up."
        )
    _flush(copy)
    return schema


def _copy_config(source: Path, part: Path) -> Iterator[str]:
    with suppress(FileNotFoundError):
        _copy(source, part / CONFIG)
        yield CONFIG


def _copy_library(source: Path, part: Path, say: Say) -> list[str]:
    """Copy the index; what a clean-up takes away meanwhile begins that table anew."""
    names: list[str] = []
    done = 0
    for table in sorted(each for each in source.iterdir() if each.is_dir()) if source.is_dir() else []:
        for attempt in range(_TRIES):
            copied = _copied_table(table, part)
            if copied is not None:
                break
            shutil.rmtree(part / LIBRARY / table.name, ignore_errors=True)
            if attempt + 1 == _TRIES:
                copied = []  # the index can be built anew from the database
        names += [f"{LIBRARY}/{table.name}/{name}" for name in copied or []]
        done += sum((part / LIBRARY / table.name / name).stat().st_size for name in copied or [])
        say("library", done)
    return names


def _copied_table(table: Path, part: Path) -> list[str] | None:
    names: list[str] = []
    try:
        rest = sorted(each.name for each in table.iterdir() if each.name not in _FIRST)
        for room in (*(each for each in _FIRST if (table / each).is_dir()), *rest):
            for file in sorted(_files(table / room)):
                name = file.relative_to(table).as_posix()
                _copy(file, room_for(part, f"{LIBRARY}/{table.name}/{name}"))
                names.append(name)
    except FileNotFoundError:
        return None
    return names


def _files(place: Path) -> Iterator[Path]:
    if place.is_symlink():
        return
    if place.is_file():
        yield place
    elif place.is_dir():
        for each in place.iterdir():
            yield from _files(each)


def _linked(part: Path, entries: tuple[Entry, ...], latest: Path | None) -> tuple[Entry, ...]:
    """Let files that the backup before has, too, be the same on disk."""
    if latest is None:
        return entries
    with suppress(LeitstandError):
        before = {entry.path: entry for entry in read(latest).files}
        for entry in entries:
            if entry.path.startswith(f"{LIBRARY}/") and before.get(entry.path) == entry:
                with suppress(OSError):  # another disk, or one that knows no links
                    # The one from before may be damaged by now: only what is still right is shared.
                    if digest_of(latest / entry.path) == (entry.size, entry.sha256):
                        spare = part / f"{entry.path}.link"
                        os.link(latest / entry.path, spare)
                        spare.replace(part / entry.path)
    return entries


def _latest(target: Path) -> Path | None:
    return next(reversed(backups(target)), None)


def _copy(source: Path, copy: Path) -> None:
    with source.open("rb") as live, open(copy, "xb", opener=_private) as ours:
        shutil.copyfileobj(live, ours, 2**20)
        ours.flush()
        os.fsync(ours.fileno())


def _flush(place: Path) -> None:
    descriptor = os.open(place, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _settle(folder: Path) -> None:
    with suppress(OSError):
        _flush(folder)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, 0o600)
