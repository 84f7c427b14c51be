"""Code laid out: coloured line by line as it arrives, folded where it is too wide.

A line that is still arriving is plain. A finished line is coloured at once, with a few lines of context
when it may stand inside a string or a comment; when a stretch of the fence is complete it is coloured
once more as a whole. Stretches end where no string or comment is open and are never very long, so a line
costs the same however long the fence is, and the result does not depend on how it arrived.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from .cells import DECORATION, Run, cut_rows, folds_of, joined, runs_of, tabbed_runs, width_of
from .leaf import Kind, Leaf, Line, Setting, prefixes, replace_tail
from .palette import Role

if TYPE_CHECKING:
    from pygments.lexer import Lexer
    from pygments.token import _TokenType

_CONTEXT: Final = 8
_STRETCH: Final = 40
_LONGEST_STRETCH: Final = 400
_NESTING: Final = frozenset({"html", "xml", "svg", "php", "vue", "svelte", "jsx", "tsx", "jinja", "django"})
_LONGEST_COLOURED: Final = 1000
_INDENT: Final = "  "
_ROLES: Final = (
    ("Comment", Role.COMMENT),
    ("Keyword.Type", Role.TYPE),
    ("Keyword", Role.KEYWORD),
    ("Name.Function", Role.FUNCTION),
    ("Name.Builtin", Role.FUNCTION),
    ("Name.Decorator", Role.FUNCTION),
    ("Name.Tag", Role.KEYWORD),
    ("Name.Attribute", Role.FUNCTION),
    ("Name.Class", Role.TYPE),
    ("Name.Exception", Role.TYPE),
    ("Literal.String", Role.STRING),
    ("Literal.Number", Role.NUMBER),
    ("Operator.Word", Role.KEYWORD),
    ("Operator", Role.OPERATOR),
    ("Punctuation", Role.OPERATOR),
    ("Generic.Deleted", Role.ERROR),
    ("Generic.Inserted", Role.GOOD),
    ("Generic.Heading", Role.ACCENT),
    ("Generic.Subheading", Role.ACCENT),
)


def warm() -> None:
    """Load what colouring needs; call it from a thread once the first picture stands."""
    for language in ("python", "bash", "json"):
        if lexer := _lexer(language):
            list(lexer.get_tokens_unprocessed("x"))


@lru_cache(maxsize=64)
def _lexer(language: str) -> Lexer | None:
    if not language:
        return None
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        return get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None


@lru_cache(maxsize=512)
def _role(token: _TokenType) -> Role:
    name = ".".join(token)
    return next((role for prefix, role in _ROLES if name.startswith(prefix)), Role.CODE)


def language_of(leaf: Leaf) -> str:
    """Return the language a fence says it holds, in lower case."""
    words = leaf.info[1:].split()
    return words[0].strip("{}.").lower()[:40] if words else ""


class Code:
    """The layout of one fence or stretch of indented code."""

    __slots__ = (
        "_changed",
        "_clean",
        "_coloured",
        "_done",
        "_end",
        "_source",
        "_starts",
        "_sure",
        "_tried",
        "_width",
    )

    def __init__(self) -> None:
        self._source: list[tuple[int, str]] = []
        self._coloured: list[list[Run]] = []
        self._done = 0  # lines that have a colour
        self._sure = 0  # lines that were coloured together with their whole stretch
        self._tried = 0  # lines of the next stretch at the end of which a string or comment was open
        self._changed = 0
        self._clean = False  # the last coloured line ended outside any string or comment
        self._starts: list[int] = []  # the row each line begins at
        self._end = 0
        self._width = 0

    def sync(self, leaf: Leaf, rows: list[Line], width: int, setting: Setting) -> int:
        """Bring the rows up to date and return the first that was made anew."""
        first, rest, room = prefixes(leaf, width, setting)
        changed = min(self._colour(leaf), len(self._starts))
        if width != self._width:
            self._width, changed = width, 0
        start = self._starts[changed] if changed < len(self._starts) else self._end
        del self._starts[changed:]
        fresh: list[list[Run]] = []
        if changed == 0:
            start = 0
            if leaf.kind is Kind.FENCE:
                fresh.append(joined(first + _label(leaf, room, setting.hint)))
        for runs in self._coloured[changed:]:
            self._starts.append(start + len(fresh))
            fresh.extend(_fold(runs, rest, room, setting))
        if start == 0 and fresh and leaf.kind is Kind.CODE:
            fresh[0] = joined(first + fresh[0][len(rest) :])
        self._end = start + len(fresh)
        return replace_tail(rows, start, fresh)

    def _colour(self, leaf: Leaf) -> int:
        """Colour what is new and return the first line that looks different now."""
        lines = leaf.lines
        while leaf.kind is Kind.CODE and len(lines) > 1 and not lines[-1][1].strip():
            lines = lines[:-1]
        same = min(len(self._source), len(lines))
        while same and self._source[same - 1] != lines[same - 1]:
            same -= 1  # a line before the last never changes: looking back from the end is enough
        self._source[same:] = lines[same:]
        if same < self._sure:
            self._sure = self._tried = 0
        self._done = min(self._done, same)
        self._changed = min(same, len(self._coloured))
        del self._coloured[len(lines) :]
        language = language_of(leaf)
        lexer = _lexer(language)
        complete = len(lines) if leaf.closed else max(0, len(lines) - 1)
        nesting = language in _NESTING
        stretch = _LONGEST_STRETCH if nesting else _STRETCH
        while complete - self._sure >= self._tried + stretch:
            self._tried += stretch
            end = self._sure + self._tried
            self._put(lexer, lines, self._sure, end, self._sure)
            if self._clean or nesting or self._tried >= _LONGEST_STRETCH:
                self._sure, self._tried = end, 0
        if leaf.closed and self._sure < complete:
            self._put(lexer, lines, self._sure, complete, self._sure)
        elif self._done < complete:
            context = 0 if self._clean and not nesting else _CONTEXT
            self._put(lexer, lines, max(self._sure, self._done - context), complete, self._done)
        changed = self._changed
        if complete < len(lines):
            changed = min(changed, _replace(self._coloured, complete, [_plain(lines[-1])]))
        return changed

    def _put(
        self, lexer: Lexer | None, lines: list[tuple[int, str]], begin: int, end: int, wanted: int
    ) -> None:
        """Colour the lines from *wanted* to *end*, reading from *begin* on."""
        fresh, self._clean = _tokens(lexer, lines, begin, end, wanted)
        self._changed = min(self._changed, _replace(self._coloured, wanted, fresh))
        self._done = max(self._done, end)


def _replace(lines: list[list[Run]], at: int, fresh: list[list[Run]]) -> int:
    """Put fresh lines at a place and return the first that differs from what was there."""
    changed = at
    while changed - at < len(fresh) and changed < len(lines) and lines[changed] == fresh[changed - at]:
        changed += 1
    lines[at : at + len(fresh)] = fresh
    return changed


def _tokens(
    lexer: Lexer | None, lines: list[tuple[int, str]], begin: int, end: int, wanted: int
) -> tuple[list[list[Run]], bool]:
    """Return the coloured lines from *wanted* to *end*, read from *begin* on, and whether they end clean."""
    part = lines[begin:end]
    source = "\n".join([text for _, text in part]) + "\n"
    if lexer is None or any(len(text) > _LONGEST_COLOURED for _, text in part):
        return [_plain(line) for line in lines[wanted:end]], False
    try:
        tokens = list(lexer.get_tokens_unprocessed(source))
    except Exception:  # noqa: BLE001 - a lexer of any language may fail on half a program; plain text never does
        tokens = []
    if "".join([value for _, _, value in tokens]) != source:
        return [_plain(line) for line in lines[wanted:end]], False
    result: list[list[Run]] = [[] for _ in part]
    number = column = 0
    for _, token, value in tokens:
        role = _role(token)
        for index, piece in enumerate(value.split("\n")):
            if index:
                number, column = number + 1, 0
            if piece:
                result[number].extend(tabbed_runs(piece, role, part[number][0] + column, result[number]))
                column += len(piece)
    clean = _role(tokens[-1][1]) not in (Role.STRING, Role.COMMENT)
    return [joined(runs) for runs in result[wanted - begin :]], clean


def _plain(line: tuple[int, str]) -> list[Run]:
    return tabbed_runs(line[1], Role.CODE, line[0])


def _fold(runs: list[Run], before: list[Run], room: int, setting: Setting) -> list[list[Run]]:
    indent: Run = (_INDENT, Role.CODE, DECORATION, DECORATION)
    wrapped: Run = (setting.glyphs.wrapped + " ", Role.FAINT, DECORATION, DECORATION)
    text = "".join([run[0] for run in runs])
    places = folds_of(text, max(1, room - len(_INDENT)))
    return [[*before, wrapped if index else indent, *row] for index, row in enumerate(cut_rows(runs, places))]


def _label(leaf: Leaf, room: int, hint: str) -> list[Run]:
    """Return the row above a fence: its language and the key that copies it."""
    name = language_of(leaf)
    runs = runs_of(name, Role.DIM, 0)
    label = [(text, style, DECORATION, DECORATION) for text, style, _, _ in runs]
    gap = room - sum([width_of(run[0]) for run in label]) - width_of(hint)
    if gap >= 1 and hint:
        label.append((" " * gap, Role.DIM, DECORATION, DECORATION))
        label.append((hint, Role.DIM, DECORATION, DECORATION))
    return label
