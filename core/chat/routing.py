"""Who answers, as chats ask for it. The engine hands over a router; without one, what was chosen answers.

Deciding writes nothing. What was decided is kept in the transaction that makes the answer, so that an
answer and the reason for its model are both there or neither.
"""

from __future__ import annotations

from typing import Literal, Protocol

import msgspec

from core.chat.types import Turn
from core.store.database import Transaction

AUTO = "auto"
"""What stands in the place of a model where the router is to choose one."""

CHOSEN = "your choice"
"""The line of a route where a person named the model, and nothing had to be decided."""

Tier = Literal["fast", "code", "heavy"]

Failure = Literal["failed", "silent", "memory"]
"""Why a model is not the one to answer after all; the last two: no first word in time, no memory for it."""

Outcome = Literal["answered", "stopped", "failed", "silent", "memory"]


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be answered, and what that needs of a model."""

    text: str
    chat_id: int | None = None
    model: str = ""
    """A model that a person chose; empty: the router chooses."""
    tier: Tier | None = None
    """The kind of question a person takes it for; None: what it looks like."""
    images: bool = False
    tokens: int = 0
    """About how long the prompt is."""
    passages: bool = False
    """Whether passages of documents may go along."""
    passage_tokens: int = 0
    """About how many tokens those take, beside the prompt, where there is room."""
    passage_share: int = 100
    """Percent of a model's context that they take at most."""


class Route(msgspec.Struct, frozen=True):
    """Who answers, and why in one line."""

    model: str
    """Empty: nobody could be found."""
    line: str = ""


class Router(Protocol):
    """Whoever chooses models."""

    @property
    def on(self) -> bool:
        """Whether it chooses at all; switched off, nobody asks it anything else."""
        ...

    async def decide(self, wish: Wish) -> Route:
        """Say who would answer; nothing is kept."""
        ...

    async def keep(self, tx: Transaction, route: Route, answer: Turn) -> Route:
        """Keep a decision with the answer it is for."""
        ...

    async def look_again(self, answer: Turn, wish: Wish) -> Route | None:
        """Decide anew when what was decided cannot be done any more; None: it stands."""
        ...

    async def fall_back(self, answer: Turn, wish: Wish, why: Failure) -> Route | None:
        """Say who takes the place of a model that failed; None: nobody does."""
        ...

    async def patience(self, answer: Turn) -> float | None:
        """For how many seconds to wait for a first word before somebody else answers; None: as ever."""
        ...

    async def ended(self, tx: Transaction, answer: Turn, outcome: Outcome) -> Route | None:
        """Keep how an answer ended."""
        ...

    async def overruled(self, answer: Turn, model: str) -> None:
        """Keep that a person took another model instead."""
        ...

    def tell(self, route: Route) -> None:
        """Publish what was kept, after its transaction."""
        ...


class Unrouted:
    """The router of a house without one."""

    on = False

    async def decide(self, wish: Wish) -> Route:
        """Leave it to what was chosen."""
        return Route(wish.model)

    async def keep(self, tx: Transaction, route: Route, answer: Turn) -> Route:
        """Keep nothing."""
        return route

    async def look_again(self, answer: Turn, wish: Wish) -> Route | None:
        """Let it stand."""
        return None

    async def fall_back(self, answer: Turn, wish: Wish, why: Failure) -> Route | None:
        """Let it fail."""
        return None

    async def patience(self, answer: Turn) -> float | None:
        """Wait as long as ever."""
        return None

    async def ended(self, tx: Transaction, answer: Turn, outcome: Outcome) -> Route | None:
        """Keep nothing."""
        return None

    async def overruled(self, answer: Turn, model: str) -> None:
        """Keep nothing."""

    def tell(self, route: Route) -> None:
        """Tell nobody."""
