"""Ways to find something in a question: what the table of rules is written in. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import islice

from core.router.reading import Reading

_MOST = 3
"""Pieces of one kind that are told: more say nothing new."""

_LONGEST = 40
"""Characters of a piece that are told."""

_PREFIXES = frozenset(
    {"ab", "an", "aus", "ein", "auf", "zu", "zurueck", "vor", "um", "weiter", "weg", "fort", "fest", "frei"}
    | {"hoch", "runter", "herunter", "hinzu", "nach", "wieder", "her"}
)
"""The end of a separable German verb."""

_PEOPLE = frozenset(
    {"i", "you", "we", "one", "it", "that", "this", "be", "ich", "man", "du", "wir", "sie", "es", "jemand"}
)

Find = Callable[[Reading], Sequence[str]]
"""Returns what it found, piece by piece; nothing when its rule does not apply."""


class Sign:
    """Something to look for, and the groups of words without which it cannot be there."""

    __slots__ = ("find", "needs")

    def __init__(self, find: Find, needs: frozenset[str] | None = None) -> None:
        self.find = find
        self.needs = needs
        """One of these groups must be there; None: it may be there without any."""


def words(*groups: str, least: int = 1) -> Sign:
    """Words or phrases of these groups, as many different ones as asked for."""

    def find(reading: Reading) -> Sequence[str]:
        hits = reading.hits
        found = [word for group in groups if group in hits for word in hits[group]]
        return found[:_MOST] if len(found) >= least else ()

    return Sign(find, frozenset(groups))


def near(one: str, other: str, within: int) -> Sign:
    """A word of one group and, at most so many words later, one of another."""

    def find(reading: Reading) -> Sequence[str]:
        first, second = reading.hits.get(one), reading.hits.get(other)
        if not first or not second:
            return ()
        tokens = reading.tokens
        for at, token in enumerate(tokens):
            if token in first:
                for later in tokens[at + 1 : at + 1 + within]:
                    if later in second:
                        return (token, later)
        return ()

    return Sign(find, frozenset({other}))


def early(group: str, most: int) -> Sign:
    """One of the first words belongs to this group."""

    def find(reading: Reading) -> Sequence[str]:
        known = reading.hits.get(group)
        return [word for word in reading.core[:most] if word in known][:_MOST] if known else ()

    return Sign(find, frozenset({group}))


def opens(*groups: str) -> Sign:
    """What is wanted begins with a word of these groups."""

    def find(reading: Reading) -> Sequence[str]:
        first = reading.core[0] if reading.core else ""
        return (first,) if any(first in reading.all(group) for group in groups) else ()

    return Sign(find, frozenset(groups))


def begins(kind: str) -> Sign:
    """What is wanted begins with a phrase of this kind."""

    def find(reading: Reading) -> Sequence[str]:
        return (reading.core[0],) if kind in reading.openings else ()

    return Sign(find)


def closes(group: str, most: int) -> Sign:
    """What is wanted ends, as German captions do, with a word of this group; it is no question and short."""

    def find(reading: Reading) -> Sequence[str]:
        last = reading.tokens[-1] if reading.tokens else ""
        closing = last in reading.all(group) or (len(last) > 7 and last.endswith("ieren"))
        return (last,) if closing and not reading.questions and reading.words <= most else ()

    return Sign(find)


def _imperative(reading: Reading) -> Sequence[str]:
    core = reading.core
    if len(core) < 2 or reading.questions or not core[0].endswith("e"):
        return ()
    if len(core[0]) > 6 and core[0].endswith("iere"):
        return core[:1]
    return (core[0], core[-1]) if len(core) > 3 and core[-1] in _PREFIXES else ()


IMPERATIVE = Sign(_imperative)
"""A German order that no list knows: Formatiere …, Frage … ab."""


def _how_might(reading: Reading) -> Sequence[str]:
    core = reading.core
    at = 1 if core and core[0] in ("how", "wie") else 0
    if len(core) < at + 4 or core[at] not in reading.all("modal") or core[at + 1] in _PEOPLE:
        return ()
    return core[: at + 1]


HOW_MIGHT = Sign(_how_might, frozenset({"modal"}))
"""How something could be, not how I or you do it; also without the how."""


def looks(pattern: str, needs: str = "", least: int = 1) -> Sign:
    """Something that looks like this in the text as it was written; it cannot without one of *needs*."""
    compiled = re.compile(pattern, re.MULTILINE)
    needed = frozenset(needs)

    def find(reading: Reading) -> Sequence[str]:
        if reading.is_prose or (needed and needed.isdisjoint(reading.characters)):
            return ()
        found = [match[0].strip()[:_LONGEST] for match in islice(compiled.finditer(reading.text), least)]
        return found[:_MOST] if len(found) >= least else ()

    return Sign(find)


def says(pattern: str, *groups: str) -> Sign:
    """A sentence of this form; it cannot be there without a word of these groups, if there are any."""
    compiled = re.compile(pattern, re.IGNORECASE)

    def find(reading: Reading) -> Sequence[str]:
        match = compiled.search(reading.text)
        return (match[0].strip()[:_LONGEST],) if match else ()

    return Sign(find, frozenset(groups) or None)


def both(one: Sign, other: Sign) -> Sign:
    """Two signs at once."""
    find_one, find_other = one.find, other.find

    def find(reading: Reading) -> Sequence[str]:
        first = find_one(reading)
        second = find_other(reading) if first else ()
        return (*first, *(piece for piece in second if piece not in first))[:_MOST] if second else ()

    return Sign(find, one.needs if one.needs is not None else other.needs)


def either(*signs: Sign) -> Sign:
    """The first of these that is there."""
    finds = tuple(sign.find for sign in signs)

    def find(reading: Reading) -> Sequence[str]:
        for look in finds:
            if found := look(reading):
                return found
        return ()

    needs: frozenset[str] = frozenset()
    for sign in signs:
        if sign.needs is None:
            return Sign(find)
        needs |= sign.needs
    return Sign(find, needs)


def unless(sign: Sign, *others: Sign) -> Sign:
    """A sign, when none of the others is there."""
    wanted = sign.find
    unwanted = tuple(other.find for other in others)

    def find(reading: Reading) -> Sequence[str]:
        found = wanted(reading)
        if found:
            for look in unwanted:
                if look(reading):
                    return ()
        return found

    return Sign(find, sign.needs)


def once(sign: Sign) -> Sign:
    """A sign that many rules ask for, looked for once; it must not depend on rules still to come."""
    number = id(sign)

    def find(reading: Reading) -> Sequence[str]:
        found = reading.known.get(number)
        if found is None:
            found = reading.known[number] = sign.find(reading)
        return found

    return Sign(find, sign.needs)


def fired(*rules: str) -> Sign:
    """One of these rules has applied; they stand above in the table."""
    wanted = frozenset(rules)

    def find(reading: Reading) -> Sequence[str]:
        return () if wanted.isdisjoint(reading.fired) else tuple(sorted(wanted & reading.fired))

    return Sign(find)


def up_to(most: int, sign: Sign) -> Sign:
    """A sign in a text of at most so many words."""

    def find(reading: Reading) -> Sequence[str]:
        return sign.find(reading) if reading.words <= most else ()

    return Sign(find, sign.needs)


def _counted(count: Callable[[Reading], int], noun: str, least: int = 0, most: int = 10**9) -> Sign:
    def find(reading: Reading) -> Sequence[str]:
        number = count(reading)
        return (f"{number} {noun}",) if least <= number <= most else ()

    return Sign(find)


def longer(least: int) -> Sign:
    """At least so many words."""
    return _counted(lambda reading: reading.words, "words", least)


def shorter(most: int) -> Sign:
    """At most so many words."""
    return _counted(lambda reading: reading.words, "words", 0, most)


def sentences(least: int) -> Sign:
    """At least so many sentences."""
    return _counted(lambda reading: reading.sentences, "sentences", least)


def questions(least: int) -> Sign:
    """At least so many question marks."""
    return _counted(lambda reading: reading.questions, "questions", least)


ANYTHING = longer(0)
"""Whatever it is."""


def numbers(least: int) -> Sign:
    """At least so many numbers; a lone year is none."""

    def find(reading: Reading) -> Sequence[str]:
        found = reading.numbers
        return found[:_MOST] if len(found) >= least else ()

    return Sign(find)


def amounts(least: int) -> Sign:
    """At least so many numbers, in digits or in words."""

    def find(reading: Reading) -> Sequence[str]:
        found = [*reading.numbers, *reading.all("number_word")]
        return found[:_MOST] if len(found) >= least else ()

    return Sign(find)
