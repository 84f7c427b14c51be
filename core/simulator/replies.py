"""What the simulated models say: picked by the prompt, in the language of the prompt."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from itertools import chain, islice
from string import Template
from typing import Any

import msgspec

from core.simulator.longform import endless
from core.simulator.script import Call, Say, Step, Think
from core.simulator.structured import structured
from core.simulator.summaries import cited, summary, title
from core.simulator.toolcalls import choose

_TOKEN = re.compile(r"\s*[^\s]{1,6}|\s+")
_FILL = 400
"""Tokens of a filling answer when nothing says how many."""
_GERMAN = re.compile(
    r"\b(ich|du|sie|wir|ist|sind|der|die|das|ein|eine|und|oder|nicht|wie|was|warum|bitte|für|mit|mir|kannst|"
    r"schreib|schreibe|erkläre|hallo|moin|servus|danke|guten|welche|auf|gib|nenne|zeig|vergleiche)\b|[äöüß]",
    re.IGNORECASE,
)
_ENGLISH = re.compile(
    r"\b(i|you|we|is|are|the|a|an|and|or|not|how|what|why|please|for|with|me|can|write|explain|hello|hi|"
    r"thanks|good|which|on|give|show|compare|of|to|in|this|that)\b",
    re.IGNORECASE,
)
_LONG = re.compile(r"\b(\d[\d_.,]*)\s*(k\b|tausend|thousand)?\s*tokens?\b", re.IGNORECASE)
_TITLE = re.compile(
    r"\b(short|concise|brief|kurzen?|knappen?)\b.{0,60}\b(title|titel|heading|überschrift)\b"
    r"|\b(title|titel|überschrift)\b.{0,60}\b(words|wörter|worten|conversation|chat|gespräch|unterhaltung)\b",
    re.IGNORECASE | re.DOTALL,
)
_SUMMARY = re.compile(
    r"\b(summari[sz]e|summary|tl;?dr|zusammenfass\w*|fass\w*.{0,80}zusammen)\b", re.IGNORECASE | re.DOTALL
)

_WORDS = {
    "sql": "sql select postgres sqlite datenbankabfrage",
    "shell": "bash shell linux grep awk sed systemd kommandozeile terminal ssh cron ps",
    "python": "python code function class script klasse funktion skript programm algorithm algorithmus "
    "refactor asyncio regex",
    "compare": "compare comparison versus vs difference table vergleich vergleiche unterschied unterschiede "
    "tabelle gegenüber",
    "mail": "email e-mail mail letter brief antwortschreiben",
    "reason": "prove proof calculate puzzle solve beweis beweise berechne löse rätsel",
    "story": "story poem haiku tale geschichte gedicht märchen",
    "steps": "steps plan checklist list tips schritte liste tipps anleitung checkliste",
}


def _any(words: str) -> str:
    return rf"\b({'|'.join(map(re.escape, words.split()))})\b"


_DAYTIME = "good (morning|evening|afternoon)|guten (morgen|tag|abend)"

INTENTS: tuple[tuple[str, str], ...] = (
    ("greeting", rf"^\W*(hi|hello|hey|hallo|moin|servus|grüß|{_DAYTIME})\b"),
    ("thanks", r"^\W*(thanks|thank you|danke|vielen dank|merci)\b"),
    ("who", r"\b(who are you|what can you do|your name|wer bist du|was kannst du|dein name)\b"),
    ("reason", r"\b(how many|wie viele)\b|\d\s*[-+*/]\s*\d"),
    *((name, _any(words)) for name, words in _WORDS.items()),
    ("steps", r"\b(how (do|can|to)|wie (kann|mache|geht))\b"),
    ("explain", r""),
)
"""Which answer a prompt gets: the first pattern that is found."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """Everything an answer depends on."""

    model: str
    messages: list[dict[str, Any]]
    tools: list[dict[str, Any]] = []
    format: Any = None
    thinks: bool = False
    level: str = "medium"
    stop: tuple[str, ...] = ()
    fill: bool = False
    wanted: int = -1

    @property
    def prompt(self) -> str:
        """What the person said last."""
        return next((_content(m) for m in reversed(self.messages) if m.get("role") != "assistant"), "")

    @property
    def system(self) -> str:
        """What the conversation is under."""
        return "\n".join(_content(m) for m in self.messages if m.get("role") == "system")


def _content(message: dict[str, Any]) -> str:
    return str(message.get("content") or "")


def pieces(text: str) -> Iterator[str]:
    """A text in tokens; joined they are the text again."""
    return (found.group() for found in _TOKEN.finditer(text))


def language(text: str) -> str:
    """`de` or `en`."""
    head = text[:2000]
    return "de" if len(_GERMAN.findall(head)) > len(_ENGLISH.findall(head)) else "en"


def compose(question: Question) -> Iterator[Step]:
    """The whole answer, token by token; the same question always gets the same one."""
    if ordered := _ordered(question):
        return map(Say, islice(endless(), ordered))
    call = choose(question.tools, question.messages)
    thought, text = _texts(question)
    thinking = map(Think, pieces(_measured(thought, question.level))) if question.thinks else iter(())
    if call:
        return chain(thinking, [Call(*call)])
    return chain(thinking, map(Say, pieces(_until(text, question.stop))))


def _ordered(question: Question) -> int:
    """How many tokens of anything are wanted; 0 for a real answer."""
    if question.fill and question.wanted > 0:
        return question.wanted
    if asked := _LONG.search(question.prompt):
        return max(int(re.sub(r"\D", "", asked[1]) or 0) * (1000 if asked[2] else 1), 1)
    return _FILL if question.fill else 0


def _texts(question: Question) -> tuple[str, str]:
    prompt = question.prompt
    if question.format is not None:
        return _thought("explain", language(prompt), question), structured(question.format, prompt)
    last = question.messages[-1] if question.messages else {}
    tongue = language(
        next((_content(m) for m in reversed(question.messages) if m.get("role") == "user"), prompt)
    )
    if last.get("role") == "tool":
        return _thought("tool", tongue, question), _part(
            "tool", tongue, question, result=_content(last).strip()
        )
    if _TITLE.search(prompt) or _TITLE.search(question.system):
        return _thought("title", tongue, question), title(prompt, tongue)
    if found := cited(question.system + "\n" + prompt, prompt, tongue):
        return _thought("sources", tongue, question), found
    if _SUMMARY.search(prompt) and len(prompt) > 200:
        return _thought("summary", tongue, question), summary(prompt, tongue)
    intent = next(name for name, pattern in INTENTS if re.search(pattern, prompt, re.IGNORECASE))
    return _thought(intent, tongue, question), _part(intent, tongue, question)


def _part(name: str, tongue: str, question: Question, **more: str) -> str:
    return _filled(answer_file(name, tongue)[1], question, **more)


def _thought(name: str, tongue: str, question: Question) -> str:
    thought = answer_file(name, tongue)[0] or answer_file("explain", tongue)[0]
    return _filled(thought, question)


def _filled(text: str, question: Question, **more: str) -> str:
    topic = " ".join(question.prompt.split()).rstrip("?!. ")
    short = topic if len(topic) <= 70 else topic[:69].rsplit(" ", 1)[0] + "…"
    return Template(text).safe_substitute({"model": question.model, "topic": short, **more})


@cache
def answer_file(name: str, tongue: str) -> tuple[str, str]:
    """The thinking and the answer of one file."""
    place = files("core.simulator") / "answers" / tongue / f"{name}.md"
    text = place.read_text(encoding="utf-8") if place.is_file() else ""
    thought, mark, answer = text.partition("\n=====\n")
    return (thought.strip(), answer.strip()) if mark else ("", text.strip())


def _measured(thought: str, level: str) -> str:
    """As much thinking as the level asks for."""
    paragraphs = thought.split("\n\n")
    match level:
        case "low":
            return paragraphs[0]
        case "high":
            return "\n\n".join([*paragraphs, *reversed(paragraphs[:-1])])
    return thought


def _until(text: str, stops: tuple[str, ...]) -> str:
    ends = [at for stop in stops if stop and (at := text.find(stop)) >= 0]
    return text[: min(ends)] if ends else text
