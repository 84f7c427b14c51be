"""The verbs of answers that were given: once more, by others, gone on with, side by side."""

from __future__ import annotations

from core.chat.desk import Desk
from core.chat.routing import Tier
from core.chat.sending import Sending
from core.chat.types import NewAttachment, Sent, Turn
from core.exposed import exposed


class AnswerVerbs:
    """What a person may want of an answer besides reading it."""

    _desk: Desk
    _sending: Sending

    @exposed
    async def regenerate(self, turn_id: int, *, model: str = "") -> Sent:
        """Answer the same question anew; the earlier answer stays beside the new one."""
        return await self._sending.regenerate(turn_id, model)

    @exposed
    async def reroute(self, turn_id: int, *, model: str = "", tier: Tier | None = None) -> Sent:
        """Let another model answer, or one of another tier; an answer that said something stays."""
        return await self._sending.reroute(turn_id, model, tier)

    @exposed
    async def edit_and_resend(
        self, turn_id: int, text: str, *, attachments: tuple[NewAttachment, ...] | None = None
    ) -> Sent:
        """Ask a question in other words; the earlier one stays beside it. None keeps its attachments."""
        return await self._sending.edit(turn_id, text, attachments)

    @exposed
    async def continue_answer(self, turn_id: int) -> Turn:
        """Go on with an answer that was stopped, interrupted, failed or too long."""
        return await self._sending.again(turn_id)

    @exposed
    async def retry(self, turn_id: int) -> Turn:
        """Try a failed answer again: in place when nothing was said, beside it otherwise."""
        return await self._sending.retry(turn_id)

    @exposed
    async def answer_also(self, turn_id: int, models: tuple[str, ...]) -> Sent:
        """Let several models answer a question that was asked already, beside the answers it has."""
        return await self._sending.answer_also(turn_id, models)

    @exposed
    async def variants(self, turn_id: int) -> tuple[Turn, ...]:
        """Return a turn and its variants as they are at this moment, in the order they were made."""
        desk = self._desk
        ids = await desk.tree.variants(await desk.tree.turn(turn_id))
        return tuple([await desk.turn(id) for id in ids])
