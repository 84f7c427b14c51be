"""The verbs that begin with `config`: the settings file from outside a running Leitstand."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path
from typing import Any

from core.cli.context import Context
from core.cli.exits import DONE, FAILED
from core.cli.output import Piece, bold, dim
from core.config import file
from core.config.example import example as example_text
from core.config.schema import read, settings
from core.config.types import Setting, Value
from core.config.values import check as check_value
from core.config.values import find, parse
from core.errors import ConfigError, DataDirectoryError, LeitstandError, NotFound, UsageError
from core.paths import make_private, open_private


def get(context: Context) -> int:
    """Print one value."""
    key = context.values["key"]
    setting, entry = _find(key)
    loaded = file.load(context.paths.config)
    value: Any = read(loaded.config, setting.path)
    if entry:
        if entry not in value:
            raise NotFound(f"{key} is not set.")
        value = value[entry]
    if context.out.json:
        context.out.value({"key": key, "value": value, "source": _source(setting, loaded)})
    elif isinstance(value, dict):
        context.out.table([(name, text) for name, text in value.items()])
    else:
        context.out.line(_written(value))
    return DONE


def set_(context: Context) -> int:
    """Check a value and write it."""
    key, text = context.values["key"], context.values["value"]
    setting, entry = _find(key)
    try:
        value = parse(setting, text)
        check_value(setting, value, entry)
    except ConfigError as error:
        raise UsageError(error.message, error.hint) from None
    file.set_value(context.paths.config, key, value)
    return _now(context, setting)


def unset(context: Context) -> int:
    """Take a key out of the file, also one that no setting has."""
    key = context.values["key"]
    file.unset(context.paths.config, key)
    try:
        setting, _ = find(key)
    except NotFound:
        return DONE
    return _now(context, setting)


def _now(context: Context, setting: Setting) -> int:
    if context.out.json:
        loaded = file.load(context.paths.config)
        value = read(loaded.config, setting.path)
        context.out.value({"key": setting.path, "value": value, "source": _source(setting, loaded)})
    return DONE


def list_(context: Context) -> int:
    """Print every setting."""
    loaded = file.load(context.paths.config)
    found = [(setting, read(loaded.config, setting.path)) for setting in settings()]
    if context.values["changed"]:
        found = [(setting, value) for setting, value in found if value != setting.default]
    if context.out.json:
        context.out.value([_entry(setting, value, loaded) for setting, value in found])
        return DONE
    rows: list[tuple[Piece, ...]] = []
    for setting, value in found:
        shown = "(secret)" if setting.secret and value else _written(value)
        rows.append((bold(setting.path), shown, dim(_source(setting, loaded))))
    context.out.table(rows)
    return DONE


def path(context: Context) -> int:
    """Print where the file is, or would be."""
    where = context.paths.config
    if context.out.json:
        context.out.value({"path": str(where), "exists": where.exists()})
    else:
        context.out.line(str(where))
    return DONE


def check(context: Context) -> int:
    """Name what is wrong with the file."""
    where = context.paths.config
    problems = file.load(where).problems
    if context.out.json:
        context.out.value({"path": str(where), "exists": where.exists(), "problems": problems})
        return FAILED if problems else DONE
    for problem in problems:
        context.out.line(problem.sentence)
        if problem.hint:
            context.out.line("  ", dim(problem.hint))
    if not problems:
        context.out.line(
            f"{where} is in order." if where.exists() else f"{where} does not exist; defaults count."
        )
    return FAILED if problems else DONE


def example(context: Context) -> int:
    """Print a file that explains everything."""
    if context.out.json:
        context.out.value({"example": example_text()})
    else:
        context.out.text(example_text())
    return DONE


def edit(context: Context) -> int:
    """Open the file in an editor, then check it."""
    where = context.paths.config
    _begin(where)
    environment = context.environment
    editor = environment.get("VISUAL") or environment.get("EDITOR") or "vi"
    context.out.flush()
    try:
        ended = subprocess.run([*shlex.split(editor), str(where)], env=dict(environment), check=False)
    except (OSError, ValueError):
        raise LeitstandError(
            f"The editor {editor} cannot be started.", "Name another one with EDITOR=."
        ) from None
    if ended.returncode:
        raise LeitstandError(f"The editor ended with {ended.returncode}; the file is as it left it.")
    return check(context)


def _begin(where: Path) -> None:
    """Put the example where no file is yet."""
    try:
        if not where.parent.is_dir():
            make_private(where.parent)
        with os.fdopen(
            open_private(where, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "w", encoding="utf-8"
        ) as new:
            new.write(example_text())
    except FileExistsError:
        return
    except DataDirectoryError as error:
        raise ConfigError(error.message, "Choose another file with --config.") from None
    except OSError as error:
        raise ConfigError(
            f"{where} cannot be made: {error.strerror}.", "Choose another file with --config."
        ) from None


def _find(key: str) -> tuple[Setting, str]:
    try:
        return find(key)
    except NotFound as error:
        raise UsageError(error.message, error.hint or "See `leitstand config list`.") from None


def _source(setting: Setting, loaded: file.Loaded) -> str:
    return "file" if setting.path in loaded.given else "default"


def _entry(setting: Setting, value: Value, loaded: file.Loaded) -> dict[str, Any]:
    return {
        "key": setting.path,
        "value": "(secret)" if setting.secret and value else value,
        "default": setting.default,
        "source": _source(setting, loaded),
        "kind": setting.kind,
        "expects": setting.expects,
        "title": setting.title,
        "description": setting.description,
        "restart": setting.restart,
    }


def _written(value: Value) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case list():
            return ", ".join(value)
        case dict():
            return ", ".join(f"{name} = {text}" for name, text in value.items())
    return str(value)
