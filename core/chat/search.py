"""Finding words in everything that was said."""

from __future__ import annotations

import re
import sqlite3
from typing import Literal

from core.chat.types import SearchHit
from core.store.database import Database

Part = Literal["thinking", "answer", "question"]

_WORD = re.compile(r"\w+", re.UNICODE)
_MOST_WORDS = 20
_LONGEST_WORD = 100
_AROUND = 24
"""Words of a snippet."""
# Marks that no keyboard types; whatever of them a text holds is not shown anyway.
_FROM, _TO = "\x02", "\x03"
_MARK = re.compile(f"[{_FROM}{_TO}]")

# Ranked by the index itself, row by row, so that only what is returned is read and cut into snippets.
_TURNS = f"""
    SELECT t.id, t.chat_id, t.role, t.created, c.title,
           snippet(chat_search, 0, '{_FROM}', '{_TO}', '…', {_AROUND}) AS said,
           snippet(chat_search, 1, '{_FROM}', '{_TO}', '…', {_AROUND}) AS thought
    FROM chat_search
    CROSS JOIN chat_turn AS t ON t.id = chat_search.rowid
    CROSS JOIN chat AS c ON c.id = t.chat_id
    WHERE chat_search MATCH :query AND rank MATCH 'bm25(1.0, 0.5)' AND c.deleted_at IS NULL
    ORDER BY rank LIMIT :limit
"""  # noqa: S608 - only our own words
_TITLES = "SELECT id, title, updated FROM chat WHERE deleted_at IS NULL ORDER BY updated DESC"


def words_of(text: str) -> list[str]:
    """What is looked for: words, whatever else stands between them."""
    return [word[:_LONGEST_WORD] for word in _WORD.findall(text.casefold())][:_MOST_WORDS]


def query_of(words: list[str]) -> str:
    """All of these words, the last one perhaps only begun; nothing in it is an operator."""
    *whole, last = (f'"{word}"' for word in words)
    return " ".join([*whole, f"{last}*"])


async def search(database: Database, text: str, limit: int) -> tuple[SearchHit, ...]:
    """Titles first, then turns, the best first."""
    words = words_of(text)
    if not words or limit < 1:
        return ()
    titles = await _titles(database, words, limit)
    found = await database.read(_TURNS, {"query": query_of(words), "limit": limit})
    return (*titles, *map(_hit, found))[:limit]


async def _titles(database: Database, words: list[str], limit: int) -> list[SearchHit]:
    hits = []
    for row in await database.read(_TITLES):
        folded = row["title"].casefold()
        if all(word in folded for word in words):
            title, marks = row["title"], _marks_of(row["title"], words)
            hits.append(
                SearchHit(chat_id=row["id"], title=title, snippet=title, marks=marks, at=row["updated"])
            )
    return hits[:limit]


def _marks_of(title: str, words: list[str]) -> tuple[tuple[int, int], ...]:
    folded = title.casefold()
    if len(folded) != len(title):
        return ()  # a letter became two: places would be wrong
    return tuple(sorted((folded.index(word), folded.index(word) + len(word)) for word in words))


def _hit(row: sqlite3.Row) -> SearchHit:
    thought = _FROM in row["thought"] and _FROM not in row["said"]
    snippet, marks = _marked(row["thought"] if thought else row["said"])
    part: Part = "answer" if row["role"] == "assistant" else "question"
    return SearchHit(
        chat_id=row["chat_id"],
        title=row["title"],
        turn_id=row["id"],
        role=row["role"],
        part="thinking" if thought else part,
        snippet=snippet,
        marks=marks,
        at=row["created"],
    )


def _marked(text: str) -> tuple[str, tuple[tuple[int, int], ...]]:
    """A snippet without its marks, and where they were."""
    plain, marks, start = "", [], None
    position = 0
    for mark in _MARK.finditer(text):
        plain += text[position : mark.start()]
        position = mark.end()
        if mark.group() == _FROM:
            start = len(plain)
        elif start is not None:
            marks.append((start, len(plain)))
            start = None
    return plain + text[position:], tuple(marks)
