"""Files of a person's own beside the configuration: read with sentences for every fault, written whole."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import msgspec

from core.errors import ConfigError
from core.guard import one_line
from core.paths import make_private, open_private

LARGEST = 2**20

_ESCAPED = re.compile(r"\\.", re.DOTALL)

Value: TypeAlias = str | Sequence[str] | Mapping[str, Any]
"""What an entry says under one of its names."""

F = TypeVar("F")


def read(path: Path, form: type[F], hint: str) -> F | None:
    """What a file says; None when there is none. Blocking."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from None
    return parsed(data, path, form, hint)


def parsed(data: bytes, path: Path, form: type[F], hint: str) -> F:
    """What the text of a file says."""
    if len(data) > LARGEST:
        raise ConfigError(f"{path.name} is too large.", "Keep documents in the library instead.")
    try:
        return msgspec.convert(tomllib.loads(data.decode("utf-8")), form)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(f"{path} is not TOML: {one_line(str(error), 200)}.") from None
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path}: {one_line(str(error), 200)}.", hint) from None


def text_of(path: Path) -> str:
    """The text of a file as it is; empty when there is none. Blocking."""
    try:
        return path.read_text("utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from None


def write(path: Path, text: str) -> None:
    """Put a text in the place of a file, all of it or nothing. Blocking."""
    fresh = path.with_name(f".{path.name}.new")
    try:
        make_private(path.parent)
        fresh.unlink(missing_ok=True)
        with open(fresh, "w", encoding="utf-8", opener=_exclusive) as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except (OSError, UnicodeEncodeError) as error:
        raise ConfigError(f"{path} cannot be written: {one_line(str(error), 120)}.") from None


def _exclusive(path: str, flags: int) -> int:
    return open_private(Path(path), flags | os.O_EXCL)


def entry(table: str, values: Mapping[str, Value]) -> str:
    """One entry as it stands in a file; what is empty is left out."""
    lines = [f"[[{table}]]", *(f"{name} = {_written(value)}" for name, value in values.items() if value)]
    return "\n".join(lines) + "\n"


def _broken(found: re.Match[str]) -> str:
    return "\n" if found[0] == r"\n" else found[0]


def _written(value: object) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{name} = {_written(each)}" for name, each in value.items()) + " }"
    quoted = json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, str) and "\n" in value:
        # Several lines are read as several lines.
        return f'"""\n{_ESCAPED.sub(_broken, quoted[1:-1])}"""'
    return quoted
