"""Chat: the list of conversations, the transcript, the composer."""

from __future__ import annotations

from textual.app import SuspendNotSupported

from core.errors import LeitstandError
from tui import keymap
from tui.screens.chat_keeping import Keeping
from tui.screens.chat_pace import Pacing
from tui.screens.chat_ready import Ready
from tui.screens.chat_sources import Sourcing
from tui.screens.chat_waiting import Waiting
from tui.terminal.editor import edit


class ChatScreen(Waiting, Keeping, Ready, Sourcing, Pacing):
    """Conversations at the left, the open one at the right, the composer below it."""

    BINDINGS = keymap.bindings("chat")

    def action_follow(self) -> None:
        """Go to the end and follow what comes."""
        self._talk.follow()

    def action_focus_talk(self) -> None:
        """Go to the transcript."""
        # At once: the next key is meant for it already.
        self.set_focus(self._talk)

    def action_new_line(self) -> None:
        """Break the line of the question."""
        self._prompt.insert("\n")

    def action_editor(self) -> None:
        """Hand the question to the person's own editor, and take back what is written there."""
        self.run_worker(self._edit(), group="editor", exclusive=True, exit_on_error=False)

    async def _edit(self) -> None:
        try:
            text = await edit(
                self._prompt.text,
                environment=self.engine.options.environment,
                directory=self.engine.paths.cache / "edit",
                suspended=self.app.suspend,
            )
        except SuspendNotSupported:
            self.leitstand.toast("warning", "An editor needs a real terminal.")
        except LeitstandError as error:
            self.leitstand.say_error(error)
        else:
            if text is None:
                self.leitstand.toast("info", "The editor ended without a text; the question is as it was.")
            else:
                self._prompt.put(text)
        self._prompt.focus()

    async def action_send(self) -> None:
        """Send what is written."""
        self._prompt.submit()
