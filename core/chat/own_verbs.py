"""The verbs of what is a person's own beside conversations: personas and ready prompts."""

from __future__ import annotations

from core.chat.desk import Desk
from core.chat.own_files import Kind, OwnFiles
from core.chat.ready import ReadyPrompt
from core.chat.types import Persona
from core.exposed import exposed


class OwnVerbs:
    """Reads and writes the two files of one's own."""

    _desk: Desk
    _own: OwnFiles

    @exposed
    async def personas(self) -> tuple[Persona, ...]:
        """Return everybody there is to talk to."""
        return await self._desk.tasks.in_thread(self._own.personas)

    @exposed
    async def save_persona(self, persona: Persona, *, replacing: str = "") -> Persona:
        """Keep a persona of one's own; *replacing* is the name of the one that was changed."""
        return await self._desk.tasks.in_thread(self._own.save_persona, persona, replacing)

    @exposed
    async def delete_persona(self, name: str) -> Persona:
        """Forget a persona of one's own and return it: saving it takes that back."""
        return await self._desk.tasks.in_thread(self._own.delete_persona, name)

    @exposed
    async def prompts(self) -> tuple[ReadyPrompt, ...]:
        """Return the ready prompts, one's own first."""
        return await self._desk.tasks.in_thread(self._own.prompts)

    @exposed
    async def own_file(self, kind: Kind, add: str = "") -> str:
        """Return the text of one's own file, with the entry of that name to change, or with an example."""
        return await self._desk.tasks.in_thread(self._own.text, kind, add)

    @exposed
    async def write_own_file(self, kind: Kind, text: str) -> None:
        """Put a text in the place of one's own file; ConfigError says what is wrong with it."""
        await self._desk.tasks.in_thread(self._own.write, kind, text)
