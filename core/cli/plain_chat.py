"""`chat`: the conversation line by line, for screen readers, braille lines and terminals that only print.

Nothing is drawn, moved or coloured: every state is a line in brackets, and text comes in whole pieces. The
same works with lines from a pipe.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING

from core.bus import Notice, Resync
from core.chat.following import applied
from core.chat.types import Sent, Turn, TurnChanged, TurnDelta
from core.cli import spoken
from core.cli.context import Context
from core.cli.exits import CANCELLED, DONE
from core.cli.hosting import hosted
from core.cli.lines import LONGEST_TYPED, Lines
from core.cli.plain_acts import Acts, about_server
from core.cli.plain_words import find
from core.errors import ContextExceeded, LeitstandError, UsageError
from core.ollama.connection import ServerChanged

if TYPE_CHECKING:
    from core.bus import Mailbox

_FIRST_WORD, _AGAIN = 1.0, 15.0
"""Seconds after which it is said why nothing comes, and said again."""

_HEARD = (TurnDelta, TurnChanged, Notice, ServerChanged, Resync)

_PATIENCE = 3.0
"""Seconds to find out at the start whether the server is there."""


def chat(context: Context) -> int | Coroutine[None, None, int]:
    """Open the screens, or chat line by line where that was asked for or nothing else works."""
    if context.out.json:
        raise UsageError("chat is for people.", "For scripts: leitstand ask --json")
    values = context.values
    plain = values["plain"] or not context.out.draws or not sys.stdin.isatty()
    if plain:
        return _talk(context)
    if values["chat"] is not None or values["model"] or values["system"]:
        raise UsageError(
            "--chat, --model and --system need --plain.", "In the screens: alt+c, ctrl+o, /system."
        )
    context.values = {**values, "screen": "chat"}
    return context.screens(context)


async def _talk(context: Context) -> int:
    async with hosted(context) as engine:
        talk = Talk(engine, context)
        with Lines(sys.stdin) as lines, engine.bus.subscribe(*_HEARD) as mailbox:
            return await talk.run(lines, mailbox)


class Talk(Acts):
    """One conversation: asks for lines, does what they say, tells what comes."""

    async def run(self, lines: Lines, mailbox: Mailbox) -> int:
        """Talk until the lines end."""
        self._lines, self._mailbox = lines, mailbox
        self._interrupted = asyncio.Event()
        with _interrupts(self._interrupted):
            await self._begin()
            leaving = False
            while True:
                text = await self._ask()
                if text is None and self._interrupted.is_set():
                    if leaving or not lines.typed:
                        return CANCELLED
                    leaving = True
                    self.say("Ctrl+c once more, or /quit, leaves. What was said is kept.")
                    continue
                leaving = False
                if text is None:
                    return DONE
                try:
                    if await self._do(text):
                        return DONE
                except LeitstandError as error:
                    self.say(f"{error.message} {error.hint}".strip())
                if self._interrupted.is_set() and not lines.typed:
                    return CANCELLED

    async def _begin(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                while (await self.engine.server.state()).phase == "connecting":
                    await self._mailbox.drain()
        self.say("Leitstand, line by line. /help lists the commands, /quit leaves.")
        self.say(about_server(await self.engine.server.state()))
        await self.first_chat()

    # Asking ---------------------------------------------------------------------------------------

    async def _ask(self) -> str | None:
        """The next question or command; None at the end or after ctrl+c."""
        self._tell_notices()
        self._prompt("You: ")
        line = await self._line()
        if line is None:
            self.out.line()
            return None
        if line.strip() == '"""':
            return await self._until('"""', [])
        if len(line.encode()) >= LONGEST_TYPED and self._lines.typed:
            self.say(
                f"The terminal takes {LONGEST_TYPED} bytes a line; the rest of yours is lost. "
                "For long texts: /attach PATH. Nothing was sent."
            )
            return ""
        if await self._lines.pasted():
            self.say('Several lines came at once, so nothing is sent yet: a line with only """ sends them.')
            return await self._until('"""', [line])
        return line

    async def _until(self, end: str, lines: list[str]) -> str | None:
        while True:
            self._prompt("... ")
            line = await self._line()
            if line is None or line.strip() == end:
                return None if line is None and self._interrupted.is_set() else "\n".join(lines)
            lines.append(line)

    def _prompt(self, words: str) -> None:
        if self._lines.typed and self._lines.waiting is None:
            self.out.text(words)
            self.out.flush()

    async def _line(self) -> str | None:
        """A line, unless ctrl+c comes first."""
        self._interrupted.clear()
        reading, stopping = (
            asyncio.ensure_future(self._lines.next()),
            asyncio.ensure_future(self._interrupted.wait()),
        )
        try:
            await asyncio.wait({reading, stopping}, return_when=asyncio.FIRST_COMPLETED)
            line = reading.result() if reading.done() else None
        finally:
            reading.cancel()
            stopping.cancel()
        if line is not None and not self._lines.typed:
            self.out.text(f"You: {line}\n")  # nobody saw it being typed
        return line

    async def _do(self, text: str) -> bool:
        """Do what a line says; tell whether that was to leave."""
        if not text.strip():
            return False
        found = find(text)
        if found is None:
            await self._answer(await self._send(text))
            return False
        name, rest = found
        if not name:
            self.say(f"There is no command {text.split()[0]}. /help lists them.")
            return False
        if name == "quit":
            return True
        made = await self.act(name, rest)
        if made is not None:
            await self._answer(made)
        return False

    async def _send(self, text: str) -> Turn | None:
        attached = tuple(self.attached)
        try:
            sent = await self._sent(text, anyway=text == self.too_long)
        except ContextExceeded as error:
            self.too_long = text
            self.say(f"{error.message} {error.hint} The same once more sends it anyway.")
            return None
        self.too_long = ""
        del self.attached[: len(attached)]
        self.chat = sent.chat
        return sent.answer

    async def _sent(self, text: str, *, anyway: bool) -> Sent:
        chat = await self.the_chat()
        return await self.engine.chat.send(chat.id, text, attachments=tuple(self.attached), anyway=anyway)

    # Answering ------------------------------------------------------------------------------------

    async def _answer(self, turn: Turn | None) -> None:
        if turn is None:
            return
        self._interrupted.clear()
        telling = Telling(self, turn)
        async with _beside(self._stop_when_told(turn.id)):
            while not telling.turn.ended:
                await self._news(telling)
        telling.end()
        self.last = telling.turn

    async def _news(self, telling: Telling) -> None:
        """Tell what has come; after a while without anything, why."""
        try:
            async with asyncio.timeout_at(telling.due):
                events = await self._mailbox.drain()
        except TimeoutError:
            telling.still_waiting()
            events = self._mailbox.take()
        turn = telling.turn
        for event in events:
            if isinstance(event, Notice):
                self.notices.append(event)
            elif isinstance(event, ServerChanged) and turn.state == "queued":
                self.say(about_server(event.state))
            after = None if isinstance(event, Resync) else applied(turn, event)
            turn = after if after is not None else await self.engine.chat.turn(turn.id)
            if isinstance(event, TurnChanged | TurnDelta | Resync):
                telling.show(turn)

    async def _stop_when_told(self, turn_id: int) -> None:
        """End the answer at ctrl+c, or at /stop where a terminal has no ctrl+c."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(0.25):
                    await self._interrupted.wait()
            if self._interrupted.is_set() or (self._lines.waiting or "").strip() == "/stop":
                if not self._interrupted.is_set():
                    await self._lines.next()
                with suppress(LeitstandError):
                    await self.engine.chat.stop(turn_id)
                return

    def _tell_notices(self) -> None:
        for event in self._mailbox.take():
            if isinstance(event, Notice):
                self.notices.append(event)
        for notice in self.notices:
            if notice.level in {"warning", "error"}:
                self.say(f"Notice: {notice.text} {notice.hint}".rstrip())
        self.notices.clear()


class Telling:
    """Tells one answer as it comes."""

    def __init__(self, talk: Talk, turn: Turn) -> None:
        self.turn = turn
        self._talk = talk
        self._out = talk.out
        self._speech = spoken.Speech()
        self._told = {"thinking": 0, "text": 0}
        self._part = ""
        self._at_line_start = True
        self._now = asyncio.get_running_loop().time
        self._silent_since = self._now()
        self.due = self._silent_since + _FIRST_WORD
        """When the silence is to be explained."""

    def show(self, turn: Turn) -> None:
        """Tell what of it was not told yet."""
        self.turn = turn
        if len(turn.text) < self._told["text"]:
            self._told["text"] = 0  # what looked like the answer was thinking: the answer begins now
        for part, text in (("thinking", turn.thinking), ("text", turn.text)):
            fresh = text[self._told[part] :]
            if fresh:
                self._told[part] = len(text)
                self._silent_since = self._now()
                self.due = self._silent_since + _FIRST_WORD
                self._turn_to(part)
                if part == "text" or self._talk.thoughts:
                    self._print(self._speech.take(fresh))

    def still_waiting(self) -> None:
        """Say why nothing comes, or hand over what has come so far."""
        silent = self._now() - self._silent_since
        self.due = self._now() + _AGAIN
        if self._part:
            self._print(self._speech.rest())
        elif words := spoken.waiting(self.turn):
            self._note(f"still {words}, {silent:.0f} seconds" if silent > 2 * _FIRST_WORD else words)

    def end(self) -> None:
        """Tell how it ended, and where the next line begins."""
        self._turn_to("")
        for note in self.turn.notes:
            self._note(f"{note.message} {note.hint}".rstrip())
        self._note(spoken.ending(self.turn))

    def _turn_to(self, part: str) -> None:
        """Mark in words where thinking and answer begin and end."""
        if part == self._part:
            return
        self._print(self._speech.rest())
        if self._part == "thinking":
            self._note(spoken.thought(self.turn.stats, None))
        self._part = part
        if part == "thinking":
            self._note("thinking")
        elif part == "text":
            self._new_line()
            self._print(f"{self.turn.model or 'Answer'}: ")

    def _print(self, text: str) -> None:
        if text:
            self._at_line_start = text.endswith("\n")
            self._out.text(text)
            self._out.flush()

    def _new_line(self) -> None:
        if not self._at_line_start:
            self._print("\n")

    def _note(self, words: str) -> None:
        self._new_line()
        self._talk.say(words)


@contextmanager
def _interrupts(event: asyncio.Event) -> Iterator[None]:
    """Let ctrl+c set an event instead of ending the program."""
    loop = asyncio.get_running_loop()
    try:
        loop.add_signal_handler(signal.SIGINT, event.set)
    except (ValueError, RuntimeError, NotImplementedError):  # not the main thread
        yield
        return
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGINT)


@asynccontextmanager
async def _beside(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Do something while the block runs, and no longer."""
    task = asyncio.ensure_future(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
