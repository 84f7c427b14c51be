"""Where the socket of a data directory lies: in a folder nobody else can enter, under a name of its own."""

from __future__ import annotations

import os
import socket
import stat
import tempfile
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

from core.errors import DataDirectoryError
from core.paths import Paths

_LONGEST = 100
"""Bytes of a socket's path: Linux takes 107, others 103."""
_PATIENCE = 1.0


def listening(paths: Paths) -> socket.socket:
    """Open the socket of a data directory whose lock this process holds; blocking."""
    name = blake2b(os.fsencode(paths.data.resolve()), digest_size=8).hexdigest()
    trouble = "no folder is short enough"
    for folder in folders(paths):
        for path in (folder / f"{name}.sock", folder / f"{name}-{os.getpid()}.sock"):
            if len(os.fsencode(path)) > _LONGEST:
                continue
            try:
                make_own(folder)
                if _is_free(path):
                    return _bound(path)
                trouble = f"{path} is taken"
            except OSError as error:
                trouble = f"{path}: {error.strerror or error}"
    raise DataDirectoryError(
        f"No other Leitstand can attach to this one: {trouble}.", "Check XDG_RUNTIME_DIR."
    )


def folders(paths: Paths) -> tuple[Path, ...]:
    """Where a socket may lie, the best place first."""
    return paths.runtime, Path(tempfile.gettempdir()) / f"leitstand-{os.getuid()}"


def make_own(folder: Path) -> None:
    """Make a folder that only this user can enter; a trap that somebody else laid is refused."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise PermissionError(None, "the folder belongs to somebody else")
    if stat.S_IMODE(found.st_mode) & 0o077:
        folder.chmod(0o700)


def _is_free(path: Path) -> bool:
    """Whether the name can be used; a socket that nobody listens at any more is removed."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return True
    if not stat.S_ISSOCK(found.st_mode):
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as knocking:
        knocking.settimeout(_PATIENCE)
        try:
            knocking.connect(str(path))
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
            return True
        except OSError:
            return False
    return False


def _bound(path: Path) -> socket.socket:
    stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        # Born with the permissions of any file: until the next line it is the folder that keeps others out.
        stream.bind(str(path))
        path.chmod(0o600)
    except BaseException:
        stream.close()
        raise
    stream.setblocking(False)
    return stream


def remove(address: str, inode: int) -> None:
    """Take a socket away, unless another one lies there by now."""
    path = Path(address)
    with suppress(OSError):
        if path.lstat().st_ino == inode:
            path.unlink()
