"""What reaches the terminal and what it costs, beside Textual drawing alone: 120 by 40, words with markup."""

from __future__ import annotations

import json
import re
import statistics
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.fakes.terminal import Link, Terminal

pytestmark = pytest.mark.bench

ROOT = Path(__file__).resolve().parents[2]
F2, F7, F9 = "\x1bOQ", "\x1b[18~", "\x1b[20~"
SSH: dict[str, Any] = {"acknowledged": True, "frames": 10}


def sample(
    rate: int = 100, *, link: Link | None = None, started: Path | None = None, **options: Any
) -> Terminal:
    """The sample app, ready to be typed to."""
    terminal = Terminal(
        [sys.executable, "-m", "tests.tui.terminal.sample", json.dumps(options)],
        rows=40,
        columns=120,
        directory=ROOT,
        environment={"RATE": str(rate), "STARTED": str(started) if started else None},
        link=link,
    )
    terminal.until("Ask")
    terminal.settle()
    return terminal


class Streamed(NamedTuple):
    """What a second of words cost."""

    bytes_per_word: float
    cpu: float


def stream(rate: int, seconds: float = 8.0, **options: Any) -> Streamed:
    """Stream until the transcript scrolls, then measure."""
    with sample(rate, **options) as terminal:
        terminal.send(F2)
        terminal.until("w00640" if rate < 500 else "w01200", within=40)
        mark, cpu = terminal.mark(), terminal.cpu()
        first, started = newest(terminal), time.monotonic()
        terminal.watch(seconds)
        words = newest(terminal) - first
        took = time.monotonic() - started
        return Streamed(len(terminal.since(mark)) / words, (terminal.cpu() - cpu) / took)


def newest(terminal: Terminal) -> int:
    """The number of the last numbered word on the screen."""
    return max(map(int, re.findall(r"w(\d{5})", terminal.screen.text)))


@pytest.mark.parametrize(("rate", "budget"), [(100, 60), (1000, 30)])
@pytest.mark.parametrize("side", [0, 40])
def test_bytes_and_processor_time_of_a_stream(rate: int, budget: int, side: int) -> None:
    ours = stream(rate, side=side)
    plain = stream(rate, side=side, plain_output=True)
    print(
        f"\n{rate:5} words/s {'with a list' if side else 'alone':12}"
        f" {ours.bytes_per_word:6.1f} bytes/word (plain {plain.bytes_per_word:7.1f},"
        f" {plain.bytes_per_word / ours.bytes_per_word:5.1f} x)"
        f"   cpu {ours.cpu:6.1%} (plain {plain.cpu:6.1%}, {ours.cpu / plain.cpu:4.2f} x)"
    )
    assert ours.bytes_per_word <= budget * (1.6 if side else 1)
    assert ours.cpu <= 1.25 * plain.cpu


def test_a_typed_key() -> None:
    with sample() as terminal:
        sizes = []
        for letter in "what is the answer to this question":
            mark = terminal.mark()
            terminal.send(letter)
            terminal.settle(0.12)
            sizes.append(len(terminal.since(mark)))
        print(f"\na typed key: median {statistics.median(sizes)} bytes, most {max(sizes)}")
        assert statistics.median(sizes) <= 60


def test_idle() -> None:
    with sample() as terminal:
        terminal.settle(1.0)
        mark = terminal.mark()
        terminal.watch(5)
        print(f"\nidle: {len(terminal.since(mark))} bytes in 5 s")
        assert terminal.since(mark) == b""


def test_a_page_of_scroll() -> None:
    with sample(rate=3000, side=0) as terminal:
        terminal.send(F2)
        terminal.until("w04000", within=30)
        terminal.send(F9)
        terminal.settle()
        sizes = []
        for _ in range(6):
            mark = terminal.mark()
            terminal.send(F7)
            terminal.settle(0.3)
            sizes.append(len(terminal.since(mark)))
        print(f"\na page of scroll: median {statistics.median(sizes)} bytes, most {max(sizes)}")
        assert max(sizes) <= 4_000


@pytest.mark.parametrize(
    ("rate", "delay", "limit"), [(125_000, 0.025, 120), (32_000, 0.075, 250)], ids=["1 Mbit", "256 kbit"]
)
def test_a_slow_link(rate: int, delay: float, limit: float, tmp_path: Path) -> None:
    """From when a word was due until it is on the screen, and from a key to its echo meanwhile."""
    link = Link(rate=rate, delay=delay)
    started_file = tmp_path / "started"
    with sample(rate=100, link=link, started=started_file, low_bandwidth="off", **SSH) as terminal:
        terminal.send(F2)
        terminal.until("w00700", within=60)
        echoes: list[float] = []
        typed = ""
        for letter in "QUERTZIOPASDFGHJKLYX":
            typed += letter
            pressed = time.monotonic()
            terminal.send(letter)
            terminal.until(typed)
            echoes.append((time.monotonic() - pressed) * 1000)
            terminal.watch(0.15)
        words = sorted(delays(terminal, 6, float(started_file.read_text()), 100))
    echo = statistics.median(echoes)
    print(
        f"\n{rate * 8 // 1000} kbit/s, {delay * 2000:.0f} ms there and back:"
        f" word {statistics.median(words):.0f} ms (95 %: {words[int(len(words) * 0.95)]:.0f}),"
        f" key {echo:.0f} ms (most {max(echoes):.0f}), most waiting {link.most_waiting} bytes"
    )
    assert statistics.median(words) <= limit
    assert echo <= delay * 2000 + 100


def delays(terminal: Terminal, seconds: float, started: float, rate: int) -> list[float]:
    """Milliseconds from when each word was due until it stood on the screen."""
    late: list[float] = []
    last, end = newest(terminal), time.monotonic() + seconds
    records = len(terminal.records)
    while time.monotonic() < end and terminal.pump(0.05):
        if len(terminal.records) == records:
            continue
        records, arrived = len(terminal.records), terminal.records[-1][0]
        now = newest(terminal)
        late += [(arrived - started - number / rate) * 1000 for number in range(last + 4, now + 1, 4)]
        last = now
    return late
