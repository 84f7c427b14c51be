"""Personas: those that come with Leitstand, and those of the user's own file.

[[persona]]
name = "Reviewer"
icon = "R"
description = "Reads code and says what is wrong with it"
colour = "blue"
system = "You review code. Say what is wrong first, then what could be simpler."
model = "qwen3-coder:30b"
options = { temperature = 0.2 }
questions = ["What is wrong with the file I attach?"]
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec

from core.chat import own
from core.chat.options import checked_options
from core.chat.types import Persona
from core.config import entries
from core.errors import ConfigError, UsageError
from core.guard import one_line

FILE = "personas.toml"
EXAMPLE = (__doc__ or "").partition("\n\n")[2]
"""What a file of one's own looks like."""
_HINT = (
    "A persona has a name and may have icon, colour (blue, green, orange, red), description, system, model, "
    "options and questions."
)
_KEPT = ("name", "icon", "colour", "description", "system", "model", "options", "questions")
LONGEST_NAME = 60
COLOURS: tuple[str, ...] = get_args(get_type_hints(Persona)["colour"])
"""What an icon can be painted with; the first is none in particular."""

BUILT_IN = (
    Persona(
        name="Assistant",
        icon="◆",
        description="Answers plainly, without a system prompt",
        questions=(
            "Explain to me how … works, in five sentences.",
            "Compare … and … in a table: strengths, weaknesses, when to take which.",
            "What speaks for and against …?",
        ),
    ),
    Persona(
        name="Programmer",
        icon="λ",
        description="Writes and explains code",
        system="You are an experienced programmer. Answer with working code first and a short explanation "
        "after it. Say which version or library you assume. When something is ambiguous, state your "
        "assumption instead of asking. Never invent functions that do not exist.",
        colour="blue",
        questions=(
            "Write a script that …",
            "What is wrong with this code? Say it first, then mend it.",
            "Write tests for the function in the file I attach.",
        ),
    ),
    Persona(
        name="Editor",
        icon="¶",
        description="Improves texts and keeps their voice",
        system="You edit texts. Keep the author's language, meaning and voice. Return the improved text "
        "first, then a short list of what you changed and why. Do not add facts.",
        colour="green",
        questions=(
            "Make this text shorter by a third without losing anything: …",
            "Correct spelling and grammar only: …",
            "Rewrite this so that a ten-year-old understands it: …",
        ),
    ),
    Persona(
        name="Translator",
        icon="⇄",
        description="Translates between German and English",
        system="You translate. German becomes English, every other language becomes German, unless the "
        "user names a language. Return the translation alone. Keep names, numbers, formatting and tone.",
        colour="blue",
        questions=(
            "Übersetze ins Englische: …",
            "Translate into German: …",
            "How would a native speaker put this? …",
        ),
    ),
    Persona(
        name="Teacher",
        icon="?",
        description="Explains step by step and checks understanding",
        system="You teach patiently. Begin with the idea in one sentence, then build it up step by step with "
        "a concrete example. End with one short question that shows whether it was understood.",
        colour="orange",
        questions=(
            "Teach me … from the beginning.",
            "Ask me five questions about … and mark my answers.",
            "Why is … so? Give me a picture to remember it by.",
        ),
    ),
)
"""Everybody who is there from the start."""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    persona: tuple[Persona, ...] = ()


def load(path: Path | None) -> tuple[Persona, ...]:
    """Everybody there is; one of the file takes the place of a built-in one of the same name. Blocking."""
    found = own.read(path, _File, _HINT) if path is not None else None
    mine = checked(found, path) if found is not None and path is not None else ()
    named = {persona.name.casefold() for persona in mine}
    return (*(persona for persona in BUILT_IN if persona.name.casefold() not in named), *mine)


def check(text: str, path: Path) -> None:
    """Raise ConfigError when a text is no file of personas."""
    checked(own.parsed(text.encode("utf-8", "replace"), path, _File, _HINT), path)


def checked(found: _File, path: Path) -> tuple[Persona, ...]:
    """The personas of a file, each with a name and with options that the server takes."""
    mine = []
    for persona in found.persona:
        if not persona.name.strip():
            raise ConfigError(f"{path}: a persona has no name.")
        try:
            options = checked_options(persona.options)
        except UsageError as error:
            raise ConfigError(f"{path}: {one_line(persona.name, 60)}: {error.message}", error.hint) from None
        mine.append(msgspec.structs.replace(persona, options=options, own=True))
    return tuple(mine)


def sound(persona: Persona) -> Persona:
    """A persona as a person may make one, or a sentence about what is missing."""
    name = one_line(persona.name, LONGEST_NAME)
    if not name:
        raise UsageError("A persona needs a name.")
    if persona.colour not in COLOURS:
        raise UsageError(
            f"There is no colour “{one_line(persona.colour, 20)}”.", f"There are {', '.join(COLOURS[1:])}."
        )
    return msgspec.structs.replace(
        persona,
        name=name,
        icon=one_line(persona.icon, 2),
        description=one_line(persona.description, 300),
        system=persona.system.strip(),
        model=persona.model.strip(),
        options=checked_options(persona.options),
        questions=tuple(found for question in persona.questions if (found := question.strip())),
        own=True,
    )


def with_entry(text: str, persona: Persona, replacing: str) -> str:
    """The text of a file with this persona, in the place of one of its own where that is given."""
    if replacing:
        return entries.put(text, "persona", replacing, _values(persona))
    return f"{text.rstrip()}\n\n{entry(persona)}".lstrip()


def without_entry(text: str, name: str) -> str:
    """The text of a file without the persona of that name."""
    return entries.take(text, "persona", name)


def entry(persona: Persona) -> str:
    """A persona as it stands in a file."""
    return own.entry("persona", _values(persona))


def _values(persona: Persona) -> dict[str, Any]:
    found = {name: getattr(persona, name) for name in _KEPT}
    return found | {"questions": [*persona.questions]}
