"""One engine, many faces: what attaching costs, and whom a face that does not read keeps waiting."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from core.daemon.hosting import attached
from core.engine import Engine, Options
from tests.bench.test_chat import LEITSTAND, ROOT, at, lateness, page, resident, server

pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]

FULL = bool(os.environ.get("LEITSTAND_BENCH_FULL"))
TOKENS = 3_000 if FULL else 1_500
RATE = 100.0


def cpu(pid: int) -> float:
    """CPU seconds of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def around(home: Path, port: int) -> dict[str, str]:
    """The environment of everybody on one data directory."""
    return {"LEITSTAND_HOME": str(home), "HOME": str(home), "OLLAMA_HOST": f"127.0.0.1:{port}"}


@contextmanager
def host(home: Path, port: int) -> Iterator[int]:
    """A host without screens; gives its process."""
    home.mkdir(exist_ok=True)
    (home / "config.toml").write_text('[chat]\nmodel = "m:1b"\ntitle_by_model = false\n')
    environment = {**os.environ, **around(home, port)}
    with subprocess.Popen(
        [LEITSTAND, "serve", "--json"], env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            assert json.loads(process.stdout.readline())["ready"]
            yield process.pid
        finally:
            process.terminate()


@contextmanager
def listener(home: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    """A face without a screen."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.bench.listener"],
        cwd=ROOT,
        env={**os.environ, **around(home, port)},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


def asked(home: Path, port: int) -> None:
    """Ask from a face that goes at once."""

    async def ask() -> None:
        face = await asyncio.to_thread(attached, Options(environment=around(home, port)))
        await face.start()
        await face.chat.send(None, "go")
        await face.close()

    asyncio.run(ask())


def streamed(home: Path, *, attach: bool) -> tuple[float, list[float]]:
    """CPU of everybody and lateness on the screen, hosting or attached."""
    with ExitStack() as stack:
        source = stack.enter_context(server("marked", TOKENS, RATE))
        pid = stack.enter_context(host(home / "x", source.port)) if attach else 0
        # The page makes its own home; attached it is the host's.
        terminal = stack.enter_context(
            _page(home / "x", source.port) if attach else page(home / "y", source.port)
        )
        mark, before = terminal.mark(), terminal.cpu() + (cpu(pid) if pid else 0.0)
        terminal.send("go\r")
        start = source.began()
        terminal.until("tok/s · first", within=TOKENS / RATE + 30)
        spent = terminal.cpu() + (cpu(pid) if pid else 0.0) - before
        return spent, lateness(terminal, mark, start, RATE)


def _page(home: Path, port: int) -> Any:
    from tests.fakes.terminal import Terminal

    environment: dict[str, str | None] = {**around(home, port)}
    terminal = Terminal([LEITSTAND, "--screen", "chat"], rows=40, columns=120, environment=environment)
    terminal.until("Ask")
    terminal.until("0.33.0")
    terminal.settle(0.5)
    return terminal


def test_an_attached_answer_costs_little_more_and_comes_as_soon(tmp_path: Path) -> None:
    local, here = streamed(tmp_path, attach=False)
    both, there = streamed(tmp_path, attach=True)
    soon, later = statistics.median(here), statistics.median(there)
    print(
        f"\n{TOKENS} tokens at {RATE:.0f}/s: CPU local {local:.2f} s, attached {both:.2f} s = × {both / local:.2f}; "
        f"token to screen median {soon * 1000:.0f} ms and {later * 1000:.0f} ms = × {later / soon:.2f}, "
        f"p95 {at(here, 0.95) * 1000:.0f} and {at(there, 0.95) * 1000:.0f} ms"
    )
    assert both <= 1.6 * local
    assert later <= 1.3 * soon


def listened(home: Path, faces: int) -> tuple[float, list[dict[str, Any]]]:
    """CPU of the host while so many follow one answer, and what they heard."""
    with ExitStack() as stack:
        source = stack.enter_context(server("marked", TOKENS, RATE))
        pid = stack.enter_context(host(home, source.port))
        processes = [stack.enter_context(listener(home, source.port)) for _ in range(faces)]
        before = cpu(pid)
        asked(home, source.port)
        heard = [json.loads(process.stdout.readline()) for process in processes if process.stdout]
        return cpu(pid) - before, heard


def test_ten_faces_cost_the_host_less_than_three_times_one(tmp_path: Path) -> None:
    one, _ = listened(tmp_path / "one", 1)
    ten, heard = listened(tmp_path / "ten", 10)
    print(
        f"\nhost CPU with one face {one:.2f} s, with ten {ten:.2f} s = × {ten / one:.2f}; "
        f"a face {statistics.median(each['cpu'] for each in heard):.2f} s, "
        f"{statistics.median(each['batches'] for each in heard):.0f} batches"
    )
    assert len({each["text"] for each in heard}) == 1
    assert ten <= 3 * one


def test_a_face_that_stops_reading_slows_nobody_and_catches_up(tmp_path: Path) -> None:
    stopped_for = 60.0 if FULL else 8.0
    with ExitStack() as stack:
        source = stack.enter_context(server("marked", int(RATE * (stopped_for + 4)), RATE))
        pid = stack.enter_context(host(tmp_path / "h", source.port))
        still = stack.enter_context(listener(tmp_path / "h", source.port))
        awake = stack.enter_context(listener(tmp_path / "h", source.port))
        before = resident(pid)
        asked(tmp_path / "h", source.port)
        source.began()
        time.sleep(1)
        still.send_signal(signal.SIGSTOP)
        assert awake.stdout is not None
        assert still.stdout is not None
        heard = json.loads(awake.stdout.readline())
        grown = resident(pid) - before
        still.send_signal(signal.SIGCONT)
        caught = json.loads(still.stdout.readline())
    behind = caught["at"] - heard["at"]
    print(
        f"\nstopped to the end: the other heard {heard['batches']} batches, {heard['resyncs']} resyncs; the stopped "
        f"one {caught['batches']} batches, {caught['resyncs']} resyncs, whole {behind * 1000:.0f} ms after it was "
        f"woken; host +{grown:.1f} MB"
    )
    assert heard["text"] == caught["text"]
    assert heard["resyncs"] == 0
    assert caught["resyncs"] <= 1
    assert behind < 2.0


def test_a_host_is_ready_soon_and_small(tmp_path: Path) -> None:
    home = tmp_path / "h"
    home.mkdir()
    asyncio.run(_fill(home))
    with server("marked", 10, RATE) as source:
        began = time.monotonic()
        with host(home, source.port) as pid:
            ready, spent = time.monotonic() - began, cpu(pid)
            time.sleep(2)
            memory = resident(pid)
    print(f"\nserve with 1 000 chats: ready after {ready:.2f} s, CPU {spent:.2f} s, {memory:.0f} MB idle")
    assert ready <= 1.5
    assert memory <= 80


async def _fill(home: Path) -> None:
    engine = Engine.prepare(Options(environment={**around(home, 9), "PATH": os.environ["PATH"]}))
    await engine.start()
    chats = [
        {"title": f"Chat {number}", "messages": [{"role": "user", "content": f"Question {number}"}]}
        for number in range(1000)
    ]
    for chat in chats:
        made = await engine.chat.create(title=str(chat["title"]))
        await engine.chat.set_draft(made.id, "word " * 50)
    await engine.close()
