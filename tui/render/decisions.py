"""Decisions of the router as lines: one with all its reasons, the counts of many, the rules."""

from __future__ import annotations

import time
from collections.abc import Sequence

from core.guard import one_line
from core.router.types import Count, Counts, Decision, Outcome, Rules
from tui.render.pieces import Pieces, column
from tui.theme import Ink

_SOURCES = {
    "chosen": "you named the model",
    "rule": "a rule of yours",
    "sticky": "the conversation so far",
    "tier": "what was asked",
    "stay": "what is loaded",
    "fallback": "another model failed",
    "none": "nobody could be found",
}

_OUTCOMES: dict[Outcome, tuple[str, Ink]] = {
    "answered": ("answered", "good"),
    "stopped": ("stopped", "dim"),
    "failed": ("failed", "bad"),
    "silent": ("no word in time", "bad"),
    "memory": ("no memory for it", "bad"),
}

_REASONS = 8
_TIER, _NUMBER = 6, 9
_HEADS = ("asked", "named", "changed", "stood in", "failed")
"""Decisions, of those the ones where the model was named, overruled afterwards, a fallback, failed."""


def decision(found: Decision, *, kept: bool = True) -> list[Pieces]:
    """A decision with every step and the evidence; of one that was *kept* also how it went."""
    lines: list[Pieces] = [[(one_line(found.line, 300), "strong")], []]
    lines += [[("· ", "dim"), (one_line(step.text, 300), "text")] for step in found.steps]
    if found.analysis.evidence:
        lines += [[], [("What speaks for it, and against", "dim")]]
        lines += [[("  ", "text"), (one_line(one, 300), "text")] for one in found.analysis.reasons[:_REASONS]]
    return [*lines, [], _outcome(found)] if kept else lines


def _outcome(found: Decision) -> Pieces:
    parts: list[tuple[str, Ink]] = [("decided by ", "dim"), (_SOURCES[found.source], "text")]
    if found.outcome is not None:
        word, ink = _OUTCOMES[found.outcome]
        parts += [(" · ", "dim"), (word, ink)]
    if found.override:
        parts += [(" · you took ", "dim"), (one_line(found.override, 80), "accent"), (" instead", "dim")]
    return parts


def table(counted: Counts, width: int) -> list[Pieces]:
    """How often each tier led to each model, and how that went."""
    if not counted.rows and not counted.misses:
        return [
            [("Nothing was decided yet.", "strong")],
            [("Ask something in a chat set to auto; every decision is counted here.", "dim")],
        ]
    lines: list[Pieces] = [[(_row(width, "tier", "model", *_HEADS), "dim")]]
    lines += [_count(row, width) for row in counted.rows]
    if counted.misses:
        plural = "question" if counted.misses == 1 else "questions"
        lines.append([(f"{counted.misses} {plural} for which nobody could be found", "warn")])
    return lines


def _count(row: Count, width: int) -> Pieces:
    numbers = (row.decisions, row.chosen, row.overrides, row.fallbacks, row.failures)
    shown = ["" if not number else str(number) for number in numbers]
    bad = row.failures * 2 > row.decisions
    return [(_row(width, row.tier, one_line(row.model, 80), *shown), "bad" if bad else "text")]


def _row(width: int, tier: str, model: str, *numbers: str) -> str:
    room = max(12, min(32, width - _TIER - _NUMBER * len(numbers)))
    cells = "".join(column(number, _NUMBER, right=True) for number in numbers)
    return column(tier, _TIER) + column(model, room) + cells


def recent(found: Sequence[Decision]) -> list[Pieces]:
    """The last decisions, one a line, with how each went."""
    lines: list[Pieces] = []
    for one in found:
        when = time.strftime("%H:%M", time.localtime(one.at)) if one.at else ""
        word, ink = _OUTCOMES[one.outcome] if one.outcome else ("", "dim")
        if one.override:
            word, ink = f"overruled: {one_line(one.override, 40)}", "accent"
        line = f"your choice → {one.model}" if one.source == "chosen" else one.line
        lines.append([(f"{when}  ", "dim"), (one_line(line, 200), "text"), (f"  {word}", ink)])
    return lines


def rules(listed: Rules) -> list[Pieces]:
    """The rules of the configuration, what is wrong with others of it, then those that are built in."""
    own = [rule for rule in listed.rules if rule.own]
    lines: list[Pieces] = []
    for rule in own:
        where = " ".join(part for part in (rule.tier, rule.why) if part)
        lines.append([(column(one_line(rule.name, 40), 26), "accent"), (where, "text")])
    for problem in listed.problems:
        lines.append([("▲ ", "warn"), (one_line(problem.message, 300), "text")])
        lines.append([("  " + one_line(problem.hint, 300), "dim")])
    if not lines:
        lines.append(
            [
                ("None of your own. ", "dim"),
                ('In the configuration: [router.rules]  cooking = "recipe, rezept -> fast"', "text"),
            ]
        )
    lines += [[], [("built in", "dim")]]
    lines += [
        [
            (column(rule.name, 26), "text"),
            (column(rule.tier, 7), "dim"),
            (column(f"{rule.weight:+.1f}", 6, right=True), "text"),
            (f"  {one_line(rule.why, 120)}", "dim"),
        ]
        for rule in listed.rules
        if not rule.own
    ]
    return lines
