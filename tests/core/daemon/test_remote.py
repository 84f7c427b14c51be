"""Attaching to another machine through ssh: found, forwarded, lost, found again."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.daemon import client, remote
from core.daemon.client import AttachedEngine
from core.daemon.remote import Target, target
from core.engine import Options
from core.errors import ConnectionLost, LeitstandError, NotFound, UsageError
from core.paths import Paths
from core.store.lock import held
from tests.fakes import ssh
from tests.waiting import until

LEITSTAND = f"{sys.executable} -P -m tui"


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("ssh://gpubox", Target("gpubox")),
        ("ssh://me@gpubox", Target("gpubox", "me")),
        ("ssh://me@10.0.0.7:2222/", Target("10.0.0.7", "me", 2222)),
        ("ssh://gpubox/srv/my llm", Target("gpubox", data="/srv/my llm")),
        ("ssh://[fe80::1]:22", Target("[fe80::1]", port=22)),
    ],
)
def test_an_address_names_machine_user_port_and_directory(address: str, found: Target) -> None:
    assert target(address) == found


@pytest.mark.parametrize(
    "address",
    [
        "gpubox", "ssh://", "ssh://-oProxyCommand=x", "ssh://-l@gpubox", "ssh://a b", "ssh://gpubox:0",
        "ssh://gpubox:99999", "http://gpubox", "ssh://user@-host", "ssh://$(id)", "ssh://gpubox;id",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_before_ssh_sees_it(address: str) -> None:
    with pytest.raises(UsageError):
        target(address)


@pytest.fixture
def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A fake ssh to a machine with a home of its own; the folder says how the line is."""
    there = tmp_path / "t"
    there.mkdir()
    (there / "config.toml").write_text('[server]\nurl = "127.0.0.1:9"\n')
    folder = ssh.installed(tmp_path / "bin", there)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setattr(remote, "FORWARDING", 5.0)
    yield folder
    if (who := held(there / "data" / "lock")) is not None:
        os.kill(who.pid, signal.SIGTERM)


def options(tmp_path: Path) -> Options:
    return Options(environment={"LEITSTAND_HOME": str(tmp_path / "h"), "HOME": str(tmp_path)})


@pytest.fixture
async def face(line: Path, tmp_path: Path) -> AsyncIterator[AttachedEngine]:
    found = await asyncio.to_thread(remote.attached, options(tmp_path), "ssh://me@there", command=LEITSTAND)
    try:
        await found.start()
        yield found
    finally:
        await found.close()


async def test_a_leitstand_is_started_there_found_and_used(face: AttachedEngine, line: Path) -> None:
    made = await face.chat.create(title="From afar")
    assert (await face.chat.get(made.id)).title == "From afar"
    assert face.link.where == "there"
    await until(lambda: face.link.round_trip is not None)
    asked, forwarded = (line / "log").read_text().splitlines()
    assert "-l me -- there exec sh -c" in asked
    assert forwarded.startswith("-T -o ExitOnForwardFailure=yes")
    assert forwarded.endswith("-l me -- there exec cat")
    with pytest.raises(NotFound):
        await face.chat.get(4711)


async def test_a_line_that_breaks_is_built_anew_without_asking_anybody(
    face: AttachedEngine, line: Path
) -> None:
    made = await face.chat.create(title="Kept")
    (line / "down").touch()
    await until(lambda: face.link.phase == "lost")
    with pytest.raises(ConnectionLost):
        await face.chat.get(made.id)
    (line / "down").unlink()
    await until(lambda: face.link.phase == "attached")
    assert (await face.chat.get(made.id)).title == "Kept"
    again = (line / "log").read_text().splitlines()[-1]
    assert "BatchMode=yes" in again


async def test_a_slow_line_is_said_to_be_slow_and_spared(
    face: AttachedEngine, line: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "PING_EVERY", 0.05)
    (line / "delay").write_text("0.2")
    await until(lambda: face.link.slow)
    assert face.link.round_trip is not None
    assert face.link.round_trip > 0.15
    (line / "delay").unlink()
    await until(lambda: not face.link.slow)


async def test_the_tunnel_ends_with_the_face(face: AttachedEngine, line: Path) -> None:
    way: Any = face._way
    tunnel, local = way._tunnel, way._local
    assert os.stat(os.path.dirname(local)).st_mode & 0o077 == 0  # noqa: PTH116, PTH120 - at once
    await face.close()
    assert tunnel.poll() is not None
    assert os.path.basename(local) not in os.listdir(os.path.dirname(local))  # noqa: PTH119, PTH120, PTH208


async def test_the_tunnel_ends_when_the_face_is_killed(face: AttachedEngine) -> None:
    way: Any = face._way
    tunnel = way._tunnel
    tunnel.stdin.close()  # as the system does it for a process that was killed
    assert await asyncio.to_thread(tunnel.wait, 20) != 0


def test_the_socket_of_a_face_that_was_killed_is_swept_away() -> None:
    with tempfile.TemporaryDirectory(prefix="l") as short, subprocess.Popen(["true"]) as killed:
        killed.wait()
        here = Path(short) / "run"
        here.mkdir(mode=0o700)
        gone, lives, other = (here / f"ssh-{name}.sock" for name in (killed.pid, os.getppid(), "notes"))
        for each in (gone, lives, other):
            each.touch()
        assert remote._folder(Paths.find({"LEITSTAND_HOME": short})) == here
        assert sorted(each.name for each in here.iterdir()) == sorted([lives.name, other.name])


def test_a_machine_that_cannot_be_reached_is_named(line: Path, tmp_path: Path) -> None:
    (line / "down").touch()
    with pytest.raises(ConnectionLost, match=r"cannot reach there: ssh: connect to host"):
        remote.attached(options(tmp_path), "ssh://there", command=LEITSTAND)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("no-such-leitstand", "cannot be started on there"),
        ("echo garbage #", "cannot be started on there"),
        ('echo \'{"error":{"code":"data_busy","message":"Busy."}}\' #', "Busy"),
        ('echo \'{"socket":"relative"}\' #', "does not say where"),
    ],
)
def test_whatever_is_said_there_becomes_a_sentence(
    line: Path, tmp_path: Path, command: str, words: str
) -> None:
    with pytest.raises(LeitstandError, match=words):
        remote.attached(options(tmp_path), "ssh://there", command=command)
