"""Finding words in everything that was said."""

from __future__ import annotations

import json
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

_NEWEST = 2000
"""Of a word that occurs more often only the newest places are ranked: weighing all of them takes too long."""

_PLACES = """
    SELECT t.id, t.chat_id, t.role, t.created, c.title
    FROM (
        SELECT rowid AS id, bm25(chat_search, 1.0, 0.5) AS place FROM chat_search
        WHERE chat_search MATCH :query ORDER BY rowid DESC LIMIT :newest
    ) AS found
    JOIN chat_turn AS t ON t.id = found.id
    JOIN chat AS c ON c.id = t.chat_id
    WHERE c.deleted_at IS NULL
    ORDER BY found.place LIMIT :limit
"""
# The plus keeps SQLite from looking each row up by itself, which would begin the search anew each time.
_SNIPPETS = """
    SELECT rowid AS id,
           snippet(chat_search, 0, :from, :to, '…', :around) AS said,
           snippet(chat_search, 1, :from, :to, '…', :around) AS thought
    FROM chat_search
    WHERE chat_search MATCH :query AND rowid >= :first AND +rowid IN (SELECT value FROM json_each(:ids))
"""
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
    return (*titles, *await _turns(database, query_of(words), limit))[:limit]


async def _turns(database: Database, query: str, limit: int) -> list[SearchHit]:
    found = await database.read(_PLACES, {"query": query, "newest": _NEWEST, "limit": limit})
    if not found:
        return []
    ids = [row["id"] for row in found]
    values = {
        "query": query,
        "from": _FROM,
        "to": _TO,
        "around": _AROUND,
        "first": min(ids),
        "ids": json.dumps(ids),
    }
    snippets = {row["id"]: row for row in await database.read(_SNIPPETS, values)}
    return [_hit(row, snippets[row["id"]]) for row in found if row["id"] in snippets]


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


def _hit(row: sqlite3.Row, found: sqlite3.Row) -> SearchHit:
    thought = _FROM in found["thought"] and _FROM not in found["said"]
    snippet, marks = _marked(found["thought"] if thought else found["said"])
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
