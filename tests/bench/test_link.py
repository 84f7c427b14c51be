"""The real program at 120 by 40 as a line sees it: bytes, processor time, slow links, a terminal that stalls.

A server says numbered words of mixed Markdown at exact moments; a link of so many bytes a second and so much
delay lies between the program and the emulator.
"""

from __future__ import annotations

import re
import signal
import statistics
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.bench.test_chat import LEITSTAND, MARK, ROOT, Server, at, server
from tests.fakes.terminal import Link, Terminal

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]

NOWHERE: Mapping[str, str] = {}
SSH = {"SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22"}
MBIT = (125_000, 0.025)
"""1 Mbit/s and 50 ms there and back."""
SLOW = (32_000, 0.075)
"""256 kbit/s and 150 ms."""


def chat(
    home: Path,
    port: int,
    *options: str,
    link: Link | None = None,
    command: tuple[str, ...] = (LEITSTAND,),
    over: Mapping[str, str] = NOWHERE,
    settings: str = "",
) -> Terminal:
    """The chat page, ready for a question."""
    home.mkdir(exist_ok=True)
    (home / "config.toml").write_text('[chat]\nmodel = "m:1b"\ntitle_by_model = false\n' + settings)
    around: dict[str, str | None] = {
        "LEITSTAND_HOME": str(home),
        "OLLAMA_HOST": f"127.0.0.1:{port}",
        **over,
    }
    terminal = Terminal(
        [*command, "--screen", "chat", *options],
        rows=40,
        columns=120,
        environment=around,
        link=link,
        directory=ROOT,
    )
    terminal.until("Ask", within=30)
    terminal.until("0.33.0", within=30)
    terminal.settle(0.5, within=30)
    return terminal


def begin(source: Server, terminal: Terminal, number: int = 300) -> float:
    """Ask, and wait until the answer fills the window; the moment of its first token."""
    terminal.send("go\r")
    terminal.watch(0.5)  # a slow link carries nothing while nobody reads
    started = source.began()
    terminal.until(lambda: newest(terminal) >= number, within=60)
    return started


def newest(terminal: Terminal) -> int:
    """The number of the last marked word on the screen."""
    return max(map(int, re.findall(r"q(\d{5})q", terminal.screen.text)), default=-1)


class Streamed(NamedTuple):
    """What so many seconds of an answer cost."""

    per_token: float
    cpu: float
    compressed: float


AT_FULL_RATE = '[ui]\nlow_bandwidth = "off"\n'
"""Who draws ten pictures a second is not compared with who draws five because the emulator is slow."""


def stream(
    home: Path, rate: int, seconds: float, *options: str, over: Mapping[str, str] = NOWHERE
) -> Streamed:
    """Stream until the answer fills the window, then measure."""
    import zlib

    lead = 4.0 if rate < 500 else 2.0
    with (
        server("mixed", int(rate * (lead + seconds + 3)), rate) as source,
        chat(home, source.port, *options, over=over, settings=AT_FULL_RATE) as terminal,
    ):
        terminal.send("go\r")
        started = source.began()
        terminal.watch(max(0.0, started + lead - time.monotonic()))
        # Plain output is so much that the emulator would not keep up, and fewer pictures would be drawn.
        terminal.draws = "--plain-output" not in options
        mark, cpu, began = terminal.mark(), terminal.cpu(), time.monotonic()
        terminal.watch(seconds)
        took = time.monotonic() - began
        written = terminal.since(mark)
        tokens = took * rate
        return Streamed(
            len(written) / tokens, (terminal.cpu() - cpu) / took, len(zlib.compress(written)) / tokens
        )


def middle(runs: list[Streamed]) -> Streamed:
    """The middle of each figure."""
    return Streamed(*map(statistics.median, zip(*runs, strict=True)))


@pytest.mark.parametrize(("rate", "budget"), [(100, 60), (1000, 30)])
@pytest.mark.parametrize("over", [{}, SSH], ids=["local", "ssh"])
def test_bytes_a_token_and_processor_time_beside_plain_output(
    rate: int, budget: int, over: Mapping[str, str], tmp_path: Path
) -> None:
    each: tuple[list[Streamed], list[Streamed]] = [], []
    for turn in range(3):
        for runs, options in zip(each, ((), ("--plain-output",)), strict=True):
            runs.append(stream(tmp_path / f"{turn}{len(options)}", rate, 6, *options, over=over))
    ours, plain = map(middle, each)
    print(
        f"\n{rate:5} tokens/s {'ssh' if over else 'local':6} {ours.per_token:6.1f} bytes/token ({ours.compressed:4.1f} compressed;"
        f" plain {plain.per_token:7.1f}, {plain.per_token / ours.per_token:5.1f} x)"
        f"   cpu {ours.cpu:6.1%} (plain {plain.cpu:6.1%}, {ours.cpu / plain.cpu:4.2f} x)"
    )
    assert ours.per_token <= budget
    assert ours.cpu <= 1.25 * plain.cpu


def test_a_typed_key_a_page_of_scroll_and_nothing_while_idle(tmp_path: Path) -> None:
    still = (sys.executable, "-m", "tests.bench.watched_chat", str(tmp_path / "lag"))
    with (
        server("mixed", 3_000, 1_500) as source,
        chat(tmp_path / "home", source.port, command=still) as terminal,
    ):
        terminal.send("go\r")
        terminal.until("tok/s · first", within=30)
        terminal.settle(1.5)
        keys = []
        for letter in "what is the answer to this question":
            mark = terminal.mark()
            terminal.send(letter)
            terminal.settle(0.3)
            keys.append(len(terminal.since(mark)))
        pages = []
        for _ in range(8):
            mark = terminal.mark()
            terminal.send("\x1b[5~")
            terminal.settle(0.4)
            pages.append(len(terminal.since(mark)))
        terminal.settle(1.0)
        mark, cpu = terminal.mark(), terminal.cpu()
        terminal.watch(15)
        idle, share = terminal.since(mark), (terminal.cpu() - cpu) / 15
    print(
        f"\na typed key: median {statistics.median(keys)} bytes, most {max(keys)}"
        f"\na page of scroll: median {statistics.median(pages):.0f} bytes, most {max(pages)}"
        f"\nidle: {len(idle)} bytes in 15 s, {share:.2%} of a processor"
    )
    assert statistics.median(keys) <= 60
    assert max(pages) <= 4_000
    assert idle == b""


@pytest.mark.parametrize(("line", "limit"), [(MBIT, 120), (SLOW, 250)], ids=["1 Mbit", "256 kbit"])
@pytest.mark.parametrize("tmux", [False, True], ids=["asked", "silent"])
def test_a_slow_link(line: tuple[float, float], limit: float, tmux: bool, tmp_path: Path) -> None:
    """From when a word was due until it is on the screen, and from a key to its echo meanwhile."""
    rate, delay = line
    link = Link(rate, delay)
    with (
        server("marked", 3_000, 100) as source,
        chat(tmp_path / "home", source.port, link=link, over=NOWHERE if tmux else SSH) as terminal,
    ):
        started = begin(source, terminal)
        mark = terminal.mark()
        echoes = []
        for number in range(30):
            pressed, before = time.monotonic(), terminal.mark()
            terminal.send(f"z{number:02} ")
            wanted = f"{number:02}".encode()
            terminal.until(lambda: wanted in terminal.since(before))  # noqa: B023 - used at once
            echoes.append((terminal.records[-1][0] - pressed) * 1000)
            terminal.watch(0.2)
        words = late(terminal, mark, started, 100)
        pressed = time.monotonic()
        terminal.send("\x03")
        terminal.until("stopped", within=20)
        stop = (time.monotonic() - pressed) * 1000
    echo = statistics.median(echoes)
    print(
        f"\n{rate * 8 / 1000:.0f} kbit/s, {delay * 2000:.0f} ms{' unanswered' if tmux else ''}:"
        f" word {statistics.median(words):.0f} ms (95 %: {at(words, 0.95):.0f}),"
        f" key {echo:.0f} ms (most {max(echoes):.0f}), ctrl+c seen {stop:.0f} ms, most waiting {link.most_waiting} bytes"
    )
    assert statistics.median(words) <= limit
    assert echo <= delay * 2000 + 100


def late(terminal: Terminal, mark: int, started: float, rate: float) -> list[float]:
    """Milliseconds from when each marked word was due until it arrived."""
    seen: dict[int, float] = {}
    tail = b""
    for moment, data in terminal.records[mark:]:
        for found in MARK.finditer(tail + data):
            seen.setdefault(int(found[1]), moment)
        tail = data[-8:]
    first = min(seen)
    # A word that was scrolled back into view is not a new one; the newest come in order.
    return sorted(
        (moment - started - number / rate) * 1000 for number, moment in seen.items() if number > first
    )


@pytest.mark.parametrize("seconds", [5.0, 30.0])
def test_a_terminal_that_stalls_holds_nothing_up_and_is_right_afterwards(
    seconds: float, tmp_path: Path
) -> None:
    told = tmp_path / "lag"
    command = (sys.executable, "-m", "tests.bench.watched_chat", str(told))
    tokens = int((seconds + 8) * 100)
    with (
        server("marked", tokens, 100) as source,
        chat(tmp_path / "home", source.port, command=command) as terminal,
    ):
        begin(source, terminal)
        terminal.signal(signal.SIGUSR1)
        terminal.stall(seconds)
        terminal.signal(signal.SIGUSR2)
        stalled = time.monotonic()
        terminal.until("tok/s · first", within=40)
        terminal.settle(0.5)
        lag = float(told.read_text())
        shown = terminal.screen.cells()
        terminal.screen.spoil()
        terminal.send("\x0c")
        terminal.until(lambda: terminal.screen.cells() == shown)
    print(
        f"\na stall of {seconds:.0f} s: the loop {lag:.0f} ms late at worst ({time.monotonic() - stalled:.1f} s later all was there)"
    )
    assert lag <= 50
