"""What of a conversation is sent, within a budget of tokens, and what is left out. Pure.

Tokens are estimated before sending. Each model has a ratio that corrects the estimate, learned from
what the server says it counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import msgspec

from core.chat.types import Budget, Choice, Role
from core.numbers import grouped

PER_MESSAGE = 6
"""What a template puts around a message."""
PER_IMAGE = 800
_LEAST_ANSWER = 64
"""With less room than this for an answer a question counts as too long."""
_MOST_RESERVE = 1024
_STEP = 1024

_RATIOS = (0.4, 3.0)
"""Outside of these it is not the estimate that is wrong: the count left something out."""
_LEAST_COUNT = 40
_INERTIA = 5


class Line(msgspec.Struct, frozen=True):
    """One message that may be sent."""

    role: Role
    text: str
    images: int = 0
    key: int = 0
    """Whose it is: the id of its turn."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be sent."""

    lines: tuple[Line, ...]
    sent: int
    dropped: int
    tokens: int
    """What the prompt is estimated to have, the system prompt included."""
    verdict: Literal["fits", "drops", "cut"]


class Ratio(NamedTuple):
    """True tokens for one estimated, and how many prompts have shown that."""

    value: float = 1.0
    samples: int = 0


def estimate(text: str) -> float:
    """About how many tokens a text has, for an average model."""
    # Common letters share tokens; the further from ASCII, the fewer characters a token holds.
    extra = 0 if text.isascii() else len(text.encode("utf-8", "replace")) - len(text)
    return 0.27 * len(text) + 0.35 * extra


def weight(line: Line) -> float:
    """About how many tokens a message has."""
    return PER_MESSAGE + estimate(line.text) + PER_IMAGE * line.images


def reserve(context: int, wanted: object = None) -> int:
    """How much of a context to keep for the answer; *wanted* is the option num_predict."""
    if isinstance(wanted, int) and 0 < wanted <= context // 2:
        return wanted
    return min(_MOST_RESERVE, context // 4)


def plan(
    system: str,
    lines: Sequence[Line],
    *,
    window: int,
    context: int,
    kept: int,
    ratio: float = 1.0,
    must: int = 1,
    total: int | None = None,
) -> Plan:
    """Choose what to send: the system prompt, the last *must* messages, and as many before as fit.

    *kept* tokens stay free for the answer. *total* is how many messages there are, when *lines* holds
    only the latest of them.
    """
    needed = lines[max(0, len(lines) - must) :]
    tokens = sum(map(weight, needed)) + (weight(Line("system", system)) if system else 0)
    chosen = list(needed)
    earlier = lines[: len(lines) - len(needed)]
    within = earlier[max(0, len(earlier) - (window - len(needed))) :] if window > len(needed) else ()
    full = False
    for line in reversed(within):
        if (tokens + weight(line)) * ratio > context - kept:
            full = True
            break
        tokens += weight(line)
        chosen.insert(0, line)
    while len(chosen) > len(needed) and chosen[0].role == "assistant":
        # An answer whose question is left out only misleads; several templates refuse it.
        tokens -= weight(chosen.pop(0))
    too_long = tokens * ratio > context - _LEAST_ANSWER
    return Plan(
        lines=tuple(chosen),
        sent=len(chosen),
        dropped=(len(lines) if total is None else total) - len(chosen),
        tokens=round(tokens * ratio),
        verdict="cut" if too_long else "drops" if full else "fits",
    )


def merged(lines: Sequence[Line]) -> list[list[Line]]:
    """Group what one side said in a row: many templates want the sides to alternate."""
    groups: list[list[Line]] = []
    for line in lines:
        if groups and groups[-1][0].role == line.role:
            groups[-1].append(line)
        else:
            groups.append([line])
    return groups


def learn(ratio: Ratio, *, estimated: float, counted: int | None) -> Ratio:
    """Correct a ratio by what the server counted for a prompt that we estimated, uncorrected."""
    if counted is None or counted < _LEAST_COUNT or estimated < _LEAST_COUNT:
        return ratio
    seen = counted / estimated
    if not _RATIOS[0] <= seen <= _RATIOS[1]:
        return ratio
    share = 1 / min(ratio.samples + 1, _INERTIA)
    return Ratio(ratio.value + (seen - ratio.value) * share, ratio.samples + 1)


def was_cut(*, estimated: int, counted: int | None, context: int) -> bool:
    """Whether the server left out a part of the prompt: it counted a full window, or the half of one."""
    if counted is None or counted > 0.8 * estimated or estimated < 0.9 * context:
        return False
    return any(abs(counted - mark) <= 0.03 * context for mark in (context, context / 2))


def budget(
    found: Plan, *, context: int, kept: int, model_max: int | None, largest: int | None, learned: bool
) -> Budget:
    """Say what a plan means for the person who asks; *largest* is the context that fits into memory."""
    choices: list[Choice] = []
    message = ""
    if found.verdict != "fits":
        choices = _choices(found, context, kept, model_max, largest)
    if found.verdict == "cut":
        message = f"This has about {grouped(found.tokens)} tokens; the context holds {grouped(context)}."
    elif found.verdict == "drops":
        plural = "message stays" if found.dropped == 1 else "messages stay"
        message = f"{found.dropped} earlier {plural} out: the context holds {grouped(context)} tokens."
    return Budget(
        used=found.tokens,
        available=context,
        reserve=kept,
        model_max=model_max,
        sent=found.sent,
        dropped=found.dropped,
        verdict=found.verdict,
        message=message,
        choices=tuple(choices),
        source="learned" if learned else "estimated",
    )


def _choices(
    found: Plan, context: int, kept: int, model_max: int | None, largest: int | None
) -> list[Choice]:
    choices: list[Choice] = []
    if found.verdict == "cut":
        over = found.tokens + _LEAST_ANSWER - context
        choices.append(Choice("shorten", f"Shorten it by about {grouped(over)} tokens.", over))
    wanted = max(found.tokens + kept, 2 * context)
    raised = min(-(-wanted // _STEP) * _STEP, model_max or 2**40)
    if largest is not None:
        raised = min(raised, largest // _STEP * _STEP)  # what does not fit is not offered
    if raised > context and (found.verdict == "drops" or raised >= found.tokens + _LEAST_ANSWER):
        fits = (
            "that fits into memory" if largest is not None else "whether that fits into memory is not known"
        )
        choices.append(
            Choice("raise_context", f"Raise the context to {grouped(raised)} tokens; {fits}.", raised)
        )
    if found.verdict == "drops":
        choices.append(Choice("new_chat", "Go on in a new chat that begins with a summary of this one."))
    return choices
