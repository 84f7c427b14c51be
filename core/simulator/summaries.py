"""Answers made from the text at hand: titles, summaries, and passages with their numbers."""

from __future__ import annotations

import re

_SENTENCE = re.compile(r"[^.!?\n]{20,300}[.!?]")
_PASSAGE = re.compile(r"^\s*\[(\d{1,2})\]\s*(.{20,})$", re.MULTILINE)
_WORD = re.compile(r"[^\W\d_]{4,}")
_QUOTED = re.compile(r"[\"“„«<](.{3,400}?)[\"”“»>]", re.DOTALL)
_FILLING = frozenset(
    _WORD.findall(
        """
        about please could would should write explain short concise brief title titel heading words
        conversation chat with bitte kannst könntest schreibe erkläre kurzen knappen überschrift gespräch
        unterhaltung this that what which welche einen eine einem über user assistant message first
        question answer only reply generate summarize
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
    passages = [(number, " ".join(body.split())) for number, body in _PASSAGE.findall(text)]
    if not passages:
        return ""
    asked = {word.casefold()[:6] for word in _WORD.findall(question)}

    def near(passage: tuple[str, str]) -> int:
        return sum(word.casefold()[:6] in asked for word in _WORD.findall(passage[1]))

    best = sorted(passages, key=near, reverse=True)[:3]
    lines = "\n".join(f"- {_first(body)} [{number}]" for number, body in best)
    if tongue == "de":
        return f"Dazu steht in Ihren Unterlagen:\n\n{lines}\n\nAm genauesten passt Stelle [{best[0][0]}]."
    return f"Your documents say:\n\n{lines}\n\nThe closest passage is [{best[0][0]}]."


def _first(body: str) -> str:
    found = _SENTENCE.search(body)
    return found.group().strip() if found else body[:200]
