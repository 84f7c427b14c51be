"""Source code: cut where a programmer would cut it, at definitions, each with what it stands in.

No grammar of any language: a definition begins at a line that looks like one, at no depth or at the
first one inside a class, with the comments and decorators above it.
"""

from __future__ import annotations

import re

from core.retrieval.extract.build import Builder
from core.retrieval.extract.text import clean, decode

_WORDS = (
    "def|class|func|function|fn|sub|proc|module|namespace|package|impl|struct|enum|union|trait|interface|protocol"
    "|extension|object|record|type|typedef|data|instance|macro_rules!|contract|procedure|defmodule|defp|defmacro"
)
_BEFORE = (
    "async|pub(?:\\([^)]*\\))?|export|default|public|private|protected|internal|static|final|abstract|sealed|open"
    "|override|virtual|inline|constexpr|extern|unsafe|const|partial|data|case|suspend|local|declare|readonly"
)
_DEFINITION = re.compile(
    rf"\s*(?:(?:{_BEFORE})\s+)*(?:(?P<word>{_WORDS})\b\*?\s*(?:\([^)]*\)\s*|<[^>]*>\s*)?(?P<name>[\w$~][\w$.:~]*)"
    r"|(?:const|let|var)\s+(?P<arrow>[\w$]+)\s*(?::[^=]+)?=\s*(?:async\s*)?(?:function\b|\([^)]*\)\s*(?::[^=]+)?=>)"
    r"|(?:create|alter)\s+(?:or\s+replace\s+)?(?P<sql>(?:table|view|function|procedure|index|trigger)\s+\S+))",
    re.IGNORECASE,
)
_C_LIKE = re.compile(r"(?:[A-Za-z_][\w:<>,*&\[\] ]*?[ *&])(?P<name>~?[A-Za-z_][\w:~]*)\s*\([^;]*$")
_METHOD = re.compile(
    r"(?:(?:async|static|get|set|public|private|protected|readonly|override)\s+)*(?P<name>[#\w$]+)\s*\([^;]*\{$"
)
_SHELL = re.compile(r"(?P<name>[\w-]+)\s*\(\)\s*\{")
_NO_NAMES = frozenset(
    {"if", "for", "while", "switch", "return", "else", "catch", "elif", "with", "match", "sizeof"}
)
_ABOVE = ("#", "//", "/*", " *", "*", "@", "--", "///", "[", "%", ";;", '"""', "'''")
_HOLDERS = frozenset((
    "class", "impl", "interface", "trait", "object", "module", "namespace", "struct", "protocol", "extension",
    "contract", "record", "defmodule",
))  # fmt: skip


DATA = frozenset({"yaml", "toml", "ini", "xml", "css", "scss", "less", "diff", "dotenv", "latex", "text"})
"""Texts that are better not reflowed, but have no definitions."""


def read_code(data: bytes, builder: Builder, language: str) -> None:
    """Read a file of source code, or of another text that is better not reflowed."""
    text, note = decode(data)
    builder.note(note)
    text = clean(text)
    if language in DATA:
        begin = len(text) - len(text.lstrip("\n"))
        builder.add("code", text.strip("\n"), line=begin + 1, language=language, cleaned=True)
        return
    lines = text.split("\n")
    for begin, end, within in _units(lines):
        builder.add(
            "code",
            "\n".join(lines[begin:end]).rstrip(),
            line=begin + 1,
            language=language,
            within=within,
            cleaned=True,
        )


def _units(lines: list[str]) -> list[tuple[int, int, tuple[str, ...]]]:
    """Where the pieces begin and end, and what each stands in."""
    cuts: list[tuple[int, tuple[str, ...]]] = [(0, ())]
    holder: tuple[str, ...] = ()
    inner = 0
    for at, line in enumerate(lines):
        if not line or line.isspace():
            continue
        depth = len(line) - len(line.lstrip())
        if depth == 0:
            found = _name(line)
            if found is not None:
                word, label = found
                holder, inner = ((label,), 0) if word in _HOLDERS and label else ((), 0)
                _cut(cuts, _above(lines, at), (label,) if label else ())
            elif line[0] not in ")}]" and at and not lines[at - 1].strip() and cuts[-1][1]:
                # Statements after a definition are not a part of it.
                holder = ()
                _cut(cuts, at, ())
        elif holder and (inner == 0 or depth <= inner) and (found := _name(line)) is not None:
            inner = depth
            if found[1]:
                _cut(cuts, _above(lines, at), (*holder, found[1]))
    ends = [begin for begin, _ in cuts[1:]] + [len(lines)]
    return [(begin, end, within) for (begin, within), end in zip(cuts, ends, strict=True) if end > begin]


def _cut(cuts: list[tuple[int, tuple[str, ...]]], at: int, within: tuple[str, ...]) -> None:
    if at <= cuts[-1][0]:
        cuts[-1] = (cuts[-1][0], within)
    else:
        cuts.append((at, within))


def _above(lines: list[str], at: int) -> int:
    """Go up over the comments and decorators that belong to the definition at a line."""
    depth = len(lines[at]) - len(lines[at].lstrip())
    while at > 0:
        line = lines[at - 1]
        words = line.lstrip()
        if not words or len(line) - len(words) < depth or not words.startswith(_ABOVE):
            break
        at -= 1
    return at


def _name(line: str) -> tuple[str, str] | None:
    """The kind and the name of the definition that a line begins; None when it begins none."""
    if len(line) > 300:
        return None
    if found := _DEFINITION.match(line):
        word = (found["word"] or "").lower()
        name = found["name"] or found["arrow"] or found["sql"] or ""
        label = f"{word} {name.rstrip(':')}".strip()
        return word, label
    stripped = line.strip()
    if "(" not in stripped or stripped.endswith(";"):
        return None
    if found := _SHELL.match(stripped) or _METHOD.match(stripped) or _C_LIKE.match(stripped):
        name = found["name"]
        first = stripped.split(None, 1)[0].rstrip("(:")
        if name not in _NO_NAMES and first not in _NO_NAMES:
            return "", name
    return None
