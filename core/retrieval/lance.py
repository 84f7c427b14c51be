"""The door to LanceDB: imported late on a thread, quiet, bounded in memory, its complaints in sentences.

Everything of it that computes runs in Rust threads of its own, so that its methods are awaited on the loop.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from core import heap
from core.errors import DataDirectoryError, DiskFull, LeitstandError, StoreError

if TYPE_CHECKING:
    from lancedb import AsyncConnection

T = TypeVar("T")

_INDEX_CACHE = 512 << 20
_METADATA_CACHE = 64 << 20
"""Bytes, filled as tables are searched; unasked it takes seven gigabytes. A million units need 400 MB of the
first: with less of it each search reads again what the one before it displaced."""

_M_ARENA_MAX, _ARENAS = -8, 2
"""Thousands of small commits over many threads leave half a gigabyte in arenas of the allocator otherwise."""

_FULL = ("no space left", "os error 28", "disk quota", "os error 122")
_DENIED = ("permission denied", "os error 13", "read-only file system", "os error 30")
_BUSY = ("too many open files", "os error 24", "cannot allocate memory", "os error 12", "input/output error")


class InThread(Protocol):
    """`Tasks.in_thread`: runs a blocking call elsewhere."""

    async def __call__(self, function: Callable[..., T], /, *args: object) -> T:
        """Run it and give back what it gives."""
        ...


async def connect(directory: Path, in_thread: InThread) -> AsyncConnection:
    """Open a directory of tables; the first time this takes a second of a thread."""
    await in_thread(_load)
    import lancedb

    session = lancedb.Session(index_cache_size_bytes=_INDEX_CACHE, metadata_cache_size_bytes=_METADATA_CACHE)
    with sentences("the index of the library"):
        return await lancedb.connect_async(directory, session=session)


def _load() -> None:
    # Its warnings would be written over the screens.
    os.environ.setdefault("LANCEDB_LOG", "error")
    os.environ.setdefault("LANCE_LOG", "error")
    libc = _libc()
    if libc is not None:
        libc.mallopt(_M_ARENA_MAX, _ARENAS)
    # All of it here: imported on the loop it would hold up the screens for seconds.
    with heap.growing():
        import lancedb  # noqa: F401
        import pyarrow  # noqa: F401


def _libc() -> ctypes.CDLL | None:
    try:
        libc = ctypes.CDLL("libc.so.6")
        return libc if hasattr(libc, "mallopt") and hasattr(libc, "malloc_trim") else None
    except OSError:  # another C library, or another system
        return None


def give_memory_back() -> None:
    """Return what the allocator keeps after much work."""
    libc = _libc()
    if libc is not None:
        libc.malloc_trim(0)


@contextmanager
def sentences(what: str) -> Iterator[None]:
    """Turn what LanceDB raises into our errors; *what* was being worked on."""
    try:
        yield
    except (LeitstandError, asyncio.CancelledError):
        raise
    except (RuntimeError, ValueError, OSError, TypeError, KeyError) as error:
        raise translated(error, what) from error


def translated(error: Exception, what: str) -> LeitstandError:
    """The sentence for something LanceDB raised: it has no classes of errors, only texts."""
    text = str(error).lower()
    if any(sign in text for sign in _FULL):
        return DiskFull(f"The disk is full: {what} cannot be written.", "Free some space, then go on.")
    if any(sign in text for sign in _DENIED):
        return DataDirectoryError(f"There is no permission to read and write {what}.")
    if any(sign in text for sign in _BUSY):
        return StoreError(
            f"The system refused to open {what}.", "Free memory or raise the limit of open files."
        )
    return StoreError(
        f"Something went wrong with {what} ({type(error).__name__}).",
        "Try again; if it stays, re-index the space: its documents are not touched.",
    )


def is_damage(error: BaseException) -> bool:
    """Whether an error speaks of the files themselves, not of the system around them."""
    text = str(error).lower()
    return not any(sign in text for sign in (*_FULL, *_DENIED, *_BUSY))


def is_conflict(error: Exception) -> bool:
    """Whether another commit came between; trying again is right then."""
    text = str(error).lower()
    return "conflict" in text or "failed to commit" in text
