"""Personas: those that come with Leitstand, and those of the user's own file.

[[persona]]
name = "Reviewer"
icon = "R"
description = "Reads code and says what is wrong with it"
system = "You review code. …"
model = "qwen3-coder:30b"
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import msgspec

from core.chat.types import Persona
from core.errors import ConfigError
from core.guard import one_line

FILE = "personas.toml"
_LARGEST = 2**20

BUILT_IN = (
    Persona(name="Assistant", icon="◆", description="Answers plainly, without a system prompt"),
    Persona(
        name="Programmer",
        icon="λ",
        description="Writes and explains code",
        system="You are an experienced programmer. Answer with working code first and a short explanation "
        "after it. Say which version or library you assume. When something is ambiguous, state your "
        "assumption instead of asking. Never invent functions that do not exist.",
    ),
    Persona(
        name="Editor",
        icon="¶",
        description="Improves texts and keeps their voice",
        system="You edit texts. Keep the author's language, meaning and voice. Return the improved text "
        "first, then a short list of what you changed and why. Do not add facts.",
    ),
    Persona(
        name="Translator",
        icon="⇄",
        description="Translates between German and English",
        system="You translate. German becomes English, every other language becomes German, unless the "
        "user names a language. Return the translation alone. Keep names, numbers, formatting and tone.",
    ),
    Persona(
        name="Teacher",
        icon="?",
        description="Explains step by step and checks understanding",
        system="You teach patiently. Begin with the idea in one sentence, then build it up step by step with "
        "a concrete example. End with one short question that shows whether it was understood.",
    ),
)
"""Everybody who is there from the start."""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    persona: tuple[Persona, ...] = ()


def load(path: Path | None) -> tuple[Persona, ...]:
    """Everybody there is; one of the file takes the place of a built-in one of the same name. Blocking."""
    own = _own(path) if path is not None else ()
    named = {persona.name.casefold() for persona in own}
    return (*(persona for persona in BUILT_IN if persona.name.casefold() not in named), *own)


def _own(path: Path) -> tuple[Persona, ...]:
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
        if len(data) > _LARGEST:
            raise ConfigError(f"{path.name} is too large.", "Keep documents in the library instead.")
        found = msgspec.convert(tomllib.loads(data.decode("utf-8")), _File).persona
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(f"{path} is not TOML: {one_line(str(error), 200)}.") from None
    except msgspec.ValidationError as error:
        raise ConfigError(
            f"{path}: {one_line(str(error), 200)}.",
            "A persona has a name and may have icon, description, system and model.",
        ) from None
    if any(not persona.name.strip() for persona in found):
        raise ConfigError(f"{path}: a persona has no name.")
    return found
