"""Compares what an answer cites with the passages it was given, however the answer ended. Pure."""

from __future__ import annotations

import msgspec

from core.chat.types import Note, Turn
from core.retrieval.cite import citations
from core.retrieval.library import Sources

CITED = "citation"
"""The note that an answer names passages there are not."""


def checked(turn: Turn) -> tuple[Sources | None, tuple[Note, ...]]:
    """What an answer rests on as its text says it, and its notes with the one about false citations."""
    sources, notes = turn.sources, tuple(note for note in turn.notes if note.code != CITED)
    if sources is None or not any(space.searched for space in sources.spaces):
        return sources, notes
    found = citations(turn.text, len(sources.sources))
    uncited = found.uncited if sources.sources else 0
    sources = msgspec.structs.replace(sources, cited=found.cited, unknown=found.unknown, uncited=uncited)
    if not found.unknown:
        return sources, notes
    numbers = ", ".join(f"[{number}]" for number in found.unknown)
    there = f"There are {len(sources.sources)}." if sources.sources else "There are none."
    return sources, (
        *notes,
        Note(CITED, f"The answer cites {numbers}, which is no passage it was given.", there),
    )
