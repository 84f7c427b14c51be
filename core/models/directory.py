"""Where the server keeps its models, when that is on this machine: the disk that must have room."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

import msgspec


class Disk(msgspec.Struct, frozen=True):
    """A volume as it is now."""

    path: str
    free: int
    total: int


def choose(configured: str, said: Iterable[str], usual: Path | None) -> Path | None:
    """Return the directory: as set, else as the server said, else where it usually is.

    What the server said and what is not here belongs to another machine or a container: then the usual
    place says nothing about it.
    """
    if configured:
        return Path(configured).expanduser()
    found = [Path(text) for text in said]
    if found:
        return next((path for path in found if _is_here(path)), None)
    return usual


def disk(path: Path) -> Disk | None:
    """Look at the volume of a directory, which need not exist yet; None when it cannot be seen."""
    for place in (path, *path.parents):
        try:
            usage = shutil.disk_usage(place)
        except OSError:
            continue
        return Disk(str(path), usage.free, usage.total)
    return None


def partial_bytes(directory: Path, digest: str) -> int:
    """Bytes of an unfinished file that are on the disk already; it is sparse, so its length says nothing."""
    name = "sha256-" + digest.removeprefix("sha256:") + "-partial"
    try:
        return (directory / "blobs" / name).stat().st_blocks * 512
    except OSError:
        return 0


def _is_here(path: Path) -> bool:
    try:
        return path.is_dir()
    except PermissionError:
        # The service's own home is often closed to others, but it is here. In root's home nobody knows.
        return path.parts[:2] != ("/", "root")
    except OSError:
        return False
