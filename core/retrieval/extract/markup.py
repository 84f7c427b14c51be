"""Org, AsciiDoc and LaTeX: taken apart at their headings, code kept whole, the rest as it stands."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from core.retrieval.extract.build import Builder
from core.retrieval.extract.plain import paragraphs
from core.retrieval.extract.text import clean, decode


class _Form(NamedTuple):
    """How one of them says what is what; every pattern is tried at the beginning of a line."""

    heading: re.Pattern[str]
    """Its mark, whose length or name is the level, and its words."""
    code: re.Pattern[str]
    """What begins code; its last group is the language."""
    ends: str
    """What ends it, with the first group of what began it."""
    title: re.Pattern[str]


_LEVELS = {"part": 1, "chapter": 2, "section": 3, "subsection": 4, "subsubsection": 5, "paragraph": 6}
_FORMS = {
    "org": _Form(
        re.compile(
            r"(\*{1,8})[ \t]+(?:(?:TODO|NEXT|WAITING|DONE)[ \t]+)?(\S.*?)(?:[ \t]+:[\w@#%:]+:)?[ \t]*$"
        ),
        re.compile(r"[ \t]*#\+begin_(src|example)\b[ \t]*([\w+#-]*)", re.IGNORECASE),
        "#+end_{}",
        re.compile(r"#\+title:[ \t]*(\S.*)", re.IGNORECASE),
    ),
    "asciidoc": _Form(
        re.compile(r"(={1,6})[ \t]+(\S.*?)(?:[ \t]+=+)?[ \t]*$"),
        re.compile(r"(-{4,}|\.{4,})[ \t]*$()"),
        "{}",
        re.compile(r"=[ \t]+(\S.*)"),
    ),
    "latex": _Form(
        re.compile(
            r"[ \t]*\\(part|chapter|section|subsection|subsubsection|paragraph)\*?(?:\[[^\]]*\])?"
            r"\{(.*?)\}[ \t]*(?:\\label\{[^}]*\})?[ \t]*(?:%.*)?$"
        ),
        re.compile(r"[ \t]*\\begin\{(verbatim\*?|lstlisting|minted)\}(?:\[[^\]]*\])?(?:\{([\w+#-]*)\})?"),
        "\\end{{{}}}",
        re.compile(r"[ \t]*\\title(?:\[[^\]]*\])?\{(.*)\}"),
    ),
}
_LONGEST = 500
"""Letters of a line that may be a heading or begin code."""
_BLANKS = re.compile(r"[ \t]+")
_COMMANDS = re.compile(r"\\[A-Za-z]+\*?[ \t]*|[{}~]")
_ACCENTS = {'"': "\u0308", "'": "\u0301", "`": "\u0300", "^": "\u0302", "~": "\u0303"}
_ACCENTED = re.compile(r"""\\(["'`^~])(?:\{(?:\\?([A-Za-z]))\}|\\?([A-Za-z]))""")
_SHARP_S = re.compile(r"\\ss(?:\{\}|\b[ \t]?)|\{\\ss\}")


def read_markup(data: bytes, builder: Builder, language: str) -> None:
    """Read a text in one of these languages."""
    text, note = decode(data)
    builder.note(note)
    form = _FORMS[language]
    lines = clean(_letters(text) if language == "latex" else text).split("\n")
    endless: set[str] = set()
    at = began = 0
    while at < len(lines):
        after, spoken = _code(lines, at, form, endless)
        heading = None if after else _heading(lines[at], form)
        if not after and heading is None:
            if not builder.title and (title := form.title.match(lines[at])):
                builder.title = _plain(title[1])
            at += 1
            continue
        paragraphs("\n".join(lines[began:at]), builder, line=began + 1)
        if heading is not None:
            mark = heading[1]
            level = _LEVELS.get(mark) or min(6, len(mark))
            builder.add("heading", _plain(heading[2]), level=level, line=at + 1, cleaned=True)
            after = at + 1
        else:
            builder.add("code", "\n".join(lines[at:after]), line=at + 1, language=spoken, cleaned=True)
        at = began = after
    paragraphs("\n".join(lines[began:]), builder, line=began + 1)
    if not builder.title:
        builder.title = next((block.text for block in builder.blocks if block.kind == "heading"), "")


def _code(lines: list[str], at: int, form: _Form, endless: set[str]) -> tuple[int, str]:
    """The number of the line after the code that begins here, and its language; 0 where none does.

    What ended nothing once is in *endless*, so that no line is looked at for it again.
    """
    found = form.code.match(lines[at]) if len(lines[at]) <= _LONGEST else None
    if found is None:
        return 0, ""
    end = form.ends.format(found[1]).lower()
    if end not in endless:
        for after in range(at + 1, len(lines)):
            if lines[after].strip().lower() == end:
                return after + 1, (found[2] or "").lower()[:30]
        endless.add(end)
    return 0, ""


def _heading(line: str, form: _Form) -> re.Match[str] | None:
    """What a line says as a heading; of blanks beside each other one counts, so that none is tried twice."""
    if len(line) > _LONGEST or line.lstrip()[:1] not in ("*", "=", "\\"):
        return None
    return form.heading.match(_BLANKS.sub(" ", line.rstrip()))


def _plain(words: str) -> str:
    """A heading without the commands in it."""
    return " ".join(_COMMANDS.sub(" ", words).split()) if "\\" in words or "{" in words else words.strip()


def _letters(text: str) -> str:
    """LaTeX's spellings of letters as the letters themselves: nobody searches for the other."""
    text = _SHARP_S.sub("ß", text)
    return _ACCENTED.sub(
        lambda found: unicodedata.normalize("NFC", (found[2] or found[3]) + _ACCENTS[found[1]]), text
    )
