"""The rule over the composer."""

from __future__ import annotations

import re

import pytest
from rich.cells import cell_len

from core.chat.types import Turn, TurnState
from core.jobs.types import Job, Progress
from tui.glyphs import ASCII, UNICODE
from tui.render.seam import seam


def job(tokens: float | None = None) -> Job:
    numbers = {} if tokens is None else {"tokens": tokens}
    return Job(id=1, kind="chat.turn", lane="inference", state="running", progress=Progress(numbers=numbers))


def turn(state: TurnState, since: float = 10.0) -> Turn:
    return Turn(id=1, chat_id=1, role="assistant", state=state, since=since)


@pytest.mark.parametrize(
    ("state", "work", "speed", "width", "words"),
    [
        ("done", job(12), 38.2, 20, "─" * 20),
        ("failed", None, None, 7, "─" * 7),
        ("queued", None, None, 47, "── ● waiting  12 s ────────────── ctrl+c stop ──"),
        ("loading", job(), None, 50, "── ● loading the model  12 s ───── ctrl+c stop ──"),
        ("thinking", job(1), None, 60, "── ● thinking     1 token   12 s ────── ctrl+c stop ──"),
        ("answering", job(412), 38.2, 66, "── ● answering  38.2 tok/s   412 tokens  12 s ─ ctrl+c stop ──"),
        ("answering", job(412), 38.2, 50, "── ● answering  38.2 tok/s   412 tokens  12 s ─"),
        ("answering", job(412), 38.2, 20, "─" * 20),
    ],
)
def test_it_says_what_an_answer_does_and_how_fast_where_there_is_room(
    state: TurnState, work: Job | None, speed: float | None, width: int, words: str
) -> None:
    drawn = seam(turn(state), work, speed, now=22.0, width=width, glyphs=UNICODE)
    line = "".join(text for text, _ in drawn)
    assert cell_len(line) == width
    assert re.sub("─+", "─", line) == re.sub("─+", "─", words)


def test_a_terminal_of_plain_signs_gets_plain_signs() -> None:
    drawn = seam(turn("answering"), job(3), 4.0, now=22.0, width=80, glyphs=ASCII)
    assert "".join(text for text, _ in drawn).isascii()


def test_the_rule_stays_as_wide_while_figures_grow() -> None:
    starts = {
        "".join(
            text for text, _ in seam(turn("answering"), job(n), n / 9, now=22.0, width=90, glyphs=UNICODE)
        ).index("tok/s")
        for n in (9, 99, 999, 9999)
    }
    assert len(starts) == 1
