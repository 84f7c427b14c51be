"""What a question is taken for, who could answer it, what was decided, and the event about it.

Sizes are bytes, times seconds since the epoch, durations seconds. None means not known, never zero.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Literal

import msgspec

from core.bus import StateEvent
from core.ollama.names import at

Tier = Literal["fast", "code", "heavy"]
"""Small talk and short facts; programming, shells and queries; mathematics, logic and analysis."""

TIERS: tuple[Tier, ...] = ("fast", "code", "heavy")
"""In the order a conversation escalates."""

Fits = Literal["yes", "partly", "no", "unknown"]
"""Whether a model fits into the GPU memory that is free, or that idle models would free."""

Source = Literal["chosen", "rule", "sticky", "tier", "stay", "fallback", "none"]
"""Who decided: a person, a rule of theirs, the conversation so far, the tier, what is loaded, a failure."""

Outcome = Literal["answered", "stopped", "failed", "silent", "memory"]
"""How the answer went; the last two: no first word in time, and no memory for the model."""

Failure = Literal["failed", "silent", "memory"]
"""Why a model gives up its place to the next smaller one."""


class Evidence(msgspec.Struct, frozen=True):
    """One rule that applied: what it speaks for, what it found, and how much that weighs."""

    tier: Tier
    rule: str
    why: str
    found: tuple[str, ...]
    weight: float

    @property
    def sentence(self) -> str:
        """As people are told."""
        found = f": {', '.join(self.found)}" if self.found else ""
        return f"{self.why}{found} ({self.tier} {self.weight:+.1f})"


class Analysis(msgspec.Struct, frozen=True, kw_only=True):
    """What a question is taken for, with every reason."""

    tier: Tier = "fast"
    complexity: float = 0.0
    """From 0 to 1."""
    keywords: tuple[str, ...] = ()
    scores: dict[Tier, float] = {}
    second: Tier = "fast"
    """The tier that came next."""
    margin: float = 0.0
    """By how much it was behind."""
    evidence: tuple[Evidence, ...] = ()
    model: str = ""
    """A model that a rule of the person names."""

    @property
    def label(self) -> str:
        """Tier, keywords and complexity, as they stand beside an answer."""
        words = f": {', '.join(self.keywords)}" if self.keywords else ""
        return f"{self.tier}{words} · {self.complexity:.2f}"

    @property
    def reasons(self) -> tuple[str, ...]:
        """What spoke for the tier, the weightiest first; then what spoke for the others."""
        ranked = sorted(self.evidence, key=lambda one: (one.tier != self.tier, -one.weight))
        return tuple(one.sentence for one in ranked)


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A model that could answer."""

    name: str
    host: str = ""
    """Which of the other servers has it; empty: the main one."""
    installed: bool = True
    loaded: bool = False
    size: int | None = None
    """Of its file."""
    need: int | None = None
    """Memory it takes when loaded, as far as that is known."""
    fits: Fits = "unknown"
    cpu_share: float | None = None
    """When it fits partly: how much of it the processor would have to do, from 0 to 1."""
    slower: float | None = None
    """How many times slower that would be, as far as that is known."""
    frees: tuple[str, ...] = ()
    """Which idle models would have to go for it."""
    capabilities: tuple[str, ...] | None = None
    context: int | None = None
    """The longest prompt it can take, in tokens."""
    speed: float | None = None
    """Tokens a second, as measured here."""
    load_seconds: float | None = None
    """How long loading it took here."""
    uses: tuple[str, ...] = ()
    """What it is good for, as far as that is known: chat, code, reasoning, embedding …"""
    tier: Tier | None = None
    """The tier a person put it into; None: it follows from the model."""

    @property
    def shown(self) -> str:
        """Its name together with its server's: qwen3:8b@box."""
        return at(self.name, self.host)

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from every other: the same model may be on two servers."""
        return (self.host, self.name)


class Memory(msgspec.Struct, frozen=True):
    """GPU memory as it is now."""

    total: int | None = None
    free: int | None = None


class RouteQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be answered, and what the answer needs."""

    text: str
    chat_id: int | None = None
    turn_id: int | None = None
    model: str = ""
    """The model a person chose, for the chat or for this question; empty: none."""
    tier: Tier | None = None
    """A tier that is asked for; None: the one the question is taken for."""
    images: bool = False
    tools: bool = False
    passages: bool = False
    """Passages from documents go along."""
    passage_tokens: int = 0
    """About how much they add to the prompt …"""
    passage_share: int = 100
    """… but never more than that many percent of a model's context: fewer go to a short one."""
    tokens: int = 0
    """About how long the prompt is without them: the question, and what has to go along with it."""


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """By what a decision is made: the settings, as the policy needs them."""

    named: dict[Tier, tuple[str, ...]] = {}
    """The models of each tier, the first that can comes first; a tier without any is found by itself."""
    close: float = 0.8
    """Up to this margin two tiers are as good as each other."""
    sticky: float = 1800.0
    """Seconds a conversation keeps its model; 0 never."""
    patience: float = 30.0
    """Seconds of switching that are worth it when a loaded model could answer, too."""
    on_cpu: Literal["avoid", "allow", "never"] = "avoid"
    warn_at: float = 90.0
    """Percent of GPU memory in use from which people are warned."""


class Sticky(msgspec.Struct, frozen=True):
    """What a conversation was answered with last."""

    model: str
    tier: Tier
    at: float
    host: str = ""


class Step(msgspec.Struct, frozen=True):
    """One step of a decision, in a sentence."""

    name: str
    text: str


class Way(msgspec.Struct, frozen=True):
    """A way out when memory is short."""

    kind: Literal["unload", "instead", "partly", "anyway", "cancel"]
    text: str
    model: str = ""
    """What to unload, or to use instead."""


class Concern(msgspec.Struct, frozen=True):
    """GPU memory is short for what was decided; a person may want another way."""

    kind: Literal["not_enough", "high_usage"]
    text: str
    ways: tuple[Way, ...] = ()


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """Who answers, and why."""

    id: int = 0
    """0: it was not stored."""
    at: float = 0.0
    chat_id: int | None = None
    turn_id: int | None = None
    tier: Tier = "fast"
    model: str = ""
    """With the server it is on, where that is not the main one; empty: nobody could be found."""
    host: str = ""
    """That server."""
    source: Source = "none"
    line: str = ""
    """All of it in one line, as it stands beside the answer."""
    steps: tuple[Step, ...] = ()
    fallbacks: tuple[str, ...] = ()
    """Who comes next when the model fails."""
    concern: Concern | None = None
    analysis: Analysis = Analysis()
    after: int | None = None
    """The decision whose model failed."""
    outcome: Outcome | None = None
    override: str = ""
    """The model a person took instead."""

    @property
    def reasons(self) -> tuple[str, ...]:
        """Every step as a sentence."""
        return tuple(step.text for step in self.steps)


class RuleProblem(msgspec.Struct, frozen=True):
    """A rule of the configuration that cannot be used."""

    name: str
    message: str
    hint: str = ""


class RuleShown(msgspec.Struct, frozen=True):
    """A rule as a list shows it."""

    name: str
    tier: str
    """Empty when it only names a model."""
    weight: float
    why: str
    own: bool = False
    """From the configuration."""


class Rules(msgspec.Struct, frozen=True):
    """Every rule there is, and what is wrong with those of the configuration."""

    rules: tuple[RuleShown, ...]
    problems: tuple[RuleProblem, ...] = ()


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """How often a tier led to a model, and how that went."""

    tier: Tier
    model: str
    decisions: int = 0
    chosen: int = 0
    """A person had named the model before."""
    overrides: int = 0
    """A person took another one after."""
    fallbacks: int = 0
    """It took the place of one that failed."""
    failures: int = 0


class Counts(msgspec.Struct, frozen=True):
    """What was decided in some time."""

    since: float
    rows: tuple[Count, ...]
    misses: int = 0
    """Questions for which nobody could be found."""


class RouteDecided(StateEvent, frozen=True, tag=True):
    """A model was chosen, or something became known of a choice."""

    decision: Decision

    @property
    def topic(self) -> Hashable:
        """Each decision by itself."""
        return (RouteDecided, self.decision.id)
