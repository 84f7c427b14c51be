"""The example file, made from the table: every setting, what it does, and its default."""

from __future__ import annotations

import json
from textwrap import fill

from core.config.fields import sections
from core.config.schema import Config, settings
from core.config.types import Setting

_HEAD = """\
# Leitstand: every setting with its default, made by `leitstand config example`.
#
# To change one, take away the # in front of it. `leitstand config path` tells where the file belongs;
# a running Leitstand reads it again as soon as it is saved.
"""


def example() -> str:
    """Return the text of config.example.toml."""
    parts = [_HEAD]
    about = sections(Config)
    opened = ""
    for setting in settings():
        if setting.kind == "map":
            parts.append(f"[{setting.path}]\n{_comment(_words(setting))}")
            continue
        if setting.section != opened:
            opened = setting.section
            parts.append(f"[{opened}]\n{_comment(about[opened])}")
        name = setting.path.rpartition(".")[2]
        # JSON writes these values as TOML does.
        default = json.dumps(setting.default, ensure_ascii=False)
        parts.append(f"{_comment(_words(setting))}#{name} = {default}\n")
    return "\n".join(parts)


def _words(setting: Setting) -> str:
    words = [f"{setting.title}. {setting.description}"]
    if setting.kind in {"choice", "integer", "number", "list"}:
        words.append(f"It must be {setting.expects}.")
    if setting.restart:
        words.append("It takes effect at the next start.")
    return " ".join(words)


def _comment(text: str) -> str:
    return (
        fill(
            text,
            width=100,
            initial_indent="# ",
            subsequent_indent="# ",
            break_long_words=False,
            break_on_hyphens=False,
        )
        + "\n"
    )
