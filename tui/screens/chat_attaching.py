"""Files that go with the next question of a chat, or become its own documents."""

from __future__ import annotations

from core.chat import attachments
from core.errors import LeitstandError, NotFound
from core.guard import one_line
from tui.screens.chat_files import expanded
from tui.screens.conversation import Conversation


class Attaching(Conversation):
    """What the chat page does with a file that a person names."""

    async def _attach_to_library(self, path: str) -> bool:
        """Read a file into the documents of this chat; False when that is no way either."""
        return False

    async def _attach_file(self, path: str) -> None:
        try:
            # Read here: the engine may be on another machine, or stand in another folder.
            attached = await self.engine.tasks.in_thread(attachments.read, expanded(path))
        except LeitstandError as error:
            if not isinstance(error, NotFound) and await self._attach_to_library(expanded(path)):
                return
            self.leitstand.say_error(error)
            return
        self._attached.append(attached)
        self.leitstand.toast("good", f"{one_line(attached.name, 80)} goes with the next question.")
        await self._count()
