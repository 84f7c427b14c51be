"""`status --oneline`: one plain line for a status bar, cheap enough to be asked for every few seconds.

Imports nothing that a status line can do without; what it shows of the outside is made harmless, also for
tmux, which takes `#[…]` in a line for a style.
"""

from __future__ import annotations

import re
from binascii import b2a_base64

from core.cli.context import Context
from core.cli.exits import DONE, FAILED, SERVER
from core.cli.glance import Away, Glance, NotOllama, Target, glance
from core.errors import ConfigError, UsageError
from core.guard import one_line

FORMAT = "{mark} {state} {version} {models} {memory}"
FIELDS = ("mark", "state", "version", "models", "memory", "count")
_FIELD = re.compile(r"\{(\w*)\}")

# What nearly everybody writes; anything else is read by the module that knows every form.
_PLAIN = re.compile(
    r"(http://)?((?:127|10|192)(?:\.\d{1,3}){3}|[a-z][a-z0-9]*(?:[.-][a-z0-9]+)*)(?::(\d{2,4}))?/?"
)
_DEFAULT = Target("127.0.0.1", 11434)


def show(context: Context) -> int:
    """Print the line; the number says whether the server is there."""
    template = context.values["format"] or FORMAT
    unknown = next((name for name in _FIELD.findall(template) if name not in FIELDS), None)
    if unknown is not None:
        raise UsageError(
            f"A status line has no field {{{unknown[:40]}}}.", f"It has: {{{'}, {'.join(FIELDS)}}}."
        )
    settings = _settings(context)
    ascii_only = context.values["ascii"] or settings.get("ui", {}).get("glyphs") == "ascii"
    ascii_only = ascii_only or not context.out.unicode
    fields, code = _fields(context, settings)
    fields["mark"] = ("*x" if ascii_only else "●✗")[code != DONE]
    line = one_line(_FIELD.sub(lambda field: fields.get(field[1], ""), template))
    context.out.line(line.encode("ascii", "replace").decode() if ascii_only else line)
    return code


def _fields(context: Context, settings: dict[str, dict[str, object]]) -> tuple[dict[str, str], int]:
    try:
        return _told(glance(target(_address(context, settings)))), DONE
    except Away:
        return {"state": "ollama away"}, SERVER
    except NotOllama:
        return {"state": "not ollama"}, SERVER
    except ConfigError:
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


def _outside(text: str, limit: int) -> str:
    return one_line(text.replace("#", ""), limit)


def _address(context: Context, settings: dict[str, dict[str, object]]) -> str:
    """In the order the engine asks: the command line, the settings, the environment."""
    written = settings.get("server", {}).get("url")
    return (
        context.values["host"]
        or (written if isinstance(written, str) else "")
        or context.environment.get("OLLAMA_HOST", "")
    )


def _settings(context: Context) -> dict[str, dict[str, object]]:
    """The tables of the settings file; whoever has none pays nothing, and a wrong one counts as none."""
    try:
        content = context.paths.config.read_bytes()
    except OSError:
        return {}
    import tomllib

    try:
        parsed = tomllib.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return {}
    return {name: table for name, table in parsed.items() if isinstance(table, dict)}


def target(text: str) -> Target:
    """Where an address leads."""
    if not text:
        return _DEFAULT
    plain = _PLAIN.fullmatch(text)
    if plain is not None and plain[2] != "localhost":
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
