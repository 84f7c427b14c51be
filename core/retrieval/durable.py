"""What a power cut may do to a table, and what is done about it. Blocking: called on a thread.

LanceDB never waits for the disk. A kill loses nothing of what it committed; a power cut may leave the newest
files empty, and then the whole table cannot be opened. So the newest files are flushed after every commit,
and a table that cannot be opened goes back one version at a time, its newest manifest set aside.

    units_7_r1.lance/  data/*.lance  _versions/*.manifest  _transactions/  _deletions/  _indices/<id>/*
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

_BAD = ".bad"
_SPARE = "spare-"
_END = b"LANC"
"""How every data file and every manifest ends that was written whole."""
_DATA_NAME = re.compile(rb"([01]{24}[0-9a-f]{26})\.lance")
_NEWEST_FIRST = 1 << 63
"""Version numbers are counted down from 2**64 in the names of manifests, so that the newest sorts first."""

COPY_ORDER = ("_versions", "_transactions", "_indices", "_deletions", "data")
"""A manifest is copied before what it names: whatever is written meanwhile is only more than it needs."""


def flush(table: Path, known: set[str]) -> set[str]:
    """Put every file on the disk that is not *known* to be there; return what is known now."""
    present: set[str] = set()
    changed: set[Path] = set()
    for path in _files(table):
        name = str(path)
        present.add(name)
        if name in known:
            continue
        changed.add(path.parent)
        _sync(path)
    for folder in changed:
        _sync(folder)
        if folder.parent.name == "_indices":
            _sync(folder.parent)
    if changed:
        _sync(table)
        _sync(table.parent)
    return present


def _files(table: Path) -> Iterator[Path]:
    for folder, _, names in os.walk(table):
        for name in names:
            # The hint is written again and again under one name, and is only a hint.
            if not name.endswith((_BAD, ".json")):
                yield Path(folder, name)


def _sync(path: Path) -> None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:  # cleaned up meanwhile
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def manifests(table: Path) -> list[Path]:
    """The manifests of a table, the newest first."""
    found = [path for path in (table / "_versions").glob("*.manifest") if path.stem.isdigit()]
    return sorted(found, key=_age)


def _age(manifest: Path) -> int:
    number = int(manifest.stem)
    return number - (1 << 64) if number >= _NEWEST_FIRST else -number


def looks_whole(table: Path) -> bool:
    """Whether the newest manifest and every data file it names seem to be written to their ends.

    Only a hint that reading everything is worth it: what can be read is whole, whatever this says.
    """
    newest = next(iter(manifests(table)), None)
    if newest is None or not _ends_well(newest):
        return False
    content = newest.read_bytes()
    # Before it stand the indexes and the last transaction, which names files that are gone for good.
    begin = int.from_bytes(content[-16:-8], "little")
    names = {match.decode() for match in _DATA_NAME.findall(content, begin)}
    return all(_ends_well(table / "data" / f"{name}.lance") for name in names)


def _ends_well(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            file.seek(-len(_END), os.SEEK_END)
            return file.read() == _END
    except OSError:  # gone, or too short for that
        return False


def step_back(table: Path) -> bool:
    """Set the newest manifest aside; False when there is none before it, and the table is lost."""
    found = manifests(table)
    if not found:
        return False
    spare = table / f"{_SPARE}{found[0].name}"
    saved = spare.exists() and _ends_well(spare) and spare.read_bytes() != found[0].read_bytes()
    found[0].rename(free_name(found[0]))
    if saved:
        spare.rename(found[0])
    _sync(table / "_versions")
    return saved or len(found) > 1


def keep_spare(table: Path) -> None:
    """Keep the newest manifest twice: after cleaning up there is no older one to go back to."""
    newest = next(iter(manifests(table)), None)
    for old in table.glob(f"{_SPARE}*"):
        old.unlink(missing_ok=True)
    if newest is not None:
        spare = table / f"{_SPARE}{newest.name}"
        shutil.copyfile(newest, spare)
        _sync(spare)
        _sync(table)


def free_name(path: Path) -> Path:
    """The name something gets that is set aside."""
    number = 0
    while (aside := path.with_name(f"{path.name}{f'.{number}' if number else ''}{_BAD}")).exists():
        number += 1
    return aside


def has_data(table: Path) -> bool:
    """Whether anything was ever written into it."""
    return any((table / "data").glob("*.lance"))


def set_aside(table: Path) -> None:
    """Keep a lost table under another name, so that a new one can be begun."""
    table.rename(free_name(table))
    _sync(table.parent)


def forget_bad(table: Path) -> None:
    """Remove what was set aside, once its work has been done again."""
    for manifest in (table / "_versions").glob(f"*{_BAD}"):
        manifest.unlink(missing_ok=True)
    for lost in table.parent.glob(f"{table.name}*{_BAD}"):
        shutil.rmtree(lost, ignore_errors=True)


# A # marks a file that is still being written: it gets its name when it is whole.
_PASSED_OVER = shutil.ignore_patterns(f"*{_BAD}", "*.tmp*", "*#*")


def copy(table: Path, target: Path) -> None:
    """Copy a table that may be written to meanwhile, though not cleaned up."""
    for part in COPY_ORDER:
        if (table / part).is_dir():
            shutil.copytree(table / part, target / part, ignore=_PASSED_OVER)


def size(table: Path) -> int:
    """The bytes a table takes on the disk."""
    total = 0
    for path in _files(table):
        try:
            total += path.stat().st_size
        except FileNotFoundError:
            continue
    return total
