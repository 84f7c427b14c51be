"""What a question would take of the context if it were asked now, and whether there is room for it."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import msgspec

from core.chat import attachments as files
from core.chat import prompt
from core.chat.asking import line_of, line_with
from core.chat.desk import Desk
from core.chat.routing import CHOSEN, Route
from core.chat.types import Budget, Chat, NewAttachment
from core.chat.wishes import route_for
from core.errors import ContextExceeded, LeitstandError

_PATIENCE = 1.0
"""Seconds a budget waits for what the server says of a model."""

Given = tuple[NewAttachment, ...]


async def budget_for(
    desk: Desk, chat: Chat, text: str, given: Given, model: str = "", *, ask: bool = True
) -> Budget:
    """What would be sent, and whether it fits; without *ask* the server is not asked about the model."""
    route = Route(model)
    if not model or ask:
        parent = await desk.tree.turn(chat.head_id) if chat.head_id is not None else None
        route = await route_for(desk, chat, parent, text, files.described(given), model=model)
        model = route.model
    if ask:
        await _get_to_know(desk, model)
    facts, known = desk.facts.known(model), await desk.memory.of(model)
    context = known.window(desk.settings().context)
    window = desk.settings().window
    past = await desk.tree.up(chat.head_id, window + 1)
    lines = [await line_of(desk, turn) for turn in past if turn.text or turn.attachments]
    kept = prompt.reserve(context, chat.options.get("num_predict"))
    plan = prompt.plan(
        desk.system_of(chat),
        [*lines, line_with(text, given)],
        window=window,
        context=context,
        kept=kept,
        ratio=known.ratio.value,
        total=chat.turns + 1 - (len(past) - len(lines)),
    )
    counted = prompt.budget(
        plan,
        context=context,
        kept=kept,
        model_max=facts.trained if facts else None,
        largest=None if plan.verdict == "fits" else await _largest(desk, model),
        learned=known.ratio.samples > 0,
    )
    return msgspec.structs.replace(counted, model=model, route="" if route.line == CHOSEN else route.line)


async def check_room(desk: Desk, chat: Chat, text: str, given: Given, model: str) -> None:
    """Refuse what the server would cut."""
    found = await budget_for(desk, chat, text, given, model, ask=False)
    if found.verdict == "cut":
        ways = " ".join(choice.text for choice in found.choices)
        raise ContextExceeded(found.message, ways, prompt_tokens=found.used, window=found.available)


async def _largest(desk: Desk, model: str) -> int | None:
    """The context that fits into memory; nobody has one to raise."""
    return await desk.largest_context(model) if model else 0


async def _get_to_know(desk: Desk, model: str) -> None:
    """Ask about a model, but wait for no server that is slow or away."""
    with suppress(LeitstandError, TimeoutError):
        async with asyncio.timeout(_PATIENCE):
            await desk.window_of(await desk.facts.of(model))
