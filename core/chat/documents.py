"""Documents, as chats ask for them. The engine hands over a library; without one, nothing is looked up."""

from __future__ import annotations

from typing import Protocol

from core.retrieval.library import Choice, Searched, Weight


class Library(Protocol):
    """Whoever knows the documents."""

    async def look_up(
        self, chat_id: int, question: str, *, before: str, window: int
    ) -> tuple[Choice, Searched | None]:
        """Find passages for a question, within a share of the model's window; None: nothing is looked up."""
        ...

    async def looks_up(self, chat_id: int | None) -> Weight | None:
        """How much room the passages for a chat's questions take; None: nothing is looked up."""
        ...

    def hint(self, model: str) -> str:
        """What would answer better from documents than this model; empty when it is made for it."""
        ...


class NoLibrary:
    """The library of a house without one."""

    async def look_up(
        self, chat_id: int, question: str, *, before: str, window: int
    ) -> tuple[Choice, Searched | None]:
        """Look nothing up."""
        return Choice("none"), None

    async def looks_up(self, chat_id: int | None) -> Weight | None:
        """Nothing is."""
        return None

    def hint(self, model: str) -> str:
        """Say nothing."""
        return ""
