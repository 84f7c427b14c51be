from __future__ import annotations

import errno
import fcntl
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.errors import DataDirectoryBusy, DataDirectoryError
from core.store.lock import DataLock, Holder, holder
from tests.fakes.clock import START, ManualClock

ROOT = Path(__file__).parents[3]


@contextmanager
def _held_elsewhere(path: Path) -> Iterator[subprocess.Popen[str]]:
    program = """
import sys
from pathlib import Path
from core.store.lock import DataLock
lock = DataLock.acquire(Path(sys.argv[1]))
print("held", flush=True)
input()
"""
    with subprocess.Popen(
        [sys.executable, "-c", program, str(path)],
        cwd=ROOT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def test_the_holder_writes_who_it_is(tmp_path: Path) -> None:
    lock = DataLock.acquire(tmp_path / "data" / "lock", clock=ManualClock())
    assert holder(lock.path) == Holder(os.getpid(), START, socket.gethostname())
    assert stat.S_IMODE(lock.path.stat().st_mode) == 0o600
    lock.release()


def test_a_lock_that_was_released_can_be_taken_again(tmp_path: Path) -> None:
    for _ in range(3):
        lock = DataLock.acquire(tmp_path / "lock")
        lock.release()
        lock.release()


def test_one_process_takes_it_once(tmp_path: Path) -> None:
    lock = DataLock.acquire(tmp_path / "lock")
    with pytest.raises(DataDirectoryBusy):
        DataLock.acquire(tmp_path / "lock")
    lock.release()


def test_a_second_process_hears_who_has_it_and_takes_it_after_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with _held_elsewhere(path) as process:
        with pytest.raises(DataDirectoryBusy, match=f"in use by process {process.pid}\\.") as caught:
            DataLock.acquire(path)
        assert str(tmp_path) in caught.value.message
        assert caught.value.hint
        process.send_signal(signal.SIGKILL)
        process.wait()
        left = holder(path)
        assert left is not None
        assert left.pid == process.pid
        lock = DataLock.acquire(path, clock=ManualClock())
        assert holder(path) == Holder(os.getpid(), START, socket.gethostname())
        lock.release()


def test_a_child_process_does_not_keep_it(tmp_path: Path) -> None:
    lock = DataLock.acquire(tmp_path / "lock")
    program = "print('running', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, close_fds=False
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"running\n"
        lock.release()
        DataLock.acquire(tmp_path / "lock").release()
        child.communicate(b"\n")


@pytest.mark.parametrize("left", [b"", b"garbage", b'{"pid": "no"}', b"\xff" * 5000])
def test_a_file_that_was_left_behind_is_no_lock(tmp_path: Path, left: bytes) -> None:
    (tmp_path / "lock").write_bytes(left)
    lock = DataLock.acquire(tmp_path / "lock", clock=ManualClock())
    assert holder(lock.path) == Holder(os.getpid(), START, socket.gethostname())
    lock.release()


def test_a_holder_that_wrote_nothing_readable_is_another_process(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    lock = DataLock.acquire(path)
    path.write_bytes(b"\x1b]0;evil\x07")
    with pytest.raises(DataDirectoryBusy, match="in use by another process"):
        DataLock.acquire(path)
    path.write_bytes(b'{"pid": 7, "started": 1.0, "host": "other.example"}')
    with pytest.raises(DataDirectoryBusy, match=r"process 7 on other\.example"):
        DataLock.acquire(path)
    lock.release()


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL])
def test_a_file_system_that_cannot_lock_is_said_clearly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refuse(descriptor: int, operation: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", refuse)
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(DataDirectoryError, match="cannot lock files") as caught:
        DataLock.acquire(tmp_path / "lock")
    assert "local disk" in caught.value.hint
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_directory_in_its_place_is_said_clearly(tmp_path: Path) -> None:
    (tmp_path / "lock").mkdir()
    with pytest.raises(DataDirectoryError, match="cannot be opened: Is a directory"):
        DataLock.acquire(tmp_path / "lock")


def test_nobody_holds_a_lock_that_does_not_exist(tmp_path: Path) -> None:
    assert holder(tmp_path / "lock") is None
