"""Files that go with the next question of a chat, or become its own documents."""

from __future__ import annotations

from core.chat import attachments
from core.errors import LeitstandError, NotFound
from core.guard import one_line
from tui.screens.chat_files import expanded, named, without_marks
from tui.screens.conversation import Conversation


class Attaching(Conversation):
    """What the chat page does with a file that a person names."""

    async def _attach_to_library(self, path: str) -> bool:
        """Read a file into the documents of this chat; False when that is no way either."""
        return False

    async def _take_named(self, text: str) -> str | None:
        """Attach the files a question names after an @; the question to send, or None when it waits."""
        names = await self.engine.tasks.in_thread(named, text) if self._may_name(text) else []
        going = len(self._attached)
        for name in names:
            if not await self._attach_file(name):
                self._prompt.give_back(text)
                return None
        question = without_marks(text, names) if names else text
        if question and len(self._attached) < going + len(names):
            # One is read into the library first: asked now, the question would be answered without it.
            self._prompt.give_back(question)
            return None
        # A file alone is no question yet: it waits for one, as after a completion.
        return question or None if names else text

    def _may_name(self, text: str) -> bool:
        return "@" in text and self.leitstand.engine_ready

    async def _attach_file(self, path: str) -> bool:
        """Let a file go with the next question, or read it into the library; False when neither can be."""
        try:
            # Read here: the engine may be on another machine, or stand in another folder.
            attached = await self.engine.tasks.in_thread(attachments.read, expanded(path))
        except LeitstandError as error:
            if not isinstance(error, NotFound) and await self._attach_to_library(expanded(path)):
                return True
            self.leitstand.say_error(error)
            return False
        self._attached.append(attached)
        self.leitstand.toast("good", f"{one_line(attached.name, 80)} goes with the next question.")
        await self._count()
        return True
