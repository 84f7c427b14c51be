"""Joins chats and the router, which do not know each other: models as candidates, decisions as routes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

import msgspec

from core.chat.routing import CHOSEN, Failure, Outcome, Route, Wish
from core.chat.types import Turn
from core.clock import Clock
from core.config.routing import Router as Settings
from core.config.service import ConfigService
from core.errors import LeitstandError
from core.models.memory import FRESH, room_in
from core.models.service import ModelService
from core.ollama import names
from core.ollama.connection import ServerService
from core.ollama.names import same
from core.ollama.wire import EmbedRequest
from core.router.candidates import from_models
from core.router.service import RouterService, Vectors
from core.router.types import Candidate, Decision, Memory, RouteQuestion
from core.store.database import Transaction
from core.telemetry.service import TelemetryService

_PATIENCE = 1.0
"""Seconds that a look at the memory may take; a question does not wait for a driver that hangs."""
_FIRST_LIST = 3.0
"""Seconds that the first question after the start waits for the server to say what it has."""

_STAYS = 5.0


class House(Protocol):
    """The engine, as far as it is needed here."""

    clock: Clock
    config: ConfigService
    server: ServerService
    models: ModelService
    telemetry: TelemetryService
    router: RouterService


class _Decided(Route, frozen=True):
    """A route with the decision behind it."""

    decision: Decision = Decision()


class Routes:
    """The router, as chats ask for it; and the models, as the router asks for them."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._memory = Memory()

    # What the router decides from.

    async def candidates(self) -> Sequence[Candidate]:
        """Every model that could answer; one that runs elsewhere only where the settings name it."""
        models = self._house.models
        await self._first_list()
        try:
            async with asyncio.timeout(_PATIENCE):
                fits = await models.fits("here")
                self._memory = await self._look()
        except (LeitstandError, TimeoutError):
            fits = ()
        named = self._named()
        return from_models(
            (
                model
                for model in await models.list("here")
                if model.leaves_at is None
                and (not model.remote or any(same(model.name, name) for name in named))
            ),
            fits,
        )

    def memory(self) -> Memory:
        """GPU memory, as the last look at the candidates saw it."""
        return self._memory

    async def embed(self, texts: Sequence[str]) -> tuple[str, Vectors] | None:
        """Turn texts into vectors with an embedding model that is in memory already."""
        now = self._house.clock.now()
        for model in await self._house.models.loaded():
            until = model.memory.until if model.memory is not None else now
            # One that is about to leave might be gone when it is asked, and would be loaded again.
            stays = until is None or until - now > _STAYS
            if stays and model.can("embedding") and not model.can("completion"):
                request = EmbedRequest(model=model.name, input=tuple(texts))
                vectors = (await self._house.server.client.embed(request)).embeddings
                return None if vectors is None else (model.name, vectors)
        return None

    async def _look(self) -> Memory:
        gpus = room_in(await self._house.telemetry.latest(FRESH)).gpus
        if not gpus:
            return Memory()
        return Memory(sum(gpu.total for gpu in gpus), sum(gpu.free for gpu in gpus))

    async def _first_list(self) -> None:
        """Wait for the first list of models, but for no server that is away."""
        models = self._house.models
        if await models.seen_at() is not None or self._house.server.current.phase in ("away", "wrong"):
            return
        try:
            async with asyncio.timeout(_FIRST_LIST):
                await models.sync()
        except (LeitstandError, TimeoutError):
            return  # without a list nobody is found, and who answers is decided when it is its turn

    def _named(self) -> tuple[str, ...]:
        settings = self._settings
        return (*settings.fast, *settings.code, *settings.heavy)

    @property
    def _settings(self) -> Settings:
        return self._house.config.current.router

    # What chats ask.

    @property
    def on(self) -> bool:
        """Whether models are chosen at all."""
        return self._settings.enabled

    async def decide(self, wish: Wish) -> Route:
        """Say who would answer; nothing is kept."""
        route = _route(await self._house.router.decide(_question(wish)))
        if not wish.model or (names.server_of(route.model) and not names.server_of(wish.model)):
            return route  # they named no server, and only another one has it
        # What a person named stays spelt as they did.
        return msgspec.structs.replace(route, model=wish.model)

    async def keep(self, tx: Transaction, route: Route, answer: Turn) -> Route:
        """Keep a decision with the answer it is for."""
        if not isinstance(route, _Decided):
            return route
        decision = msgspec.structs.replace(route.decision, chat_id=answer.chat_id, turn_id=answer.id)
        return _route(await self._house.router.keep(tx, decision))

    async def look_again(self, answer: Turn, wish: Wish) -> Route | None:
        """Decide anew when nobody was found before, or the model is gone or fits no more."""
        before = await self._house.router.of_turn(answer.id)
        if before is None or before.source == "chosen" or not await self._must_change(before):
            return None
        decision = await self._house.router.decide(_question(wish, answer))
        if not decision.model or same(decision.model, before.model):
            return None
        return _route(await self._house.router.replace(before, decision))

    async def fall_back(self, answer: Turn, wish: Wish, why: Failure) -> Route | None:
        """Say who takes the place of a model that failed, as far as the settings allow it."""
        before = await self._house.router.of_turn(answer.id)
        if before is None or not self._may_fall_back(before):
            return None
        return _route(await self._house.router.fall_back(before.id, why, _question(wish, answer)))

    async def patience(self, answer: Turn) -> float | None:
        """For how long to wait for a first word: shorter where another model could answer."""
        before = await self._house.router.of_turn(answer.id) if self.on else None
        if before is None or not before.fallbacks or not self._may_fall_back(before):
            return None
        return self._settings.first_word

    async def ended(self, tx: Transaction, answer: Turn, outcome: Outcome) -> Route | None:
        """Keep how an answer ended."""
        decision = await self._house.router.ended(tx, answer.id, outcome)
        return None if decision is None else _route(decision)

    async def overruled(self, answer: Turn, model: str) -> None:
        """Keep that a person took another model instead."""
        before = await self._house.router.of_turn(answer.id)
        if before is not None and model and not same(model, before.model):
            await self._house.router.override(before.id, model)

    def tell(self, route: Route) -> None:
        """Publish what was kept."""
        if isinstance(route, _Decided):
            self._house.router.tell(route.decision)

    async def _must_change(self, before: Decision) -> bool:
        there = [one for one in await self.candidates() if same(one.shown, before.model)]
        if not before.model or not there:
            return True
        if before.after is not None or before.concern is not None:
            return False  # looked at twice, or known to be tight when it was asked: that will do
        return all(one.fits in ("partly", "no") and not one.loaded for one in there)

    def _may_fall_back(self, before: Decision) -> bool:
        allowed = self._settings.fallback
        return allowed == "always" or (allowed == "routed" and before.source != "chosen")


def _route(decision: Decision) -> _Decided:
    line = CHOSEN if decision.source == "chosen" else decision.line
    return _Decided(decision.model, line, decision)


def _question(wish: Wish, answer: Turn | None = None) -> RouteQuestion:
    return RouteQuestion(
        text=wish.text,
        chat_id=wish.chat_id,
        turn_id=answer.id if answer is not None else None,
        model=wish.model,
        tier=wish.tier,
        images=wish.images,
        tokens=wish.tokens,
        passages=wish.passages,
        passage_tokens=wish.passage_tokens,
        passage_share=wish.passage_share,
    )
