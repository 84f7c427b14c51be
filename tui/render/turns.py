"""A turn of a chat as the transcript shows it: the engine's facts put into words."""

from __future__ import annotations

import time

from core.chat.types import ContextFacts, Stats
from core.chat.types import Turn as ChatTurn
from core.guard import one_line
from core.retrieval.library import Sources
from tui.format import count, duration, speed
from tui.render import routes as routed
from tui.render.passages import UNUSED, chips
from tui.render.types import Notice, Phase, Turn

_STATUS = {"queued": "waiting for its turn", "loading": "loading the model", "reading": "reading the prompt"}
_ENDED = {"done": "done", "stopped": "stopped", "interrupted": "interrupted", "failed": "failed"}
_PHASE: dict[str, Phase] = {"thinking": "thinking", "answering": "answering"}


def view(turn: ChatTurn, now: float, *, last: bool = False, before: Sources | None = None) -> Turn:
    """Say in words what is known of a turn; the *last* one is what Enter goes on with.

    *before* is what the answer before it came from: that nothing was looked up is not said twice in a row.
    """
    if turn.role != "assistant":
        return Turn(
            id=turn.id,
            speaker="question" if turn.role == "user" else "note",
            name="You" if turn.role == "user" else "System",
            time=_clock(turn.created),
            detail=_variant(turn),
            text=turn.text,
            chips=tuple(f"{attached.name}" for attached in turn.attachments),
        )
    # The variant goes last of all: without it nobody knows that there are others.
    routes = (*routed.wordings(turn.route), "")
    details = tuple("   ".join(part for part in (route, _variant(turn)) if part) for route in routes)
    return Turn(
        id=turn.id,
        speaker="answer",
        name=one_line(turn.model, 80),
        time=_clock(turn.created),
        detail=details[0],
        briefs=details[1:],
        text=turn.text,
        thinking=turn.thinking,
        phase="ended" if turn.ended else _PHASE.get(turn.state, "waiting"),
        status="" if turn.ended else _status(turn, now),
        seconds=_thought(turn, now),
        tokens=turn.stats.thinking_tokens if turn.stats else None,
        notices=_notices(turn, last=last),
        chips=chips(turn.sources, before),
        facts=_measured(turn.stats) if turn.ended else "",
        ended=_end(turn) if turn.ended else "",
    )


def _thought(turn: ChatTurn, now: float) -> float | None:
    """How long it has thought; while it does, with what it thought before it had begun to answer."""
    before = turn.stats.thought if turn.stats else None
    if turn.state == "thinking" and turn.since:
        return (before or 0.0) + max(0.0, now - turn.since)
    return before


def _clock(at: float) -> str:
    return time.strftime("%H:%M", time.localtime(at)) if at else ""


def _variant(turn: ChatTurn) -> str:
    return f"{turn.sibling}/{turn.siblings}" if turn.siblings > 1 else ""


def _status(turn: ChatTurn, now: float) -> str:
    words = _STATUS.get(turn.state, "")
    if turn.error is not None:
        words = "waiting for the server"
    waited = now - turn.since if turn.since else 0.0
    return f"{words}, {duration(waited).strip()}" if words and waited >= 2 else words


def _notices(turn: ChatTurn, *, last: bool) -> tuple[Notice, ...]:
    found = [Notice(_sentence(note.message, note.hint), "warn") for note in turn.notes]
    if turn.sources is not None:
        # That nothing was looked up is a word among the chips: most questions are none to the library.
        told = (note for note in turn.sources.notes if note not in UNUSED)
        found += [Notice(one_line(note, 300), "dim") for note in told]
        if turn.ended and turn.sources.hint and turn.sources.sources:
            found.append(Notice(one_line(turn.sources.hint, 300), "dim"))
    if turn.context is not None and (left_out := _left_out(turn.context)):
        found.append(Notice(left_out, "dim"))
    if turn.error is not None and not turn.ended:
        # Below the head, where there is room for all of it.
        on = "It goes on by itself when the server is back."
        found.append(Notice(_sentence(turn.error.message, on), "warn"))
    if turn.ended and turn.error is not None:
        found.append(Notice(_sentence(turn.error.message, turn.error.hint), "error"))
    if turn.state == "failed":
        again = "Enter or /again" if last else "/again"
        found.append(Notice(f"{again} tries once more; the text above is kept.", "dim"))
    elif turn.state == "interrupted":
        on = "Enter or /continue" if last else "/continue"
        found.append(Notice(f"Leitstand ended while this was answered. {on} goes on.", "warn"))
    elif turn.state == "stopped":
        found.append(Notice("Stopped here. /continue goes on.", "dim"))
    return tuple(found)


def _left_out(context: ContextFacts) -> str:
    if context.cut:
        return "The server left out a part of what was sent: the context was full."
    if context.dropped:
        word = "message" if context.dropped == 1 else "messages"
        return f"{context.dropped} earlier {word} stayed out of the context."
    return ""


def _sentence(message: str, hint: str) -> str:
    return one_line(f"{message} {hint}".strip(), 600)


def _measured(stats: Stats | None) -> str:
    if stats is None:
        return ""
    parts = []
    if stats.speed is not None:
        parts.append(speed(stats.speed).strip())
    if stats.ttft is not None:
        parts.append(f"first token {duration(stats.ttft).strip()}")
    if stats.tokens is not None:
        parts.append(f"{count(stats.tokens).strip()} {'token' if stats.tokens == 1 else 'tokens'}")
    if stats.load is not None and stats.load >= 1:
        parts.append(f"loaded in {duration(stats.load).strip()}")
    if stats.prompt_tokens is not None:
        parts.append(f"prompt {count(stats.prompt_tokens).strip()}")
    return " · ".join(parts)


def _end(turn: ChatTurn) -> str:
    word = _ENDED.get(turn.state, turn.state)
    return f"{word} {_clock(turn.finished)}" if turn.finished else word
