"""Which keys the key line names: those of what has the focus, in the words for what they do now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from textual import events, on

from core.chat.types import Turn
from tui.screens.chat_steering import Steering

_GO_ON = {"failed": "try again", "interrupted": "go on"}
"""What Enter in an empty composer does, by the state of the last answer."""


class Keys(Steering):
    """The chat page's key line."""

    def scopes(self) -> tuple[str, ...]:
        """The keys of the transcript or of the list come first while it has the focus."""
        near = ("talk",) if self._talk.has_focus else ("chats",) if self._rows.has_focus else ()
        return (*near, *super().scopes())

    def labels(self) -> Mapping[str, str]:
        """Enter in an empty composer goes on with what was cut off."""
        return {"chat.send": _GO_ON[turn.state]} if (turn := self._cut_off()) is not None else {}

    def offers(self, id: str) -> bool:
        """Leave out what nothing is there for, and Enter's meaning in the composer elsewhere."""
        elsewhere = self._talk.has_focus or self._rows.has_focus
        turns = self._turns.values()
        return {
            "chat.send": not elsewhere,
            "chat.write": elsewhere,
            "talk.think": any(turn.thinking for turn in turns),
            "talk.continue": any(turn.state in ("stopped", "interrupted", "failed") for turn in turns),
            "talk.after": any(turn.siblings > 1 for turn in turns),
            "chat.sources": not elsewhere and _sourced(turns),
            "talk.sources": _sourced(turns),
            "chats.undo": bool(self._deleted),
        }.get(id, True)

    def _cut_off(self) -> Turn | None:
        """The last answer, when it failed or was interrupted and nothing is written meanwhile."""
        last = next(reversed(self._turns.values()), None)
        if last is None or last.state not in _GO_ON or self._prompt.text.strip() or self._attached:
            return None
        return last

    async def _go_on(self) -> None:
        if (turn := self._cut_off()) is not None:
            await self._answered("retry" if turn.state == "failed" else "continue_answer", turn)

    @on(events.DescendantFocus)
    @on(events.DescendantBlur)
    def _focus_moved(self) -> None:
        self.show_keys()

    @on(events.TextSelected)
    def _selected_by_mouse(self) -> None:
        # Whoever selects with the mouse goes on writing: the letters that follow are words, not keys.
        if self._talk.has_focus:
            self._prompt.focus()


def _sourced(turns: Iterable[Turn]) -> bool:
    """Whether an answer was given from passages."""
    return any(turn.sources is not None and turn.sources.sources for turn in turns)
