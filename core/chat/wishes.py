"""What a question asks of a model, put together for whoever chooses one."""

from __future__ import annotations

from collections.abc import Sequence

from core.chat.desk import Desk
from core.chat.prompt import PER_MESSAGE, estimate
from core.chat.routing import AUTO, Route, Tier, Wish
from core.chat.types import Attachment, Chat, Turn

_TOKENS_A_BYTE = 0.27


async def route_for(
    desk: Desk,
    chat: Chat,
    parent: Turn | None,
    text: str,
    files: Sequence[Attachment],
    *,
    model: str = "",
    tier: Tier | None = None,
) -> Route:
    """Decide who answers a question that is about to be asked behind a turn."""
    chosen = "" if model == AUTO else model
    if not chosen and tier is None and model != AUTO:
        chosen = await desk.model_for(chat)
    if not desk.router.on:
        return Route(chosen or await desk.memory.last_used())
    return await desk.route(await _wish(desk, chat.id or None, parent, text, files, chosen, tier))


async def wish_of(desk: Desk, answer: Turn) -> Wish:
    """What an answer that was asked for needs; whoever was to give it is not among that."""
    assert answer.parent_id is not None
    question = await desk.tree.turn(answer.parent_id)
    before = await desk.tree.turn(question.parent_id) if question.parent_id is not None else None
    return await _wish(desk, answer.chat_id, before, question.text, question.attachments, "", None)


async def _wish(
    desk: Desk,
    chat_id: int | None,
    parent: Turn | None,
    text: str,
    files: Sequence[Attachment],
    model: str,
    tier: Tier | None,
) -> Wish:
    # Earlier messages may stay out for lack of room; the question itself may not.
    tokens = PER_MESSAGE + estimate(text)
    tokens += sum(_TOKENS_A_BYTE * file.size for file in files if file.kind == "text")
    past = await desk.tree.up(parent.id, desk.settings().window - 1) if parent is not None else []
    seen = [*files, *(file for turn in past for file in turn.attachments)]
    weight = await desk.library.looks_up(chat_id)
    return Wish(
        text=text,
        chat_id=chat_id,
        model=model,
        tier=tier,
        images=any(file.kind == "image" for file in seen),
        tokens=round(tokens),
        passages=weight is not None,
        passage_tokens=weight.tokens if weight is not None else 0,
        passage_share=weight.share if weight is not None else 100,
    )
