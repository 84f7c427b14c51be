from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from tests.fakes.terminal import Link, Terminal
from tui.terminal import probe

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = """
from tui.terminal.query import shows_truecolor
print("said", shows_truecolor())
print("typed", input())
"""


def asking(*, answers: bool = True, link: Link | None = None) -> Terminal:
    return Terminal([sys.executable, "-c", SCRIPT], directory=ROOT, answers=answers, link=link)


@pytest.mark.parametrize("able", [True, False])
def test_the_terminal_itself_says_what_it_shows(able: bool) -> None:
    with asking(link=Link(1_000_000, 0.05)) as terminal:
        terminal.screen.truecolor = able
        terminal.until(f"said {able}")
        terminal.send("echoed\n")
        terminal.until("typed echoed")
        assert terminal.screen.lines[0].startswith("said"), "nothing of the question is left on the screen"
        assert terminal.screen.text.count("echoed") == 2, "the terminal is as it was"


def test_a_terminal_that_answers_nothing_is_not_waited_for_long() -> None:
    with asking(answers=False) as terminal:
        started = time.monotonic()
        terminal.until("said False")
        assert time.monotonic() - started < 10


def look(environment: dict[str, str], *, able: bool, **keywords: str) -> tuple[str, int]:
    asked: list[None] = []

    def ask() -> bool:
        asked.append(None)
        return able

    here = probe.look(
        {"TERM": "xterm-256color", **environment},
        ask=ask,
        run=lambda _: None,
        window=os.terminal_size((80, 24)),
        interactive=True,
        encoding="utf-8",
        **keywords,  # type: ignore[arg-type]  # the settings under test are literals
    )
    return here.colours.depth, len(asked)


def test_it_is_asked_over_ssh_where_nothing_else_tells() -> None:
    assert look({"SSH_TTY": "/dev/pts/1"}, able=True) == ("truecolor", 1)
    assert look({"SSH_TTY": "/dev/pts/1"}, able=False) == ("256", 1)


def test_it_is_not_asked_where_the_answer_is_known_or_would_not_count() -> None:
    ssh = {"SSH_TTY": "/dev/pts/1"}
    assert look({}, able=True) == ("256", 0)
    assert look(ssh | {"COLORTERM": "truecolor"}, able=True) == ("truecolor", 0)
    assert look(ssh | {"NO_COLOR": "1"}, able=True) == ("mono", 0)
    assert look(ssh | {"TMUX": "x"}, able=True) == ("256", 0)
    assert look(ssh, able=True, wish="16") == ("16", 0)
