"""The way to a Leitstand on another machine: the system's own ssh forwards its socket.

ssh HOST leitstand serve --detach --until-idle --json     # where is it? one is started when none runs
ssh -L HERE.sock:THERE.sock HOST cat                      # and from then on it is a socket like any other

What is run there by the second one ends with this process, however that ends: so no tunnel outlives it.

Nothing listens on a network, and there are no credentials but those that ssh has.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from core.clock import Clock
from core.daemon import place
from core.daemon.client import AttachedEngine, Connected
from core.daemon.frames import Fault
from core.daemon.link import connected
from core.errors import ConnectionLost, LeitstandError, UsageError
from core.guard import one_line
from core.paths import Paths

if TYPE_CHECKING:
    from core.engine import Options

ASKING = 120.0
"""Seconds for the first word of the other machine: somebody may have to type a password."""

ASKING_AGAIN = 20.0
FORWARDING = 20.0
_STEP = 0.05
_UNREACHABLE = 255
"""What ssh itself ends with when it fails."""

_ADDRESS = re.compile(
    r"ssh://(?:(?P<user>[A-Za-z0-9_.][A-Za-z0-9_.-]*)@)?"
    r"(?P<host>[A-Za-z0-9_.][A-Za-z0-9_.-]*|\[[0-9A-Fa-f:.]+\])"
    r"(?::(?P<port>[0-9]{1,5}))?(?P<data>/.+)?/?",
    re.ASCII,
)


class Target(NamedTuple):
    """A machine, who one is there, and the data directory when it is not the usual one."""

    host: str
    user: str = ""
    port: int | None = None
    data: str = ""

    @property
    def words(self) -> list[str]:
        """How ssh is told; the name behind `--`, so that none is taken for an option."""
        port = ["-p", str(self.port)] if self.port is not None else []
        user = ["-l", self.user] if self.user else []
        return [*port, *user, "--", self.host.strip("[]")]


def target(address: str) -> Target:
    """Read an address like ssh://user@host:port/data/directory."""
    found = _ADDRESS.fullmatch(address)
    if found is None:
        raise UsageError(
            f"{one_line(address, 100)} is not an address.",
            "It looks like ssh://user@host or ssh://host:22/dir.",
        )
    port = int(found["port"]) if found["port"] else None
    if port is not None and not 0 < port < 65536:
        raise UsageError(f"{port} is not a port: ports go from 1 to 65535.")
    return Target(found["host"], found["user"] or "", port, (found["data"] or "").rstrip("/"))


class _Ready(msgspec.Struct):
    """What `serve --detach --json` says."""

    socket: str = ""
    error: Fault | None = None


class SshWay:
    """An ssh process that forwards a socket; started again when it has ended."""

    def __init__(self, to: Target, paths: Paths, *, command: str = "leitstand") -> None:
        self.where = to.host
        self._to = to
        self._command = command
        self._paths = paths
        self._local = ""
        self._tunnel: subprocess.Popen[bytes] | None = None
        self._asked = False
        self._closed = False

    def connect(self) -> Connected:
        """Go through the tunnel, dug anew where it has fallen in."""
        if self._tunnel is not None and self._tunnel.poll() is None:
            with suppress(ConnectionLost):
                return connected(self._local)
        self._fill_in()
        there = self._ask()
        self._local = str(_folder(self._paths) / f"ssh-{os.getpid()}.sock")
        self._tunnel = subprocess.Popen(
            [
                "ssh",
                *_FORWARDING,
                *(_QUIETLY if self._asked else ()),
                "-L",
                f"{self._local}:{there}",
                *self._to.words,
                "exec cat",
            ],
            # Nobody writes to it: it ends with this process, also when that is killed, and then all the rest.
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # Its own group: ctrl+c is for the screens.
            start_new_session=self._asked,
        )
        if self._closed:  # meanwhile, on another thread
            self._fill_in()
            raise ConnectionLost("Nobody wants to go there any more.")
        found = self._through(self._tunnel)
        self._asked = True
        return found

    def is_gone(self) -> bool:
        """Never: whoever asks there starts one when none runs."""
        return False

    def revive(self) -> None:
        """Asking does that."""

    def close(self) -> None:
        """Let the tunnel fall in for good."""
        self._closed = True
        self._fill_in()

    def _fill_in(self) -> None:
        tunnel, self._tunnel = self._tunnel, None
        if tunnel is not None:
            tunnel.terminate()
            try:
                tunnel.wait(2)
            except subprocess.TimeoutExpired:
                tunnel.kill()
                tunnel.wait()
            if tunnel.stdin is not None:
                tunnel.stdin.close()
        if self._local:
            Path(self._local).unlink(missing_ok=True)

    def _through(self, tunnel: subprocess.Popen[bytes]) -> Connected:
        deadline = time.monotonic() + (FORWARDING if self._asked else ASKING)
        while time.monotonic() < deadline:
            if tunnel.poll() is not None:
                raise ConnectionLost(
                    f"ssh cannot forward a socket of {self.where}.",
                    "Its server may forbid it: AllowStreamLocalForwarding.",
                )
            if Path(self._local).exists():
                with suppress(ConnectionLost):
                    return connected(self._local)
            time.sleep(_STEP)
        raise ConnectionLost(f"{self.where} does not answer through ssh.")

    def _ask(self) -> str:
        """Ask where the socket is, there."""
        data = f" --data {shlex.quote(self._to.data)}" if self._to.data else ""
        inner = (
            'PATH="$PATH:$HOME/.local/bin:$HOME/bin"; '
            f"exec {self._command} serve --detach --until-idle --json{data}"
        )
        quietly = _QUIETLY if self._asked else ()
        try:
            done = subprocess.run(
                ["ssh", "-T", *quietly, *self._to.words, f"exec sh -c {shlex.quote(inner)}"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=ASKING_AGAIN if self._asked else ASKING,
                check=False,
            )
        except FileNotFoundError:
            raise LeitstandError("There is no ssh on this machine.", "Install an OpenSSH client.") from None
        except subprocess.TimeoutExpired:
            raise ConnectionLost(f"{self.where} does not answer through ssh.") from None
        return self._socket(done)

    def _socket(self, done: subprocess.CompletedProcess[bytes]) -> str:
        said = one_line(_last(done.stderr), 200)
        if done.returncode == _UNREACHABLE:
            raise ConnectionLost(f"ssh cannot reach {self.where}: {said or 'it does not say why'}.")
        try:
            ready = msgspec.json.decode(_last(done.stdout), type=_Ready)
        except msgspec.DecodeError:
            raise LeitstandError(
                f"Leitstand cannot be started on {self.where}: {said or 'it says nothing'}.",
                "Install the same version there, or say how it is called with --command.",
            ) from None
        if ready.error is not None:
            raise ready.error.error()
        if not ready.socket.startswith("/") or ":" in ready.socket:
            raise LeitstandError(f"The Leitstand on {self.where} does not say where it listens.")
        return ready.socket


_FORWARDING = (
    "-T",
    *("-o", "ExitOnForwardFailure=yes"),
    *("-o", "ServerAliveInterval=5"),
    *("-o", "ServerAliveCountMax=3"),
    *("-o", "StreamLocalBindUnlink=yes"),
    *("-o", "StreamLocalBindMask=0177"),
)

_QUIETLY = ("-o", "BatchMode=yes", "-o", "ConnectTimeout=10")
"""While screens are open nobody can be asked for a password."""


def attached(options: Options, address: str, *, command: str, clock: Clock | None = None) -> AttachedEngine:
    """Attach to the Leitstand of another machine; blocking, and ssh may ask for a password."""
    paths = Paths.find(options.environment, data=options.data, config=options.config)
    way = SshWay(target(address), paths, command=command)
    try:
        first = way.connect()
    except BaseException:
        way.close()
        raise
    return AttachedEngine(options, paths, way, first, clock)


def _folder(paths: Paths) -> Path:
    for folder in place.folders(paths):
        if len(os.fsencode(folder)) < _LONGEST_FOLDER:
            with suppress(OSError):
                place.make_own(folder)
                _sweep(folder)
                return folder
    raise LeitstandError("There is no private folder for a socket.", "Check XDG_RUNTIME_DIR.")


def _sweep(folder: Path) -> None:
    """Remove the sockets of processes that were killed."""
    for left in folder.glob("ssh-*.sock"):
        pid = left.stem.removeprefix("ssh-")
        try:
            os.kill(int(pid), 0)
        except ProcessLookupError:
            left.unlink(missing_ok=True)
        except (OSError, ValueError, OverflowError):
            continue  # somebody's that lives, or no name of ours


_LONGEST_FOLDER = 70
"""Bytes: ssh binds a name that is longer for a moment."""


def _last(output: bytes) -> str:
    lines = output.decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else ""
