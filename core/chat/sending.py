"""Asking: a question, its empty answer and the job that fills it are one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import msgspec

from core.chat import attachments as files
from core.chat import rows, titles
from core.chat.budgeting import check_room
from core.chat.desk import Desk
from core.chat.facts import same
from core.chat.routing import Route, Tier
from core.chat.types import Chat, NewAttachment, Sent, Stats, Turn
from core.chat.wishes import route_for
from core.errors import NotFound, Refused, UsageError
from core.numbers import grouped
from core.store.database import Transaction

LONGEST = 4 * 2**20
MOST_MODELS = 12
_STOPPING = 2.0


class Sending:
    """Everything that makes or ends an answer."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def send(
        self,
        chat: Chat,
        text: str,
        given: tuple[NewAttachment, ...],
        *,
        model: str = "",
        anyway: bool = False,
    ) -> Sent:
        """Ask at the end of a chat's branch; a chat without an id is made."""
        text, kept = self._question(text, given)
        parent = await self._desk.tree.turn(chat.head_id) if chat.head_id is not None else None
        route = await route_for(self._desk, chat, parent, text, files.described(kept), model=model)
        if not anyway:
            await check_room(self._desk, chat, text, kept, route.model)
        return await self._ask(chat, parent, text, kept, [route], anyway=anyway)

    async def send_to(
        self,
        chat: Chat,
        text: str,
        given: tuple[NewAttachment, ...],
        models: tuple[str, ...],
        *,
        anyway: bool = False,
    ) -> Sent:
        """Ask several models at the end of a chat's branch."""
        text, kept = self._question(text, given)
        models = _several(models)
        parent = await self._desk.tree.turn(chat.head_id) if chat.head_id is not None else None
        if not anyway:
            for model in models:
                await check_room(self._desk, chat, text, kept, model)
        routes = [
            await route_for(self._desk, chat, parent, text, files.described(kept), model=model)
            for model in models
        ]
        return await self._ask(chat, parent, text, kept, routes, anyway=anyway)

    async def answer_also(self, turn_id: int, models: tuple[str, ...]) -> Sent:
        """Let several models answer a question, beside the answers it has."""
        question = await self._question_of(await self._desk.turn(turn_id))
        chat = await self._open_chat(question.chat_id)
        routes = [await self._route_again(chat, question, model, None) for model in _several(models)]
        return await self._beside(chat, question, routes)

    async def edit(self, turn_id: int, text: str, given: tuple[NewAttachment, ...] | None) -> Sent:
        """Ask a question in other words, beside the first."""
        old = await self._desk.tree.turn(turn_id)
        if old.role != "user":
            raise UsageError("Only a question can be edited.")
        if given is None:
            contents = await self._desk.tree.contents(turn_id)
            given = tuple(
                NewAttachment(file.name, file.kind, content)
                for file, content in zip(old.attachments, contents, strict=True)
            )
        text, kept = self._question(text, given)
        chat = await self._open_chat(old.chat_id)
        parent = await self._desk.tree.turn(old.parent_id) if old.parent_id is not None else None
        route = await route_for(self._desk, chat, parent, text, files.described(kept))
        return await self._ask(chat, parent, text, kept, [route])

    async def regenerate(self, turn_id: int, model: str = "", tier: Tier | None = None) -> Sent:
        """Answer the same question anew, beside the first answer."""
        old = await self._desk.turn(turn_id)
        question = await self._question_of(old)
        if old.role == "assistant" and not old.ended:
            raise Refused("This answer is still being written.", "Stop it first.")
        chat = await self._open_chat(old.chat_id)
        return await self._beside(chat, question, [await self._route_again(chat, question, model, tier)])

    async def _beside(self, chat: Chat, question: Turn, routes: Sequence[Route]) -> Sent:
        desk = self._desk
        async with desk.database.write() as tx:
            made = [await self._empty_answer(tx, chat, question, route) for route in routes]
            answers = [await desk.enqueue(tx, answer, question.text) for answer, _ in made]
            await desk.tree.remember_way(tx, answers[0].id)
            chat = await desk.chats.show(tx, chat.id, answers[0], updated=desk.clock.now())
        return await self._told(chat, question, answers, [route for _, route in made])

    async def reroute(self, turn_id: int, model: str = "", tier: Tier | None = None) -> Sent:
        """Let somebody else answer; what was decided before is kept as overruled.

        An answer that has not said a word is given back; one that has stays beside the new one.
        """
        desk = self._desk
        old = await desk.turn(turn_id)
        if old.role != "assistant":
            raise UsageError("Only an answer can be given by another model.")
        if not old.ended:
            old = await self.stop(old.id)
        sent = await self.regenerate(old.id, model, tier)
        await desk.router.overruled(old, sent.answer.model)
        return sent

    async def _route_again(self, chat: Chat, question: Turn, model: str, tier: Tier | None) -> Route:
        tree = self._desk.tree
        parent = await tree.turn(question.parent_id) if question.parent_id is not None else None
        told, asked = question.text, question.attachments
        return await route_for(self._desk, chat, parent, told, asked, model=model, tier=tier)

    async def again(self, turn_id: int) -> Turn:
        """Go on with an answer in place; what it says so far stays."""
        desk = self._desk
        old = await desk.turn(turn_id)
        question = await self._question_of(old)
        if old.role != "assistant" or not old.ended:
            raise Refused("This answer is not over.", "Stop it first.")
        thought = old.thinking if old.text else ""
        before = old.stats if thought else None
        now = desk.clock.now()
        turn = msgspec.structs.replace(
            old, state="queued", since=now, error=None, notes=(), finished=None, thinking=thought,
            stats=before and Stats(thought=before.thought, thinking_tokens=before.thinking_tokens),
        )  # fmt: skip
        async with desk.database.write() as tx:
            await desk.tree.put_turn(tx, turn)
            await desk.tree.rewrite(tx, turn)
            turn = await desk.enqueue(tx, turn, question.text)
            chat = await desk.chats.update_chat(tx, turn.chat_id, updated=now)
            if chat.head_id == turn.id:
                chat = await desk.chats.update_chat(tx, chat.id, state="queued")
        desk.make_way()
        desk.tell(chat, turn)
        return turn

    async def retry(self, turn_id: int) -> Turn:
        """Try again: in place when nothing was said, beside it otherwise."""
        old = await self._desk.turn(turn_id)
        if old.text or old.thinking:
            return (await self.regenerate(turn_id)).answer
        return await self.again(turn_id)

    async def stop(self, turn_id: int) -> Turn:
        """End an answer; returns when it has ended, or soon will."""
        desk = self._desk
        turn = await desk.turn(turn_id)
        if turn.ended:
            return turn
        if turn.job_id is not None:
            await self._cancel(turn.job_id)
            if turn.id in desk.live:
                with suppress(TimeoutError):
                    async with asyncio.timeout(_STOPPING):
                        await desk.jobs.finished(turn.job_id)
        turn = await desk.turn(turn_id)
        if not turn.ended and turn.id not in desk.live:
            turn = await desk.settle(turn, "stopped")
        return turn

    def _question(self, text: str, given: tuple[NewAttachment, ...]) -> tuple[str, tuple[NewAttachment, ...]]:
        kept = files.checked(given)
        if not text.strip() and not kept:
            raise UsageError("There is nothing to send.", "Type a question first.")
        if len(text) > LONGEST:
            raise UsageError(
                f"A question of {grouped(len(text))} characters is too long.",
                "Send it as a file, or in parts.",
            )
        return rows.clean(text), kept

    async def _ask(
        self,
        chat: Chat,
        parent: Turn | None,
        text: str,
        kept: tuple[NewAttachment, ...],
        routes: Sequence[Route],
        *,
        anyway: bool = False,
    ) -> Sent:
        desk, now = self._desk, self._desk.clock.now()
        async with desk.database.write() as tx:
            if not chat.id:
                chat = await desk.chats.insert_chat(tx, chat)
            question = await desk.tree.insert_turn(
                tx,
                Turn(
                    id=0, chat_id=chat.id, text=text, created=now, since=now, finished=now,
                    attachments=files.described(kept),
                ),
                kept,
                parent=parent,
            )  # fmt: skip
            made = [await self._empty_answer(tx, chat, question, route) for route in routes]
            answers = [answer for answer, _ in made]
            # Read here: an answer that ends looks in its own transaction for who waits for it.
            if parent is None or await desk.tree.has_ended(tx, parent.id):
                title = text or kept[0].name
                answers = [await desk.enqueue(tx, answer, title, anyway=anyway) for answer in answers]
            if len(answers) > 1:
                await desk.tree.remember_way(tx, answers[0].id)
            named = {}
            if not chat.title:
                named["title"] = titles.from_text(text) or titles.from_text(kept[0].name if kept else "")
            chat = await desk.chats.show(
                tx, chat.id, answers[0], updated=now, preview=rows.preview(text), unread=False, **named
            )
        return await self._told(chat, question, answers, [route for _, route in made])

    async def _empty_answer(
        self, tx: Transaction, chat: Chat, question: Turn, route: Route
    ) -> tuple[Turn, Route]:
        now = self._desk.clock.now()
        answer = Turn(
            id=0, chat_id=chat.id, role="assistant", state="queued", model=route.model, route=route.line,
            created=now, since=now,
        )  # fmt: skip
        answer = await self._desk.tree.insert_turn(tx, answer, parent=question)
        return answer, await self._desk.router.keep(tx, route, answer)

    async def _told(
        self, chat: Chat, question: Turn, answers: Sequence[Turn], routes: Sequence[Route]
    ) -> Sent:
        desk = self._desk
        [question] = await desk.tree.with_siblings([question])
        answer, *others = await desk.tree.with_siblings(answers)
        desk.make_way()
        desk.tell(chat, question, answer, *others)
        for route in routes:
            desk.router.tell(route)
        return Sent(chat, question, answer, tuple(others))

    async def _question_of(self, turn: Turn) -> Turn:
        if turn.role == "user":
            return turn
        if turn.parent_id is None:
            raise UsageError("This answer has no question.")
        return await self._desk.tree.turn(turn.parent_id)

    async def _open_chat(self, chat_id: int) -> Chat:
        chat = await self._desk.chats.chat(chat_id)
        if chat.deleted_at is not None:
            raise Refused("This chat is deleted.", "Take the deletion back first.")
        return chat

    async def _cancel(self, job_id: int) -> None:
        try:
            await self._desk.jobs.cancel(job_id)
        except NotFound:
            return  # its job was cleared away


def _several(models: tuple[str, ...]) -> tuple[str, ...]:
    """The models to ask, each once however it is spelt."""
    seen: dict[str, str] = {}
    for model in models:
        if model.strip():
            seen.setdefault(same(model), model)
    wanted = tuple(seen.values())
    if not wanted:
        raise UsageError("There is nobody to ask.", "Name one model or more.")
    if len(wanted) > MOST_MODELS:
        raise UsageError(f"At most {MOST_MODELS} models are asked at once.")
    return wanted
