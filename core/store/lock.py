"""One process hosts a data directory: an exclusive lock that the operating system lets go when it dies."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
from pathlib import Path

import msgspec

from core.clock import Clock, SystemClock
from core.errors import DataDirectoryBusy, DataDirectoryError
from core.paths import make_private, open_private


class Holder(msgspec.Struct, frozen=True):
    """Who holds the lock, as written into the file by the holder."""

    pid: int
    started: float
    host: str
    socket: str = ""
    """Where others can reach it; empty until it listens."""


class DataLock:
    """The lock of one data directory, held until `release` or the end of the process, however it ends.

    The file stays when the lock is let go: removing it would let two processes lock two files of one name.
    """

    def __init__(self, path: Path, descriptor: int, mine: Holder) -> None:
        self.path = path
        self._descriptor: int | None = descriptor
        self._mine = mine

    @classmethod
    def acquire(cls, path: Path, *, clock: Clock | None = None) -> DataLock:
        """Take the lock at once, or say who has it."""
        make_private(path.parent)
        try:
            # Never handed to a child process, which would keep the lock after our end.
            descriptor = open_private(path, os.O_RDWR | os.O_CREAT)
        except OSError as error:
            raise DataDirectoryError(f"The lock {path} cannot be opened: {error.strerror}.") from error
        try:
            _lock(descriptor, path)
            mine = Holder(os.getpid(), (clock or SystemClock()).now(), socket.gethostname())
            _write(descriptor, mine)
        except OSError as error:
            os.close(descriptor)
            raise DataDirectoryError(f"The lock {path} cannot be written: {error.strerror}.") from error
        except BaseException:
            os.close(descriptor)
            raise
        return cls(path, descriptor, mine)

    def announce(self, address: str) -> None:
        """Write down where others can reach this process; empty when they no longer can."""
        if self._descriptor is None:
            return
        self._mine = msgspec.structs.replace(self._mine, socket=address)
        try:
            _write(self._descriptor, self._mine)
        except OSError as error:
            raise DataDirectoryError(f"The lock {self.path} cannot be written: {error.strerror}.") from error

    def release(self) -> None:
        """Let the lock go; may be called again."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


def holder(path: Path) -> Holder | None:
    """Read who wrote the file last; None when nobody did, or it cannot be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Holder)
    except (OSError, msgspec.DecodeError):
        return None


def held(path: Path) -> Holder | None:
    """Return who works on the data directory now; nobody is None."""
    who = holder(path)
    return who if who is not None and _is_held(path, who) else None


def _is_held(path: Path, who: Holder) -> bool:
    """Whether the lock is taken; trying to take it could keep another Leitstand from starting."""
    if who.host != socket.gethostname():
        return True  # nobody here can know better
    try:
        inode = str(path.stat().st_ino)
        locks = Path("/proc/locks").read_text(encoding="ascii", errors="replace").splitlines()
        return any(entry.split()[-3].rpartition(":")[2] == inode for entry in locks if "FLOCK" in entry)
    except (OSError, IndexError):
        pass
    try:
        os.kill(who.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _write(descriptor: int, mine: Holder) -> None:
    text = msgspec.json.encode(mine)
    # In this order a full disk, which has room for what is already there, does not stop a start.
    os.pwrite(descriptor, text, 0)
    os.ftruncate(descriptor, len(text))


def _lock(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            raise DataDirectoryBusy(
                f"The data directory {path.parent} is in use by {_described(path)}."
            ) from error
        raise DataDirectoryError(
            f"The file system of {path} cannot lock files ({error.strerror}).",
            "Choose a data directory on a local disk with --data.",
        ) from error


def _described(path: Path) -> str:
    who = holder(path)
    if who is None:
        return "another process"
    if who.host == socket.gethostname():
        return f"process {who.pid}"
    return f"process {who.pid} on {who.host}"
