"""Brings a backup back: proved first, the present data moved aside, nothing of it lost. Blocking."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from core.backup.inventory import CONFIG, Damaged, Inventory, digest_of, faults, read, room_for
from core.errors import DataDirectoryError, StoreNewer
from core.paths import Paths, make_private
from core.store.lock import DataLock
from core.store.migrate import load


class Restored(msgspec.Struct, frozen=True):
    """What came back, and where what was there before is now."""

    made: float
    files: int
    size: int
    kept: str
    kept_config: str = ""


def proved(folder: Path) -> Inventory:
    """Read every byte of a backup; Damaged when one is not as it was written."""
    inventory = read(folder)
    wrong = list(faults(folder, inventory))
    if wrong:
        more = f", and {len(wrong) - 1} more" if len(wrong) > 1 else ""
        raise Damaged(f"{folder} is damaged: {wrong[0]}{more}.")
    return inventory


def restore(folder: Path, paths: Paths, now: float) -> Restored:
    """Put a backup in the place of the data directory; DataDirectoryBusy while a Leitstand works there."""
    lock = DataLock.acquire(paths.lock)
    try:
        inventory = proved(folder)
        newest = len(load())
        if inventory.schema > newest:
            raise StoreNewer(
                f"{folder} has a database of version {inventory.schema}; this Leitstand knows up to {newest}."
            )
        return _swap(folder, inventory, paths, now)
    finally:
        lock.release()


def _swap(folder: Path, inventory: Inventory, paths: Paths, now: float) -> Restored:
    stamp = f"{datetime.fromtimestamp(now, UTC):%Y%m%dT%H%M%SZ}"
    coming = paths.data.with_name(f"{paths.data.name}.coming-{stamp}")
    kept = paths.data.with_name(f"{paths.data.name}.before-{stamp}")
    kept_config = paths.config.with_name(f"{paths.config.name}.before-{stamp}")
    try:
        make_private(coming)
        for entry in inventory.files:
            place = room_for(coming, entry.path)
            _copy(folder / entry.path, place)
            if digest_of(place) != (entry.size, entry.sha256):
                raise Damaged(f"{entry.path} changed while it was brought back.")
        has_config = (coming / CONFIG).exists()
        if has_config:
            make_private(paths.config.parent)
            if paths.config.exists():
                os.link(paths.config, kept_config)
            shutil.move(coming / CONFIG, paths.config)
        paths.data.rename(kept)
        try:
            coming.rename(paths.data)
        except OSError:
            kept.rename(paths.data)
            raise
    except OSError as error:
        raise DataDirectoryError(
            f"{folder} cannot be brought back: {error.strerror}.",
            f"What was there is in {kept if kept.exists() else paths.data}.",
        ) from error
    finally:
        shutil.rmtree(coming, ignore_errors=True)
    changed = str(kept_config) if has_config and kept_config.exists() else ""
    return Restored(inventory.made, len(inventory.files), inventory.size, str(kept), changed)


def _copy(source: Path, copy: Path) -> None:
    descriptor = os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with (
        os.fdopen(os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as there,
        os.fdopen(descriptor, "wb") as here,
    ):
        shutil.copyfileobj(there, here, 2**20)
        here.flush()
        os.fsync(here.fileno())
