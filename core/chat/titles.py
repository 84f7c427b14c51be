"""Titles: at once from what was asked, later from the model when it has nothing else to do."""

from __future__ import annotations

import re
from contextlib import aclosing

from core.chat.desk import Desk, TitlePayload
from core.chat.think import Said, ThinkParser
from core.chat.types import Chat, ChatChanged, Turn
from core.errors import LeitstandError, NotFound
from core.guard import one_line
from core.jobs.context import JobContext
from core.ollama.wire import ChatRequest, Message

LONGEST = 60
LONGEST_TITLE = 200
"""What a person may write."""
_EXCERPT = 800
_SHORT_ANSWER = 40
_WITH_THINKING = 400
_TOO_LONG = 60.0
"""Seconds a model may take to find a title."""

_ASK = (
    "Give this conversation a short title: at most six words, in its language, without quotation marks "
    "and without a full stop. Answer with the title alone."
)
_MARKS = re.compile(r"^[\s#>*_`\"'“”„«»-]+|[\s*_`\"'“”„«».:-]+$")
_LABEL = re.compile(r"^(title|titel|titre)\s*:\s*", re.IGNORECASE)


def from_text(text: str) -> str:
    """A title out of the first words of a question; empty when it has none."""
    for line in text[:10_000].splitlines():
        words = _MARKS.sub("", one_line(line.replace("**", "").replace("`", ""), 400))
        if words:
            return shortened(words)
    return ""


def from_answer(text: str) -> str:
    """A title out of what a model answered when it was asked for one; empty when that is none."""
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        return ""
    title = _MARKS.sub("", _LABEL.sub("", _MARKS.sub("", one_line(lines[0], 400))))
    return title if len(title) <= LONGEST else ""


def shortened(text: str) -> str:
    """At most so many characters, cut between words where there are any."""
    if len(text) <= LONGEST:
        return text
    cut = text[: LONGEST - 1]
    return f"{cut[: cut.rfind(' ')] if ' ' in cut[20:] else cut}…"


async def run_title(desk: Desk, ctx: JobContext) -> object:
    """Let the model name a chat that nobody named; not finding a name is no failure."""
    payload = ctx.payload(TitlePayload)
    desk.titling.add(ctx.job.id)
    try:
        chat = await desk.chats.chat(payload.chat)
        if chat.title_source != "text" or chat.deleted_at is not None:
            return None
        async with ctx.watchdog(_TOO_LONG, "The model found no title in time."):
            title = from_answer(await _asked(desk, ctx.job.model, await _beginning(desk, chat)))
    except LeitstandError:
        return None
    finally:
        desk.titling.discard(ctx.job.id)
    if title:
        await _name(desk, chat.id, title)
    return title


async def _beginning(desk: Desk, chat: Chat) -> list[Turn]:
    if chat.head_id is None:
        raise NotFound("The chat is empty.")
    return (await desk.tree.up(chat.head_id, chat.turns))[:2]


async def _asked(desk: Desk, model: str, turns: list[Turn]) -> str:
    facts = await desk.facts.of(model)
    thinks = facts.can("thinking")
    said = "\n\n".join(f"{turn.role}: {turn.text[:_EXCERPT]}" for turn in turns)
    request = ChatRequest(
        model=model,
        messages=(Message(role="user", content=f"{said}\n\n{_ASK}"),),
        think=False if thinks else None,
        # The same context as always: another one would load the model again.
        options={
            "num_ctx": await desk.window_of(facts),
            "num_predict": _WITH_THINKING if thinks else _SHORT_ANSWER,
        },
    )
    parser, answer = ThinkParser(), []
    async with aclosing(desk.client().chat(request)) as chunks:
        async for chunk in chunks:
            answer += parser.feed(chunk.message.content, chunk.message.thinking or "")
    answer += parser.finish()
    return "".join(piece.text for piece in answer if isinstance(piece, Said) and piece.part == "answer")


async def _name(desk: Desk, chat_id: int, title: str) -> None:
    async with desk.database.write() as tx:
        named = await tx.execute(
            "UPDATE chat SET title = ?, title_source = 'model' WHERE id = ? AND title_source = 'text'",
            (title, chat_id),
        )
    if named.rowcount:
        desk.bus.publish(ChatChanged(await desk.chats.chat(chat_id)))
