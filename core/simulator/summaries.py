"""Answers made from the text at hand: titles, summaries, and passages with their numbers."""

from __future__ import annotations

import re
from collections import Counter
from itertools import chain

_SENTENCE = re.compile(r"[^.!?\n]{20,300}[.!?]")
_TERM = re.compile(r"[^\W_]{3,}")
_END = re.compile(r"(?<=[.!?]) ")
_NUMBERED = re.compile(r"^[ \t]*\[(\d{1,2})\][ \t]*", re.MULTILINE)
_CLOSED = re.compile(r"^</", re.MULTILINE)
_LEAST = 20
_WORD = re.compile(r"[^\W\d_]{4,}")
_QUOTED = re.compile(r"[\"“„«<](.{3,400}?)[\"”“»>]", re.DOTALL)
_FILLING = frozenset(
    _WORD.findall(
        """
        about please could would should write explain short concise brief title titel heading words
        conversation chat with bitte kannst könntest schreibe erkläre kurzen knappen überschrift gespräch
        unterhaltung this that what which welche einen eine einem über user assistant message first
        question answer only reply generate summarize does have need when where many much wann warum
        """
    )
)


def title(prompt: str, tongue: str) -> str:
    """A few words that name the matter."""
    quoted = _QUOTED.search(prompt)
    matter = quoted[1] if quoted else prompt.rsplit("\n\n", 1)[-1].rsplit(":", 1)[-1]
    words: list[str] = [word for word in _WORD.findall(matter) if word.casefold() not in _FILLING][:5]
    if not words:
        return "Neues Gespräch" if tongue == "de" else "New conversation"
    return words[0][:1].upper() + words[0][1:] + "".join(f" {word}" for word in words[1:])


def summary(prompt: str, tongue: str) -> str:
    """The main sentences as a list."""
    sentences = [" ".join(found.split()) for found in _SENTENCE.findall(prompt)]
    chosen = sorted(sentences, key=len, reverse=True)[:4]
    points = "\n".join(f"- {sentence}" for sentence in sentences if sentence in chosen)
    if tongue == "de":
        return (
            f"**Kurz gefasst**\n\n{points}\n\nInsgesamt {len(sentences)} Sätze, auf das Wesentliche gekürzt."
        )
    return f"**In short**\n\n{points}\n\n{len(sentences)} sentences in all, reduced to what matters."


def cited(text: str, question: str, tongue: str) -> str:
    """What numbered passages say about the question, with their numbers; empty when there are none."""
    passages = [(number, body.partition("\n")[0], _sentences(body)) for number, body in _passages(text)]
    if not passages:
        return ""
    words = {one: _stems(one) for _, _, sentences in passages for one in sentences}
    often = Counter(chain.from_iterable(words.values()))
    asked = _stems(question.rpartition("Question:")[2]) - {word[:6] for word in _FILLING}

    def near(sentence: str, title: str = "") -> float:
        # What the title says, and what many sentences say, tells little about which of them answers.
        return sum(1 / often[word] for word in (asked - _stems(title)) & words[sentence])

    spoken = [
        (number, max(sentences, key=lambda one: near(one, title))) for number, title, sentences in passages
    ]
    best = sorted(spoken, key=lambda one: near(one[1]), reverse=True)[:3]
    lines = "\n".join(f"- {sentence} [{number}]" for number, sentence in best)
    if tongue == "de":
        return f"Dazu steht in Ihren Unterlagen:\n\n{lines}\n\nAm genauesten passt Stelle [{best[0][0]}]."
    return f"Your documents say:\n\n{lines}\n\nThe closest passage is [{best[0][0]}]."


def _stems(text: str) -> set[str]:
    return {word.casefold()[:6] for word in _TERM.findall(text)}


def _passages(text: str) -> list[tuple[str, str]]:
    """The numbers and words of what begins with a number in brackets and is no mere list of them."""
    marks = list(_NUMBERED.finditer(text))
    ends = [*(mark.start() for mark in marks), len(text)][1:]
    found = []
    for mark, end in zip(marks, ends, strict=True):
        stretch = text[mark.end() : end]
        closed = _CLOSED.search(stretch)
        # What nothing closes is one line: behind it somebody else may speak.
        found.append((mark[1], stretch[: closed.start()] if closed else stretch.partition("\n")[0]))
    return [(number, body) for number, body in found if len(body.strip()) >= _LEAST]


def _sentences(body: str) -> list[str]:
    """The sentences of a passage under its title; headings and rows of tables are none."""
    title, _, rest = body.partition("\n")
    paragraphs: list[list[str]] = [[]]
    for line in rest.splitlines():
        if not line.strip() or line.lstrip()[:1] in ("#", "|"):
            paragraphs.append([])
        else:
            paragraphs[-1].append(line)
    texts = [" ".join(" ".join(lines).split()) for lines in paragraphs]
    found = [one for text in texts for one in _END.split(text) if len(one) >= _LEAST]
    return found or [" ".join(title.split())[:200]]
