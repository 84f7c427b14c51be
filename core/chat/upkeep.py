"""Keeps conversations in order: after a crash, beside the queue, and when they grow old."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

import msgspec

from core.bus import Resync
from core.chat.attachments import checked, described
from core.chat.desk import TURN, Desk
from core.chat.importers.common import Conversation
from core.chat.titles import LONGEST_TITLE, from_text
from core.chat.types import Chat, ChatsChanged, CleanUp, Imported, Turn
from core.errors import LeitstandError, NotFound, Refused, UsageError, from_code
from core.guard import one_line
from core.jobs.types import FINISHED, Job, JobChanged

_DAY = 86400.0
_ROUND = 3600.0

log = logging.getLogger("leitstand.chat")


class Upkeep:
    """What nobody asks for and everybody relies on."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._tasks: list[asyncio.Task[None]] = []

    async def recover(self) -> None:
        """Mark what an earlier process was saying when it ended; what had not begun waits again."""
        desk = self._desk
        for turn in await desk.tree.unfinished():
            if turn.state in ("thinking", "answering") or (turn.text and turn.state != "queued"):
                await desk.settle(turn, "interrupted")
            elif turn.state != "queued":
                await desk.recorder(turn).leave("queued")

    def start(self) -> None:
        """Begin to follow the queue, and to clear away what is old enough."""
        self._tasks = [
            self._desk.tasks.spawn("chat follows the queue", self._follow()),
            self._desk.tasks.spawn("chat clears away", self._keep_clearing()),
        ]

    async def close(self) -> None:
        """Stop both."""
        for task in self._tasks:
            task.cancel()

    async def reconcile(self) -> None:
        """Settle answers whose job is over although they are not."""
        for turn in await self._desk.tree.unfinished():
            await self._settle(turn)

    async def delete(self, chat: Chat) -> Chat:
        """Delete a chat; what it is still answering stops."""
        desk = self._desk
        if chat.deleted_at is not None:
            return chat
        for turn in await desk.tree.unfinished(chat.id):
            if turn.job_id is not None:
                await self._cancel(turn.job_id)
        async with desk.database.write() as tx:
            chat = await desk.chats.update_chat(tx, chat.id, deleted_at=desk.clock.now(), unread=False)
        desk.tell(chat)
        return chat

    async def clean_up(self, days: int, *, dry_run: bool) -> CleanUp:
        """Delete what nobody used for so long."""
        if days < 1:
            raise UsageError("Chats are cleaned up from an age of one day.")
        found = await self._desk.chats.old_chats(self._desk.clock.now() - days * _DAY)
        if dry_run:
            return CleanUp(found, dry_run=True)
        return CleanUp(tuple([await self.delete(chat) for chat in found]), dry_run=False)

    async def purge(self) -> None:
        """Remove for good what was deleted long enough ago."""
        desk = self._desk
        before = desk.clock.now() - desk.settings().keep_deleted_days * _DAY
        async with desk.database.write() as tx:
            removed = await desk.chats.purge(tx, before)
        if removed:
            desk.bus.publish(ChatsChanged())

    async def take_over(self, found: Sequence[Conversation], skipped: int) -> Imported:
        """Add conversations from a file, except those that are here; one that is refused costs no other."""
        chats, turns, known = [], 0, 0
        try:
            for conversation in found:
                if await self._holds(conversation):
                    known += 1
                    continue
                try:
                    chat, count = await self.insert(conversation)
                except (UsageError, Refused):
                    skipped += 1
                else:
                    chats.append(chat)
                    turns += count
        finally:
            self._desk.bus.publish(ChatsChanged())
        return Imported(tuple(chats), turns, skipped, known)

    async def _holds(self, found: Conversation) -> bool:
        """Whether a chat began at the same moment, and has every message of this one."""
        said = [(node.turn.role, node.turn.text) for node in found.nodes]
        return await self._desk.chats.holds(found.chat.created, said)

    async def insert(self, found: Conversation) -> tuple[int, int]:
        """Add a conversation from a file; return its chat and how many turns it has."""
        desk, ids = self._desk, dict[str, Turn]()
        title = one_line(found.chat.title, LONGEST_TITLE) or next(
            (title for node in found.nodes if (title := from_text(node.turn.text))), ""
        )
        async with desk.database.write() as tx:
            chat = await desk.chats.insert_chat(tx, msgspec.structs.replace(found.chat, title=title))
            for node in found.nodes:
                files = checked(node.files)
                turn = msgspec.structs.replace(node.turn, chat_id=chat.id, attachments=described(files))
                parent = ids.get(node.parent or "")
                ids[node.key] = await desk.tree.insert_turn(tx, turn, files, parent=parent)
            head = ids.get(found.head or "") or ids[found.nodes[-1].key]
            await desk.tree.remember_way(tx, head.id)
            preview = " ".join(head.text.split())[:120]
            await desk.chats.show(tx, chat.id, head, updated=found.chat.updated, preview=preview)
        return chat.id, len(ids)

    async def _follow(self) -> None:
        """A job that ends without having run leaves its answer to us."""
        with self._desk.bus.subscribe(JobChanged) as mailbox:
            await self.reconcile()
            while True:
                for event in await mailbox.drain():
                    if isinstance(event, Resync):
                        await self.reconcile()
                    elif isinstance(event, JobChanged) and _is_over(event.job):
                        turn = await self._desk.tree.of_job(event.job.id)
                        if turn is not None:
                            await self._settle(turn, event.job)

    async def _settle(self, turn: Turn, job: Job | None = None) -> None:
        desk = self._desk
        if turn.ended or turn.id in desk.live or turn.job_id is None:
            return
        job = job or await self._job(turn.job_id)
        if job is not None and job.state not in FINISHED:
            return
        # An answer is written before its job is: read now, it has ended unless nobody gave it.
        turn = await desk.tree.turn(turn.id)
        if turn.ended or turn.id in desk.live:
            return
        if job is not None and job.state == "failed" and job.error is not None:
            error = from_code(job.error.code, job.error.message, job.error.hint)
            await desk.settle(turn, "failed", error=error)
        else:
            stopped = job is not None and job.state == "cancelled"
            await desk.settle(turn, "stopped" if stopped else "interrupted")

    async def _job(self, id: int) -> Job | None:
        try:
            return await self._desk.jobs.get(id)
        except NotFound:
            return None

    async def _cancel(self, id: int) -> None:
        try:
            await self._desk.jobs.cancel(id)
        except NotFound:
            return

    async def _keep_clearing(self) -> None:
        while True:
            try:
                if days := self._desk.settings().clean_up_days:
                    await self.clean_up(days, dry_run=False)
                await self.purge()
            except LeitstandError as error:
                log.warning("old chats were not cleared away: %s", error.code)
            await self._desk.clock.sleep(_ROUND)


def _is_over(job: Job) -> bool:
    return job.kind == TURN and job.state in FINISHED
