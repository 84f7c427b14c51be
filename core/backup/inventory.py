"""What is in a backup, and the proof that it still is: a list of files with sizes and checksums."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import msgspec

from core.errors import LeitstandError, NotFound, Refused
from core.guard import one_line

INVENTORY = "backup.json"
DATABASE, CONFIG, LIBRARY = "leitstand.db", "config.toml", "library"
FORMAT = 1
_PIECE = 2**20


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of a backup."""

    path: str
    size: int
    sha256: str


class Inventory(msgspec.Struct, frozen=True):
    """Everything that belongs to a backup."""

    format: int
    made: float
    version: str
    """Of the Leitstand that made it."""
    schema: int
    """The version of its database."""
    files: tuple[Entry, ...]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(entry.size for entry in self.files)


class Damaged(LeitstandError):
    """A backup is not what was written."""

    code = "backup_damaged"
    default_hint = "Take another backup; this one is left as it is."


def read(folder: Path) -> Inventory:
    """Read the list of a backup; NotFound when the folder is none."""
    place = folder / INVENTORY
    try:
        data = place.read_bytes()
    except FileNotFoundError:
        raise NotFound(f"{folder} is no backup: it has no {INVENTORY}.") from None
    except OSError as error:
        raise Damaged(f"{place} cannot be read: {error.strerror}.") from None
    try:
        found = msgspec.json.decode(data, type=Inventory)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Damaged(f"{place} is damaged.") from None
    if found.format > FORMAT:
        raise Refused(f"{folder} was made by a newer Leitstand ({one_line(found.version, 40)}).")
    if wrong := next((entry.path for entry in found.files if not _belongs(entry.path)), None):
        raise Damaged(f"{place} names a file outside of the backup: {one_line(wrong, 200)}.")
    if DATABASE not in {entry.path for entry in found.files}:
        raise Damaged(f"{place} names no database.")
    return found


def write(folder: Path, inventory: Inventory) -> None:
    """Write the list, last of all: without it a folder is no backup."""
    data = msgspec.json.format(msgspec.json.encode(inventory), indent=1)
    with open(folder / INVENTORY, "xb", opener=_private) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def faults(folder: Path, inventory: Inventory) -> Iterator[str]:
    """Read every file; name those that are not what was written."""
    for entry in inventory.files:
        place = folder / entry.path
        try:
            size, digest = digest_of(place)
        except OSError as error:
            yield f"{entry.path}: {error.strerror or error}"
            continue
        if size != entry.size:
            yield f"{entry.path}: {size} bytes instead of {entry.size}"
        elif digest != entry.sha256:
            yield f"{entry.path}: its content has changed"


def digest_of(place: Path) -> tuple[int, str]:
    """The size and the checksum of a plain file; anything else, like a link to elsewhere, is an error."""
    descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(0, "it is not a plain file")
        size, digest = 0, hashlib.sha256()
        while piece := file.read(_PIECE):
            size += len(piece)
            digest.update(piece)
    return size, digest.hexdigest()


def room_for(folder: Path, path: str | Path) -> Path:
    """Make the folders that a file below *folder* needs, for its owner alone; where the file belongs."""
    for part in reversed(PurePosixPath(path).parents[:-1]):
        (folder / part).mkdir(mode=0o700, exist_ok=True)
    return folder / path


def _belongs(path: str) -> bool:
    """Whether a name may be in a backup: one of our own, below the folder, and spelled plainly."""
    parts = PurePosixPath(path).parts
    if "\0" in path or "\\" in path or path != "/".join(parts) or ".." in parts or path.startswith("/"):
        return False
    return path in {DATABASE, CONFIG} or (parts[0] == LIBRARY and len(parts) > 1)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, 0o600)
