"""`ask`: a question from the command line, the answer as it streams."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from core.bus import Resync
from core.chat.following import applied
from core.chat.types import Sent, ThinkSetting, Turn, TurnChanged, TurnDelta
from core.cli.asked_files import Files, read_in, sorted_out
from core.cli.context import Context
from core.cli.exits import DONE
from core.cli.following import Following, following, goes_on, was_asked
from core.cli.hosting import hosted
from core.cli.library_verbs import space_named
from core.cli.output import Output, dim
from core.cli.search_verb import narrow_of
from core.errors import Cancelled, ConnectionLost, LeitstandError, UsageError, from_code
from core.retrieval.cite import nearness, where
from core.retrieval.library import Mode
from core.retrieval.narrowing import EVERYTHING, in_words

if TYPE_CHECKING:
    from core.face import Face

_WAITS_FOR_SERVER = ("server_unavailable", "server_busy")


async def ask(context: Context) -> int:
    """Ask once and print the answer while it comes."""
    text, files = _question(context), sorted_out(context.values["file"] or ())
    think = _thinking(context)
    async with (
        hosted(context, outlives=context.detach) as engine,
        following(engine, TurnChanged, TurnDelta) as facts,
    ):
        sent = await _send(engine, context, text, files, think)
        if context.detach:
            return _left(context.out, sent)
        try:
            turn = await _follow(engine, facts, sent.answer, Printer(context.out))
        except BaseException as error:
            if was_asked(error) or engine.link.phase == "here":
                # ctrl+c, a closed pipe: what was said so far is kept.
                with suppress(ConnectionLost):
                    await engine.chat.stop(sent.answer.id)
            else:
                goes_on(engine, context.out, "The answer", sent.answer.job_id)
            raise
    return _end(context.out, sent, turn)


def _left(out: Output, sent: Sent) -> int:
    """Say where the answer will be."""
    if out.json:
        out.event(
            {"detached": True, "chat": sent.chat.id, "turn": sent.answer.id, "model": sent.answer.model}
        )
    else:
        out.line(f"The answer comes in chat {sent.chat.id}", dim(f"  leitstand chats show {sent.chat.id}"))
    return DONE


def _question(context: Context) -> str:
    given: str | None = context.values["text"]
    if given not in (None, "-"):
        return given or ""
    if given is None and sys.stdin.isatty():
        raise UsageError("There is no question.", "Write it behind `leitstand ask`, or pipe it in.")
    try:
        return sys.stdin.read()
    except UnicodeDecodeError:
        raise UsageError("What comes in is not text.", "Use --file for pictures.") from None


def _thinking(context: Context) -> ThinkSetting | None:
    if context.values["think"] and context.values["no_think"]:
        raise UsageError("--think and --no-think contradict each other.")
    return "on" if context.values["think"] else "off" if context.values["no_think"] else None


async def _send(
    engine: Face,
    context: Context,
    text: str,
    files: Files,
    think: ThinkSetting | None,
) -> Sent:
    values, chat = context.values, engine.chat
    if values["chat"] is not None and values["new"]:
        raise UsageError("--chat and --new contradict each other.")
    if values["chat"] is None:
        made = await chat.create(
            model=values["model"] or "", system=values["system"] or "", think=think or "auto"
        )
        try:
            await _choose(engine, made.id, values)
            await read_in(engine, context.out, made.id, files.documents)
            return await chat.send(made.id, text, attachments=files.along)
        except BaseException:
            await chat.delete(made.id)
            raise
    if values["system"] is not None or think is not None:
        await chat.set_options(values["chat"], system=values["system"], think=think)
    await _choose(engine, values["chat"], values)
    await read_in(engine, context.out, values["chat"], files.documents)
    return await chat.send(values["chat"], text, attachments=files.along, model=values["model"] or "")


async def _choose(engine: Face, chat_id: int, values: Mapping[str, Any]) -> None:
    """Say what the questions of the chat are looked up in, and in which documents; that stays chosen.

    Who names spaces says all of it anew; who keeps to some documents leaves the spaces as they are.
    """
    names: Sequence[str] = values["space"]
    narrow = narrow_of(values, engine.clock.now())
    wanted = [name for name in names if name not in ("auto", "none")]
    if len(names) > 1 and len(wanted) < len(names):
        raise UsageError("auto and none stand alone: --space auto, --space none, or names of spaces.")
    if wanted:
        ids = tuple([(await space_named(engine, name)).id for name in wanted])
        await engine.library.choose(chat_id, "chosen", ids, narrow or EVERYTHING)
    elif names == ("none",) and narrow:
        raise UsageError("With --space none there are no documents to keep to.")
    elif names:
        mode: Mode = "auto" if names[0] == "auto" else "none"
        await engine.library.choose(chat_id, mode, (), narrow or EVERYTHING)
    elif narrow:
        before = await engine.library.choice(chat_id)
        mode = "auto" if before.mode == "none" else before.mode
        await engine.library.choose(chat_id, mode, before.spaces, narrow)


class Printer:
    """Prints what is new about an answer: the answer to stdout, thinking dim beside it for people."""

    def __init__(self, out: Output) -> None:
        self._out = out
        self._printed = {"thinking": 0, "answer": 0}
        self._last = ""

    def show(self, turn: Turn) -> None:
        """Print what of the two texts was not printed yet."""
        if len(turn.text) < self._printed["answer"]:
            self._printed["answer"] = 0  # what looked like the answer was thinking: the answer begins now
        for part, text in (("thinking", turn.thinking), ("answer", turn.text)):
            if fresh := text[self._printed[part] :]:
                self._printed[part] = len(text)
                self._print(part, fresh)

    def end(self) -> None:
        """Leave the cursor at the beginning of a line."""
        if self._last and not self._out.json and not self._last.endswith("\n"):
            self._out.text("\n")
        self._out.flush()

    def _print(self, part: str, text: str) -> None:
        if self._out.json:
            self._out.event({"part": part, "text": text})
        elif part == "answer":
            if not self._last and self._printed["thinking"] and self._out.watched:
                self._out.aside("\n\n")
            self._last = text
            self._out.text(text)
            self._out.flush()
        elif self._out.watched:
            self._out.aside(text)


async def _follow(engine: Face, facts: Following, answer: Turn, printer: Printer) -> Turn:
    """Print until the answer is over; a server that is away is not waited for."""
    turn = await facts.read(lambda: engine.chat.turn(answer.id))
    while True:
        printer.show(turn)
        if turn.ended:
            printer.end()
            return turn
        if turn.error is not None and turn.error.code in _WAITS_FOR_SERVER:
            raise from_code(turn.error.code, turn.error.message, turn.error.hint)
        for event in await facts.next():
            if isinstance(event, Resync) or (after := applied(turn, event)) is None:
                after = await facts.read(lambda: engine.chat.turn(answer.id))
            turn = after


def _end(out: Output, sent: Sent, turn: Turn) -> int:
    if turn.state == "stopped":
        raise Cancelled("The answer was stopped.")
    if turn.error is not None:
        raise from_code(turn.error.code, turn.error.message, turn.error.hint)
    if turn.state != "done":
        raise LeitstandError("The answer was interrupted.", "What was said is kept; ask again.")
    if out.json:
        told: dict[str, Any] = {"done": True, "chat": sent.chat.id, "turn": turn.id, "model": turn.model}
        told |= {"route": turn.route, **_sources(turn), "stats": turn.stats}
        out.event(told | ({"notes": turn.notes} if turn.notes else {}))
        return DONE
    for note in turn.notes:
        out.complain(LeitstandError(note.message, note.hint))
    if out.watched:
        for line in _source_lines(turn):
            out.aside(f"{line}\n")
        out.aside(f"{_summary(turn)}\n")
    return DONE


def _sources(turn: Turn) -> dict[str, Any]:
    """What the answer was given from, as scripts get it."""
    if turn.sources is None:
        return {"sources": []}
    found = [
        {
            "number": one.number,
            "document": one.source,
            "title": one.title,
            "text": one.snippet,
            "score": one.score,
            "page": one.place.page,
            "line": one.place.line,
            "space": one.space,
            "id": one.document,
            "section": one.section,
            "cited": one.number in turn.sources.cited,
            "cosine": one.cosine,
            "bm25": one.bm25,
        }
        for one in turn.sources.sources
    ]
    spaces = [
        {"space": one.space, "percent": one.percent, "searched": one.searched} for one in turn.sources.spaces
    ]
    told: dict[str, Any] = {"sources": found, "spaces": spaces}
    if turn.sources.narrow:
        told["only"] = turn.sources.narrow
    if turn.sources.uncited:
        told["uncited_sentences"] = turn.sources.uncited
    if turn.sources.unknown:
        told["unknown_citations"] = list(turn.sources.unknown)
    if turn.sources.hint:
        told["hint"] = turn.sources.hint
    return told | ({"documents": list(turn.sources.notes)} if turn.sources.notes else {})


def _source_lines(turn: Turn) -> list[str]:
    """The same for people: one line a source."""
    if turn.sources is None:
        return []
    spaces = [f"{one.space} {one.percent:.0f} %" for one in turn.sources.spaces if one.searched]
    lines = [f"Looked up in {', '.join(spaces)}"] if spaces else []
    if turn.sources.narrow:
        lines.append(f"Only {in_words(turn.sources.narrow)}")
    for one in turn.sources.sources:
        place = where(one.place)
        path = " > ".join((one.title, *one.heading))
        near = nearness(one)
        about = "".join(f", {part}" for part in (place, near) if part)
        lines.append(f"[{one.number}] {path}{about}  {one.source}")
    return [*lines, *turn.sources.notes, *([turn.sources.hint] if turn.sources.hint else [])]


def _summary(turn: Turn) -> str:
    """Who said it and how fast, on one line."""
    stats, facts = turn.stats, [turn.model]
    if stats is not None and stats.tokens is not None:
        facts.append(f"{stats.tokens} tokens")
    if stats is not None and stats.speed is not None:
        facts.append(f"{stats.speed:.1f} tokens/s")
    if stats is not None and stats.ttft is not None:
        facts.append(f"first word after {stats.ttft:.1f} s")
    return " · ".join([*facts, f"chat {turn.chat_id}"])
