"""Finished answers that nobody looks at: a notice, and a call to whoever wants one."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from core.bus import Level
from core.chat.types import Chat, Turn, TurnChanged
from core.errors import LeitstandError
from core.guard import one_line
from tui import keymap

if TYPE_CHECKING:
    from tui.app import LeitstandApp

RECENT = 30.0
"""Seconds after its end in which an answer is news."""


class Answers:
    """Watches answers end, on whatever page somebody is."""

    def __init__(self, app: LeitstandApp) -> None:
        self._app = app
        self._told: deque[int] = deque(maxlen=200)

    async def seen(self, event: TurnChanged) -> None:
        """Tell of an answer that has just ended, unless it is in front of the reader."""
        turn, app = event.turn, self._app
        if not _is_news(turn, app.engine.clock.now()):
            self._forget(turn)
            return
        if turn.id in self._told or (app.shows_chat(turn.chat_id) and app.looked_at):
            return
        self._told.append(turn.id)
        try:
            chat = await app.engine.chat.get(turn.chat_id)
        except LeitstandError:
            return  # it was removed meanwhile
        words = _words(turn, chat)
        if not app.shows_chat(turn.chat_id):
            key = keymap.named("app.answered", app.key_overrides)
            level: Level = "good" if turn.state == "done" else "warning"
            app.toast(level, words, f"{key} goes there." if key else "")
        app.call_attention(words)

    def _forget(self, turn: Turn) -> None:
        if not turn.ended and turn.id in self._told:
            self._told.remove(turn.id)  # it goes on, and will end again


def _is_news(turn: Turn, now: float) -> bool:
    ended = turn.role == "assistant" and turn.state in {"done", "failed"}
    return ended and turn.finished is not None and now - turn.finished < RECENT


def _words(turn: Turn, chat: Chat) -> str:
    title = one_line(chat.title, 60) or "New chat"
    if turn.state == "failed":
        why = one_line(turn.error.message, 160) if turn.error is not None else ""
        return f"“{title}” got no answer. {why}".strip()
    return f"“{title}” is answered."
