"""`route`: what a question is taken for, and who would answer it. Locks nothing, and needs no engine."""

from __future__ import annotations

from collections.abc import Coroutine, Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from core.cli.context import Context
from core.cli.exits import DONE
from core.cli.output import bold, dim
from core.cli.reach import elsewhere, server, settings
from core.config.routing import Router
from core.errors import LeitstandError, UsageError
from core.guard import one_line
from core.ollama.client import Ollama
from core.router.analyze import analyze
from core.router.candidates import from_server
from core.router.policy import Situation, decide
from core.router.types import Candidate, Decision, RouteQuestion, Terms
from core.router.user_rules import UserRules, read_rules

DEADLINE = 1.0
"""Seconds the server may take to name its models; without it the model is not known, and the rest is."""

_LONGEST_LINE = 8_000_000
_REASONS = 6


class _Prompt(msgspec.Struct):
    """A line of a prompt file; whatever else stands there is left alone."""

    prompt: str


def route(context: Context) -> Coroutine[Any, Any, int]:
    """Take one question, or a file of them."""
    text, file = context.values["text"], context.values["file"]
    if (text is None) == (file is None):
        raise UsageError(
            "Give a text, or a file with --file.", 'Like: leitstand route "How do I list files?"'
        )
    prompts = _prompts(Path(file)) if file is not None else iter((text,))
    return _routed(context, prompts)


async def _routed(context: Context, prompts: Iterable[str]) -> int:
    config = settings(context).router
    own = read_rules(config.rules)
    for problem in own.problems:
        context.out.complain(LeitstandError(problem.message, problem.hint))
    candidates = await _candidates(context)
    for prompt in prompts:
        _show(context, _decided(prompt, own, config, candidates))
    return DONE


async def _candidates(context: Context) -> tuple[Candidate, ...]:
    """The models of every server that answers at once."""
    found: tuple[Candidate, ...] = ()
    try:
        async with server(context) as ollama:
            found = await _of(ollama)
    except LeitstandError:
        pass  # no address: there may be others
    async for name, other in elsewhere(context):
        found += await _of(other, name)
    return found


async def _of(ollama: Ollama, name: str = "") -> tuple[Candidate, ...]:
    """The models of one server, when it answers at once."""
    try:
        installed = await ollama.tags(deadline=DEADLINE)
        return from_server(installed, await ollama.ps(deadline=DEADLINE), host=name)
    except LeitstandError:
        return ()


def _decided(text: str, own: UserRules, config: Router, candidates: tuple[Candidate, ...]) -> Decision:
    """A decision; without a server the model is the first that the settings name for the tier."""
    terms = Terms(named={"fast": config.fast, "code": config.code, "heavy": config.heavy}, close=config.close)
    analysis = analyze(text, own.rules)
    there = candidates or tuple(
        Candidate(name=name) for name in dict.fromkeys((analysis.model, *terms.named[analysis.tier])) if name
    )
    return decide(
        Situation(question=RouteQuestion(text=text), analysis=analysis, candidates=there, terms=terms)
    )


def _show(context: Context, decision: Decision) -> None:
    analysis, out = decision.analysis, context.out
    if out.json:
        out.event(
            {
                "tier": decision.tier,
                "complexity": analysis.complexity,
                "keywords": analysis.keywords,
                "reasons": analysis.reasons,
                "model": decision.model or None,
            }
        )
        return
    label = analysis.label.removeprefix(decision.tier)
    out.line(bold(decision.tier), label, f" → {decision.model}" if decision.model else "")
    for reason in analysis.reasons[:_REASONS]:
        out.line("  ", dim(reason))


def _prompts(file: Path) -> Iterator[str]:
    """The prompts of a file, one JSON object a line; a wrong line is named."""
    try:
        with file.open("rb") as lines:
            number = 0
            while line := lines.readline(_LONGEST_LINE):
                number += 1
                if line.strip():
                    yield _prompt(line, number, file.name)
    except OSError as error:
        raise UsageError(f"{one_line(str(file), 200)} cannot be read: {error.strerror}.") from None


def _prompt(line: bytes, number: int, name: str) -> str:
    try:
        return msgspec.json.decode(line, type=_Prompt).prompt
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise UsageError(
            f"Line {number} of {one_line(name, 80)} is not an object with a prompt.",
            'A line looks like {"prompt": "How do I list files?"}.',
        ) from None
