r"""The rules people add in the configuration, read from one line each.

    oracle  = 'plsql, "pl/sql", /ORA-\d{1,5}/ -> code'
    law     = 'vertrag, klage, lawsuit -> heavy mistral-small:24b'
    cooking = 'recipe, rezept -> llama3.2:3b'
    sums    = 'invoice, rechnung -> heavy +1.5'

Left of the arrow stand words, phrases (in quotes when they have a comma) and patterns between slashes,
separated by commas; one of them is enough. Right of it a tier, a model, or both. A rule decides alone; with a
weight such as +1.5 it is one more piece of evidence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec

from core.errors import UsageError
from core.guard import one_line
from core.ollama.names import parse as parse_model
from core.router.patterns import compile_pattern
from core.router.reading import Reading, tokens_of
from core.router.types import TIERS, RuleProblem, Tier

DECISIVE = 100.0
"""The weight of a rule without one: it decides alone."""

MOST_RULES = 100
MOST_PIECES = 50
HEAVIEST = 10.0

_FORM = "Write it like: recipe, rezept, /dish \\d{1,3}/ -> fast llama3.2:3b"
_PIECE = re.compile(r'\s*(?:"([^"]*)"|/((?:[^/\\]|\\.)*)/|([^,"/][^,"]*?|))\s*(?:,|$)')


class UserRule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule of the configuration."""

    name: str
    tier: Tier | None = None
    model: str = ""
    weight: float = DECISIVE
    words: tuple[tuple[str, ...], ...] = ()
    patterns: tuple[re.Pattern[str], ...] = ()

    def find(self, reading: Reading) -> list[str]:
        """Return what of it is in a question."""
        found = [" ".join(wanted) for wanted in self.words if f" {' '.join(wanted)} " in reading.raw]
        matches = (pattern.search(reading.text) for pattern in self.patterns)
        return found + [one_line(match[0], 40) for match in matches if match is not None]


class UserRules(msgspec.Struct, frozen=True):
    """The rules that can be used, and what is wrong with the others."""

    rules: tuple[UserRule, ...] = ()
    problems: tuple[RuleProblem, ...] = ()


def read_rules(table: Mapping[str, str]) -> UserRules:
    """Read every rule of the configuration; a wrong one costs only itself."""
    rules: list[UserRule] = []
    problems: list[RuleProblem] = []
    for name, text in table.items():
        try:
            if len(rules) >= MOST_RULES:
                raise UsageError(f"there are more than {MOST_RULES} rules")
            rules.append(read_rule(name, text))
        except UsageError as error:
            message = f"The routing rule “{one_line(name, 60)}” is not used: {error.message}."
            problems.append(RuleProblem(one_line(name, 60), message, error.hint or _FORM))
    return UserRules(tuple(rules), tuple(problems))


def read_rule(name: str, text: str) -> UserRule:
    """Read one rule; raise UsageError with the reason when it cannot be meant."""
    what, arrow, where = text.rpartition("->")
    if not arrow:
        raise UsageError("it has no arrow (->) between what is looked for and where it leads")
    words, patterns = _pieces(what)
    tier, model, weight = _target(where)
    return UserRule(name=name, tier=tier, model=model, weight=weight, words=words, patterns=patterns)


def _pieces(text: str) -> tuple[tuple[tuple[str, ...], ...], tuple[re.Pattern[str], ...]]:
    words: list[tuple[str, ...]] = []
    patterns: list[re.Pattern[str]] = []
    at = 0
    while at < len(text):
        match = _PIECE.match(text, at)
        if match is None or match.end() == at:
            raise UsageError(f"it cannot be read from “{one_line(text[at:], 30)}” on")
        at = match.end()
        if match[2] is not None:
            patterns.append(compile_pattern(match[2]))
        elif "->" in (match[3] or ""):
            raise UsageError("it has more than one arrow (->)")
        elif folded := tuple(tokens_of(match[1] or match[3] or "")):
            words.append(folded)
        elif match[0].strip(" ,"):
            raise UsageError(f"“{one_line(match[0].strip(' ,'), 30)}” has no word in it")
    if not words and not patterns:
        raise UsageError("it looks for nothing")
    if len(words) + len(patterns) > MOST_PIECES:
        raise UsageError(f"it looks for more than {MOST_PIECES} things")
    return tuple(words), tuple(patterns)


def _target(text: str) -> tuple[Tier | None, str, float]:
    tier: Tier | None = None
    model, weight = "", DECISIVE
    parts: Sequence[str] = text.split()
    for part in parts:
        named = next((name for name in TIERS if name == part.lower()), None)
        if named is not None:
            if tier is not None:
                raise UsageError(f"it leads to {tier} and to {named}; one tier is all it can have")
            tier = named
        elif re.fullmatch(r"[+-]\d{1,3}(?:\.\d{1,3})?", part):
            weight = float(part)
        elif not model:
            model = parse_model(part).shown
        else:
            raise UsageError(
                f"it leads to “{one_line(text, 40)}”; a tier, a model and a weight are all it can have"
            )
    if tier is None and not model:
        raise UsageError("it leads nowhere: a tier (fast, code, heavy) or a model is missing")
    if weight != DECISIVE and (tier is None or abs(weight) > HEAVIEST):
        raise UsageError(f"a weight goes with a tier, from -{HEAVIEST:g} to +{HEAVIEST:g}")
    return tier, model, weight
