"""Health: what works, what does not, and the exact line that mends it.

The checks need no running engine, so `leitstand doctor` can say what keeps one from starting.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal

import msgspec

from core.config.types import Problem
from core.exposed import exposed
from core.ollama.connection import ServerState
from core.ollama.hosts import Host, HostProblem, HostsService
from core.paths import Paths


class Check(msgspec.Struct, frozen=True):
    """One thing looked at: a sentence about it and, when something is wrong, the line that mends it."""

    check: str
    state: Literal["ok", "warn", "fail"]
    message: str
    hint: str = ""


LOW_DISK = 1_000_000_000
"""Bytes below which the data volume is called short of space."""


def server_check(state: ServerState) -> Check:
    """Say how the connection to the server is."""
    where = "the built-in demonstration" if state.demo else state.url
    if state.phase == "online":
        return Check("server", "ok", f"Ollama {state.version or 'of an unknown version'} answers at {where}.")
    if state.phase == "connecting":
        return Check("server", "warn", f"Still connecting to {where}.")
    return Check("server", "fail", state.message or f"Nobody answers at {where}.", state.hint)


def host_checks(hosts: Iterable[Host], problems: Iterable[HostProblem] = ()) -> list[Check]:
    """Say how every other server is: one that is away takes only its models with it."""
    looked = [(host.name, server_check(host.state)) for host in hosts]
    return [
        *(
            Check(f"server {name}", "ok" if check.state == "ok" else "warn", check.message, check.hint)
            for name, check in looked
        ),
        *(Check(f"server {one.name}", "warn", one.message, one.hint) for one in problems),
    ]


def config_checks(path: Path, problems: tuple[Problem, ...]) -> list[Check]:
    """Say what is wrong with the configuration file, one check a problem."""
    if not problems:
        found = "is in order" if path.exists() else "does not exist; every setting has its default"
        return [Check("configuration", "ok", f"{path} {found}.")]
    return [
        Check(
            f"configuration {problem.key}".strip(),
            "warn",
            problem.sentence,
            problem.hint or f"Edit {path}, or run: leitstand config unset {problem.key}",
        )
        for problem in problems
    ]


def data_check(paths: Paths) -> Check:
    """Say whether the data directory can be used and is private."""
    folder = paths.data
    if not folder.exists():
        return Check("data directory", "ok", f"{folder} will be made at the first start.")
    try:
        mode = stat.S_IMODE(folder.stat().st_mode)
    except OSError as error:
        return Check("data directory", "fail", f"{folder} cannot be read: {error.strerror}.")
    if not folder.is_dir() or not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return Check("data directory", "fail", f"{folder} cannot be read and written.", f"ls -ld {folder}")
    if mode & 0o077:
        return Check("data directory", "warn", f"Others can look into {folder}.", f"chmod 700 {folder}")
    return Check("data directory", "ok", f"{folder} is private and can be written.")


def disk_check(paths: Paths) -> Check:
    """Say how much space the data volume has left."""
    folder = next((place for place in (paths.data, *paths.data.parents) if place.exists()), Path("/"))
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return Check("disk", "warn", f"The free space of {folder} is not known: {error.strerror}.")
    words = f"{free / 1e9:.1f} GB free on the volume of {folder}."
    if free < LOW_DISK:
        return Check("disk", "fail", f"Only {words}", "Free some space: chats and the queue are saved there.")
    return Check("disk", "ok", words)


class HealthService:
    """Runs every check of the running engine."""

    def __init__(
        self,
        *,
        paths: Paths,
        server: Callable[[], ServerState],
        problems: Callable[[], tuple[Problem, ...]],
        store: Callable[[], Check],
        hosts: HostsService | None = None,
    ) -> None:
        self._paths = paths
        self._server = server
        self._problems = problems
        self._store = store
        self._hosts = hosts

    @exposed
    async def checks(self) -> list[Check]:
        """Look at everything now."""
        paths = self._paths
        loop = asyncio.get_running_loop()
        started = loop.time()
        # One turn of the loop: how long the program needs to notice anything.
        await asyncio.sleep(0)
        lag = loop.time() - started
        return [
            server_check(self._server()),
            *(host_checks(self._hosts.current, self._hosts.problems) if self._hosts is not None else ()),
            *config_checks(paths.config, self._problems()),
            self._store(),
            data_check(paths),
            disk_check(paths),
            Check(
                "responsiveness",
                "ok" if lag < 0.05 else "warn",
                f"The loop answered after {lag * 1000:.0f} ms.",
            ),
        ]
