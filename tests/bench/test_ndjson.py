"""Reading a stream against the least anybody could do: a bare `json.loads` for every line."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

import pytest

from core.ollama.ndjson import NdjsonReader
from core.ollama.wire import ChatChunk

pytestmark = pytest.mark.bench

LINE = (
    b'{"model":"qwen3:8b","created_at":"2026-01-01T12:00:00.123456789Z",'
    b'"message":{"role":"assistant","content":" gr\xc3\xb6\xc3\x9fer"},"done":false}\n'
)
LINES = 10_000


def best(work: Callable[[], object], rounds: int = 7) -> float:
    """The shortest of several runs: what the work costs when nothing disturbs it."""
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def say(line: str) -> None:
    sys.stdout.write(f"\n{line}\n")


def read(pieces: list[bytes]) -> int:
    reader = NdjsonReader(ChatChunk)
    count = 0
    for piece in pieces:
        for _ in reader.feed(piece):
            count += 1
    return count + sum(1 for _ in reader.finish())


def bare(pieces: list[bytes]) -> int:
    return sum(len(json.loads(line)) > 0 for piece in pieces for line in piece.splitlines())


@pytest.mark.parametrize(
    ("shape", "pieces", "most"),
    [
        ("one line a chunk", [LINE] * LINES, 1.0),
        ("many lines a chunk", [LINE * 100] * (LINES // 100), 1.0),
    ],
)
def test_typed_reading_costs_no_more_than_bare_parsing(shape: str, pieces: list[bytes], most: float) -> None:
    assert read(pieces) == bare(pieces) == LINES
    ours, theirs = best(lambda: read(pieces)), best(lambda: bare(pieces))
    say(f"NDJSON, {shape:<20} {ours / LINES * 1e6:6.2f} µs a line, {ours / theirs:.2f} × bare json.loads")
    assert ours / theirs <= most


def test_torn_lines_cost_little_more_than_whole_ones() -> None:
    data = LINE * LINES
    torn = [data[start : start + 100] for start in range(0, len(data), 100)]
    whole = [LINE] * LINES
    assert read(torn) == LINES
    ratio = best(lambda: read(torn)) / best(lambda: read(whole))
    say(f"NDJSON, torn at every 100 bytes: {ratio:.2f} × whole lines")
    assert ratio <= 2.0


def test_a_line_of_megabytes_in_small_pieces_costs_in_proportion_to_its_length() -> None:
    def trickle(size: int) -> list[bytes]:
        data = b'{"message":{"content":"' + b"x" * size + b'"}}\n'
        return [data[start : start + 1024] for start in range(0, len(data), 1024)]

    short, long = trickle(2 << 20), trickle(16 << 20)
    ratio = best(lambda: read(long), 3) / best(lambda: read(short), 3)
    say(f"NDJSON, one line of 16 MiB in 1 KiB pieces: {ratio:.1f} × one of 2 MiB (linear is 8, quadratic 64)")
    assert ratio <= 32
