"""Chat: the list of conversations, the transcript, the composer."""

from __future__ import annotations

from tui import keymap
from tui.screens.chat_keeping import Keeping
from tui.screens.chat_steering import Steering
from tui.screens.chat_writing import Writing
from tui.widgets.prompt import Prompt


class ChatScreen(Writing, Keeping, Steering):
    """Conversations at the left, the open one at the right, the composer below it."""

    BINDINGS = keymap.bindings("chat")

    def action_scroll_talk(self, direction: int) -> None:
        """Read back or on by a screenful."""
        self._talk.page(direction)

    def action_follow(self) -> None:
        """Go to the end and follow what comes."""
        self._talk.follow()

    def action_focus_talk(self) -> None:
        """Go to the transcript."""
        self._talk.focus()

    def action_focus_prompt(self) -> None:
        """Go back to the composer."""
        self._prompt.focus()

    async def action_send(self) -> None:
        """Send what is written."""
        self._prompt.post_message(Prompt.Submitted(self._prompt, self._prompt.text))
