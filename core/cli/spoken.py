"""What a conversation sounds like when it is read line by line: whole pieces, states in words. Pure."""

from __future__ import annotations

import re

from core.chat.types import Stats, Turn

_LONG = 160
"""Characters after which a sentence without an end is handed over at a space."""

_PAUSE = re.compile(r"[.!?:;…]['\"”)»]*\s+|\n")

WAITS = {
    "queued": "waiting for its turn",
    "loading": "loading {model} into memory",
    "reading": "{model} reads the conversation",
}
"""What there is to say while nothing comes."""


class Speech:
    """Gathers a stream into pieces that a screen reader can read at once: lines and sentences."""

    def __init__(self) -> None:
        self._rest = ""

    def take(self, text: str) -> str:
        """Add text; return what is whole by now."""
        text = self._rest + text
        end = 0
        for found in _PAUSE.finditer(text):
            end = found.end()
        if len(text) - end > _LONG:
            end = max(end, text.rfind(" ") + 1)
        self._rest = text[end:]
        return text[:end]

    def rest(self) -> str:
        """Return what is left, whole or not."""
        rest, self._rest = self._rest, ""
        return rest


def waiting(turn: Turn) -> str:
    """Why nothing comes, in words; empty when something does."""
    if turn.state == "queued" and turn.error is not None:
        return f"{turn.error.message} It waits until that is over; ctrl+c or /stop gives up."
    return WAITS.get(turn.state, "").format(model=turn.model or "the model")


def ending(turn: Turn) -> str:
    """How an answer ended, in words."""
    match turn.state:
        case "stopped":
            return "stopped; what was said is kept. /continue goes on, /again answers anew"
        case "interrupted":
            return "interrupted; what was said is kept. /continue goes on"
        case "failed":
            error = turn.error
            words = f"failed: {error.message} {error.hint}".rstrip() if error else "failed"
            return f"{words}{'' if words.endswith('.') else '.'} /again tries once more"
        case _:
            return "; ".join(["end", *figures(turn.stats)])


def figures(stats: Stats | None) -> list[str]:
    """What was measured, in words."""
    if stats is None:
        return []
    told = []
    if stats.tokens is not None:
        told.append(f"{stats.tokens} tokens")
    if stats.speed is not None:
        told.append(f"{stats.speed:.1f} tokens a second")
    if stats.ttft is not None:
        told.append(f"first word after {stats.ttft:.1f} seconds")
    return told


def thought(stats: Stats | None, seconds: float | None) -> str:
    """That the thinking is over, and how long it took."""
    took = stats.thought if stats is not None and stats.thought is not None else seconds
    return "end of thinking" if took is None else f"end of thinking, {took:.0f} seconds"
