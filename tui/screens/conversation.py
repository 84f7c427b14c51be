"""The chat page's ground: the list, the transcript and the composer, following the engine."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import msgspec
from textual import on
from textual.containers import Horizontal, Vertical
from textual.timer import Timer
from textual.widget import Widget

from core.chat.types import (
    Budget,
    Chat,
    ChatChanged,
    ChatsChanged,
    NewAttachment,
    OpenChat,
    Persona,
    Turn,
    TurnChanged,
    TurnDelta,
)
from core.config.types import ConfigChanged
from core.errors import LeitstandError
from core.retrieval.library import Sources
from tui.facts import Facts
from tui.render import chat_list, code, composer
from tui.render.pieces import Pieces, width_of
from tui.render.turns import view
from tui.render.types import Turn as View
from tui.screens.base import NARROW, EngineScreen
from tui.widgets.chat_rows import ChatRows
from tui.widgets.comparison import Comparison
from tui.widgets.detail import Detail
from tui.widgets.line import Line
from tui.widgets.offers import Offer, Offers
from tui.widgets.prompt import Prompt
from tui.widgets.row_list import RowList
from tui.widgets.transcript import Transcript

PLACEHOLDER = "Ask anything…   ctrl+j new line   / commands   @ files"

PAUSE = 0.4
"""Seconds without a key after which the draft is kept and the budget is counted."""

PAGE_OF_TURNS = 60


class Conversation(EngineScreen):
    """The open chat and the list of all: what is shown, and how it follows the engine."""

    PAGE = "chat"

    def __init__(self) -> None:
        super().__init__()
        self._chats: dict[int, Chat] = {}
        self._order: list[int] = []
        self._chat: Chat | None = None
        self._turns: dict[int, Turn] = {}
        self.turning = asyncio.Lock()
        """Held while a chat comes onto the page: a dialog that closes reads it anew at the same time."""
        self._variants: dict[int, Turn] = {}
        """The answers that are compared."""
        self._variants_of: int | None = None
        """The question they answer."""
        self._budget: Budget | None = None
        self._attachments: dict[int | None, list[NewAttachment]] = {}
        self._deleted: list[int] = []
        self._persona: Persona | None = None
        self._quiet: Timer | None = None
        self._files: tuple[str, list[Offer]] = ("", [])
        self._looked_up = ""
        self._looks_up = False
        """What questions are looked up in, in words; empty where there is no library."""
        self._opened = False

    def body(self) -> Iterable[Widget]:
        """List, transcript, composer."""
        with Horizontal(id="chat"):
            yield ChatRows(self._paint_row)
            with Vertical(id="talk"):
                yield Detail(id="welcome")
                yield Transcript(id="transcript")
                yield Comparison(id="compared")
                yield Offers(id="offers")
                yield Line(id="held")
                yield Line(id="seam")
                yield Prompt(placeholder=PLACEHOLDER, id="prompt")
                yield Line(id="next")

    # Following ----------------------------------------------------------------------------------

    def follow_facts(self) -> None:
        """Follow every conversation: the list shows them all."""
        self.follow(TurnDelta, self._delta)
        self.follow(TurnChanged, self._turn_changed)
        self.follow(ChatChanged, self._chat_changed)
        self.follow(ChatsChanged, self._chats_changed)
        self._rows.put((), words=[[("Reading…", "dim")]])
        self.follow(ConfigChanged, self._looks_changed)
        self._looks_changed()
        self._talk.clock = self.engine.clock.monotonic
        # The colours of code take a moment to import; the first piece of code must not wait for them.
        self.engine.tasks.spawn("code colours", self.engine.tasks.in_thread(code.warm))
        self._prompt.focus()
        self._prompt.insert(self.leitstand.typed_ahead)
        self._show_seam()

    def _looks_changed(self, _: ConfigChanged | None = None) -> None:
        """Move and draw as the settings and the line to the terminal ask."""
        app, talk = self.leitstand, self._talk
        talk.frames_per_second = app.frames
        talk.until_paint = app.until_paint
        talk.still = app.animation_level == "none"
        talk.set_mode(self.engine.config.current.chat.thinking)
        talk.use_ascii(plain=app.glyphs.live.isascii())

    @property
    def _rows(self) -> ChatRows:
        return self.query_one(ChatRows)

    @property
    def _talk(self) -> Transcript:
        return self.query_one("#transcript", Transcript)

    @property
    def _compared(self) -> Comparison:
        return self.query_one(Comparison)

    @property
    def _prompt(self) -> Prompt:
        return self.query_one(Prompt)

    async def read(self) -> None:
        """Read the list, and the open chat anew."""
        async with self.turning:
            await self._read_page()

    async def _read_page(self) -> None:
        await self._keep_draft()
        await self._read_list()
        if self._chat is not None:
            await self._open(self._chat.id)
        elif not self._opened and self._order:
            await self._open(self._order[0])
        else:
            await self._show_new()
        self._opened = True

    async def _read_list(self) -> None:
        page = await self.engine.chat.list()
        self._chats = {chat.id: chat for chat in page.chats}
        self._order = [chat.id for chat in page.chats]
        self._show_list()

    def _show_list(self) -> None:
        found = [self._chats[id] for id in self._order]
        words: list[Pieces] = [
            [("No chats yet.", "strong")],
            [("Write below and", "dim")],
            [("press Enter.", "dim")],
        ]
        self._rows.put(chat_list.rows(found, self.engine.clock.now()), words=words)

    def _paint_row(self, row: chat_list.Row, width: int) -> list[Pieces]:
        open_id = self._chat.id if self._chat else None
        now = self.engine.clock.now()
        return list(chat_list.paint(row, width, open_id=open_id, now=now, glyphs=self.leitstand.glyphs))

    def show_chrome(self) -> None:
        """Draw the chrome, and the rule over the composer as wide as it is."""
        super().show_chrome()
        if self.is_mounted and self.query("#seam"):
            # The column beside it may come or go with this very size.
            self.call_after_refresh(self._show_seam)

    def show_facts(self, facts: Facts) -> None:
        """Draw the chrome, and say on an empty page what the server does."""
        super().show_facts(facts)
        if self.query("#welcome") and self.query_one("#welcome").display:
            self._welcome(show=True)

    async def _delta(self, event: TurnDelta) -> None:
        if self._chat is None or event.chat_id != self._chat.id:
            return
        if event.turn_id in self._compared:
            if not self._compared.extend(event.turn_id, event.part, event.offset, event.text):
                await self._refresh_turn(event.turn_id)
            return
        if event.turn_id not in self._turns:
            return  # another branch's
        if not self._talk.extend(event.turn_id, event.part, event.offset, event.text):
            # A gap: what was missed is read from the engine, which has all of it.
            await self._refresh_turn(event.turn_id)

    async def _refresh_turn(self, turn_id: int) -> None:
        turn = await self.engine.chat.turn(turn_id)
        self._take_turn(turn)

    def _turn_changed(self, event: TurnChanged) -> None:
        chat = self._chats.get(event.turn.chat_id)
        if chat is not None and chat.head_id == event.turn.id and chat.state != event.turn.state:
            # The list says what an answer is doing, too.
            self._chats[chat.id] = msgspec.structs.replace(chat, state=event.turn.state)
            self._show_list()
        if self._chat is not None and event.turn.chat_id == self._chat.id:
            self._take_turn(event.turn)

    def _take_turn(self, turn: Turn) -> None:
        if self._variants_of is not None and turn.parent_id == self._variants_of:
            self._variants[turn.id] = turn
            self._compared.update_turn(view(turn, self.engine.clock.now()))
        if turn.id not in self._turns and not self._comes_next(turn):
            return  # another branch's, or one that is not on the screen
        before = next(reversed(self._turns.values()), None)
        self._turns[turn.id] = turn
        self._welcome(show=False)
        self._talk.update_turn(self._view(turn))
        if before is not None and before.id == turn.parent_id and before.ended:
            self._talk.update_turn(self._view(before))  # what Enter would do is no longer said there
        if turn.ended:
            self.show_keys()
            self._count_soon()
            if self.is_current and self._chat is not None:
                # Somebody looks at it: it needs no mark.
                self.run_worker(self.engine.chat.read(self._chat.id), group="read", exit_on_error=False)

    def _view(self, turn: Turn) -> View:
        last = next(reversed(self._turns.values()), turn)
        return view(turn, self.engine.clock.now(), last=turn.id == last.id, before=self._sources_before(turn))

    def _sources_before(self, turn: Turn) -> Sources | None:
        """What the answer before this one came from, where that is known here."""
        question = self._turns.get(turn.parent_id or -1)
        answer = self._turns.get(question.parent_id or -1) if question is not None else None
        return answer.sources if answer is not None else None

    def _comes_next(self, turn: Turn) -> bool:
        """Whether a new turn belongs behind what is shown, and is no variant of it."""
        if turn.parent_id is None:
            return not self._turns
        shown = self._turns.values()
        return turn.parent_id in self._turns and all(one.parent_id != turn.parent_id for one in shown)

    def _chat_changed(self, event: ChatChanged) -> None:
        chat = event.chat
        if chat.deleted_at is not None or chat.archived:
            self._chats.pop(chat.id, None)
        else:
            self._chats[chat.id] = chat
        self._order = [
            found.id
            for found in sorted(self._chats.values(), key=lambda one: (not one.pinned, -one.updated, -one.id))
        ]
        if self._chat is not None and chat.id == self._chat.id:
            self._chat = chat
            self._show_seam()
            self._show_next()
        self._show_list()

    async def _chats_changed(self, _: ChatsChanged) -> None:
        await self._read_list()

    # Opening ------------------------------------------------------------------------------------

    def shows_chat(self, chat_id: int) -> bool:
        """Whether this page shows that chat."""
        return self._chat is not None and self._chat.id == chat_id

    async def open_chat(self, chat_id: int) -> None:
        """Show a chat."""
        try:
            await self._open(chat_id)
        except LeitstandError as error:
            self.leitstand.say_error(error)
        self._prompt.focus()

    async def _open(self, chat_id: int) -> None:
        before, same = self._prompt.text, self.shows_chat(chat_id)
        await self._keep_draft()
        opened = await self.engine.chat.open(chat_id, limit=PAGE_OF_TURNS)
        self._show_chat(opened)
        draft = await self.engine.chat.draft(chat_id)
        self._put_draft(draft.text, before, same=same)
        if opened.chat.unread:
            await self.engine.chat.read(chat_id)
        self._know_library_soon()
        await self._read_persona()
        await self._count()

    async def _read_persona(self) -> None:
        """Know who is talked to."""

    async def _go_on(self) -> None:
        """Enter with nothing written: go on with what was cut off."""

    def _offer(self) -> None:
        """Offer what could be meant by what is written."""

    def _suggestions(self) -> list[Offer]:
        """What one could ask whoever answers here, as long as nothing was."""
        if self._turns or self._persona is None or self._prompt.text:
            return []
        return [Offer(question) for question in self._persona.questions]

    def _welcome(self, *, show: bool) -> None:
        """Say in an empty chat what can be done, or make room for the conversation."""
        welcome = self.query_one("#welcome", Detail)
        welcome.display, self._talk.display = show, not show and not self._compared.shown
        if show:
            welcome.say(composer.welcome(self.leitstand.facts.server, self.leitstand.glyphs, self._persona))

    def _show_chat(self, opened: OpenChat) -> None:
        if self._chat is None or self._chat.id != opened.chat.id:
            self._compared.close()
        self._welcome(show=not opened.turns)
        self._chat = opened.chat
        self._turns = {turn.id: turn for turn in opened.turns}
        self._talk.load([self._view(turn) for turn in opened.turns], more=opened.more)
        self._prompt.remember([turn.text for turn in opened.turns if turn.role == "user"])
        self._rows.select(opened.chat.id)
        self._rows.repaint()
        self._show_seam()
        self._show_next()

    async def _show_new(self) -> None:
        before, same = self._prompt.text, self._chat is None
        await self._keep_draft()
        self._compared.close()
        self._chat = self._persona = None
        self._turns = {}
        self._talk.load([], more=False)
        self._welcome(show=True)
        self._rows.repaint()
        self._prompt.remember([])
        draft = await self.engine.chat.draft(None)
        self._put_draft(draft.text, before, same=same)
        self._show_seam()
        self._show_next()
        self._know_library_soon()
        await self._count()

    @on(Transcript.NeedEarlier)
    async def _earlier(self, event: Transcript.NeedEarlier) -> None:
        if self._chat is None or event.turn_id not in self._turns:
            return  # another chat came onto the page meanwhile
        opened = await self.engine.chat.open(self._chat.id, limit=PAGE_OF_TURNS, before=event.turn_id)
        if event.turn_id not in self._turns:
            return
        self._turns = {turn.id: turn for turn in opened.turns} | self._turns
        self._talk.put_before([self._view(turn) for turn in opened.turns], more=opened.more)

    @on(RowList.Opened)
    async def _row_opened(self, event: RowList.Opened) -> None:
        if isinstance(event.row, Chat):
            await self._open(event.row.id)
            self._prompt.focus()

    def _selected(self, role: str = "assistant") -> Turn | None:
        """The turn under the transcript's cursor, or the last one of its kind."""
        chosen = self._turns.get(self._talk.cursor_turn or -1)
        if chosen is not None and chosen.role == role:
            return chosen
        return next((turn for turn in reversed(self._turns.values()) if turn.role == role), None)

    @property
    def _answers_next(self) -> str:
        """The model that would answer what is written now."""
        chosen = self._chat.model if self._chat else ""
        return self._budget.model if self._budget else chosen or self.engine.config.current.chat.model

    # The lines around the composer --------------------------------------------------------------

    @property
    def _attached(self) -> list[NewAttachment]:
        """What goes with the next question of this chat."""
        return self._attachments.setdefault(self._chat.id if self._chat else None, [])

    def _show_seam(self) -> None:
        """Draw the rule over the composer."""

    def _show_next(self) -> None:
        budget, glyphs = self._budget, self.leitstand.glyphs
        model = budget.model if budget else self._chat.model if self._chat else ""
        right = composer.gauge(budget, glyphs, wide=self.size.width >= 60, brief=self.size.width < NARROW)
        left = composer.destination(
            self._chat,
            model,
            glyphs,
            [file.name for file in self._attached],
            route=budget.route if budget else "",
            asked=bool(self._prompt.text.strip() or self._attached),
            room=(self.query_one("#next").size.width or 200) - width_of(right) - 2,
            library=self._looked_up,
        )
        self.query_one("#next", Line).put(left, right)
        self.show_keys()

    # What is being written ------------------------------------------------------------------------

    def _count_soon(self) -> None:
        """Keep the draft and count the context once the typing rests."""
        if self._quiet is not None:
            self._quiet.stop()
        self._quiet = self.set_timer(PAUSE, self._rested)

    async def _rested(self) -> None:
        if self.leitstand.engine_ready:
            await self._keep_draft()
            await self._count()

    def _put_draft(self, text: str, before: str, *, same: bool) -> None:
        """Show what was typed in this chat; no letter is lost that came since *before* was kept."""
        now = self._prompt.text
        if now != before and self._opened and not same:
            text += now.removeprefix(before) if now.startswith(before) else ""
        elif now != before or (now and not self._opened):
            return  # typed or sent while it was read, or typed ahead: that is newer
        if text != now:
            self._prompt.put(text)

    async def put_away(self) -> None:
        """Keep the draft."""
        await self._keep_draft()

    async def _keep_draft(self) -> None:
        if self._opened:
            await self.engine.chat.set_draft(self._chat.id if self._chat else None, self._prompt.text)

    async def _count(self) -> None:
        text = self._prompt.text
        try:
            self._budget = await self.engine.chat.budget(
                self._chat.id if self._chat else None, text, attachments=tuple(self._attached)
            )
        except LeitstandError:
            self._budget = None  # the server is away or the model unknown: the gauge says nothing
        self._show_next()

    async def _know_library(self) -> None:
        """Find out what questions of this chat are looked up in, and say it."""

    def _know_library_soon(self) -> None:
        self.run_worker(self._know_library(), group="library", exclusive=True, exit_on_error=False)
