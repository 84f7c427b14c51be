"""Makes a backup while Leitstand runs, or while it does not. Blocking."""

from __future__ import annotations

import errno
import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
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


@dataclass(frozen=True)
class Begun:
    """A backup in the making: under another name until it is whole."""

    target: Path
    final: Path
    part: Path
    made: float
    schema: int

    @property
    def library(self) -> Path:
        """Where the copy of the index belongs."""
        return self.part / LIBRARY


def make(paths: Paths, target: Path, now: float, say: Say = _nobody) -> tuple[Path, Inventory]:
    """Make a backup in a folder of its own below *target*; it has that name only when it is whole."""
    begun = begin(paths, target, now, say)
    with unless_it_fails(begun):
        _copy_library(paths.library, begun.part, say)
    return finish(begun)


def begin(paths: Paths, target: Path, now: float, say: Say = _nobody) -> Begun:
    """Copy all but the index; a backup that has begun is finished or given up."""
    if not paths.database.exists():
        raise NotFound(f"There is nothing to back up yet: {paths.database} does not exist.")
    try:
        make_private(target)
        _sweep(target, now)
        final = _free(target, now)
        part = _part(final)
        make_private(part)
    except OSError as error:
        raise _unwritten(target, error) from error
    begun = Begun(target, final, part, now, 0)
    with unless_it_fails(begun):
        schema = _copy_database(paths.database, part / DATABASE)
        say("database", (part / DATABASE).stat().st_size)
        _copy_config(paths.config, part)
    return replace(begun, schema=schema)


def finish(begun: Begun) -> tuple[Path, Inventory]:
    """List what was copied, share with the backup before what is the same, and give it its name."""
    part = begun.part
    with unless_it_fails(begun):
        for place in (begun.library, *begun.library.rglob("*")) if begun.library.is_dir() else ():
            place.chmod(0o700 if place.is_dir() else 0o600)
            _flush(place)
        names = sorted(file.relative_to(part).as_posix() for file in _files(part))
        entries = tuple(Entry(name, *digest_of(part / name)) for name in names)
        entries = _linked(part, entries, _latest(begun.target))
        inventory = Inventory(FORMAT, begun.made, VERSION, begun.schema, entries)
        write(part, inventory)
        part.rename(begun.final)
        _settle(begun.target)
    return begun.final, inventory


@contextmanager
def unless_it_fails(begun: Begun) -> Iterator[None]:
    """Give a backup up, with all that was copied so far, when a part of it fails or is interrupted."""
    try:
        yield
    except BaseException as error:
        shutil.rmtree(begun.part, ignore_errors=True)
        if isinstance(error, OSError):
            raise _unwritten(begun.target, error) from error
        raise


def _unwritten(target: Path, error: OSError) -> LeitstandError:
    kind = DiskFull if error.errno == errno.ENOSPC else LeitstandError
    return kind(f"The backup cannot be written to {target}: {error.strerror or type(error).__name__}.")


_ABANDONED = 86_400.0
"""Seconds after which what was begun and has no name yet belongs to nobody any more."""


def _sweep(target: Path, now: float) -> None:
    """Remove what a process that was killed left behind."""
    for each in target.glob("leitstand-*.part"):
        started = made_at(each.with_suffix(""))
        if started is not None and now - started > _ABANDONED and not each.is_symlink():
            shutil.rmtree(each, ignore_errors=True)


def made_at(folder: Path) -> float | None:
    """When a backup was made, by its name; None when it is none of ours."""
    if _NAME.fullmatch(folder.name) is None:
        return None
    with suppress(ValueError):
        return datetime.strptime(folder.name[10:26], "%Y%m%dT%H%M%S%z").timestamp()
    return None


def keep(target: Path, count: int) -> list[Path]:
    """Remove all but the latest backups of a folder; nothing else in it is touched."""
    gone = list(backups(target))[:-count] if count > 0 else []
    for folder in gone:
        shutil.rmtree(folder)
    return gone


def beside(paths: Paths) -> Path:
    """The folder of backups when no other one is named."""
    return paths.data.with_name(f"{paths.data.name}-backups")


def backups(target: Path) -> list[Path]:
    """The whole backups of a folder, the oldest first."""
    found = [each for each in target.iterdir() if _NAME.fullmatch(each.name)] if target.is_dir() else []
    return sorted(each for each in found if not each.is_symlink() and (each / INVENTORY).is_file())


def _free(target: Path, now: float) -> Path:
    name = f"leitstand-{datetime.fromtimestamp(now, UTC):%Y%m%dT%H%M%SZ}"
    tries = (target / (name if not number else f"{name}-{number}") for number in range(1000))
    # One that was killed within the same second left its folder under the other name.
    return next(each for each in tries if not each.exists() and not _part(each).exists())


def _part(final: Path) -> Path:
    """Where a backup is made: under another name until it is whole."""
    return final.with_name(f"{final.name}.part")


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


def _copy_config(source: Path, part: Path) -> None:
    with suppress(FileNotFoundError):
        _copy(source, part / CONFIG)


def _copy_library(source: Path, part: Path, say: Say) -> None:
    """Copy the index; what a clean-up takes away meanwhile begins that table anew."""
    for table in sorted(each for each in source.iterdir() if each.is_dir()) if source.is_dir() else []:
        for _ in range(_TRIES):
            if _copied_table(table, part):
                break
            # After the last try it stays away: the index can be built anew from the database.
            shutil.rmtree(part / LIBRARY / table.name, ignore_errors=True)
        say("library", copied(part / LIBRARY))


def copied(place: Path) -> int:
    """Bytes of all files below a folder."""
    return sum(file.stat().st_size for file in _files(place))


def _copied_table(table: Path, part: Path) -> bool:
    try:
        rest = sorted(each.name for each in table.iterdir() if each.name not in _FIRST)
        for room in (*(each for each in _FIRST if (table / each).is_dir()), *rest):
            for file in sorted(_files(table / room)):
                name = file.relative_to(table).as_posix()
                _copy(file, room_for(part, f"{LIBRARY}/{table.name}/{name}"))
    except FileNotFoundError:
        return False
    return True


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
