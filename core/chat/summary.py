"""Asks for a summary of a chat, to go on from it in a new one."""

from __future__ import annotations

from core.chat import prompt
from core.chat.desk import Desk
from core.chat.types import Chat
from core.errors import UsageError

_SHARE = 0.6
_TURNS = 400
_SUMMARY = (
    "This is what we said in another chat. Summarise it in its language, so that we can go on from there: "
    "what it is about, what was found out and decided, what is still open."
)


async def summary_question(desk: Desk, chat: Chat) -> str:
    """Ask for a summary of a chat, with as much of its end as there is room for."""
    known = await desk.memory.of(await desk.model_for(chat))
    room = known.window(desk.settings().context) * _SHARE / known.ratio.value
    kept: list[str] = []
    for turn in reversed(await desk.tree.up(chat.head_id, _TURNS)):
        if turn.text:
            said = f"{'I' if turn.role == 'user' else 'You'}: {turn.text}"
            room -= prompt.estimate(said)
            if room < 0:
                break
            kept.insert(0, said)
    if not kept:
        raise UsageError("There is nothing to summarise, or the last message alone is too long.")
    return f"{_SUMMARY}\n\n---\n\n" + "\n\n".join(kept)
