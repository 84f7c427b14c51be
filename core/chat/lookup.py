"""Looks things up in documents before an answer is given.

What was found is kept with the answer,
so that it can be told later what the model had before it, whatever has become of the documents since.
"""

from __future__ import annotations

import secrets
from typing import NamedTuple

import msgspec

from core.chat.desk import Desk
from core.chat.prompt import Line
from core.chat.recorder import Recorder
from core.chat.types import Turn
from core.errors import LeitstandError
from core.retrieval.cite import prompt
from core.retrieval.excerpt import excerpt
from core.retrieval.library import Choice, Inspection, Mode, Searched, Source, Sources
from core.retrieval.types import Passage

_SNIPPET = 200


class Evidence(NamedTuple):
    """What goes to the model with the question."""

    passages: tuple[Passage, ...]
    auto: bool
    mark: str
    """Drawn anew for every answer: no document can know it."""

    def line(self, line: Line, count: int) -> Line:
        """The question with the first so many passages."""
        text = prompt(line.text, self.passages[:count], mark=self.mark, auto=self.auto)
        return msgspec.structs.replace(line, text=text)


async def looked_up(desk: Desk, recorder: Recorder, model: str) -> Evidence | None:
    """Find what an answer is to be given from, and keep it; None when nothing is looked up."""
    turn = recorder.turn
    if turn.text and turn.sources is not None:
        # It is gone on with: its numbers must go on meaning the same.
        return _evidence(await passages_of(desk, turn.id), turn.sources.mode)
    assert turn.parent_id is not None
    question = await desk.tree.turn(turn.parent_id)
    path = await desk.tree.up(question.parent_id, 2) if question.parent_id is not None else []
    before = next((one.text for one in reversed(path) if one.role == "user"), "")
    try:
        window = await desk.window_of(await desk.facts.of(model))
        choice, found = await desk.library.look_up(turn.chat_id, question.text, before=before, window=window)
    except LeitstandError as error:
        if not await desk.library.looks_up(turn.chat_id):
            return None
        choice, found = Choice(), Searched(notes=(f"The documents could not be searched: {error.message}",))
    if found is None:
        if turn.sources is not None:
            recorder.enter(turn.state, sources=None)
        return None
    hint = desk.library.hint(model) if found.passages else ""
    await _keep(desk, turn, found)
    recorder.enter(recorder.state, sources=_sources(choice, found, hint, question.text))
    searched = any(space.searched for space in found.spaces)
    return _evidence(found.passages, choice.mode) if found.passages or searched else None


def first_of(sources: Sources | None, count: int) -> Sources | None:
    """The sources of which the passages had room."""
    if sources is None or len(sources.sources) <= count:
        return sources
    return msgspec.structs.replace(sources, sources=sources.sources[:count])


async def passages_of(desk: Desk, turn_id: int) -> tuple[Passage, ...]:
    """The passages an answer was given from, as the model read them."""
    rows = await desk.database.read(
        "SELECT passage FROM chat_passage WHERE turn_id = ? ORDER BY number", (turn_id,)
    )
    return tuple(msgspec.json.decode(row["passage"], type=Passage) for row in rows)


async def inspection_of(desk: Desk, turn_id: int) -> Inspection | None:
    """How the search for an answer came to its passages."""
    row = await desk.database.read_one("SELECT inspection FROM chat_inspection WHERE turn_id = ?", (turn_id,))
    return None if row is None else msgspec.json.decode(row["inspection"], type=Inspection)


async def _keep(desk: Desk, turn: Turn, found: Searched) -> None:
    async with desk.database.write() as tx:
        await tx.execute("DELETE FROM chat_passage WHERE turn_id = ?", (turn.id,))
        await tx.many(
            "INSERT INTO chat_passage (turn_id, number, passage) VALUES (?, ?, ?)",
            [(turn.id, one.number, msgspec.json.encode(one).decode()) for one in found.passages],
        )
        if found.inspection is not None:
            await tx.execute(
                "INSERT OR REPLACE INTO chat_inspection (turn_id, inspection) VALUES (?, ?)",
                (turn.id, msgspec.json.encode(found.inspection).decode()),
            )


def _evidence(passages: tuple[Passage, ...], mode: Mode) -> Evidence:
    return Evidence(passages, mode == "auto", secrets.token_hex(4))


def _sources(choice: Choice, found: Searched, hint: str, asked: str) -> Sources:
    seconds = found.inspection.seconds.get("all", 0.0) if found.inspection is not None else 0.0
    return Sources(
        mode=choice.mode,
        narrow=choice.narrow,
        spaces=found.spaces,
        sources=tuple(
            Source(
                number=one.number,
                space=one.space,
                document=one.document,
                title=one.title,
                heading=one.heading,
                place=one.place,
                score=one.score,
                section=one.section,
                source=one.source,
                snippet=_snippet(one, asked),
                cosine=one.cosine,
                bm25=one.bm25,
            )
            for one in found.passages
        ),
        notes=found.notes,
        hint=hint,
        seconds=seconds,
    )


def _snippet(passage: Passage, asked: str) -> str:
    start, end = passage.found[0] if passage.found else (0, len(passage.text))
    return excerpt(passage.text[start : max(end, start + 2 * _SNIPPET)], asked, _SNIPPET)
