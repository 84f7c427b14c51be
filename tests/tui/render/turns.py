"""Turns and views of them for tests."""

from __future__ import annotations

from tui.render.blocks import TurnBlock
from tui.render.glyphs import UNICODE
from tui.render.stack import Stack
from tui.render.types import Phase, ThinkMode, Turn

WIDTH = 60


def question(number: int, text: str = "Why is the sky blue?") -> Turn:
    return Turn(id=number, speaker="question", name="You", time="14:02", text=text)


def answer(number: int, text: str = "Because.", thinking: str = "", phase: Phase = "ended") -> Turn:
    return Turn(
        id=number,
        speaker="answer",
        name="qwen3:8b",
        time="14:02",
        text=text,
        thinking=thinking,
        phase=phase,
        seconds=12.4 if thinking and phase == "ended" else None,
        tokens=640 if thinking and phase == "ended" else None,
    )


def block(turn: Turn, *, mode: ThinkMode = "auto", width: int = WIDTH) -> TurnBlock:
    made = TurnBlock(turn, UNICODE, mode, "y copy", width)
    made.settle(0, made.size)
    return made


def drawn(made: TurnBlock) -> list[str]:
    return [line.text.rstrip() for line in made.rows(0, made.size)]


def stack(*turns: Turn, width: int = WIDTH) -> Stack:
    made = Stack(lambda turn: TurnBlock(turn, UNICODE, "auto", "y copy", width))
    made.put(turns, width)
    return made
