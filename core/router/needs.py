"""What an answer needs of a model: pictures, tools, a long prompt. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from core.numbers import grouped
from core.router.types import Candidate, RouteQuestion

_RESERVE = 512
"""Tokens of a context that are kept for the answer."""

NO_ANSWERS = "no answers"
"""What embedding models lack; nobody is told of them."""


def lacks(candidate: Candidate, question: RouteQuestion) -> str:
    """Why a model cannot answer this; empty when it can, or when nothing is known."""
    can = candidate.capabilities
    if can is not None and "completion" not in can:
        return NO_ANSWERS
    if can is not None and question.images and "vision" not in can:
        return "no pictures"
    if can is not None and question.tools and "tools" not in can:
        return "no tools"
    if candidate.context is not None and _prompt(question, candidate.context) + _RESERVE > candidate.context:
        return "too short a context"
    return ""


def _prompt(question: RouteQuestion, context: int) -> int:
    """How long the prompt is for a model with that context, its passages included."""
    return question.tokens + min(question.passage_tokens, context * question.passage_share // 100)


def on_documents(pick: Candidate, able: Sequence[Candidate]) -> str:
    """A hint when passages go to a model that is not recommended for that; empty when all is well."""
    if not pick.uses or "rag" in pick.uses:
        return ""
    other = next((each.shown for each in able if "rag" in each.uses), "")
    more = f"; {other} is" if other else ""
    return f"{pick.shown} is not recommended for answers from documents{more}."


def nobody(question: RouteQuestion, *, known: bool) -> str:
    """Why there is nobody to answer."""
    if not known:
        return "No model is known yet."
    needs = [
        word
        for wanted, word in (
            (question.images, "see pictures"),
            (question.tools, "use tools"),
            (question.tokens > 0, f"take a prompt of about {grouped(question.tokens)} tokens"),
        )
        if wanted
    ]
    able = f" can {' and '.join(needs)}" if needs else " can answer questions"
    return f"None of the installed models{able}."
