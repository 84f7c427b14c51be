"""Everything a model, a title and a document can say, through the real program: shown, kept, never obeyed."""

from __future__ import annotations

import json
import re
import shlex
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

from core.simulator import INSTANT, Finish, Say, Script, Setup, Simulator, Think, toy
from tests.core.cli.simulated import simulated
from tests.fakes.hostile import CORPUS, assert_harmless, torn
from tests.fakes.terminal import Terminal
from tests.fakes.tmux import Tmux, needs_tmux

LEITSTAND = str(Path(sys.executable).with_name("leitstand"))


class Box(NamedTuple):
    """A server that says what it is told, and a home."""

    simulator: Simulator
    environment: dict[str, str | None]
    home: Path

    def says(self, *scripts: Script) -> None:
        for script in scripts:
            self.simulator.next(script, route="chat")


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    (tmp_path / "config.toml").write_text('[chat]\nmodel = "toy"\ntitle_by_model = false\n')
    models = (toy(capabilities=("completion", "thinking"), thinking="parser"),)
    simulator = Simulator(Setup(installed=models), pace=INSTANT)
    with simulated(simulator) as address:
        environment: dict[str, str | None] = {"LEITSTAND_HOME": str(tmp_path), "OLLAMA_HOST": address}
        yield Box(simulator, environment, tmp_path)


def answers(box: Box) -> int:
    """How many answers have ended."""
    with closing(sqlite3.connect(box.home / "data" / "leitstand.db")) as database:
        [(count,)] = database.execute(
            "SELECT count(*) FROM chat_turn WHERE role = 'assistant' AND state = 'done'"
        )
    return int(count)


def ended(box: Box, terminal: Terminal, count: int) -> Callable[[], bool]:
    """Whether so many answers have ended, and the screen says so."""
    return lambda: answers(box) >= count and "tok/s" in terminal.screen.text


def test_what_a_model_says_and_a_chat_is_called_is_shown_on_every_page_and_kept_as_it_is(box: Box) -> None:
    whole = "\n\n".join([*CORPUS, f"`{CORPUS[0]}`", f"```\n{CORPUS[8]}\n```", f"| {CORPUS[3]} |\n|---|"])
    box.says(
        Script(*(Think(piece) for piece in torn()), *(Say(piece) for piece in torn()), Finish()),
        Script(Think(whole), Say(whole), Say(" done"), Finish()),
        Script(Say("x" * 1_000_000), Finish()),
    )
    evil = "".join(CORPUS[:12])
    with Terminal([LEITSTAND], environment=box.environment, rows=40, columns=120) as terminal:
        terminal.until("Ask")
        terminal.until("→ toy")
        for number in range(3):
            terminal.send(f"question {number}\r")
            # What was measured of the answer before stands there still.
            terminal.until(ended(box, terminal, number + 1), within=40)
            terminal.settle(0.5, within=30)
        terminal.send(b"\x1b[200~" + evil.encode() + b"\x1b[201~")  # pasted into the composer
        terminal.send("\x1b[5~\x1b[5~\x1bt\x1b[A\x0a")
        terminal.settle(0.5, within=30)
        for key in ("\x1bOQ", "\x1bOR", "\x1bOS", "\x1b[15~", "\x1b[17~", "\x1b[19~", "\x1b[20~", "\x1bOP"):
            terminal.send(key)
            terminal.settle(0.3, within=30)
        terminal.send("\x06")  # search in all chats
        terminal.send("EVIL")
        terminal.settle(0.5, within=30)
        terminal.send("\x1b")
        terminal.settle(0.5)
        assert terminal.exit_code is None
        assert_harmless(terminal.output)
        assert not [each for each in terminal.screen.strings if "EVIL" in each or "RVZJTA" in each]
        terminal.send("\x11")
        terminal.settle(0.5)
    with Terminal([LEITSTAND, "chats", "show", "1", "--json"], environment=box.environment) as terminal:
        assert terminal.wait(within=30) == 0
        said = json.loads(terminal.output)["turns"]
    torn_apart = next(turn["text"] for turn in said if turn["role"] == "assistant")
    assert torn_apart.split() == "".join(torn()).split(), "the source is kept"


@pytest.mark.parametrize("verb", [("ask", "hello"), ("chat", "--plain")])
def test_the_command_line_on_a_terminal_prints_and_obeys_nothing(box: Box, verb: tuple[str, ...]) -> None:
    pieces = torn()
    box.says(Script(*(Think(piece) for piece in pieces), *(Say(piece) for piece in pieces), Finish()))
    with Terminal([LEITSTAND, *verb], environment=box.environment, rows=40, columns=120) as terminal:
        if verb[0] == "chat":
            terminal.until("You:")
            terminal.send("hello\n")
            terminal.until("[end")
            terminal.send("/quit\n")
        assert terminal.wait(within=30) == 0
        assert_harmless(terminal.output.replace(b"\x1b[2m", b"").replace(b"\x1b[0m", b""))
    for listing in (
        ("chats", "list"),
        ("chats", "show", "1"),
        ("chats", "search", "EVIL"),
        ("status", "--oneline"),
    ):
        with Terminal([LEITSTAND, *listing], environment=box.environment, rows=40, columns=120) as terminal:
            assert terminal.wait(within=30) == 0
            assert_harmless(terminal.output)


def test_what_documents_are_called_and_say_is_shown_by_the_library_and_kept(box: Box) -> None:
    folder = box.home / "folder"
    folder.mkdir()
    for number, piece in enumerate(CORPUS):
        name = re.sub("[/\0]", "_", piece)[:60]
        (folder / f"{number} {name}.md").write_text(
            f"# Heron {piece}\n\nA heron stands {piece} in the reeds.\n"
        )
    (folder / "bad \x1b]0;EVILTITLE\x07\x9b2J.pdf").write_bytes(b"%PDF-1.4 nothing")
    for verb in (
        ("ingest", str(folder), "--space", f"birds {CORPUS[3]}\x9b2J"),
        ("sources",),
        ("search", f"heron {CORPUS[0]}", "--explain"),
    ):
        with Terminal([LEITSTAND, *verb], environment=box.environment, rows=40, columns=200) as terminal:
            terminal.wait(within=40)
            assert_harmless(re.sub(rb"\x1b\[\d*(?:m|K)", b"", terminal.output))
            assert terminal.screen.text.strip()
    with Terminal(
        [LEITSTAND, "--screen", "library"], environment=box.environment, rows=40, columns=140
    ) as terminal:
        terminal.until(f"{len(CORPUS) + 1} documents")
        terminal.send("\t")
        terminal.until("esc back")
        terminal.send("\x1b[B" * 9 + "\r")
        terminal.until("read · n p section")
        terminal.send("\x1b")
        terminal.settle(0.3, within=20)
        terminal.send("/")
        terminal.until("as you would ask somebody")
        terminal.send("heron")
        terminal.until("[1]")
        terminal.send("\x1bi")
        terminal.until("How it was found")
        terminal.settle(0.3, within=20)
        assert_harmless(terminal.output)


@needs_tmux
def test_in_tmux_no_buffer_no_title_and_no_window_is_touched(box: Box, tmp_path: Path) -> None:
    whole = "\n\n".join(CORPUS)
    box.says(Script(Think(whole), Say(whole), Finish()))
    environment = {key: value for key, value in box.environment.items() if value is not None}
    command = ["sh", "-c", f"exec {shlex.quote(LEITSTAND)}"]
    conf = "set -s set-clipboard on\nset -g allow-passthrough on\nset -g allow-rename on"
    with Tmux(tmp_path, command, rows=40, columns=120, configuration=conf, environment=environment) as tmux:
        tmux.until("→ toy")
        tmux.settled()
        before = tmux.show("#{pane_title} #{window_name} #{alternate_on}")
        tmux.keys("hello", "Enter")
        tmux.until("tok/s")
        tmux.settled()
        assert tmux.show("#{pane_title} #{window_name} #{alternate_on}") == before
        assert tmux("list-buffers") == ""
        assert "EVILTITLE" not in tmux.show("#{window_name}#{pane_title}#{session_name}")
