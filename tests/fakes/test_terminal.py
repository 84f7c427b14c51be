from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

from tests.fakes.emulator import Emulator
from tests.fakes.terminal import Link, Terminal, Tmux, needs_tmux


def python(script: str) -> list[str]:
    return [sys.executable, "-u", "-c", script]


def test_a_program_is_read_typed_to_and_waited_for() -> None:
    with Terminal(python("print('name?'); print('hello', input())")) as terminal:
        terminal.until("name?")
        terminal.send("Ada\n")
        terminal.until("hello Ada")
        assert terminal.wait() == 0


def test_an_answer_waits_for_the_question() -> None:
    script = """
import sys, tty
tty.setraw(0)
sys.stdout.write("abc\\x1b[6n"); sys.stdout.flush()
answer = ""
while not answer.endswith("R"):
    answer += sys.stdin.read(1)
print(repr(answer))
"""
    with Terminal(python(script)) as terminal:
        terminal.until("[1;4R")


def test_what_never_appears_fails_with_the_screen() -> None:
    with (
        Terminal(python("print('something else'); input()")) as terminal,
        pytest.raises(AssertionError, match="something else"),
    ):
        terminal.until("this", within=1)


def test_a_new_size_reaches_the_program() -> None:
    script = """
import os, signal
signal.signal(signal.SIGWINCH, lambda *_: print(os.get_terminal_size()))
print("ready")
while True: signal.pause()
"""
    with Terminal(python(script)) as terminal:
        terminal.until(lambda: "ready" in terminal.screen.text and terminal.screen.cursor == (0, 1))
        terminal.resize(10, 40)
        terminal.until("columns=40, lines=10")


def test_a_signal_ends_it_and_the_exit_code_says_so() -> None:
    with Terminal(python("print('up'); input()")) as terminal:
        terminal.until("up")
        terminal.signal(signal.SIGTERM)
        assert terminal.wait() == -signal.SIGTERM


def test_a_slow_link_delays_both_ways() -> None:
    link = Link(rate=20_000, delay=0.1)
    with Terminal(python("input(); print('x' * 10_000, end='!')"), link=link) as terminal:
        terminal.send("\n")
        terminal.until("!")
        (first, _), (last, _) = terminal.records[0], terminal.records[-1]
        assert last - first > 0.3
        assert link.most_waiting > 5_000


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("a\x1b[<ub", "ab"),
        ("a\x1b[>4;2mb", "ab"),
        ("a\x1b]52;c;eA==\x07b", "ab"),
        ("a\x1bPtext\x1b\\b", "ab"),
        ("a\x1b[38;2;1\x1b[1mb", "ab"),
        ("a\x1b]52;c;\x1b[1mb", "ab"),
        ("世界\x1b[1;2Hx", " x界"),
        ("世界\x1b[1;3Hx", "世x"),
        ("e\N{COMBINING ACUTE ACCENT}f", "éf"),
    ],
)
def test_the_emulator_draws_only_text(data: str, text: str) -> None:
    whole, torn = Emulator(20, 2), Emulator(20, 2)
    whole.feed(data.encode())
    for byte in data.encode():
        torn.feed(bytes([byte]))
    assert whole.text.rstrip() == torn.text.rstrip() == text


def test_the_emulator_tells_dim_from_bold() -> None:
    emulator = Emulator(4, 1)
    emulator.feed("\x1b[2;38;2;1;2;2ma\x1b[22mb\x1b[53mc\x1b[md")
    assert [cell.fg for cell in emulator.row(0)] == ["010202+dim", "010202", "010202+overline", "default"]


def test_the_alternate_screen_leaves_the_other_as_it_was() -> None:
    emulator = Emulator(10, 2)
    emulator.feed("shell\x1b[?1049hscreens\x1b[2;1Hof it")
    assert emulator.text == "     scree\nof it"
    emulator.feed("\x1b[?1049l!")
    assert emulator.text.rstrip() == "shell!"


@needs_tmux
def test_a_pane_of_tmux_shows_what_was_typed(tmp_path: Path) -> None:
    with Tmux(tmp_path, ["cat"], rows=5, columns=30) as tmux:
        tmux.keys("hello there", literal=True)
        tmux.keys("Enter")
        tmux.until("hello there\nhello there")
        assert tmux.show("#{pane_width}x#{pane_height}") == "30x5"
