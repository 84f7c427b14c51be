"""What everybody who works on conversations shares: the tables, the queue, the server, the bus."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress

import msgspec

from core.bus import Bus
from core.chat import rows
from core.chat.citing import checked
from core.chat.documents import Library, NoLibrary
from core.chat.facts import Facts, ModelFacts
from core.chat.learned import Memory, decide
from core.chat.recorder import Recorder
from core.chat.routing import AUTO, Failure, Outcome, Route, Router, Unrouted, Wish
from core.chat.store import ChatStore
from core.chat.tree import Tree
from core.chat.types import Chat, ChatChanged, Stats, Turn, TurnChanged, TurnDelta, TurnError, TurnState
from core.clock import Clock
from core.config.schema import Chat as Settings
from core.errors import LeitstandError, NotFound, OutOfMemory, ServerUnavailable, Timeout
from core.guard import one_line
from core.jobs.service import JobService
from core.jobs.types import NewJob, packed
from core.ollama.client import Ollama
from core.store.database import Database, Transaction
from core.tasks import Tasks

TURN = "chat.turn"
TITLE = "chat.title"

_TITLE_DELAY = 3.0
"""A title is found when nobody asked anything for so long."""
_TITLE_TRIES = 8
"""After so many turns the beginning of the first question stays the title."""


class Payload(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an answer's job carries."""

    turn: int
    anyway: bool = False
    """It is known to be too long: the server may cut it."""


class TitlePayload(msgspec.Struct, frozen=True):
    """What a title's job carries."""

    chat: int


class Desk:
    """Everything that is needed to give an answer."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        tasks: Tasks,
        clock: Clock,
        jobs: JobService,
        *,
        client: Callable[[], Ollama],
        report: Callable[[LeitstandError, str], None],
        settings: Callable[[], Settings],
        largest_context: Callable[[str], Awaitable[int | None]] | None = None,
        note_answer: Callable[[str, float], Awaitable[None]] | None = None,
        router: Router | None = None,
        library: Library | None = None,
    ) -> None:
        self.database = database
        self.goes_on = False
        """Another process will go on with what closing cuts off."""
        self.bus = bus
        self.tasks = tasks
        self.clock = clock
        self.jobs = jobs
        self.client = client
        self.report = report
        self.settings = settings
        self.chats = ChatStore(database)
        self.tree = Tree(database)
        self.memory = Memory(database)
        self.facts = Facts(client, clock)
        self.router: Router = router or Unrouted()
        self.library: Library = library or NoLibrary()
        self._largest = largest_context
        self._note_answer = note_answer
        self.live: dict[int, Recorder] = {}
        """Answers that are being given, or whose end is not on the disk yet."""
        self.titling: set[int] = set()
        """Jobs that find a title at this moment."""

    def recorder(self, turn: Turn) -> Recorder:
        """Begin to keep an answer."""
        return Recorder(turn, self.live, tree=self.tree, bus=self.bus, tasks=self.tasks, clock=self.clock)

    async def turn(self, id: int) -> Turn:
        """A turn as it is at this moment, with what was said and not written yet."""

        async def read() -> list[Turn]:
            return [await self.tree.turn(id)]

        return (await self.newest(read()))[0]

    async def newest(self, reading: Awaitable[Iterable[Turn]]) -> list[Turn]:
        """The same turns with what was said and not written yet."""
        # Who ends while we read may be too late for the rows and gone from the living: so look before, too.
        before = dict(self.live)
        turns = await reading
        return [_overlaid(turn, self.live.get(turn.id) or before.get(turn.id)) for turn in turns]

    async def model_for(self, chat: Chat) -> str:
        """Who answers in a chat: whoever was chosen, or the default; empty when that is still open."""
        chosen = next((name for name in (chat.model, self.settings().model) if name), AUTO)
        if chosen != AUTO:
            return chosen
        return "" if self.router.on else await self.memory.last_used()

    async def route(self, wish: Wish) -> Route:
        """Decide who answers."""
        return await self.router.decide(wish) if self.router.on else Route(wish.model)

    def rest(self) -> float:
        """Seconds for which nobody wants to hear more of an answer."""
        return self.bus.rest(TurnDelta)

    async def largest_context(self, model: str) -> int | None:
        """The longest context of a model that fits into memory; None when nobody knows."""
        try:
            return None if self._largest is None else await self._largest(model)
        except LeitstandError:
            return None  # a model that is on no list, or a server that is away

    async def note_answer(self, turn: Turn) -> None:
        """Let the catalog know how fast an answer was; that it cannot takes nothing from the answer."""
        speed = turn.stats.speed if turn.stats is not None else None
        if self._note_answer is not None and speed:
            with suppress(LeitstandError):
                await self._note_answer(turn.model, speed)

    def system_of(self, chat: Chat) -> str:
        """The system prompt of a chat."""
        return chat.system or self.settings().system

    async def window_of(self, facts: ModelFacts) -> int:
        """The context length to ask for, decided the first time a model is used."""
        known = await self.memory.of(facts.name)
        if known.context is not None:
            return known.context
        default = self.settings().context
        try:
            loaded = await self.facts.loaded(facts.name)
        except ServerUnavailable:
            raise
        except LeitstandError:
            return decide(facts, None, default)  # a server that unloads a model answers late: not for ever
        context = decide(facts, loaded, default)
        await self.memory.set_context(facts.name, context)
        return context

    async def enqueue(self, tx: Transaction, answer: Turn, title: str, *, anyway: bool = False) -> Turn:
        """Put an answer into the queue, in the transaction that makes it."""
        job = await self.jobs.enqueue(
            NewJob(
                kind=TURN,
                title=one_line(title, 80) or "Question",
                model=answer.model,
                payload=packed(Payload(answer.id, anyway)),
                priority="interactive",
                group=f"chat:{answer.chat_id}",
            ),
            tx,
        )
        await self.tree.set_job(tx, answer.id, job.id)
        return msgspec.structs.replace(answer, job_id=job.id)

    async def finish(
        self,
        recorder: Recorder,
        state: TurnState,
        *,
        error: LeitstandError | None = None,
        stats: Stats | None = None,
    ) -> Turn:
        """End an answer, and in the same transaction do what follows from it."""
        changed: list[Chat] = []
        routes: list[Route | None] = []

        async def also(tx: Transaction, turn: Turn) -> None:
            changed[:] = await self._follows(tx, turn)
            if (outcome := _outcome(turn, error)) is not None:
                routes[:] = [await self.router.ended(tx, turn, outcome)]

        sources, notes = checked(recorder.turn)
        recorder.note(sources=sources, notes=notes)
        turn = await recorder.finish(
            state,
            error=None if error is None else TurnError(error.code, error.message, error.hint),
            stats=stats or recorder.turn.stats,
            also=also,
        )
        for chat in changed:
            self.bus.publish(ChatChanged(chat))
        for route in routes:
            if route is not None:
                self.router.tell(route)
        return turn

    async def settle(self, turn: Turn, state: TurnState, *, error: LeitstandError | None = None) -> Turn:
        """End an answer that nobody is giving."""
        return await self.finish(self.recorder(turn), state, error=error)

    def make_way(self) -> None:
        """A person asks: whoever only finds a title stops."""
        for job in tuple(self.titling):
            self.titling.discard(job)
            self.tasks.spawn("title makes way", self.jobs.cancel(job))

    def tell(self, chat: Chat, *turns: Turn) -> None:
        """Publish what is new about a chat."""
        for turn in turns:
            self.bus.publish(TurnChanged(turn))
        self.bus.publish(ChatChanged(chat))

    async def _follows(self, tx: Transaction, turn: Turn) -> list[Chat]:
        if turn.state == "done" and turn.stats is not None:
            await self.memory.add(tx, turn.model, turn.stats, self.clock.now())
        for waiting in await self.tree.next_of(tx, turn.id):
            question = await tx.rows("SELECT text FROM chat_turn WHERE id = ?", (waiting.parent_id,))
            await self.enqueue(tx, waiting, question[0]["text"])
        try:
            return [await self._mark(tx, turn)]
        except NotFound:
            return []  # the chat was removed meanwhile

    async def _mark(self, tx: Transaction, turn: Turn) -> Chat:
        changes: dict[str, object] = {"updated": self.clock.now()}
        if turn.state != "stopped":
            changes["unread"] = True
        if turn.text:
            changes["preview"] = rows.preview(turn.text)
        chat = await self.chats.update_chat(tx, turn.chat_id, **changes)
        if chat.head_id == turn.id:
            chat = await self.chats.update_chat(tx, chat.id, state=turn.state)
        wanted = chat.title_source == "text" and self.settings().title_by_model
        if wanted and turn.state == "done" and turn.text and turn.depth < _TITLE_TRIES:
            await self.jobs.enqueue(
                NewJob(
                    kind=TITLE,
                    title=f"Title of {one_line(chat.title, 60)}",
                    model=turn.model,
                    payload=packed(TitlePayload(chat.id)),
                    priority="batch",
                    sole=f"{TITLE}:{chat.id}",
                    delay=_TITLE_DELAY,
                    max_attempts=1,
                ),
                tx,
            )
        return chat


def _outcome(turn: Turn, error: LeitstandError | None) -> Outcome | None:
    """How an answer went, as the router keeps it; None when Leitstand itself ended it."""
    match turn.state:
        case "done":
            return "answered"
        case "stopped":
            return "stopped"
        case "failed":
            return failure_of(error)
        case _:
            return None


def failure_of(error: LeitstandError | None) -> Failure:
    """What a failure says about the model."""
    if isinstance(error, OutOfMemory):
        return "memory"
    return "silent" if isinstance(error, Timeout) else "failed"


def _overlaid(turn: Turn, recorder: Recorder | None) -> Turn:
    if recorder is None:
        return turn
    return msgspec.structs.replace(recorder.turn, siblings=turn.siblings, sibling=turn.sibling)
