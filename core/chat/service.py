"""The verbs of conversations: ask, stop, branch, find, keep, take along.

    chat = ChatService(store, bus, tasks, clock, jobs, client=…, report=…)
    await chat.recover()      # before the queue starts: what an earlier process was saying is interrupted
    await jobs.start()
    await chat.start()        # follow the queue, clear away what is old
    sent = await chat.send(None, "Why is the sky blue?")

Answers stream as `TurnDelta`, after `TurnChanged` has said that they exist. Whoever opens a chat in the
middle of one finds all of it, and skips the pieces it has.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any, Literal

import msgspec

from core.bus import Bus
from core.chat import attachments, export, imports, titles
from core.chat.answers import AnswerVerbs
from core.chat.budgeting import budget_for
from core.chat.desk import TITLE, TURN, Desk
from core.chat.documents import Library
from core.chat.learned import LEAST_CONTEXT
from core.chat.lookup import inspection_of, passages_of
from core.chat.options import checked_keep_alive, checked_options, checked_think
from core.chat.own_files import OwnFiles
from core.chat.own_verbs import OwnVerbs
from core.chat.routing import Router
from core.chat.search import search
from core.chat.sending import Sending
from core.chat.summary import summary_question
from core.chat.titles import LONGEST_TITLE, run_title
from core.chat.turn import orphaned, run_turn
from core.chat.types import (
    Budget,
    Chat,
    ChatPage,
    CleanUp,
    Draft,
    Export,
    Imported,
    ModelSpeed,
    NewAttachment,
    OpenChat,
    Persona,
    SearchHit,
    Sent,
    ThinkSetting,
    Turn,
)
from core.chat.upkeep import Upkeep
from core.clock import Clock
from core.config.schema import Chat as Settings
from core.errors import LeitstandError, Refused, UsageError
from core.exposed import exposed
from core.guard import one_line
from core.jobs.service import JobService
from core.ollama.client import Ollama
from core.retrieval.library import Inspection
from core.retrieval.types import Passage
from core.store.database import Database
from core.tasks import Tasks

_LONGEST_PAGE = 1000
_MOST_CONTEXT = 10_000_000


class ChatService(AnswerVerbs, OwnVerbs):
    """Owns conversations: asks, streams, keeps and finds them."""

    def __init__(
        self,
        store: Database,
        bus: Bus,
        tasks: Tasks,
        clock: Clock,
        jobs: JobService,
        *,
        client: Callable[[], Ollama],
        report: Callable[[LeitstandError, str], None],
        settings: Callable[[], Settings] = Settings,
        personas: Path | None = None,
        largest_context: Callable[[str], Awaitable[int | None]] | None = None,
        note_answer: Callable[[str, float], Awaitable[None]] | None = None,
        router: Router | None = None,
        library: Library | None = None,
    ) -> None:
        self._desk = desk = Desk(
            store, bus, tasks, clock, jobs,
            client=client, report=report, settings=settings,
            largest_context=largest_context, note_answer=note_answer, router=router, library=library,
        )  # fmt: skip
        self._sending = Sending(desk)
        self._upkeep = Upkeep(desk)
        self._own = OwnFiles(personas)
        jobs.handle(TURN, "inference", partial(run_turn, desk), on_orphan=partial(orphaned, desk))
        jobs.handle(TITLE, "inference", partial(run_title, desk), on_orphan="cancel")

    async def recover(self) -> None:
        """Mark what an earlier process left unfinished; before the queue starts."""
        await self._upkeep.recover()

    async def start(self) -> None:
        """Follow the queue and clear away what is old; after the queue has started."""
        self._upkeep.start()

    def hand_over(self) -> None:
        """Another process goes on: what is cut off by closing waits for it, however much was said."""
        self._desk.goes_on = True

    async def close(self) -> None:
        """Stop following the queue; running answers are the queue's to end."""
        await self._upkeep.close()

    @exposed
    async def list(
        self, *, limit: int = 200, after: int | None = None, archived: bool = False, deleted: bool = False
    ) -> ChatPage:
        """Return chats, the pinned first, then the most recent; *after* a chat for the next page."""
        if not 1 <= limit <= _LONGEST_PAGE:
            raise UsageError(f"A page has 1 to {_LONGEST_PAGE} chats.")
        return await self._desk.chats.page(limit, after, archived=archived, deleted=deleted)

    @exposed
    async def get(self, chat_id: int) -> Chat:
        """Return a chat."""
        return await self._desk.chats.chat(chat_id)

    @exposed
    async def turn(self, turn_id: int) -> Turn:
        """Return a turn as it is at this moment."""
        return await self._desk.turn(turn_id)

    @exposed
    async def passages(self, turn_id: int) -> tuple[Passage, ...]:
        """Return the passages an answer was given from, as the model read them."""
        return await passages_of(self._desk, turn_id)

    @exposed
    async def inspection(self, turn_id: int) -> Inspection | None:
        """Say how the search for an answer came to its passages; None when nothing was searched."""
        return await inspection_of(self._desk, turn_id)

    @exposed
    async def open(self, chat_id: int, *, limit: int = 60, before: int | None = None) -> OpenChat:
        """Return a chat with the last turns of its branch; *before* a turn for earlier ones."""
        if not 1 <= limit <= _LONGEST_PAGE:
            raise UsageError(f"A page has 1 to {_LONGEST_PAGE} turns.")
        chat = await self.get(chat_id)
        last = await self._desk.tree.end_of_page(chat, before)
        turns = await self._desk.newest(self._desk.tree.page(last, limit))
        return OpenChat(chat, tuple(turns), bool(turns) and turns[0].parent_id is not None)

    @exposed
    async def create(
        self,
        *,
        title: str = "",
        model: str = "",
        persona: str = "",
        system: str = "",
        think: ThinkSetting = "auto",
    ) -> Chat:
        """Begin a chat; a persona brings its system prompt and model where none is given."""
        wanted = await self._desk.tasks.in_thread(self._own.persona, persona) if persona else None
        now = self._desk.clock.now()
        chat = Chat(
            id=0,
            title=one_line(title, LONGEST_TITLE),
            title_source="user" if title.strip() else "text",
            created=now,
            updated=now,
            model=model or (wanted.model if wanted else ""),
            persona=wanted.name if wanted else "",
            system=system or (wanted.system if wanted else ""),
            think=checked_think(think),
            options=dict(wanted.options) if wanted else {},
        )
        async with self._desk.database.write() as tx:
            chat = await self._desk.chats.insert_chat(tx, chat)
        self._desk.tell(chat)
        return chat

    @exposed
    async def send(
        self,
        chat_id: int | None,
        text: str,
        *,
        attachments: tuple[NewAttachment, ...] = (),
        model: str = "",
        anyway: bool = False,
    ) -> Sent:
        """Ask, in a new chat when None is given; ContextExceeded when it is too long, unless *anyway*.

        While an answer still runs the question waits for it. A *model* is for this answer only.
        """
        chat = await self._writable(chat_id)
        sent = await self._sending.send(chat, text, attachments, model=model, anyway=anyway)
        await self.set_draft(chat_id, "")
        return sent

    @exposed
    async def ask_several(
        self,
        chat_id: int | None,
        text: str,
        models: tuple[str, ...],
        *,
        attachments: tuple[NewAttachment, ...] = (),
        anyway: bool = False,
    ) -> Sent:
        """Ask several models the same; their answers are variants of each other."""
        chat = await self._writable(chat_id)
        sent = await self._sending.send_to(chat, text, attachments, models, anyway=anyway)
        await self.set_draft(chat_id, "")
        return sent

    @exposed
    async def stop(self, turn_id: int) -> Turn:
        """End an answer; what was said is kept."""
        return await self._sending.stop(turn_id)

    @exposed
    async def select_sibling(self, turn_id: int) -> OpenChat:
        """Turn to another variant of a question or an answer, and to what followed it."""
        desk = self._desk
        head = await desk.tree.leaf(turn_id)
        async with desk.database.write() as tx:
            await desk.tree.remember_way(tx, head.id)
            chat = await desk.chats.show(tx, head.chat_id, head)
        desk.tell(chat)
        return await self.open(chat.id)

    @exposed
    async def step_sibling(self, turn_id: int, step: int) -> OpenChat:
        """Turn to the next variant, or with -1 to the one before; at the end it begins anew."""
        turn = await self._desk.tree.turn(turn_id)
        variants = await self._desk.tree.variants(turn)
        return await self.select_sibling(variants[(turn.sibling - 1 + step) % len(variants)])

    @exposed
    async def rename(self, chat_id: int, title: str) -> Chat:
        """Give a chat a title; an empty one brings the automatic title back."""
        title = one_line(title, LONGEST_TITLE)
        if title:
            return await self._change(chat_id, title=title, title_source="user")
        first = await self._desk.tree.first_question(chat_id)
        return await self._change(chat_id, title=titles.from_text(first), title_source="text")

    @exposed
    async def pin(self, chat_id: int, *, pinned: bool = True) -> Chat:
        """Keep a chat on top of the list, or not."""
        return await self._change(chat_id, pinned=pinned)

    @exposed
    async def archive(self, chat_id: int, *, archived: bool = True) -> Chat:
        """Take a chat out of the list without deleting it, or put it back."""
        return await self._change(chat_id, archived=archived)

    @exposed
    async def set_options(
        self,
        chat_id: int,
        *,
        model: str | None = None,
        persona: str | None = None,
        system: str | None = None,
        think: ThinkSetting | None = None,
        options: dict[str, Any] | None = None,
        keep_alive: float | str | None = None,
    ) -> Chat:
        """Change settings of a chat; None leaves one as it is, an empty text brings the default back."""
        changes: dict[str, Any] = {}
        if persona is not None:
            wanted = await self._persona(persona)
            changes |= {"persona": wanted.name, "system": wanted.system}
            changes["options"] = await self._options_as(wanted, await self.get(chat_id))
            if wanted.model:
                changes["model"] = wanted.model
        given = {"model": model, "system": system, "think": think}
        changes |= {name: value for name, value in given.items() if value is not None}
        if think is not None:
            checked_think(think)
        if options is not None:
            changes["options"] = checked_options(options)
        if keep_alive is not None:
            changes["keep_alive"] = checked_keep_alive(keep_alive)
        return await self._change(chat_id, **changes) if changes else await self.get(chat_id)

    @exposed
    async def set_context(self, model: str, tokens: int) -> None:
        """Use another context length for a model from now on; it is loaded anew once. 0: decide again."""
        if tokens and not LEAST_CONTEXT <= tokens <= _MOST_CONTEXT:
            raise UsageError(f"A context has {LEAST_CONTEXT} to {_MOST_CONTEXT} tokens.")
        await self._desk.memory.set_context(model, tokens or None)

    @exposed
    async def delete(self, chat_id: int) -> Chat:
        """Delete a chat; it can be taken back for some days."""
        return await self._upkeep.delete(await self.get(chat_id))

    @exposed
    async def undo_delete(self, chat_id: int) -> Chat:
        """Take a deletion back."""
        return await self._change(chat_id, deleted_at=None)

    @exposed
    async def clean_up(self, older_than_days: int, *, dry_run: bool = False) -> CleanUp:
        """Delete chats nobody used for so long, except pinned ones; it can be taken back."""
        return await self._upkeep.clean_up(older_than_days, dry_run=dry_run)

    @exposed
    async def search(self, text: str, *, limit: int = 50) -> tuple[SearchHit, ...]:
        """Find words in titles, questions, answers and thinking, the best first; the last may be begun."""
        return await search(self._desk.database, text, min(limit, _LONGEST_PAGE))

    @exposed
    async def export(self, chat_id: int, form: Literal["json", "markdown"] = "markdown") -> Export:
        """Return a chat as a file: Markdown of its branch, or JSON with every variant."""
        desk, chat = self._desk, await self.get(chat_id)
        if form == "markdown":
            turns = await desk.newest(desk.tree.up(chat.head_id, max(chat.turns, 1)))
            return await desk.tasks.in_thread(export.markdown_of, chat, turns)
        everything = await desk.newest(desk.tree.all_turns(chat.id))
        contents = {turn.id: await desk.tree.contents(turn.id) for turn in everything if turn.attachments}
        return await desk.tasks.in_thread(export.json_of, chat, everything, contents)

    @exposed
    async def import_(
        self, data: bytes, form: Literal["auto", "leitstand", "chatgpt", "openwebui"] = "auto"
    ) -> Imported:
        """Take over conversations of Leitstand, ChatGPT or Open WebUI that are not here yet."""
        desk = self._desk
        found, skipped = await desk.tasks.in_thread(imports.read, data, form, desk.clock.now())
        return await self._upkeep.take_over(found, skipped)

    @exposed
    async def draft(self, chat_id: int | None = None) -> Draft:
        """Return what was typed and not sent."""
        return await self._desk.chats.draft(chat_id)

    @exposed
    async def set_draft(self, chat_id: int | None, text: str) -> None:
        """Keep what is typed; an empty text forgets it."""
        desk = self._desk
        if (await desk.chats.draft(chat_id)).text == text:
            return
        async with desk.database.write() as tx:
            await desk.chats.put_draft(tx, Draft(chat_id, text, desk.clock.now()))

    @exposed
    async def budget(
        self,
        chat_id: int | None,
        text: str,
        *,
        attachments: tuple[NewAttachment, ...] = (),
        model: str = "",
    ) -> Budget:
        """Say what would be sent if this were asked now, and whether it fits."""
        chat = await self.get(chat_id) if chat_id is not None else Chat(id=0)
        return await budget_for(self._desk, chat, text, attachments, model)

    @exposed
    async def read(self, chat_id: int) -> None:
        """Somebody has seen the chat: its mark goes."""
        if (await self.get(chat_id)).unread:
            await self._change(chat_id, unread=False)

    @exposed
    async def read_file(self, path: str) -> NewAttachment:
        """Read an image or a text file to send with a question."""
        return await self._desk.tasks.in_thread(attachments.read, path)

    @exposed
    async def speeds(self) -> tuple[ModelSpeed, ...]:
        """Return what was measured of each model, the most used first."""
        return await self._desk.memory.speeds()

    @exposed
    async def new_chat_with_summary(self, chat_id: int) -> Sent:
        """Begin a chat that goes on from a summary of this one."""
        old = await self.get(chat_id)
        question = await summary_question(self._desk, old)
        now = self._desk.clock.now()
        chat = msgspec.structs.replace(
            old, id=0, title=old.title, pinned=False, archived=False, created=now, updated=now,
            head_id=None, turns=0, preview="", state=None, unread=False,
        )  # fmt: skip
        return await self._sending.send(chat, question, ())

    async def _persona(self, name: str) -> Persona:
        return await self._desk.tasks.in_thread(self._own.persona, name) if name else Persona(name="")

    async def _options_as(self, wanted: Persona, chat: Chat) -> dict[str, Any]:
        """The options of a chat with another persona: those of the one before go with it."""
        try:
            before = await self._persona(chat.persona)
        except LeitstandError:
            before = Persona(name="")  # it was deleted meanwhile
        kept = {name: value for name, value in chat.options.items() if before.options.get(name) != value}
        return kept | wanted.options

    async def _writable(self, chat_id: int | None) -> Chat:
        now = self._desk.clock.now()
        if chat_id is None:
            return Chat(id=0, created=now, updated=now)
        chat = await self.get(chat_id)
        if chat.deleted_at is not None:
            raise Refused("This chat is deleted.", "Take the deletion back first.")
        return chat

    async def _change(self, chat_id: int, **changes: Any) -> Chat:
        async with self._desk.database.write() as tx:
            chat = await self._desk.chats.update_chat(tx, chat_id, **changes)
        self._desk.tell(chat)
        return chat
