"""The rule over the composer: plain, and while somebody answers what the answer does and how fast."""

from __future__ import annotations

from core.chat.types import Turn, TurnState
from core.jobs.types import Job
from tui import format as fmt
from tui.glyphs import Glyphs
from tui.render.pieces import Piece, width_of

_DOES: dict[TurnState, str] = {
    "queued": "waiting",
    "loading": "loading the model",
    "reading": "reading",
    "thinking": "thinking",
    "answering": "answering",
}
_STOP: tuple[Piece, ...] = (("ctrl+c", "key"), (" stop ", "dim"))
_EDGE = 2
"""Cells of the rule that stay at both ends."""


def seam(
    turn: Turn | None, job: Job | None, speed: float | None, *, now: float, width: int, glyphs: Glyphs
) -> list[Piece]:
    """Draw the rule; figures come from the answer's *job* and the *speed* that was seen."""
    if turn is None or turn.state not in _DOES:
        return [(glyphs.rule * width, "rule")]
    tokens = job.progress.numbers.get("tokens") if job is not None and job.state == "running" else None
    told: list[Piece] = [(f" {glyphs.live} ", "accent"), (_DOES[turn.state], "accent")]
    if tokens is not None:
        gap = "" if speed is None else f"  {fmt.speed(speed)}"
        told += [(gap, "text"), (f"  {fmt.count(tokens)} {'token ' if tokens == 1 else 'tokens'}", "dim")]
    told.append((f"  {fmt.duration(max(0.0, now - turn.since)).strip()}", "dim"))
    told.append((" ", "dim"))
    stop = [(" ", "dim"), *_STOP]
    for left, right in ((told, stop), (told, []), ([], [])):
        rest = width - width_of(left) - width_of(right) - 2 * _EDGE
        if rest >= 0:
            edge: Piece = (glyphs.rule * _EDGE, "rule")
            return [edge, *left, (glyphs.rule * rest, "rule"), *right, edge]
    return [(glyphs.rule * width, "rule")]
