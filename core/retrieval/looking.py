"""Looks questions of chats up: in what was chosen for the chat, or in what matches; small talk in nothing."""

from __future__ import annotations

from collections.abc import Sequence

from core.guard import one_line
from core.retrieval.desk import Desk
from core.retrieval.finding import Finder, Wanted
from core.retrieval.library import SMALL_TALK, Choice, Searched, Space, Weight
from core.retrieval.shelves import Shelves
from core.retrieval.smalltalk import is_small_talk

_SECTION = 500
"""About the tokens of a passage: what documents are cut into."""

LONGEST_QUESTION = 20_000
"""Characters of a question that are searched for."""


class Lookup:
    """What chats ask of the library."""

    def __init__(self, desk: Desk, shelves: Shelves, finder: Finder) -> None:
        self._desk = desk
        self._shelves = shelves
        self._finder = finder

    async def looks_up(self, chat_id: int | None) -> Weight | None:
        """How much room the passages for a chat's questions take; None: nothing is looked up."""
        asked = await self._shelves.choice(chat_id)
        there = [space for space in await self._desk.spaces.all() if space.chunks]
        if not self._wanted(asked, there) and all(space.chat_id != chat_id for space in there):
            return None
        settings = self._desk.settings()
        return Weight(settings.passages * _SECTION, settings.share)

    def hint(self, model: str) -> str:
        """What would answer better from documents than this model; empty when it is made for it."""
        found = self._desk.models.roster.find(model)
        if found is None or not found.uses or "rag" in found.uses:
            return ""
        return f"{found.name} is not among the models recommended for answers from documents."

    async def look_up(
        self, chat_id: int, question: str, *, before: str = "", window: int
    ) -> tuple[Choice, Searched | None]:
        """Find passages for a question of a chat, in a share of the window; None: nothing is looked up."""
        asked = await self._shelves.choice(chat_id)
        there = [space for space in await self._desk.spaces.all() if space.chunks]
        own = [space for space in there if space.chat_id == chat_id]
        wanted = self._wanted(asked, there)
        if not own and not wanted:
            if asked.mode == "chosen" and asked.spaces:
                return asked, Searched(notes=("There is nothing in the chosen spaces yet.",))
            return asked, None
        if is_small_talk(question):
            return asked, Searched(notes=(SMALL_TALK,))
        settings = self._desk.settings()
        return asked, await self._finder.find(
            Wanted(
                question=question[:LONGEST_QUESTION],
                query=_query(question, before)[:LONGEST_QUESTION],
                spaces=(*own, *wanted),
                auto=asked.mode == "auto" or not wanted,
                always=tuple(space.id for space in own),
                limit=settings.passages,
                tokens=window * settings.share // 100,
                method=settings.method,
                narrow=asked.narrow,
                rerank=settings.rerank,
                queued=False,
            )
        )

    def _wanted(self, asked: Choice, there: Sequence[Space]) -> list[Space]:
        match asked.mode:
            case "none":
                return []
            case "chosen":
                return [space for space in there if space.id in asked.spaces]
            case "auto":
                return [space for space in there if space.chat_id is None]


def _query(question: str, before: str) -> str:
    """What to search for: a short question means little without the one before."""
    if before and len(question.split()) <= 12:
        return f"{one_line(before, 400)}\n{question}"
    return question
