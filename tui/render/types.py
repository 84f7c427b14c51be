"""What the transcript is told: a turn as words to show, free of the engine."""

from __future__ import annotations

from typing import Literal

import msgspec

Speaker = Literal["question", "answer", "note"]
"""Who says it; a note is a line of our own between the turns."""

Phase = Literal["waiting", "thinking", "answering", "ended"]
"""What a turn is doing: nothing yet, thinking aloud, answering, or nothing any more."""

Part = Literal["thinking", "answer"]
"""Which of a turn's two texts."""

ThinkMode = Literal["auto", "open", "closed"]
"""How think blocks are shown; auto: open while it thinks, closed when the answer begins."""

Tone = Literal["dim", "good", "warn", "error"]
"""How loud a notice is; its words or its sign say the same without colour."""


class Notice(msgspec.Struct, frozen=True):
    """A sentence under a turn: how it ended, what went wrong, the key that mends it."""

    text: str
    tone: Tone = "dim"


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """One message with everything around it; the texts are source, the rest are finished words."""

    id: int
    speaker: Speaker = "question"
    name: str = ""
    """At the left of its first row: who speaks."""
    time: str = ""
    """Beside the name, dim."""
    detail: str = ""
    """At the right of the first row, dim: the route, the variant."""
    briefs: tuple[str, ...] = ()
    """The same in fewer words, ever fewer: the first that has room is shown."""
    text: str = ""
    """Markdown for an answer, as it was typed for a question."""
    thinking: str = ""
    phase: Phase = "ended"
    status: str = ""
    """What is going on while nothing is said yet: queued, loading, reading."""
    seconds: float | None = None
    """How long it has thought."""
    tokens: int | None = None
    """How many tokens it has thought."""
    notices: tuple[Notice, ...] = ()
    chips: tuple[str, ...] = ()
    """Small words in a row: attachments, searched spaces, sources."""
    facts: str = ""
    """At the left of the last row, dim: speed and time."""
    ended: str = ""
    """At the right of the last row, dim."""
