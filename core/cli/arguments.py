"""Turns words into a verb and its values. Pure; knows nothing of what a verb does.

Written out instead of using argparse because global options count before and after the verb, verbs have
names of two words, and an error is one sentence with the nearest right word.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from core.errors import UsageError


def text(value: str) -> str:
    """Take a value as it is."""
    return value


def whole(value: str) -> int:
    """Read a whole number."""
    try:
        return int(value)
    except ValueError:
        raise UsageError(f"{value[:80]!r} is not a whole number.") from None


def rate(value: str) -> float:
    """Read a number above zero."""
    try:
        number = float(value)
    except ValueError:
        number = 0.0
    if not 0 < number < 1e9:
        raise UsageError(f"{value[:80]!r} is not a number above zero.")
    return number


def port(value: str) -> int:
    """Read a TCP port; 0 lets the system choose one."""
    number = whole(value)
    if not 0 <= number <= 65535:
        raise UsageError(f"{number} is not a port: ports go from 0 to 65535.")
    return number


class Argument(NamedTuple):
    """One word or option of a verb. `--name` is an option, without a metavar a flag; else a position."""

    name: str
    help: str
    metavar: str = ""
    read: Callable[[str], Any] = text
    choices: tuple[str, ...] = ()
    default: Any = None
    optional: bool = False
    many: bool = False
    names: str = ""
    """What kind of name completes it, as `core.cli.completions` knows them: "model", "chat" …"""

    @property
    def key(self) -> str:
        """Its name among the parsed values: `--plain-output` is `plain_output`."""
        return self.name.lstrip("-").replace("-", "_").lower()

    @property
    def is_option(self) -> bool:
        """Whether it is named on the command line instead of placed."""
        return self.name.startswith("-")


WAIT = Argument("--wait", "Wait until it is done; that is also what happens without --detach.")
DETACH = Argument("--detach", "Return at once; it goes on in the background, see `leitstand queue`.")
LASTING = (WAIT, DETACH)
"""What every verb has that starts work which outlives it when asked to."""


class Verb(NamedTuple):
    """One line of the table: what it is called, what people are told about it, and what it runs."""

    name: str
    help: str
    description: str
    function: str
    """`module:function`, imported when the verb runs and not for its help."""
    arguments: tuple[Argument, ...] = ()
    examples: tuple[tuple[str, str], ...] = ()
    more: str = ""
    """`module:function` that gives further sections of its help, made from tables elsewhere."""


class Parsed(NamedTuple):
    """What was asked: a verb (none opens the screens), the value of every argument, and group help."""

    verb: Verb | None
    values: Mapping[str, Any]
    words: tuple[str, ...]
    """The words of the verb as far as they were given: `("config",)` when its second word is missing."""


def parse(argv: Sequence[str], verbs: Iterable[Verb], globals_: Iterable[Argument]) -> Parsed:
    """Read a command line; raise UsageError with one sentence when it cannot be meant."""
    return _Reader(tuple(verbs), tuple(globals_)).read(argv)


def flags(argv: Sequence[str]) -> Sequence[str]:
    """The words that may be options: those before a `--`."""
    return argv[: argv.index("--")] if "--" in argv else argv


def topic(argv: Sequence[str], verbs: Iterable[Verb], globals_: Iterable[Argument]) -> str:
    """The verb or group that help is wanted for; empty for the command itself."""
    return _Reader(tuple(verbs), tuple(globals_)).topic(argv)


def nearest(word: str, known: Iterable[str]) -> str:
    """A sentence naming the word that was probably meant, or nothing."""
    from difflib import get_close_matches

    found = get_close_matches(word, list(known), 1)
    return f"Did you mean {found[0]}?" if found else ""


class _Reader:
    def __init__(self, verbs: tuple[Verb, ...], globals_: tuple[Argument, ...]) -> None:
        self._verbs = {verb.name: verb for verb in verbs}
        self._options = {argument.name: argument for argument in globals_}
        self._values: dict[str, Any] = {argument.key: _default(argument) for argument in globals_}
        self._words: tuple[str, ...] = ()
        self._verb: Verb | None = None
        self._places: list[str] = []
        self._given: set[str] = set()

    def read(self, argv: Sequence[str]) -> Parsed:
        """Take everything, then see that nothing is missing."""
        self._take(argv)
        if self._verb is not None:
            self._fill(self._verb)
        return Parsed(self._verb, self._values, self._words)

    def topic(self, argv: Sequence[str]) -> str:
        """The verb, or as much of it as is there."""
        self._take(argv)
        return " ".join(self._words)

    def _take(self, argv: Sequence[str]) -> None:
        words = iter(argv)
        for word in words:
            if word == "--":
                for rest in words:
                    self._place(rest)
            elif word.startswith("-") and len(word) > 1 and not _is_number(word):
                self._option(word, words)
            else:
                self._place(word)

    def _option(self, word: str, rest: Iterator[str]) -> None:
        name, joined, value = word.partition("=")
        name = "--help" if name == "-h" else name
        option = self._options.get(name)
        if option is None:
            raise UsageError(
                f"{self._scope()} has no option {name[:80]}.",
                nearest(name, self._options) or f"See `{self._scope()} --help`.",
            )
        self._given.add(name)
        if not option.metavar:
            if joined:
                raise UsageError(f"{name} takes no value.")
            self._values[option.key] = True
            return
        if not joined:
            value = next(rest, "--")
            if value.startswith("-") and len(value) > 1 and not _is_number(value):
                raise UsageError(
                    f"{name} needs a value: {name} {option.metavar}.",
                    f"A value that begins with a dash is written {name}=VALUE.",
                )
        read = _value(option, value)
        # An option that may come several times gathers what it is given.
        self._values[option.key] = (*self._values[option.key], read) if option.many else read

    def _place(self, word: str) -> None:
        if self._verb is not None and self._extended(word) not in self._verbs:
            self._places.append(word)
            return
        name = self._extended(word)
        if not any(known == name or known.startswith(f"{name} ") for known in self._verbs):
            raise self._unknown(word)
        self._words = (*self._words, word)
        self._verb = self._verbs.get(name)
        if self._verb is not None:
            for argument in self._verb.arguments:
                # A verb may have an option of the same name as a global one: it is the verb's then.
                if argument.name not in self._given:
                    self._values[argument.key] = _default(argument)
                if argument.is_option:
                    self._options[argument.name] = argument

    def _extended(self, word: str) -> str:
        return " ".join((*self._words, word))

    def _unknown(self, word: str) -> UsageError:
        group = " ".join(self._words)
        depth = len(self._words)
        known = {name.split()[depth] for name in self._verbs if name.startswith(f"{group} ") or not group}
        return UsageError(
            f"{self._scope()} has no verb {word[:80]!r}.",
            nearest(word, known) or f"It has: {', '.join(sorted(known))}.",
        )

    def _scope(self) -> str:
        return " ".join(("leitstand", *self._words))

    def _fill(self, verb: Verb) -> None:
        wanted = [argument for argument in verb.arguments if not argument.is_option]
        places = self._places
        for argument in wanted:
            if argument.many:
                taken, places = places, []
                self._values[argument.key] = tuple(_value(argument, word) for word in taken)
            elif places:
                taken, places = places[:1], places[1:]
                self._values[argument.key] = _value(argument, taken[0])
            else:
                taken = []
            if not taken and not argument.optional:
                raise UsageError(f"{self._scope()} needs {argument.name}: {argument.help}")
        if places:
            raise UsageError(
                f"{self._scope()} does not know what to do with {places[0][:80]!r}.",
                f"See `{self._scope()} --help`.",
            )


def _default(argument: Argument) -> Any:
    if argument.many:
        return ()
    return False if argument.is_option and not argument.metavar else argument.default


def _value(argument: Argument, word: str) -> Any:
    if argument.choices and word not in argument.choices:
        raise UsageError(
            f"{argument.name} cannot be {word[:80]!r}.", f"It can be: {', '.join(argument.choices)}."
        )
    return argument.read(word)


def _is_number(word: str) -> bool:
    return word[1:].replace(".", "", 1).isdigit()
