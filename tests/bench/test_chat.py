"""The chat page through a real pty: what a streamed token costs, and how soon it is on the screen."""

from __future__ import annotations

import itertools
import os
import re
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.fakes.terminal import Terminal

pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]

ROOT = Path(__file__).resolve().parents[2]
LEITSTAND = str(Path(sys.executable).with_name("leitstand"))
FULL = bool(os.environ.get("LEITSTAND_BENCH_FULL"))
TOKENS = int(os.environ.get("LEITSTAND_BENCH_TOKENS") or (10_000 if FULL else 3_000))
MARK = re.compile(rb"q(\d{5})q")


class Server(NamedTuple):
    """The streaming server and what it prints."""

    port: int
    process: subprocess.Popen[str]

    def began(self) -> float:
        """The moment of the first token of the chat it says now."""
        assert self.process.stdout is not None
        return float(self.process.stdout.readline())


@contextmanager
def server(shape: str, tokens: int, rate: float) -> Iterator[Server]:
    """Run the streaming server as a process."""
    command = [sys.executable, "-m", "tests.bench.stream_server", shape, str(tokens), str(rate)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Server(int(process.stdout.readline()), process)
        finally:
            process.kill()


class Run(NamedTuple):
    """What one streamed answer cost and how late its words came."""

    cpu: float
    written: int
    late: list[float]
    after: float
    memory: float


CONFIG = '[chat]\nmodel = "m:1b"\ntitle_by_model = false\n'


def page(
    home: Path, port: int, *, settings: str = "", command: Sequence[str] = (), **environment: str
) -> Terminal:
    """The chat page at 120×40, ready for a question."""
    home.mkdir()
    (home / "config.toml").write_text(CONFIG + settings)
    around: dict[str, str | None] = {
        "LEITSTAND_HOME": str(home),
        "OLLAMA_HOST": f"127.0.0.1:{port}",
        **environment,
    }
    terminal = Terminal(
        command or [LEITSTAND, "--screen", "chat"],
        rows=40,
        columns=120,
        environment=around,
        directory=ROOT if command else None,
    )
    terminal.until("Ask")
    terminal.until("0.33.0")
    terminal.settle(0.5)
    return terminal


def ask(home: Path, shape: str, tokens: int, rate: float, **environment: str) -> Run:
    """Ask once and follow the answer to its end."""
    with server(shape, tokens, rate) as source, page(home, source.port, **environment) as terminal:
        memory = resident(terminal.pid)
        mark, cpu = terminal.mark(), terminal.cpu()
        terminal.send("go\r")
        start = source.began()
        end = start + tokens / rate
        terminal.until("tok/s · first", within=tokens / rate + 30)
        finished = time.monotonic()
        spent = terminal.cpu() - cpu
        late = lateness(terminal, mark, start, rate)
        return Run(spent, len(terminal.since(mark)), late, finished - end, resident(terminal.pid) - memory)


def lateness(terminal: Terminal, mark: int, start: float, rate: float) -> list[float]:
    """Seconds from the moment a marked token was due to the read that brought it to the screen."""
    seen: dict[int, float] = {}
    tail = b""
    for at, data in terminal.records[mark:]:
        for found in MARK.finditer(tail + data):
            seen.setdefault(int(found[1]), at)
        tail = data[-8:]
    return sorted(at - (start + number / rate) for number, at in seen.items())


def resident(pid: int) -> float:
    """Megabytes a process holds in memory."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) / 1024


def bare(shape: str, tokens: int, rate: float) -> float:
    """CPU seconds of the yardstick."""
    with server(shape, tokens, rate) as source:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [sys.executable, str(ROOT / "tests/bench/bare_reader.py"), str(source.port)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    start_up = _import_cost()
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime - start_up


def _import_cost() -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", "import httpx, json"], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def at(values: list[float], share: float) -> float:
    """The value below which a share of them lies."""
    return values[min(int(len(values) * share), len(values) - 1)]


def test_a_streamed_answer_costs_little_more_than_printing_it(tmp_path: Path) -> None:
    yardstick = bare("marked", TOKENS, 100)
    local = ask(tmp_path / "local", "marked", TOKENS, 100)
    remote = ask(tmp_path / "remote", "marked", TOKENS, 100, SSH_CONNECTION="10.0.0.1 1 10.0.0.2 22")
    print(f"\n{TOKENS} tokens at 100/s, CPU s per 1 000 tokens (bare script {yardstick / TOKENS * 1000:.3f})")
    for name, run in (("local frames", local), ("SSH frames", remote)):
        per = run.cpu / TOKENS * 1000
        print(
            f"  {name:<13} {per:.3f} = × {run.cpu / yardstick:.1f}   {run.written / TOKENS:.0f} bytes/token   "
            f"late: median {statistics.median(run.late) * 1000:.0f} ms, p95 {at(run.late, 0.95) * 1000:.0f} ms   "
            f"memory +{run.memory:.1f} MB"
        )
    assert statistics.median(local.late) <= 0.05
    assert at(local.late, 0.95) <= 0.1
    assert max(local.memory, remote.memory) <= 15
    assert local.cpu <= 5 * yardstick
    assert remote.cpu <= 3 * yardstick


@pytest.mark.parametrize("shape", ["marked", "list", "table", "fence", "paragraph"])
def test_the_end_of_a_long_answer_costs_what_its_beginning_did(shape: str, tmp_path: Path) -> None:
    total, rate = 4_000, 200
    with server(shape, total, rate) as source, page(tmp_path / "home", source.port) as terminal:
        terminal.send("go\r")
        start = source.began()
        spent = []
        for number in range(5):
            terminal.watch(max(0.0, start + number * total / 4 / rate - time.monotonic()))
            spent.append(terminal.cpu())
    quarters = [after - before for before, after in itertools.pairwise(spent)]
    print(
        f"\n{shape:<10} CPU per quarter {[round(part, 2) for part in quarters]}  × {quarters[3] / quarters[1]:.2f}"
    )
    assert quarters[3] <= 1.3 * max(quarters[0], quarters[1])


def test_a_fast_stream_is_on_the_screen_as_soon_as_it_ends(tmp_path: Path) -> None:
    run = ask(tmp_path / "home", "marked", 5_000, 1_000)
    print(
        f"\n5 000 tokens at 1 000/s: screen done {run.after * 1000:.0f} ms after the stream, {run.written / 5000:.0f} bytes/token"
    )
    assert run.after <= 0.3


def test_keys_are_seen_at_once_while_an_answer_streams(tmp_path: Path) -> None:
    with server("marked", 3_000, 100) as source, page(tmp_path / "home", source.port) as terminal:
        terminal.send("go\r")
        source.began()
        terminal.watch(2.0)
        echoes = []
        for number in range(60):
            wanted = f"z{number:02}"
            mark, sent = terminal.mark(), time.monotonic()
            terminal.send(wanted + " ")
            terminal.until(lambda mark=mark, n=number: f"{n:02}".encode() in terminal.since(mark), within=5)  # type: ignore[misc]  # bound per round
            echoes.append(terminal.records[-1][0] - sent)
            terminal.watch(0.11)
    echoes.sort()
    print(
        f"\nkey to screen while streaming: median {statistics.median(echoes) * 1000:.0f} ms, p95 {at(echoes, 0.95) * 1000:.0f} ms"
    )
    assert at(echoes, 0.95) <= 0.05
