"""`status --oneline`: one plain line for a status bar, cheap enough to be asked for every few seconds.

Imports nothing that a status line can do without; what it shows of the outside is made harmless, also for
tmux, which takes `#[…]` in a line for a style.
"""

from __future__ import annotations

import re
from binascii import b2a_base64
from typing import Any

from core.cli.context import Context
from core.cli.exits import DONE, FAILED, SERVER
from core.cli.glance import Away, Glance, NotOllama, Refusing, Target, glance
from core.errors import ConfigError, UsageError
from core.guard import harmless, one_line

FORMAT = "{mark} {state} {version} {models} {memory} {queue}"
GPU_FIELDS = ("gpu", "vram", "heat", "power")
FIELDS = ("mark", "state", "version", "models", "memory", "count", "queue", *GPU_FIELDS)
_FIELD = re.compile(r"\{(\w*)\}")

# What nearly everybody writes; anything else is read by the module that knows every form.
_PLAIN = re.compile(
    r"(http://)?((?:127|10|192)(?:\.\d{1,3}){3}|[a-z][a-z0-9]*(?:[.-][a-z0-9]+)*)(?::([1-9]\d{0,3}|[1-5]\d{4}))?/?",
    re.ASCII,
)
_DEFAULT = Target("127.0.0.1", 11434)


def show(context: Context) -> int:
    """Print the line; the number says whether the server is there."""
    line, code = _line(context)
    context.out.line(line)
    return code


def follow(context: Context, every: float) -> int:
    """Print the line whenever it says something else, for status bars that read on, until ctrl+c."""
    import time

    before = None
    while True:
        line, _ = _line(context)
        if line != before:
            context.out.line(line)
            context.out.flush()
            before = line
        time.sleep(every)


def _line(context: Context) -> tuple[str, int]:
    template = context.values["format"] or FORMAT
    unknown = next((name for name in _FIELD.findall(template) if name not in FIELDS), None)
    if unknown is not None:
        raise UsageError(
            f"A status line has no field {{{unknown[:40]}}}.", f"It has: {{{'}, {'.join(FIELDS)}}}."
        )
    url, glyphs = written(context)
    fields, code = _fields(context, url)
    plain = context.values["ascii"] or glyphs == "ascii" or not context.out.unicode
    fields["queue"] = _queue(context) if "{queue}" in template else ""
    if any(f"{{{name}}}" in template for name in GPU_FIELDS):
        from core.cli import oneline_gpu

        fields |= oneline_gpu.fields()
    fields["mark"] = ("*x" if plain else "●✗")[code != DONE]
    line = one_line(_FIELD.sub(lambda field: fields.get(field[1], ""), template))
    return line.encode("ascii", "replace").decode() if plain else line, code


def _fields(context: Context, url: str) -> tuple[dict[str, str], int]:
    try:
        return _told(glance(target(chosen(context, url)))), DONE
    except Away:
        return {"state": "ollama away"}, SERVER
    except NotOllama:
        return {"state": "not ollama"}, SERVER
    except Refusing:
        return {"state": "ollama refuses"}, FAILED
    except ConfigError as error:
        if context.values["host"]:
            raise UsageError(error.message, error.hint) from None
        return {"state": "wrong address"}, FAILED


def _told(seen: Glance) -> dict[str, str]:
    names = [_outside(name, 40) for name, _ in seen.models]
    more = f" +{len(names) - 2}" if len(names) > 2 else ""
    return {
        "version": _outside(seen.version, 20),
        "models": ",".join(names[:2]) + more if names else "no model",
        "memory": f"{sum(size for _, size in seen.models) / 1e9:.1f}G" if names else "",
        "count": str(len(names)),
    }


def _queue(context: Context) -> str:
    from core.cli.queue_glance import counted

    found = counted(context.paths.database)
    return f"q{sum(found)}" if found and any(found) else ""


def _outside(text: str, limit: int) -> str:
    return one_line(text.replace("#", ""), limit)


def chosen(context: Context, url: str) -> str:
    """The address that is meant, in the order the engine asks: command line, settings, environment."""
    return context.values["host"] or url or context.environment.get("OLLAMA_HOST", "")


def written(context: Context) -> tuple[str, str]:
    """The settings server.url and ui.glyphs; a wrong one counts as none, and no file costs nothing."""
    try:
        content = context.paths.config.read_bytes()
    except OSError:
        return "", ""
    import tomllib

    try:
        tables = tomllib.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return "", ""
    return _text(tables, "server", "url"), _text(tables, "ui", "glyphs")


def _text(tables: dict[str, Any], section: str, name: str) -> str:
    table = tables.get(section)
    value = table.get(name) if isinstance(table, dict) else None
    sound = isinstance(value, str) and len(value) <= 1000 and "\n" not in value and harmless(value) == value
    return str(value) if sound else ""


def target(text: str) -> Target:
    """Where an address leads."""
    if not text:
        return _DEFAULT
    plain = _PLAIN.fullmatch(text)
    if plain is not None and len(text) < 200 and plain[2] != "localhost":
        return Target(plain[2], int(plain[3] or (80 if plain[1] else 11434)))
    from core.ollama.address import parse

    found = parse(text)
    login = f"{found.username}:{found.password}".encode()
    return Target(
        found.host,
        found.port,
        path=found.path,
        tls=found.scheme == "https",
        login=b2a_base64(login, newline=False).decode() if found.username else "",
    )
