from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.daemon.notify import Notifier, keep_watch
from core.daemon.standing import status_line
from core.jobs.types import LaneState
from core.ollama.connection import Phase, ServerState
from tests.core.daemon.manager import Manager
from tests.fakes.clock import ManualClock


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Manager]:
    address = str(tmp_path / "notify") if request.param == "path" else f"@leitstand-test-{os.getpid()}"
    found = Manager(address)
    yield found
    found.close()


def test_what_happens_is_told_in_the_managers_words(manager: Manager) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": manager.address})
    notifier.ready("ready")
    notifier.status("2 answers run")
    notifier.alive()
    notifier.stopping("finishing", within=30)
    assert manager.heard() == [
        "READY=1\nSTATUS=ready",
        "STATUS=2 answers run",
        "WATCHDOG=1",
        "STOPPING=1\nSTATUS=finishing\nEXTEND_TIMEOUT_USEC=30000000",
    ]


def test_a_status_is_one_line_and_cannot_say_more_than_its_own(manager: Manager) -> None:
    Notifier({"NOTIFY_SOCKET": manager.address}).status("a\nWATCHDOG=trigger\x1b[2J")
    [told] = manager.heard()
    assert told.count("\n") == 0
    assert "\x1b" not in told


def test_without_a_manager_nothing_is_said_and_nothing_fails(tmp_path: Path) -> None:
    Notifier({}).ready("ready")
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}).ready("ready")


@pytest.mark.parametrize(
    ("more", "watchdog"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "60000000"}, 60.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "7"}, 60.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "8"}, None),  # another process is meant
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
    ],
)
def test_a_watchdog_is_fed_only_where_one_watches_this_process(
    more: dict[str, str], watchdog: float | None
) -> None:
    assert Notifier({"NOTIFY_SOCKET": "/run/x", **more}, pid=7).watchdog == watchdog


async def test_the_watchdog_is_fed_while_the_pulse_comes_back_and_starves_when_it_hangs(
    tmp_path: Path,
) -> None:
    manager = Manager(str(tmp_path / "notify"))
    clock = ManualClock()
    free = asyncio.Event()
    free.set()
    notifier = Notifier({"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "30000000"})
    watching = asyncio.create_task(keep_watch(notifier, clock, free.wait))
    await clock.advance(25)
    assert len(manager.heard()) == 3  # at once, after 10 and after 20 seconds
    free.clear()
    await clock.advance(60)
    assert manager.heard() == []
    free.set()
    await clock.advance(1)
    assert manager.heard() == ["WATCHDOG=1"]
    watching.cancel()
    manager.close()


async def test_without_a_watchdog_nobody_is_fed() -> None:
    await keep_watch(Notifier({}), ManualClock(), asyncio.Event().wait)


@pytest.mark.parametrize(
    ("phase", "lanes", "expected"),
    [
        ("online", [(0, 0)], "http://gpubox answers, nothing to do"),
        ("online", [(1, 0), (0, 1)], "http://gpubox answers, 1 job runs, 1 waits"),
        ("online", [(2, 3)], "http://gpubox answers, 2 jobs run, 3 wait"),
        ("away", [(0, 2)], "http://gpubox is away, 2 wait"),
        ("connecting", [], "looking for http://gpubox, nothing to do"),
    ],
)
def test_the_status_is_one_line_for_people(phase: Phase, lanes: list[tuple[int, int]], expected: str) -> None:
    states = [LaneState(name="cpu", width=1, running=ran, waiting=waits) for ran, waits in lanes]
    assert status_line(ServerState(url="http://gpubox", phase=phase), states) == expected
