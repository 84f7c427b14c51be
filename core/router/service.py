"""The verbs of the router: explains, decides, keeps what was decided and how it went."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache

import msgspec

from core.bus import Bus, Notice
from core.clock import Clock
from core.config.routing import Router as Settings
from core.errors import LeitstandError, UsageError
from core.exposed import exposed
from core.ollama.names import parse as parse_name
from core.router import exemplars, store
from core.router.analyze import analyze
from core.router.policy import Situation, decide, next_smaller
from core.router.rules import RULES
from core.router.types import (
    Analysis,
    Candidate,
    Counts,
    Decision,
    Failure,
    Memory,
    Outcome,
    RouteDecided,
    RouteQuestion,
    Rules,
    RuleShown,
    Sticky,
    Terms,
    Tier,
)
from core.router.user_rules import UserRules, read_rules
from core.store.database import Database, Transaction

Candidates = Callable[[], Awaitable[Sequence[Candidate]]]
Vectors = Sequence[Sequence[float]]
Embed = Callable[[Sequence[str]], Awaitable[tuple[str, Vectors] | None]]
"""Turns texts into vectors with a model that is loaded already, and names it; None when none is."""

Decisions = tuple[Decision, ...]

_DAY = 86400.0
_MOST = 500
_SECOND_LOOK_SECONDS = 1.0
"""A second look that takes longer is left out: the question waits for it."""

log = logging.getLogger("leitstand.router")


async def _nobody() -> Sequence[Candidate]:
    return ()


class RouterService:
    """Owns who answers which question, and why."""

    def __init__(
        self,
        store: Database,
        bus: Bus,
        clock: Clock,
        *,
        settings: Callable[[], Settings] = Settings,
        candidates: Candidates = _nobody,
        memory: Callable[[], Memory] = Memory,
        embed: Embed | None = None,
    ) -> None:
        self._store = store
        self._bus = bus
        self._clock = clock
        self._settings = settings
        self._candidates = candidates
        self._memory = memory
        self._embed = embed
        self._known: tuple[str, Vectors] = ("", ())
        self._told: frozenset[str] = frozenset()

    async def start(self) -> None:
        """Name rules that cannot be used, and forget decisions that are too old."""
        self._tell(self._own())
        if days := self._settings().keep_days:
            await store.clean_up(self._store, self._clock.now() - days * _DAY)

    # Verbs.

    @exposed
    async def explain(
        self, text: str, *, chat_id: int | None = None, model: str = "", images: bool = False, tokens: int = 0
    ) -> Decision:
        """Say who would answer this and why; nothing is kept."""
        question = RouteQuestion(text=text, chat_id=chat_id, model=model, images=images, tokens=tokens)
        return await self.decide(question)

    @exposed
    async def choose(self, question: RouteQuestion) -> Decision:
        """Decide who answers, and keep that."""
        return await self._kept(await self.decide(question))

    @exposed
    async def fall_back(self, number: int, why: Failure, question: RouteQuestion) -> Decision:
        """The model of a decision failed: let the next smaller one take its place, and keep both."""
        failed = await self._noted(number, outcome=why)
        return await self._kept(next_smaller(failed, why, await self._situation(question)))

    @exposed
    async def record_outcome(self, number: int, outcome: Outcome) -> Decision:
        """Keep how the answer of a decision went."""
        return await self._noted(number, outcome=outcome)

    @exposed
    async def override(self, number: int, model: str) -> Decision:
        """Keep that a person took another model than was decided."""
        return await self._noted(number, override=parse_name(model).shown)

    @exposed
    async def get(self, number: int) -> Decision:
        """Return a decision."""
        return await store.load(self._store, number)

    @exposed
    async def of_turn(self, turn_id: int) -> Decision | None:
        """Return the last decision about an answer."""
        return await store.of_turn(self._store, turn_id)

    @exposed
    async def recent(
        self, *, limit: int = 100, before: int | None = None, chat_id: int | None = None
    ) -> Decisions:
        """Return the last decisions, the newest first; *before* one for the next page."""
        if limit < 1:
            raise UsageError(f"{limit} is not a number of decisions: it must be 1 or more.")
        return await store.recent(self._store, min(limit, _MOST), before, chat_id)

    @exposed
    async def counts(self, *, days: float = 30) -> Counts:
        """Count the decisions of the last days: which tier led to which model, and how that went."""
        since = self._clock.now() - days * _DAY
        rows, misses = await store.counts(self._store, since), await store.misses(self._store, since)
        return Counts(since, rows, misses)

    @exposed
    async def rules(self) -> Rules:
        """Return every rule, those of the configuration first, and what is wrong with the others of it."""
        own = self._own()
        shown = [
            RuleShown(
                rule.name,
                rule.tier or "",
                rule.weight,
                f"leads to {rule.model}" if rule.model else "",
                own=True,
            )
            for rule in own.rules
        ]
        shown += [RuleShown(rule.name, rule.tier, rule.weight, rule.why) for rule in RULES]
        return Rules(tuple(shown), own.problems)

    # For other services: what is decided is kept in their transactions.

    async def decide(self, question: RouteQuestion) -> Decision:
        """Decide who answers; nothing is kept."""
        return decide(await self._situation(question))

    async def keep(self, tx: Transaction, decision: Decision) -> Decision:
        """Keep a decision with other rows; `tell` of it afterwards."""
        return await store.insert(tx, decision)

    async def ended(self, tx: Transaction, turn_id: int, outcome: Outcome) -> Decision | None:
        """Keep how an answer went with the last decision about it; `tell` of it afterwards."""
        return await store.ended(tx, turn_id, outcome)

    async def replace(self, before: Decision, decision: Decision) -> Decision:
        """Keep what was decided in the place of an earlier decision that cannot be carried out any more."""
        return await self._kept(msgspec.structs.replace(decision, after=before.id or None))

    def tell(self, decision: Decision) -> None:
        """Publish a decision as it is now."""
        self._bus.publish(RouteDecided(decision))
        log.info("decision %d: %s for %s", decision.id, decision.source, decision.tier)

    # What a decision is made from.

    @property
    def terms(self) -> Terms:
        """The settings, as the policy needs them."""
        settings = self._settings()
        named: dict[Tier, tuple[str, ...]] = {
            "fast": settings.fast,
            "code": settings.code,
            "heavy": settings.heavy,
        }
        return Terms(
            named=named,
            close=settings.close,
            sticky=settings.sticky * 60,
            patience=settings.patience,
            on_cpu=settings.on_cpu,
            warn_at=settings.warn_at,
        )

    async def _situation(self, question: RouteQuestion) -> Situation:
        analysis = await self._looked_twice(question.text, self._analysis(question.text))
        return Situation(
            question=question,
            analysis=analysis,
            candidates=tuple(await self._candidates()),
            memory=self._memory(),
            sticky=await self._sticky(question.chat_id),
            terms=self.terms,
            now=self._clock.now(),
        )

    def _analysis(self, text: str) -> Analysis:
        own = self._own()
        self._tell(own)
        return analyze(text, own.rules)

    def _own(self) -> UserRules:
        return _read(tuple(self._settings().rules.items()))

    async def _sticky(self, chat_id: int | None) -> Sticky | None:
        return None if chat_id is None else await store.sticky(self._store, chat_id)

    async def _looked_twice(self, text: str, analysis: Analysis) -> Analysis:
        """Compare with known questions when the rules are nearly undecided and somebody can embed."""
        settings = self._settings()
        if self._embed is None or not settings.second_look or analysis.margin > settings.close:
            return analysis
        try:
            async with asyncio.timeout(_SECOND_LOOK_SECONDS):
                vectors = await self._vectors(text, self._embed)
        except (LeitstandError, TimeoutError):
            return analysis
        return analysis if vectors is None else exemplars.blended(analysis, vectors[0], vectors[1:])

    async def _vectors(self, text: str, embed: Embed) -> Vectors | None:
        """The vector of the question, then those of the known ones, which each model is asked for once."""
        asked = await embed([text[: exemplars.LONGEST]])
        if asked is None or len(asked[1]) != 1:
            return None
        if self._known[0] != asked[0]:
            known = await embed([example for _, example in exemplars.EXEMPLARS])
            if known is None or known[0] != asked[0] or len(known[1]) != len(exemplars.EXEMPLARS):
                return None
            self._known = known
        return [*asked[1], *self._known[1]]

    # What is kept and told.

    async def _kept(self, decision: Decision) -> Decision:
        kept = await store.save(self._store, decision)
        self.tell(kept)
        return kept

    async def _noted(self, number: int, *, outcome: Outcome | None = None, override: str = "") -> Decision:
        noted = await store.note(self._store, number, outcome=outcome, override=override)
        self._bus.publish(RouteDecided(noted))
        return noted

    def _tell(self, own: UserRules) -> None:
        """Name a rule that cannot be used, once."""
        messages = frozenset(problem.message for problem in own.problems)
        for problem in own.problems:
            if problem.message not in self._told:
                self._bus.publish(Notice("warning", problem.message, problem.hint, self._clock.now()))
        self._told = messages


@lru_cache(maxsize=4)
def _read(table: tuple[tuple[str, str], ...]) -> UserRules:
    return read_rules(dict(table))
