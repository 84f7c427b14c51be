"""The chat page through a real pty: thoughts that roll up, answers nobody sees, very long conversations."""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

import pytest

from core.store.database import Database
from tests.bench.stream_server import THOUGHTS
from tests.bench.test_chat import CONFIG, LEITSTAND, at, page, resident, server
from tests.fakes.clock import ManualClock
from tests.fakes.emulator import Emulator
from tests.fakes.terminal import Terminal

pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]

LONG, SHORT = 10_000, 50


def pictures(terminal: Terminal, mark: int) -> list[list[str]]:
    """The screen after every write since a moment."""
    screen = Emulator(120, 40)
    for _, data in terminal.records[:mark]:
        screen.feed(data)
    found = []
    for _, data in terminal.records[mark:]:
        screen.feed(data)
        found.append(list(screen.lines))
    return found


def heights(found: list[list[str]]) -> list[int]:
    """How many lines of the thought each picture shows, repetitions left out."""
    counts = [sum("is a line of its own" in line for line in lines) for lines in found]
    return [count for index, count in enumerate(counts) if not index or count != counts[index - 1]]


@pytest.mark.parametrize("motion", [True, False], ids=["motion", "reduced"])
def test_a_thought_rolls_up_in_steps_and_few_bytes(tmp_path: Path, motion: bool) -> None:
    still = "" if motion else "[ui]\nreduced_motion = true\n"
    with (
        server("thinking", 200, 20) as source,
        page(tmp_path / "home", source.port, settings=still) as terminal,
    ):
        terminal.send("go\r")
        source.began()
        terminal.until("Thought 18")
        mark = terminal.mark()
        terminal.until("Thought for")
        terminal.watch(1.0)
        steps = heights(pictures(terminal, mark))
        print(
            f"\nthe window rolls up: {steps}, {len(terminal.since(mark))} bytes with a second of the answer"
        )
        assert steps[-1] == 0
        assert (len(steps) - 1 >= 6) if motion else (len(steps) <= 3)
        terminal.until("tok/s · first", within=20)
        terminal.send("\x1bt")
        terminal.settle()
        terminal.send("t")  # all twenty lines open
        terminal.until("Thought 00")
        terminal.settle()
        mark, began = terminal.mark(), time.monotonic()
        terminal.send("t")
        terminal.until(lambda: not any("is a line of its own" in line for line in terminal.screen.lines))
        terminal.settle(0.2)
        steps, size = heights(pictures(terminal, mark)), len(terminal.since(mark))
        took = terminal.records[-1][0] - began
        print(f"{THOUGHTS} lines roll up: {steps}, {size} bytes in {took:.2f} s")
        assert steps[-1] == 0
        assert size <= 10_000
        assert (len(steps) >= 6 and took < 0.8) if motion else len(steps) == 1


def test_a_readers_line_stays_where_it_is_when_a_thought_ends(tmp_path: Path) -> None:
    """Whoever reads above keeps every row while the thought ends; it rolls up when they have gone on."""
    with server("thinking", 60, 5) as source, page(tmp_path / "home", source.port) as terminal:
        terminal.send("\x0a".join(f"line {number:02} of my question" for number in range(60)) + "\r")
        source.began()
        terminal.until("Thought 08")
        terminal.send("\x1bt")
        terminal.settle(0.15, within=1)
        terminal.send("kkkk")  # four rows back: the window stays in view, and nothing follows any more
        terminal.settle(0.15, within=1)
        mark, before = terminal.mark(), list(terminal.screen.lines)
        rows = [index for index, line in enumerate(before) if "of my question" in line]
        assert len(rows) > 10, before
        assert any("is a line of its own" in line for line in before)
        terminal.until("Thought for", within=10)
        terminal.watch(1.5)  # the answer grows below
        seen = pictures(terminal, mark)
        moved = [row for lines in seen for row in rows if lines[row][24:] != before[row][24:]]
        print(f"\n{len(seen)} pictures as the thought ends, {len(moved)} of the reader's rows moved")
        assert len(seen) > 3
        assert not moved
        mark = terminal.mark()
        terminal.send("G")  # to the end: nobody reads the thought any more
        terminal.watch(1.5)
        steps = heights(pictures(terminal, mark))
        print(f"once they have gone on the window rolls up: {steps}")
        assert steps[-1] == 0
        assert len(steps) > 2


def test_the_loop_is_never_held_up_for_long(tmp_path: Path) -> None:
    home, target = tmp_path / "home", tmp_path / "late"
    with server("marked", 1_500, 100) as source:
        command = [sys.executable, "-m", "tests.bench.watched", str(target), "--screen", "chat"]
        with page(home, source.port, command=command) as terminal:
            terminal.send("go\r")
            source.began()
            terminal.until("tok/s · first", within=40)
            terminal.settle(0.5)  # the queue is done with it, too: nothing is asked
            terminal.send("\x11")  # ctrl+q
            terminal.wait()
    late = sorted(map(float, target.read_text().split()))
    print(f"\n{len(late)} ticks: p99 {at(late, 0.99) * 1000:.0f} ms late, at most {late[-1] * 1000:.0f} ms")
    assert len(late) > 500
    assert at(late, 0.99) <= 0.05


def test_an_answer_nobody_sees_costs_no_picture(tmp_path: Path) -> None:
    with server("marked", 1_500, 100) as source, page(tmp_path / "home", source.port) as terminal:
        terminal.send("go\r")
        source.began()
        terminal.watch(1.0)
        spent = {}
        for name, keys in (("shown", ""), ("hidden", "\x1b[20~")):  # f9: another page
            terminal.send(keys)
            terminal.watch(1.0)
            mark, cpu = terminal.mark(), terminal.cpu()
            terminal.watch(4.0)
            spent[name] = (terminal.cpu() - cpu, len(terminal.since(mark)))
            assert mark or name
        print(f"\nfour seconds at 100 tokens/s: CPU and bytes {spent}")
        assert spent["hidden"][1] < 600
        assert spent["hidden"][0] < 0.6 * spent["shown"][0]


async def fill(home: Path, turns: int) -> None:
    """Put a conversation of so many messages into a data directory."""
    text = (
        "A paragraph about **the matter** that is as long as many are, with `code` in it.\n\n- one\n- two\n"
    )
    (home / "data").mkdir(parents=True)
    database = await Database.open(home / "data" / "leitstand.db", clock=ManualClock())
    rows = [
        (
            depth + 1, 1, depth or None, depth, depth + 2 if depth < turns - 1 else None,
            "assistant" if depth % 2 else "user", f"{depth} {text if depth % 2 else 'A question?'}",
            1, 1, 1,
        )
        for depth in range(turns)
    ]  # fmt: skip
    async with database.write() as tx:
        await tx.execute("INSERT INTO chat (id, title, created, updated) VALUES (1, 'Long talk', 1, 1)")
        await tx.many(
            "INSERT INTO chat_turn (id, chat_id, parent_id, depth, last_child, role, text, created, since,"
            " indexed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            rows,
        )
        await tx.execute("UPDATE chat SET head_id = ?, turns = ? WHERE id = 1", (turns, turns))
    await database.close()


def opened(home: Path, port: int, turns: int) -> tuple[float, float, float]:
    """Seconds of CPU to the last message on the screen, megabytes then, and a key's way to the screen."""
    (home / "config.toml").write_text(CONFIG)
    environment: dict[str, str | None] = {"LEITSTAND_HOME": str(home), "OLLAMA_HOST": f"127.0.0.1:{port}"}
    with Terminal([LEITSTAND, "--screen", "chat"], rows=40, columns=120, environment=environment) as terminal:
        terminal.until(f"{turns - 1} A paragraph", within=30)
        shown = terminal.cpu()
        terminal.until("0.33.0")
        terminal.settle(1.0)
        memory = resident(terminal.pid)
        echoes = []
        for number in range(20):
            sent = time.monotonic()
            terminal.send(f"k{number:02}")
            terminal.until(f"k{number:02}", within=5)
            echoes.append(terminal.records[-1][0] - sent)
            terminal.watch(0.05)
        return shown, memory, statistics.median(sorted(echoes))


async def test_a_conversation_of_ten_thousand_messages_opens_as_one_of_fifty(tmp_path: Path) -> None:
    found: dict[int, list[tuple[float, float, float]]] = {SHORT: [], LONG: []}
    for turns in found:
        await fill(tmp_path / str(turns), turns)
    with server("marked", 10, 10) as source:
        for _ in range(4):
            for turns, runs in found.items():
                runs.append(opened(tmp_path / str(turns), source.port, turns))
    best = {turns: tuple(min(column) for column in zip(*runs, strict=True)) for turns, runs in found.items()}
    for turns, (shown, memory, echo) in best.items():
        print(
            f"\n{turns:6} messages: shown after {shown:.2f} s of CPU, {memory:.0f} MB, key echo {echo * 1000:.0f} ms"
        )
    (shown, memory, echo), (shown_long, memory_long, echo_long) = best[SHORT], best[LONG]
    assert shown_long <= 1.3 * shown
    assert memory_long - memory <= 60
    assert echo_long <= 1.3 * echo + 0.01


def test_reading_all_of_a_long_conversation_keeps_keys_and_memory(tmp_path: Path) -> None:
    import asyncio

    home = tmp_path / "home"
    asyncio.run(fill(home, LONG))
    (home / "config.toml").write_text(CONFIG)
    with server("marked", 10, 10) as source:
        environment: dict[str, str | None] = {
            "LEITSTAND_HOME": str(home),
            "OLLAMA_HOST": f"127.0.0.1:{source.port}",
        }
        with Terminal(
            [LEITSTAND, "--screen", "chat"], rows=40, columns=120, environment=environment
        ) as terminal:
            terminal.until(f"{LONG - 1} A paragraph", within=30)
            terminal.until("0.33.0")
            terminal.settle(1.0)
            memory = resident(terminal.pid)
            terminal.send("\x1bt")
            terminal.settle()
            late = []
            for _ in range(150):
                mark, sent = terminal.mark(), time.monotonic()
                terminal.send("\x1b[5~")
                terminal.until(lambda mark=mark: terminal.mark() > mark, within=5)  # type: ignore[misc]  # bound per round
                late.append(terminal.records[-1][0] - sent)
            terminal.settle(0.5)
            more = resident(terminal.pid) - memory
            late.sort()
            print(
                f"\n150 pages back: median {statistics.median(late) * 1000:.0f} ms, p95 {at(late, 0.95) * 1000:.0f} ms, +{more:.1f} MB"
            )
            assert more <= 60
            assert at(late, 0.95) <= 0.1
