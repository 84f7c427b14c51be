"""Help, made from the table: for the command, for a group of verbs, for one verb."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module

from core.cli.arguments import Argument, Verb
from core.cli.exits import MEANINGS
from core.cli.output import Output, bold, dim
from core.cli.verbs import ENVIRONMENT, GLOBALS, GROUPS, VERBS

_INTRODUCTION = (
    "Leitstand is the control room for local language models on Ollama. Without a verb it opens its screens; "
    "with one it answers here."
)
_COMMON = ("--json", "--data", "--config", "--host", "--demo", "--help")


def show(topic: str, out: Output) -> None:
    """Print the help for a verb, a group of verbs, or (an empty topic) the command."""
    verb = next((verb for verb in VERBS if verb.name == topic), None)
    if verb is not None:
        _verb(verb, out)
    elif topic:
        _group(topic, out)
    else:
        _command(out)


def _command(out: Output) -> None:
    _heading(out, "Usage")
    _paragraph(out, "leitstand [OPTIONS] [VERB …]")
    out.line()
    _paragraph(out, _INTRODUCTION, indent="")
    _section(out, "Verbs", [(verb.name, verb.help) for verb in VERBS])
    _section(out, "Options", _options(GLOBALS))
    _section(out, "Environment", ENVIRONMENT)
    _section(out, "Exit codes", [(str(code), meaning) for code, meaning in MEANINGS])
    out.line()
    _paragraph(
        out, "Options may stand before or after the verb. `leitstand VERB --help` says more.", indent=""
    )


def _group(topic: str, out: Output) -> None:
    _heading(out, "Usage")
    _paragraph(out, f"leitstand {topic} VERB …")
    out.line()
    _paragraph(out, GROUPS[topic], indent="")
    verbs = [verb for verb in VERBS if verb.name.startswith(f"{topic} ")]
    _section(out, "Verbs", [(verb.name.removeprefix(f"{topic} "), verb.help) for verb in verbs])
    out.line()
    _paragraph(out, f"`leitstand {topic} VERB --help` says more.", indent="")


def _verb(verb: Verb, out: Output) -> None:
    _heading(out, "Usage")
    _paragraph(out, " ".join(("leitstand", verb.name, *map(_usage, verb.arguments))))
    out.line()
    _paragraph(out, verb.help, indent="")
    for paragraph in verb.description.split("\n\n"):
        out.line()
        _paragraph(out, paragraph, indent="")
    places = [argument for argument in verb.arguments if not argument.is_option]
    _section(out, "Arguments", [(argument.name, _told(argument)) for argument in places])
    _section(out, "Options", _options(argument for argument in verb.arguments if argument.is_option))
    own = {argument.name for argument in verb.arguments}
    common = [argument for argument in GLOBALS if argument.name in _COMMON and argument.name not in own]
    _section(out, "Common options", _options(common))
    for heading, rows in _more(verb):
        _section(out, heading, rows)
    _section(out, "Exit codes", [(str(code), meaning) for code, meaning in MEANINGS])
    if verb.examples:
        out.line()
        _heading(out, "Examples")
        for command, meaning in verb.examples:
            out.line("  ", command)
            out.line("      ", dim(meaning))
    if others := _relatives(verb):
        out.line()
        _heading(out, "See also")
        _paragraph(out, ", ".join(others))


def _relatives(verb: Verb) -> list[str]:
    """Other verbs of its group, and those of the one it undoes."""
    first = verb.name.split()[0]
    family = {"backup", "restore"} if first in {"backup", "restore"} else {first}
    return [each.name for each in VERBS if each.name.split()[0] in family and each.name != verb.name]


def _more(verb: Verb) -> Iterable[tuple[str, Iterable[tuple[str, str]]]]:
    if not verb.more:
        return ()
    module, _, name = verb.more.partition(":")
    found: Iterable[tuple[str, Iterable[tuple[str, str]]]] = getattr(import_module(module), name)()
    return found


def _options(arguments: Iterable[Argument]) -> list[tuple[str, str]]:
    return [(f"{argument.name} {argument.metavar}".strip(), _told(argument)) for argument in arguments]


def _told(argument: Argument) -> str:
    told = argument.help
    if argument.choices:
        told += f" One of: {', '.join(argument.choices)}."
    if argument.default is not None:
        told += f" Default: {argument.default}."
    return told


def _usage(argument: Argument) -> str:
    if argument.is_option:
        return f"[{argument.name} {argument.metavar}]".replace(" ]", "]") + "…" * argument.many
    name = f"{argument.name}…" if argument.many else argument.name
    return f"[{name}]" if argument.optional else name


def _heading(out: Output, text: str) -> None:
    out.line(bold(text))


def _section(out: Output, heading: str, rows: Iterable[tuple[str, str]]) -> None:
    kept = list(rows)
    if not kept:
        return
    out.line()
    _heading(out, heading)
    column = min(max(len(name) for name, _ in kept), 22)
    for name, meaning in kept:
        lines = _wrapped(meaning, out.width - column - 4)
        if len(name) > column:
            out.line("  ", name)
        else:
            out.line("  ", name.ljust(column), "  ", lines.pop(0))
        for line in lines:
            out.line(" " * (column + 4), line)


def _paragraph(out: Output, text: str, indent: str = "  ") -> None:
    for line in _wrapped(text, out.width - len(indent)):
        out.line(indent, line)


def _wrapped(text: str, width: int) -> list[str]:
    from textwrap import wrap

    return wrap(text, max(width, 20), break_long_words=False, break_on_hyphens=False)
