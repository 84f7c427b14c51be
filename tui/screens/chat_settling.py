"""The settings of the open chat, and who answers in it."""

from __future__ import annotations

from core.chat.types import Persona
from core.errors import LeitstandError
from tui.screens.chat_attaching import Attaching


class Settling(Attaching):
    """What the chat page changes about how a chat answers."""

    async def _settle(self, **settings: object) -> None:
        """Change settings of the open chat; a new one is made to hold them."""
        try:
            if self._chat is None:
                chat = await self.engine.chat.create()
                await self.engine.chat.set_draft(chat.id, self._prompt.text)
                self._attachments[chat.id] = self._attachments.pop(None, [])
                await self._open(chat.id)
            assert self._chat is not None
            self._chat = await self.engine.chat.set_options(self._chat.id, **settings)  # type: ignore[arg-type]  # names checked by the callers
        except LeitstandError as error:
            self.leitstand.say_error(error)
        self._show_next()
        await self._count()

    async def _read_persona(self) -> None:
        """Know who is talked to, so that an empty chat can say what one could ask."""
        name = self._chat.persona if self._chat is not None else ""
        found: Persona | None = None
        if name:
            try:
                personas = await self.engine.chat.personas()
            except LeitstandError:
                personas = ()  # the file has a fault, which is said where personas are chosen
            found = next((one for one in personas if one.name.casefold() == name.casefold()), None)
        if found != self._persona:
            self._persona = found
            self._show_next()
            if not self._turns:
                self._welcome(show=True)
                self._offer()
