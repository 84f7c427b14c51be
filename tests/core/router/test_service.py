"""Decisions are kept, told and counted; a second look is taken only when it may be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.bus import Bus, Event, Notice
from core.config.routing import Router as Settings
from core.errors import NotFound, ServerUnavailable, UsageError
from core.exposed import verbs
from core.router import service as router
from core.router import store as rows
from core.router.exemplars import EXEMPLARS, blended
from core.router.service import RouterService, Vectors
from core.router.types import Analysis, Candidate, Decision, Memory, RouteDecided, RouteQuestion
from core.store.database import Database
from tests.fakes.clock import ManualClock

GB = 1_000_000_000
SMALL = Candidate(name="llama3.2:3b", size=2 * GB, fits="yes")
CODER = Candidate(name="qwen3-coder:30b", size=18 * GB, fits="yes")
LARGE = Candidate(name="gemma3:27b", size=20 * GB, fits="yes")

FACT, CODE, ESSAY = "Who wrote Faust?", "Write a Python function", "Compare Kant and Hume on causality"


class House:
    """A router over a real database, with settings and models a test may change."""

    def __init__(self, store: Database) -> None:
        self.store = store
        self.clock = ManualClock()
        self.bus = Bus()
        self.settings = Settings()
        self.models: Sequence[Candidate] = (SMALL, CODER, LARGE)
        self.embedder: str | None = None
        self.asked: list[int] = []
        self.vectors: dict[str, tuple[float, ...]] = {}
        self.events: list[Event] = []
        self.service = self.make()

    def make(self) -> RouterService:
        return RouterService(
            self.store,
            self.bus,
            self.clock,
            settings=lambda: self.settings,
            candidates=self.candidates,
            memory=lambda: Memory(24 * GB, 20 * GB),
            embed=self.embed,
        )

    async def candidates(self) -> Sequence[Candidate]:
        return self.models

    async def embed(self, texts: Sequence[str]) -> tuple[str, Vectors] | None:
        self.asked.append(len(texts))
        if self.embedder is None:
            return None
        return self.embedder, [self.vectors.get(text, (0.0, 1.0)) for text in texts]

    def set(self, **values: Any) -> None:
        self.settings = msgspec.structs.replace(self.settings, **values)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    database = await Database.open(tmp_path / "leitstand.db", clock=ManualClock())
    yield House(database)
    await database.close()


def ask(text: str, **values: Any) -> RouteQuestion:
    return RouteQuestion(text=text, chat_id=1, **values)


async def test_explaining_keeps_and_tells_nothing(house: House) -> None:
    with house.bus.subscribe() as mailbox:
        decision = await house.service.explain(CODE)
        assert (decision.id, decision.model) == (0, "qwen3-coder:30b")
        assert mailbox.take() == []
    assert await house.service.recent() == ()


async def test_a_decision_is_kept_and_told_with_its_number(house: House) -> None:
    with house.bus.subscribe() as mailbox:
        decision = await house.service.choose(ask(CODE, turn_id=7))
        assert mailbox.take() == [RouteDecided(decision)]
    assert decision.id == 1
    assert decision.at == house.clock.now()
    assert await house.service.get(1) == decision
    assert await house.service.of_turn(7) == decision
    assert await house.service.of_turn(8) is None
    assert await house.service.recent() == (decision,)
    with pytest.raises(NotFound, match="no routing decision 9"):
        await house.service.get(9)


async def test_the_question_itself_is_not_among_what_is_kept(house: House) -> None:
    await house.service.choose(ask("Write a Python function for the vault of Bernadette"))
    [row] = await house.store.read("SELECT * FROM route_decision")
    assert b"Bernadette" not in bytes(row["body"])


async def test_a_conversation_keeps_its_model_over_a_restart_and_lets_it_go_in_time(house: House) -> None:
    await house.service.choose(ask(CODE))
    again = house.make()
    assert (await again.explain(FACT, chat_id=1)).model == "qwen3-coder:30b"
    assert (await again.explain(FACT, chat_id=2)).model == "llama3.2:3b"
    await house.clock.advance(31 * 60)
    assert (await again.explain(FACT, chat_id=1)).model == "llama3.2:3b"


async def test_what_a_person_took_instead_goes_on(house: House) -> None:
    decision = await house.service.choose(ask(CODE))
    noted = await house.service.override(decision.id, "gemma3:27b")
    assert noted.override == "gemma3:27b"
    assert (await house.service.explain(FACT, chat_id=1)).model == "gemma3:27b"
    with pytest.raises(UsageError, match="not a valid name"):
        await house.service.override(decision.id, "no/such//name:")


async def test_a_model_that_failed_does_not_go_on(house: House) -> None:
    decision = await house.service.choose(ask(CODE))
    await house.service.record_outcome(decision.id, "memory")
    assert (await house.service.explain(FACT, chat_id=1)).model == "llama3.2:3b"


async def test_outcomes_are_told_as_the_new_state_of_their_decision(house: House) -> None:
    decision = await house.service.choose(ask(CODE))
    with house.bus.subscribe() as mailbox:
        noted = await house.service.record_outcome(decision.id, "answered")
        assert noted == msgspec.structs.replace(decision, outcome="answered")
        assert mailbox.take() == [RouteDecided(noted)]


async def test_a_fallback_is_a_decision_of_its_own_beside_the_one_that_failed(house: House) -> None:
    question = ask(CODE, turn_id=3)
    first = await house.service.choose(question)
    then = await house.service.fall_back(first.id, "silent", question)
    assert (then.model, then.source, then.after) == ("llama3.2:3b", "fallback", first.id)
    assert (await house.service.get(first.id)).outcome == "silent"
    assert await house.service.of_turn(3) == then
    last = await house.service.fall_back(then.id, "failed", question)
    assert (last.model, last.source) == ("", "none")


async def test_decisions_are_counted_by_tier_and_model(house: House) -> None:
    for text in (CODE, CODE, FACT):
        await house.service.choose(RouteQuestion(text=text))
    await house.service.choose(RouteQuestion(text=CODE, model="qwen3-coder:30b"))
    await house.service.override(1, "gemma3:27b")
    await house.service.fall_back(2, "failed", RouteQuestion(text=CODE))
    house.models = ()
    await house.service.choose(RouteQuestion(text=FACT))
    counted = await house.service.counts()
    assert counted.misses == 1
    first, *others = counted.rows
    assert (first.tier, first.model) == ("code", "qwen3-coder:30b")
    assert (first.decisions, first.chosen, first.overrides, first.failures) == (3, 1, 1, 1)
    assert {(row.tier, row.model, row.decisions, row.fallbacks) for row in others} == {
        ("code", "llama3.2:3b", 1, 1),
        ("fast", "llama3.2:3b", 1, 0),
    }
    await house.clock.advance(86400 * 2)
    assert (await house.service.counts(days=1)).rows == ()


async def test_recent_decisions_come_in_pages_newest_first(house: House) -> None:
    for number in range(5):
        await house.service.choose(RouteQuestion(text=FACT, chat_id=number % 2))
    assert [each.id for each in await house.service.recent(limit=2)] == [5, 4]
    assert [each.id for each in await house.service.recent(limit=2, before=4)] == [3, 2]
    assert [each.id for each in await house.service.recent(chat_id=1)] == [4, 2]
    with pytest.raises(UsageError):
        await house.service.recent(limit=0)


async def test_old_decisions_are_forgotten_at_the_start(house: House) -> None:
    await house.service.choose(ask(FACT))
    await house.clock.advance(91 * 86400)
    await house.service.choose(ask(FACT))
    await house.service.start()
    assert [each.id for each in await house.service.recent()] == [2]
    house.set(keep_days=0)
    await house.clock.advance(900 * 86400)
    await house.service.start()
    assert [each.id for each in await house.service.recent()] == [2]


async def test_the_oldest_beyond_the_limit_go(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "MOST", 3)
    for _ in range(5):
        await house.service.choose(ask(FACT))
    assert [each.id for each in await house.service.recent()] == [5, 4, 3]


async def test_a_row_of_another_version_is_left_out_and_harms_nothing(house: House) -> None:
    await house.service.choose(ask(FACT))
    await house.service.choose(ask(FACT))
    async with house.store.write() as transaction:
        await transaction.execute("UPDATE route_decision SET body = ? WHERE id = 1", (b'{"tier": 3}',))
    assert [each.id for each in await house.service.recent()] == [2]
    with pytest.raises(NotFound):
        await house.service.get(1)


async def test_rules_of_the_person_count_and_wrong_ones_are_named_once(house: House) -> None:
    house.set(rules={"cooking": "recipe -> heavy gemma3:27b", "bad": "/a*/ -> fast"})
    with house.bus.subscribe() as mailbox:
        await house.service.start()
        decision = await house.service.explain("a recipe for bread")
        await house.service.explain(FACT)
        notices = [event for event in mailbox.take() if isinstance(event, Notice)]
    assert (decision.model, decision.source) == ("gemma3:27b", "rule")
    [notice] = notices
    assert "The routing rule “bad” is not used: the pattern repeats without end." in notice.text
    assert notice.hint
    listed = await house.service.rules()
    assert (listed.rules[0].name, listed.rules[0].own) == ("cooking", True)
    assert [problem.name for problem in listed.problems] == ["bad"]
    house.set(rules={"bad": "/a{1,9}/ -> fast"})
    assert (await house.service.rules()).problems == ()


async def test_settings_name_the_models_of_a_tier_at_once(house: House) -> None:
    house.set(fast=("gemma3:27b",))
    assert (await house.service.explain(FACT)).model == "gemma3:27b"
    assert house.service.terms.sticky == 1800.0


def undecided(house: House) -> str:
    """A question the rules are nearly undecided about, and that is like known ones about code."""
    house.embedder = "nomic-embed-text"
    house.vectors = {text: (1.0, 0.0) for tier, text in EXEMPLARS if tier == "code"}
    text = "the sky and the sea"
    house.vectors[text] = (1.0, 0.0)
    house.set(second_look=True, close=2.0)
    return text


async def test_a_second_look_decides_what_the_rules_leave_open(house: House) -> None:
    text = undecided(house)
    found = await house.service.explain(text)
    assert found.analysis.tier == "code"
    assert any(one.rule == "nearest" for one in found.analysis.evidence)
    await house.service.explain(text)
    # The known questions are asked for once, the question each time.
    assert house.asked == [1, len(EXEMPLARS), 1]
    house.embedder = "bge-m3"
    await house.service.explain(text)
    assert house.asked[3:] == [1, len(EXEMPLARS)]


async def test_switched_off_or_decided_nobody_is_asked(house: House) -> None:
    text = undecided(house)
    house.set(second_look=False)
    assert (await house.service.explain(text)).analysis.tier == "fast"
    house.set(second_look=True, close=0.0)
    assert (await house.service.explain(CODE)).analysis.tier == "code"
    assert house.asked == []


async def test_without_a_loaded_embedding_model_nothing_changes(house: House) -> None:
    text = undecided(house)
    house.embedder = None
    assert (await house.service.explain(text)).analysis.tier == "fast"


async def test_a_second_look_that_fails_changes_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = undecided(house)

    async def fails(texts: Sequence[str]) -> tuple[str, Vectors] | None:
        raise ServerUnavailable("Nobody answers.")

    async def tears(texts: Sequence[str]) -> tuple[str, Vectors] | None:
        return "nomic-embed-text", [(1.0,)] * (len(texts) - 1)

    async def hangs(texts: Sequence[str]) -> tuple[str, Vectors] | None:
        await asyncio.Event().wait()
        return None

    monkeypatch.setattr(router, "_SECOND_LOOK_SECONDS", 0.02)
    for embed in (fails, tears, hangs):
        service = RouterService(
            house.store,
            house.bus,
            house.clock,
            settings=lambda: house.settings,
            candidates=house.candidates,
            embed=embed,
        )
        assert (await service.explain(text)).analysis.tier == "fast"


def test_vectors_that_say_nothing_change_nothing() -> None:
    analysis = Analysis(tier="fast", scores={"fast": 1.0}, margin=0.1)
    assert blended(analysis, (0.0, 0.0), [(0.0, 0.0)] * len(EXEMPLARS)) == analysis
    assert blended(analysis, (1.0,), [(1.0, 0.0)] * len(EXEMPLARS)) == analysis


async def test_every_verb_takes_and_returns_plain_values() -> None:
    assert set(verbs(RouterService)) == {
        "explain", "choose", "fall_back", "record_outcome", "override", "get", "of_turn", "recent", "counts",
        "rules",
    }  # fmt: skip
    for verb in verbs(RouterService).values():
        assert verb.doc
    decision = Decision(tier="code", analysis=Analysis(keywords=("ps",)))
    assert msgspec.json.decode(msgspec.json.encode(decision), type=Decision) == decision
