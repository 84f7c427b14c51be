"""What the commands of the chat line by line do."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from core.bus import Notice
from core.chat.types import THINK_SETTINGS, Chat, NewAttachment, OpenChat, Turn
from core.cli.chats import write_new
from core.cli.context import Context
from core.cli.plain_words import WORDS
from core.errors import LeitstandError, NotFound, UsageError
from core.ollama.connection import ServerState

if TYPE_CHECKING:
    from core.face import Face
    from core.models.types import Model

_LATEST = 15


class Acts:
    """A conversation's settings and what can be done with it beside asking."""

    def __init__(self, engine: Face, context: Context) -> None:
        self.engine = engine
        self.out = context.out
        self._wishes = context.values
        self.chat: Chat | None = None
        self.last: Turn | None = None
        """The answer that was told last."""
        self.attached: list[NewAttachment] = []
        self.notices: deque[Notice] = deque(maxlen=50)
        self.too_long = ""
        """What was refused for its length."""
        self.thoughts = engine.config.current.chat.thinking != "closed"
        """Whether thinking is printed or only mentioned."""

    def say(self, words: str) -> None:
        """Print a line that is neither question nor answer: in brackets, so that it can be told apart."""
        self.out.line(f"[{words}]")
        self.out.flush()

    async def first_chat(self) -> None:
        """Begin, or go on with the chat that was asked for."""
        wishes = self._wishes
        if wishes["chat"] is not None:
            await self._open(await self.engine.chat.open(wishes["chat"]))
        if wishes["model"]:
            await self._model(wishes["model"])
        if wishes["system"]:
            await self._system(wishes["system"])
        if self.chat is None or not self.chat.model:
            budget = await self.engine.chat.budget(self.chat.id if self.chat else None, "")
            if budget.model:
                self.say(f"{budget.model} will answer.")

    async def the_chat(self) -> Chat:
        """The chat, made when there is none yet."""
        if self.chat is None:
            self.chat = await self.engine.chat.create()
        return self.chat

    async def act(self, name: str, rest: str) -> Turn | None:
        """Do one of the commands; an answer when one is to come."""
        if name in {"again", "continue"}:
            answer = self._answered()
            if name == "continue":
                return await self.engine.chat.continue_answer(answer.id)
            return (await self.engine.chat.regenerate(answer.id)).answer
        done = getattr(self, f"_{name}")
        await done(rest)
        return None

    def _answered(self) -> Turn:
        if self.last is None:
            raise UsageError("Nothing was answered yet.")
        return self.last

    # The commands -----------------------------------------------------------------------------------

    async def _help(self, _: str) -> None:
        for word in WORDS:
            self.out.line(f"/{word.name} {word.takes}".ljust(18), word.about)
        self.out.line('A line with only """ begins a question of several lines, and ends it.')

    async def _stop(self, _: str) -> None:
        self.say("Nothing is being answered.")

    async def _repeat(self, _: str) -> None:
        self.out.text(f"{self._answered().text.rstrip()}\n")

    async def _model(self, name: str) -> None:
        models = await self._models()
        if not name:
            for model in models:
                self.out.line(model.name, self._remarks(model))
            self.say(
                f"{len(models)} models. /model NAME chooses." if models else "There is no model here yet."
            )
            return
        chosen = _meant(name, [model.name for model in models])
        self.chat = await self.engine.chat.set_options((await self.the_chat()).id, model=chosen)
        self.say(f"{chosen} answers from now on.")

    async def _models(self) -> list[Model]:
        """Whom one can talk to; the server is asked when nothing is known yet."""
        known = await self.engine.models.list()
        if not any(model.state != "known" for model in known):
            with suppress(LeitstandError):
                known = await self.engine.models.sync()
        return [model for model in known if model.can("embedding") is not True]

    def _remarks(self, model: Model) -> str:
        told = ["loaded"] if model.memory is not None else []
        told += ["default"] if model.default else []
        told += ["this chat"] if self.chat is not None and self.chat.model == model.name else []
        return f", {', '.join(told)}" if told else ""

    async def _think(self, how: str) -> None:
        setting = next((known for known in THINK_SETTINGS if known == how.casefold()), None)
        if setting is None:
            raise UsageError(f"/think takes one of: {', '.join(THINK_SETTINGS)}.")
        self.chat = await self.engine.chat.set_options((await self.the_chat()).id, think=setting)
        self.say(f"Thinking: {setting}.")

    async def _thoughts(self, how: str) -> None:
        self.thoughts = how != "off" if how else not self.thoughts
        self.say("Thinking is printed." if self.thoughts else "Thinking is mentioned and not printed.")

    async def _system(self, text: str) -> None:
        if not text:
            self.say(
                f"System prompt: {self.chat.system}" if self.chat and self.chat.system else "None of its own."
            )
            return
        self.chat = await self.engine.chat.set_options((await self.the_chat()).id, system=text)
        self.say("The system prompt is set.")

    async def _attach(self, path: str) -> None:
        if not path:
            raise UsageError("/attach needs a path.")
        found = await self.engine.chat.read_file(_absolute(path))
        self.attached.append(found)
        self.say(f"{found.name}, {found.kind}, goes with the next question.")

    async def _new(self, _: str) -> None:
        self.chat = self.last = None
        self.say("A new chat.")

    async def _chats(self, _: str) -> None:
        page = await self.engine.chat.list(limit=_LATEST)
        for chat in page.chats:
            self.out.line(f"{chat.id}  ", chat.title or "New chat", f", {chat.turns} messages")
        self.say(f"{page.total} chats. /open NUMBER goes on with one.")

    async def _open(self, which: str | OpenChat) -> None:
        if isinstance(which, str):
            if not which.isdigit():
                raise UsageError("/open needs the number of a chat.", "/chats lists them.")
            which = await self.engine.chat.open(int(which))
        self.chat = which.chat
        answers = [turn for turn in which.turns if turn.role == "assistant"]
        self.last = answers[-1] if answers else None
        self.say(f"Chat {which.chat.id}: {which.chat.title or 'New chat'}, {which.chat.turns} messages.")
        for turn in which.turns[-2:]:
            self.out.text(
                f"{'You' if turn.role == 'user' else turn.model or 'Answer'}: {turn.text.rstrip()}\n"
            )

    async def _rename(self, title: str) -> None:
        self.chat = await self.engine.chat.rename((await self.the_chat()).id, title)
        self.say(f"Title: {self.chat.title or 'found by itself'}.")

    async def _search(self, words: str) -> None:
        if not words:
            raise UsageError("/search needs words.")
        hits = await self.engine.chat.search(words, limit=_LATEST)
        for hit in hits:
            self.out.line(f"{hit.chat_id}  ", hit.title, ": " if hit.snippet else "", hit.snippet)
        self.say(f"{len(hits)} found." if hits else "Nothing was found.")

    async def _export(self, path: str) -> None:
        if self.chat is None:
            raise UsageError("There is nothing to export yet.")
        made = await self.engine.chat.export(self.chat.id)
        where = write_new(Path(_absolute(path or made.name)), made)
        self.say(f"Written to {where}.")

    async def _status(self, _: str) -> None:
        self.say(about_server(await self.engine.server.state()))
        budget = await self.engine.chat.budget(self.chat.id if self.chat else None, "")
        if budget.model:
            full = f", context {budget.used} of {budget.available} tokens" if budget.available else ""
            self.say(f"{budget.model} answers{full}.")
        for lane in await self.engine.jobs.lanes():
            if lane.running or lane.waiting:
                why = f": {lane.reason}" if lane.reason else ""
                self.say(f"Queue, {lane.name}: {lane.running} running, {lane.waiting} waiting{why}.")


def about_server(state: ServerState) -> str:
    """How the server is, in a sentence."""
    where = "The built-in demonstration" if state.demo else state.url or "The server"
    if state.phase == "online":
        return f"{where} is there, Ollama {state.version or 'of an unknown version'}."
    if state.phase == "connecting":
        return f"Still connecting to {where}."
    return (
        f"AI temporarily unavailable: {state.message or f'nobody answers at {where}.'} {state.hint} "
        "Questions wait until it is back."
    )


def _meant(name: str, known: list[str]) -> str:
    """The one model a name can mean."""
    if name in known or f"{name}:latest" in known:
        return name if name in known else f"{name}:latest"
    begun = [each for each in known if each.startswith(name)]
    if len(begun) == 1:
        return begun[0]
    near = begun or get_close_matches(name, known, 3)
    hint = f"Did you mean {' or '.join(near)}?" if near else "/model lists them."
    raise NotFound(f"There is no model {name}.", hint)


def _absolute(path: str) -> str:
    """Write a path out: whoever reads it may work in another directory."""
    return str(Path(path).expanduser().absolute())
