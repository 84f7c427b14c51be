"""What may come next on a command line that is being typed, made from the table of verbs. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from core.cli.arguments import Argument, Verb


class Candidate(NamedTuple):
    """One way to go on, and what it means."""

    word: str
    meaning: str = ""


class Offer(NamedTuple):
    """What may come next: words, or the names of files, which the shell knows best itself."""

    candidates: tuple[Candidate, ...] = ()
    files: str = ""
    """Empty, "files" or "directories"."""


Names = Callable[[str], Iterable[Candidate]]
"""Gives the names of a kind: models, chats, settings …"""

_FILES = {"FILE": "files", "PATH": "files", "DIR": "directories"}


def offer(
    words: Sequence[str],
    verbs: Sequence[Verb],
    globals_: Sequence[Argument],
    groups: Mapping[str, str],
    names: Names,
) -> Offer:
    """Return what the last of *words*, begun or empty, may become."""
    *before, begun = words or [""]
    line = _Line(verbs, globals_, groups)
    for word in before:
        line.take(word)
    found = line.next(begun, names)
    kept = sorted({candidate.word: candidate for candidate in found.candidates}.values())
    return Offer(tuple(candidate for candidate in kept if candidate.word.startswith(begun)), found.files)


class _Line:
    """The words that are complete, as far as they say what may come next."""

    def __init__(
        self, verbs: Sequence[Verb], globals_: Sequence[Argument], groups: Mapping[str, str]
    ) -> None:
        self._verbs = verbs
        self._groups = groups
        self._options = {argument.name: argument for argument in globals_}
        self._words: tuple[str, ...] = ()
        self._verb: Verb | None = None
        self._places = 0
        self._waiting: Argument | None = None
        self._given: set[str] = set()
        self._only_places = False

    def take(self, word: str) -> None:
        """Take a whole word."""
        if self._waiting is not None:
            self._waiting = None
        elif word == "--" and not self._only_places:
            self._only_places = True
        elif word.startswith("-") and len(word) > 1 and not self._only_places:
            name, joined, _ = word.partition("=")
            option = self._options.get(name)
            self._given.add(name)
            if option is not None and option.metavar and not joined:
                self._waiting = option
        else:
            self._place(word)

    def _place(self, word: str) -> None:
        name = " ".join((*self._words, word))
        known = next((verb for verb in self._verbs if verb.name == name), None)
        if self._verb is not None and known is None:
            self._places += 1
            return
        self._words = (*self._words, word)
        if known is not None:
            self._verb = known
            self._options |= {argument.name: argument for argument in known.arguments if argument.is_option}

    def next(self, begun: str, names: Names) -> Offer:
        """Return what may come now."""
        if self._waiting is not None:
            return _values(self._waiting, names)
        if begun.startswith("-") and not self._only_places:
            name, joined, _ = begun.partition("=")
            if joined and (option := self._options.get(name)) is not None:
                # The shell replaces the whole word, so the name goes along.
                values = _values(option, names).candidates
                return Offer(tuple(Candidate(f"{name}={value.word}", value.meaning) for value in values))
            return Offer(self._open_options())
        # A verb may go on with a second word and take arguments at the same time.
        found = _values(place, names) if (place := self._next_place()) is not None else Offer()
        further = () if self._places else self._next_words()
        return Offer((*further, *found.candidates), found.files)

    def _open_options(self) -> tuple[Candidate, ...]:
        return tuple(
            Candidate(option.name, option.help)
            for option in self._options.values()
            if option.many or option.name not in self._given
        )

    def _next_words(self) -> tuple[Candidate, ...]:
        depth, group = len(self._words), " ".join(self._words)
        found: dict[str, Candidate] = {}
        for verb in self._verbs:
            words = verb.name.split()
            if len(words) > depth and " ".join(words[:depth]) == group:
                meaning = verb.help if len(words) == depth + 1 else self._groups.get(words[0], "")
                found.setdefault(words[depth], Candidate(words[depth], meaning))
        return tuple(found.values())

    def _next_place(self) -> Argument | None:
        if self._verb is None:
            return None
        places = [argument for argument in self._verb.arguments if not argument.is_option]
        if self._places < len(places):
            return places[self._places]
        return places[-1] if places and places[-1].many else None


def _values(argument: Argument, names: Names) -> Offer:
    if argument.choices:
        return Offer(tuple(Candidate(choice) for choice in argument.choices))
    if argument.names:
        return Offer(tuple(names(argument.names)))
    return Offer(files=_FILES.get(argument.metavar or argument.name, ""))
