"""Attaching through the real ssh to a real sshd: one of our own, on a pipe instead of a port."""

from __future__ import annotations

import asyncio
import getpass
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from core.bus import Mailbox, Resync
from core.chat.following import applied
from core.daemon import remote
from core.daemon.client import AttachedEngine
from core.engine import Options
from core.simulator import Pace, Setup, Simulator, toy
from core.store.lock import held
from tests.core.cli.simulated import simulated
from tests.fakes.terminal import Terminal
from tests.waiting import until

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
pytestmark = pytest.mark.timeout(300)

ROOT = Path(__file__).parents[2]
LEITSTAND = str(Path(sys.executable).with_name("leitstand"))


class Machine(NamedTuple):
    """Another machine, which is this one: how it is reached, and what is run there."""

    address: str
    command: str
    home: Path
    path: str


def a_private_sshd(folder: Path) -> str:
    """A PATH on which ssh reaches an sshd that is started for every connection; or skip with the reason."""
    if SSHD is None or not (ssh := shutil.which("ssh")) or not shutil.which("ssh-keygen"):
        pytest.skip("OpenSSH's server, client and key generator are not all here")
    for name in ("host", "user"):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True, timeout=60
        )
    (folder / "sshd_config").write_text(
        f"HostKey {folder}/host\nAuthorizedKeysFile {folder}/user.pub\nPidFile none\nStrictModes no\n"
        "UsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
        "PermitRootLogin prohibit-password\nPrintMotd no\nPermitUserRC no\n"
    )
    (folder / "config").write_text(
        f"Host *\nProxyCommand {SSHD} -i -f {folder}/sshd_config -E {folder}/sshd.log\n"
        f"IdentityFile {folder}/user\nIdentitiesOnly yes\nIdentityAgent none\nLogLevel ERROR\n"
        f"StrictHostKeyChecking no\nUserKnownHostsFile {folder}/known\n"
    )
    wrapped = folder / "bin" / "ssh"
    wrapped.parent.mkdir()
    wrapped.write_text(f'#!/bin/sh\nexec {ssh} -F {folder}/config "$@"\n')
    wrapped.chmod(0o755)
    tried = subprocess.run(
        [wrapped, "-T", "-o", "BatchMode=yes", "there", "exec sh -c 'echo reached'"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if tried.stdout != "reached\n":
        log = folder / "sshd.log"
        said = f"{log.read_text() if log.exists() else ''}\n{tried.stderr}".strip().splitlines()
        pytest.skip(f"sshd does not let this user in: {said[-1] if said else tried.returncode}")
    return f"{wrapped.parent}:{os.environ['PATH']}"


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A home there, with a server that answers; whatever was started there ends."""
    path = a_private_sshd(tmp_path_factory.mktemp("ssh"))
    home = tmp_path_factory.mktemp("there")
    (home / "config.toml").write_text('[chat]\nmodel = "toy"\ntitle_by_model = false\n')
    simulator = Simulator(Setup(installed=(toy(),)), pace=Pace(rate=100, load=1e12, settle=0))
    with simulated(simulator) as address:
        command = f"env LEITSTAND_HOME={home} HOME={home} OLLAMA_HOST={address} {LEITSTAND}"
        yield Machine(f"ssh://{getpass.getuser()}@there", command, home, path)
        if (who := held(home / "data" / "lock")) is not None:
            os.kill(who.pid, signal.SIGTERM)
            asyncio.run(until(lambda: held(home / "data" / "lock") is None, within=60))


@pytest.fixture
async def face(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[AttachedEngine]:
    monkeypatch.setenv("PATH", machine.path)
    options = Options(environment={"LEITSTAND_HOME": str(tmp_path / "h"), "HOME": str(tmp_path)})
    found = await asyncio.to_thread(remote.attached, options, machine.address, command=machine.command)
    try:
        await found.start()
        yield found
    finally:
        await found.close()


async def test_an_answer_goes_on_through_a_line_that_is_cut_and_built_anew(face: AttachedEngine) -> None:
    way: Any = face._way
    await until(lambda: face.link.round_trip is not None, within=60)
    with face.bus.subscribe() as mailbox:
        answer = (await face.chat.send(None, "Write 300 tokens")).answer
        first = way._tunnel
        seen = await _followed(face, mailbox, answer.id, cut=first)
    assert face.link.phase == "attached"
    assert first.poll() is not None
    assert way._tunnel is not first
    assert seen == (await face.chat.turn(answer.id)).text
    assert len(seen.split()) > 100


async def _followed(
    face: AttachedEngine, mailbox: Mailbox, turn_id: int, cut: subprocess.Popen[bytes]
) -> str:
    """Follow an answer as a screen does, and kill the tunnel once words have come."""
    turn = await face.chat.turn(turn_id)
    while not turn.ended:
        if turn.text and cut.poll() is None:
            cut.kill()
            await until(lambda: face.link.phase == "lost", within=60)
            await until(lambda: face.link.phase == "attached", within=60)
            turn = await face.chat.turn(turn_id)
        for event in await mailbox.drain():
            after = None if isinstance(event, Resync) else applied(turn, event)
            turn = after if after is not None else await face.chat.turn(turn_id)
    return turn.text


FACE = """
import asyncio, os, sys
from core.daemon import remote
from core.engine import Options

async def main(address, command):
    face = await asyncio.to_thread(remote.attached, Options(environment=os.environ), address, command=command)
    await face.start()
    print(face._way._local, flush=True)
    await asyncio.Event().wait()

asyncio.run(main(*sys.argv[1:]))
"""


async def test_a_face_that_is_killed_leaves_no_tunnel_behind(machine: Machine, tmp_path: Path) -> None:
    around = {**os.environ, "LEITSTAND_HOME": str(tmp_path / "h"), "PATH": machine.path}
    command = [sys.executable, "-c", FACE, machine.address, machine.command]
    with subprocess.Popen(  # noqa: ASYNC220 - nothing else runs in this loop
        command, cwd=ROOT, env=around, stdout=subprocess.PIPE, text=True
    ) as killed:
        assert killed.stdout is not None
        local = killed.stdout.readline().strip()
        assert _is_listened_at(local)
        killed.kill()
    await until(lambda: not _is_listened_at(local), within=60)


def _is_listened_at(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as knocking:
        return knocking.connect_ex(path) == 0


def test_the_screens_of_another_machine_answer_and_are_left(machine: Machine, tmp_path: Path) -> None:
    around = {"LEITSTAND_HOME": str(tmp_path / "h"), "PATH": machine.path}
    command = [LEITSTAND, "attach", machine.address, "--command", machine.command]
    with Terminal(command, environment=around, rows=30, columns=110) as terminal:
        terminal.until("Ask", within=90)
        terminal.send("Write 40 tokens\r")  # whether it has started or not
        terminal.until("tok/s", within=90)
        terminal.until("there ", within=90)
        terminal.send("\x11")  # ctrl+q
        assert terminal.wait() == 0
    assert held(machine.home / "data" / "lock") is not None, "what works there goes on"
