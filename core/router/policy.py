"""Who answers: from what a question is taken for, and what is true of the models now. Pure.

    a person's choice
      > a model that a rule of theirs names
      > the conversation so far, which only escalates
      > what the answer needs: pictures, tools, a long prompt
      > installed
      > fits now
      > a loaded model when the tiers are close
      > what switching costs in seconds
      > who comes next when it fails

Every step that decides something leaves a sentence.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from core.models.fit import gibibytes
from core.ollama.names import same, split
from core.router.cost import switching
from core.router.memory import concern
from core.router.needs import NO_ANSWERS, lacks, nobody, on_documents
from core.router.tiers import belongs, line_up
from core.router.types import (
    TIERS,
    Analysis,
    Candidate,
    Decision,
    Failure,
    Memory,
    RouteQuestion,
    Source,
    Step,
    Sticky,
    Terms,
    Tier,
)

_GIVES_UP: dict[Failure, str] = {
    "failed": "failed",
    "silent": "said nothing in time",
    "memory": "did not get enough memory",
}


class Situation(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a decision is made from."""

    question: RouteQuestion
    analysis: Analysis
    candidates: tuple[Candidate, ...] = ()
    memory: Memory = Memory()
    sticky: Sticky | None = None
    terms: Terms = Terms()
    now: float = 0.0


class _Course:
    """A decision on its way: what is left to choose from, and the sentences so far."""

    def __init__(self, situation: Situation) -> None:
        self.situation = situation
        self.steps: list[Step] = []
        self.tier: Tier = situation.question.tier or situation.analysis.tier
        self.able: tuple[Candidate, ...] = ()

    def say(self, name: str, text: str) -> None:
        self.steps.append(Step(name, text))


def decide(situation: Situation) -> Decision:
    """Choose a model and say why; without a model nobody can answer."""
    course = _Course(situation)
    _name_tier(course)
    pick, source = _picked(course)
    chain = fallbacks(pick, course.able) if pick is not None else ()
    worry = concern(pick, course.able, situation.memory, situation.terms) if pick is not None else None
    if pick is not None and situation.question.passages and (hint := on_documents(pick, course.able)):
        course.say("documents", hint)
    if worry is not None:
        course.say("memory", worry.text)
    if chain:
        course.say("fallback", f"If it fails, {chain[0].shown} answers.")
    return Decision(
        at=situation.now,
        chat_id=situation.question.chat_id,
        turn_id=situation.question.turn_id,
        tier=course.tier,
        model=pick.shown if pick else situation.question.model,
        host=pick.host if pick else "",
        source=source,
        line=described(situation.analysis, course.tier, pick or situation.question.model, situation.memory),
        steps=tuple(course.steps),
        fallbacks=tuple(dict.fromkeys(candidate.shown for candidate in chain)),
        concern=worry,
        analysis=situation.analysis,
    )


def _name_tier(course: _Course) -> None:
    analysis, asked = course.situation.analysis, course.situation.question.tier
    if asked is not None:
        course.say("tier", f"The tier {asked} was asked for.")
        return
    why = f": {analysis.reasons[0]}" if analysis.reasons else ""
    course.say("tier", f"It is taken for {analysis.tier}{why}.")


def _picked(course: _Course) -> tuple[Candidate | None, Source]:
    situation = course.situation
    course.able = _able(course)
    if situation.question.model:
        return _chosen(course, situation.question.model), "chosen"
    if (ruled := _ruled(course)) is not None:
        return ruled, "rule"
    # A tier that a person asks for is meant for this question, whatever was before.
    if situation.question.tier is None and (kept := _kept(course)) is not None:
        return kept, "sticky"
    ranked = line_up(course.tier, course.able, situation.terms)
    if not ranked:
        course.say("nobody", nobody(situation.question, known=bool(situation.candidates)))
        return None, "none"
    first = _fitting(course, ranked)
    stays = _staying(course, first)
    return (first, "tier") if stays is None else (stays, "stay")


def _chosen(course: _Course, name: str) -> Candidate | None:
    """What a person chose is taken, whatever speaks against it; that is said."""
    # Without a server's name they mean the main one's, as the lists show it, where that has it.
    found = _find(course.situation.candidates, name, "")
    course.say("choice", f"You chose {name}.")
    if found is None and course.situation.candidates:
        course.say("installed", f"{name} is not among the models of the server.")
    elif found is not None and found not in course.able:
        course.say("needs", f"{name} may not be able to do this: {lacks(found, course.situation.question)}.")
    return found


def _ruled(course: _Course) -> Candidate | None:
    name = course.situation.analysis.model
    if not name:
        return None
    found = _find(course.able, name)
    if found is None:
        course.say("rule", f"Your rule asks for {name}, which is not there or cannot do this.")
        return None
    course.say("rule", f"Your rule asks for {found.shown}.")
    return found


def _kept(course: _Course) -> Candidate | None:
    """The model of the conversation, unless the question wants a higher tier."""
    sticky, terms = course.situation.sticky, course.situation.terms
    if sticky is None or course.situation.now - sticky.at > terms.sticky:
        return None
    if TIERS.index(course.tier) > TIERS.index(sticky.tier):
        course.say("sticky", f"This asks for more than {sticky.tier}, as the conversation had so far.")
        return None
    found = _find(course.able, sticky.model, sticky.host)
    if found is None or not _may_run(found, terms):
        course.say("sticky", f"{sticky.model}, which answered before, cannot go on.")
        return None
    course.tier = sticky.tier
    course.say("sticky", f"{found.shown} answered before in this conversation and goes on.")
    return found


def _able(course: _Course) -> tuple[Candidate, ...]:
    """Who is installed and has what the answer needs."""
    situation = course.situation
    # A model that is listed twice for a server counts once: what is first said of it.
    listed = {each.key: each for each in reversed(situation.candidates)}
    there = tuple(each for each in situation.candidates if each.installed and each is listed[each.key])
    question = situation.question
    if question.passage_tokens and all(lacks(each, question) for each in there):
        # Better an answer from fewer passages than none.
        question = msgspec.structs.replace(question, passage_tokens=0)
    lacking = {each.shown: lack for each in there if (lack := lacks(each, question))}
    able = tuple(candidate for candidate in there if candidate.shown not in lacking)
    told = {name: lack for name, lack in lacking.items() if lack != NO_ANSWERS}
    if told and able:
        reasons = ", ".join(dict.fromkeys(told.values()))
        course.say("needs", f"Left out: {', '.join(sorted(told)[:4])} ({reasons}).")
    return able


def _fitting(course: _Course, ranked: Sequence[Candidate]) -> Candidate:
    """The first that fits now; else the first that may run partly on the processor; else the first."""
    terms = course.situation.terms
    first = ranked[0]
    if _may_run(first, terms):
        course.say("model", f"{first.shown} is the first for {course.tier}.")
        return first
    able = next((candidate for candidate in ranked if _may_run(candidate, terms)), None)
    if able is None and terms.on_cpu != "never":
        partly = [candidate for candidate in ranked if candidate.fits == "partly"]
        able = min(partly, key=lambda candidate: candidate.cpu_share or 1.0, default=None)
    if able is None:
        course.say("model", f"{first.shown} is the first for {course.tier}; nothing fits as it is now.")
        return first
    why = "would run partly on the processor" if first.fits == "partly" else "does not fit into memory now"
    course.say("fits", f"{first.shown} {why}; {able.shown} is the next that fits.")
    return able


def _may_run(candidate: Candidate, terms: Terms) -> bool:
    if candidate.loaded or candidate.fits in ("yes", "unknown"):
        return True
    return candidate.fits == "partly" and terms.on_cpu == "allow"


def _staying(course: _Course, first: Candidate) -> Candidate | None:
    """A loaded model in place of one that is not, when it is as good or waiting would be long."""
    if first.loaded:
        return None
    situation = course.situation
    terms, analysis = situation.terms, situation.analysis
    loaded = [candidate for candidate in course.able if candidate.loaded]
    if analysis.margin <= terms.close and situation.question.tier is None:
        for candidate in loaded:
            if belongs(candidate, analysis.second, course.able, terms):
                course.say(
                    "stay",
                    f"{course.tier} and {analysis.second} are close ({analysis.margin:.1f}), "
                    f"and {candidate.shown} is loaded: it stays.",
                )
                return candidate
    seconds = switching(first, situation.candidates)
    if seconds is not None and seconds > terms.patience:
        for candidate in loaded:
            if belongs(candidate, course.tier, course.able, terms):
                course.say(
                    "cost",
                    f"Switching to {first.shown} costs about {seconds:.0f} s, "
                    f"and {candidate.shown} is loaded and of the same kind.",
                )
                return candidate
    if seconds is not None:
        course.say("cost", f"It has to be loaded first, which takes about {seconds:.0f} s.")
    return None


def fallbacks(pick: Candidate, able: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """Who comes next when a model fails: the next smaller ones, those that fit now first."""
    smaller = [
        candidate
        for candidate in line_up("fast", able, Terms())
        if not same(candidate.name, pick.name) and (candidate.size or 0) < (pick.size or 0)
    ]
    return tuple(
        sorted(
            smaller, key=lambda each: (each.fits in ("partly", "no") and not each.loaded, -(each.size or 0))
        )
    )


def next_smaller(failed: Decision, why: Failure, situation: Situation) -> Decision:
    """Decide anew after a model failed: the next smaller one takes its place, and that is said."""
    course = _Course(situation)
    course.tier = failed.tier
    course.able = _able(course)
    gone = _find(course.able, failed.model, failed.host) or _find(situation.candidates, failed.model)
    chain = fallbacks(gone, course.able) if gone is not None else ()
    course.say("failed", f"{failed.model} {_GIVES_UP[why]}.")
    pick = chain[0] if chain else None
    if pick is None:
        course.say("nobody", "There is no smaller model to take its place.")
    else:
        course.say("fallback", f"{pick.shown} is the next smaller one and answers instead.")
    return Decision(
        at=situation.now,
        chat_id=failed.chat_id,
        turn_id=failed.turn_id,
        tier=failed.tier,
        model=pick.shown if pick else "",
        host=pick.host if pick else "",
        source="fallback" if pick else "none",
        line=described(situation.analysis, course.tier, pick or "", situation.memory),
        steps=tuple(course.steps),
        fallbacks=tuple(dict.fromkeys(candidate.shown for candidate in chain[1:])),
        analysis=situation.analysis,
        after=failed.id or None,
    )


def described(analysis: Analysis, tier: Tier, pick: Candidate | str, memory: Memory) -> str:
    """A decision in one line: code: ps, grep, python · 0.40 → qwen3-coder:30b, loaded, 18.2 of 31 GiB."""
    label = analysis.label if tier == analysis.tier else f"{tier} ({analysis.label})"
    if isinstance(pick, str):
        return f"{label} → {pick or 'nobody'}"
    parts = [pick.shown]
    parts.append("loaded" if pick.loaded else "to be loaded")
    need = pick.need or pick.size
    if need and memory.total and not pick.host:
        parts.append(f"{need / 2**30:.1f} of {memory.total / 2**30:.0f} GiB")
    elif need:
        parts.append(gibibytes(need))
    return f"{label} → {', '.join(parts)}"


def _find(candidates: Sequence[Candidate], name: str, host: str | None = None) -> Candidate | None:
    """Look a model up: on the server that its name ends with, or wherever it is loaded or fits best."""
    bare, server = split(name)
    found = [candidate for candidate in candidates if same(candidate.name, bare)]
    if server:
        found = [candidate for candidate in found if candidate.host == server.lower()]
    elif host is not None:
        found = [candidate for candidate in found if candidate.host == host] or found
    return min(found, key=lambda each: (not each.loaded, each.fits not in ("yes", "unknown")), default=None)
