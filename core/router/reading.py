"""Reads a question into what the rules look at: words, phrases, numbers, sentences. Pure, and bounded.

Only the beginning and the end of a long text are looked at, so a megabyte costs what a page costs. Every
pattern here and in the rules is anchored or has bounded repetitions.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cached_property

from core.router.collocations import COLLOCATIONS
from core.router.phrases import (
    ASKING,
    LONGEST_OPENING,
    OPENINGS,
    PHRASES,
    POLITE,
    POLITE_LONGEST,
    PREPOSITIONS,
    Phrase,
)
from core.router.words import GROUPS, SUFFIXES

HEAD, TAIL = 700, 300
"""Characters that are looked at, from the beginning and from the end."""

_SPACE = 4096
"""Characters of white space that are skipped at either end."""

_WORD = re.compile(
    r"c\+\+|[cf]#|\.net\b|[a-z]{2,12}\.js\b|i/o\b|[^\W\d_]{1,60}"
    # The digits of a name, python3 or esp32, are no number.
    r"|(?<![^\W_])\d{1,30}(?:[.,:]\d{1,30}){0,4}|[%$€£]"
)
_ODD = re.compile(
    r"[;{}<>|&$\[\]#@\\/_~`*:+^=()\n²³√∑∫π≤≥∞×÷]|\S\.\w|\s-|\s\.\w|\d-|[a-z][A-Z]|[A-Z]{4}|Error|Exception"
    r"|select |import "
)
_LINK = re.compile(r"\bhttps?://\S{1,300}")
_FOLD = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
_SENTENCE = re.compile(r"[.!?…](?=\s|$)|\n\s{0,20}\n")
_ENDINGS = ("es", "en", "s", "n", "e")
_INFLECTED = frozenset({"noun", "noun_mid", "noun_soft", "tool", "maths", "abstract", "analyse_noun"})
_YEAR = re.compile(r"1[0-9]{3}|20[0-9]{2}")


class Reading:
    """One question, read once; what few rules need is worked out when one asks."""

    def __init__(self, text: str) -> None:
        self.length = len(text)
        self.text = _link_free(_capped(text))
        self.characters = frozenset(self.text)
        tokens = tokens_of(self.text)
        self.raw = f" {' '.join(tokens)} "
        """All its words, folded, with a blank before and after each."""
        self.tokens = _without_collocations(tokens, self.raw)
        """The words, folded; everyday expressions with a word of the trade are left out."""
        self.hits: dict[str, list[str]] = {}
        """The words and phrases of each group that are there, in their order."""
        self.fired: set[str] = set()
        """The rules that have applied so far: later ones may look."""
        self.known: dict[int, Sequence[str]] = {}
        """What signs found that are asked for more than once."""
        self._group()

    @property
    def is_whole(self) -> bool:
        """Whether all of it was looked at."""
        return self.length <= HEAD + TAIL

    @cached_property
    def is_prose(self) -> bool:
        """Whether it has none of the characters that code, commands and formulas are made of."""
        return _ODD.search(self.text) is None

    @cached_property
    def words(self) -> int:
        """How many words it has, numbers and signs not counted; guessed for what was not looked at."""
        counted = sum(token[0].isalpha() for token in self.tokens)
        return counted if self.is_whole else max(counted, self.length // 7)

    @cached_property
    def core(self) -> list[str]:
        """The words without polite ones at the beginning: what is wanted stands first."""
        rest = self.tokens[:40]
        while True:
            for size in range(POLITE_LONGEST, 0, -1):
                if len(rest) > size and tuple(rest[:size]) in POLITE:
                    rest = rest[size:]
                    break
            else:
                return rest

    @cached_property
    def openings(self) -> frozenset[str]:
        """What kind of beginning it has."""
        core = self.core
        if core and core[0] in PREPOSITIONS:
            at = next((at for at, word in enumerate(core[:8]) if word in ASKING), 0)
            # In which year …: the preposition belongs to what is asked.
            core = core[at - 1 :] if at == 1 else core[at:]
        begun = [tuple(core[:size]) for size in range(1, LONGEST_OPENING + 1)]
        return frozenset(name for name, known in OPENINGS.items() if not known.isdisjoint(begun))

    @cached_property
    def sentences(self) -> int:
        """About how many sentences it has."""
        ends = len(_SENTENCE.findall(self.text))
        return ends if self.text.rstrip().endswith((".", "!", "?", "…")) else ends + 1

    @cached_property
    def questions(self) -> int:
        """How many question marks it has."""
        return self.text.count("?")

    @cached_property
    def numbers(self) -> list[str]:
        """The numbers in it; one or two years alone are dates and not counted."""
        found = [token for token in self.tokens if token[0].isdigit()]
        years = [token for token in found if _YEAR.fullmatch(token)]
        return [] if len(years) == len(found) < 3 else found

    def shown(self, words: Sequence[str]) -> tuple[str, ...]:
        """Words or phrases as they were written, in lower case: Schlüssel, not schluessel."""
        if self.text.isascii():
            return tuple(words)
        written = self._written
        return tuple(" ".join(written.get(word, word) for word in phrase.split(" ")) for phrase in words)

    @cached_property
    def _written(self) -> dict[str, str]:
        low = self.text.lower()
        return {word.casefold().translate(_FOLD): word for word in _WORD.findall(low)}

    def all(self, group: str) -> list[str]:
        """The words of a group that are there."""
        return self.hits.get(group, [])

    def _group(self) -> None:
        tokens, hits = self.tokens, self.hits
        last = len(tokens) - 1
        seen: set[str] = set()
        for at, token in enumerate(tokens):
            if (after := PHRASES.get(token)) is not None:
                self._phrases(at, after.get("", ()))
                if at < last and (begun := after.get(tokens[at + 1])) is not None:
                    self._phrases(at, begun)
            if token in seen:
                continue
            seen.add(token)
            for group in GROUPS.get(token) or _inflected(token) or _compound(token):
                hits.setdefault(group, []).append(token)

    def _phrases(self, at: int, begun: Iterable[tuple[Phrase, str]]) -> None:
        for phrase, group in begun:
            if len(phrase) < 3 or tuple(self.tokens[at : at + len(phrase)]) == phrase:
                kept = self.hits.setdefault(group, [])
                if (shown := " ".join(phrase)) not in kept:
                    kept.append(shown)


def tokens_of(text: str) -> list[str]:
    """The words of a text as they are compared: in lower case, ä as ae and ß as ss."""
    return _WORD.findall(text.casefold().translate(_FOLD))


def _capped(text: str) -> str:
    """The beginning and the end, without white space around; composed, so that an ä is one character."""
    if len(text) > HEAD + TAIL:
        start = text[: HEAD + _SPACE].lstrip()[:HEAD]
        text = f"{start}\n{text[-TAIL - _SPACE :].rstrip()[-TAIL:]}"
    return unicodedata.normalize("NFC", text.strip())


def _link_free(text: str) -> str:
    """The text without addresses of the web: what they are made of says nothing about the question."""
    return _LINK.sub(" ", text) if "://" in text else text


def _without_collocations(tokens: list[str], line: str) -> list[str]:
    if COLLOCATIONS.keys().isdisjoint(tokens):
        return tokens
    for word in dict.fromkeys(tokens):
        for phrase in COLLOCATIONS.get(word, ()):
            if phrase in line:
                line = line.replace(phrase, " ")
    return line.split()


def _inflected(token: str) -> tuple[str, ...]:
    """A noun that is not listed as it stands may be another form of one that is: des Dienstes, containers."""
    if len(token) > 5:
        for ending in _ENDINGS:
            if token.endswith(ending) and (groups := GROUPS.get(token[: -len(ending)])):
                return tuple(group for group in groups if group in _INFLECTED)
    return ()


def _compound(token: str) -> tuple[str, ...]:
    """A German compound means what its end means: Protokolldatei is a file."""
    if len(token) > 7:
        for size in range(min(len(token) - 2, 14), 3, -1):
            if (groups := SUFFIXES.get(token[-size:])) is not None:
                return groups
    return ()
