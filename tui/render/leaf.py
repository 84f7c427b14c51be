"""A leaf of a document: one paragraph, heading, fence, table or rule, inside its quotes and lists."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple, Protocol

from .cells import DECORATION, Run
from .glyphs import Glyphs
from .links import References
from .palette import Role


class Kind(IntEnum):
    """What a leaf is."""

    PARAGRAPH = 0
    HEADING = 1
    FENCE = 2
    CODE = 3
    TABLE = 4
    RULE = 5
    EMPTY = 6
    PLAIN = 7


class HolderKind(IntEnum):
    """What a leaf can stand in."""

    QUOTE = 0
    ITEM = 1
    NOTE = 2


class Holder(NamedTuple):
    """A container that is open around a leaf."""

    kind: HolderKind
    indent: int
    """By how many columns a further line of it is indented."""
    marker: str
    """What is drawn before its first row; empty for a bullet."""
    start: int
    end: int
    """Where its mark stands in the source."""
    blank: bool = False


class Line:
    """One row ready to be coloured; ``painted`` belongs to whoever paints it."""

    __slots__ = ("painted", "runs")

    def __init__(self, runs: list[Run]) -> None:
        self.runs = runs
        self.painted: object = None

    @property
    def text(self) -> str:
        """Return the row as shown."""
        return "".join([run[0] for run in self.runs])


def replace_tail(rows: list[Line], keep: int, fresh: list[list[Run]]) -> int:
    """Put the fresh rows behind the first *keep*; return the first that differs from what was there.

    A row that came out the same stays the same object, with whatever was painted for it.
    """
    at, total = keep, len(rows)
    for index, runs in enumerate(fresh):
        at = keep + index
        if at >= total or rows[at].runs != runs:
            rows[at:] = [Line(row) for row in fresh[index:]]
            return at
    at = keep + len(fresh)
    del rows[at:]
    return at


class Setting(NamedTuple):
    """What all leaves of a document are laid out with."""

    base: int
    """The style of plain text."""
    glyphs: Glyphs
    references: References
    hint: str
    """Shown beside a fence: the key that copies it."""
    indent: int
    """Empty cells before every row."""


class Layout(Protocol):
    """Turns a leaf into rows and remembers what need not be done again."""

    def sync(self, leaf: Leaf, rows: list[Line], width: int, setting: Setting) -> int:
        """Bring the rows up to date and return the first that was made anew."""
        ...


class Leaf:
    """One leaf; its rows are made when they are wanted and dropped when they are far away."""

    __slots__ = (
        "above",
        "aligns",
        "block",
        "closed",
        "end",
        "fresh",
        "gap",
        "holders",
        "indent",
        "info",
        "kind",
        "layout",
        "level",
        "lines",
        "missing",
        "rows",
        "size",
        "start",
        "targets",
    )

    def __init__(self, kind: Kind, holders: tuple[Holder, ...], fresh: int) -> None:
        self.kind = kind
        self.holders = holders
        self.fresh = fresh
        self.block = 0
        self.gap = False
        self.lines: list[tuple[int, str]] = []
        self.info = ""
        self.level = 0
        self.indent = 0
        self.aligns: tuple[str, ...] = ()
        self.closed = False
        self.start = self.end = 0
        self.rows: list[Line] | None = None
        self.above: Line | None = None
        self.size = 0
        self.layout: Layout | None = None
        self.missing: set[str] = set()
        self.targets: list[str] = []

    def add(self, at: int, text: str, end: int) -> None:
        """Add a line of content that stands at *at* in the source."""
        self.lines.append((at, text))
        self.end = end

    def copy(self, kind: Kind) -> Leaf:
        """Return the same stretch of source as a leaf of another kind, not laid out yet."""
        new = Leaf(kind, self.holders, self.fresh)
        new.block, new.gap, new.start, new.end = self.block, self.gap, self.start, self.end
        new.lines = list(self.lines)
        new.indent = self.indent
        return new


_LEAST_ROOM = 12


def prefixes(leaf: Leaf, width: int, setting: Setting) -> tuple[list[Run], list[Run], int]:
    """Return what stands before the first row and before the others, and the room that is left."""
    used, glyphs = setting.indent, setting.glyphs
    first: list[Run] = [(" " * used, Role.TEXT, DECORATION, DECORATION)] if used else []
    if not leaf.holders:
        return first, first, max(1, width - used)
    rest = list(first)
    depth = 0
    for index, holder in enumerate(leaf.holders):
        if holder.kind is HolderKind.QUOTE:
            mark = again = glyphs.quote + " "
        else:
            mark = (holder.marker or glyphs.bullets[depth % len(glyphs.bullets)]) + " "
            again = " " * len(mark)
        depth += holder.kind is HolderKind.ITEM
        if used + len(mark) > max(0, width - _LEAST_ROOM):
            break  # too narrow for all the nesting: the text matters more
        used += len(mark)
        role = Role.FAINT if holder.kind is HolderKind.QUOTE else Role.MARKER
        if index >= leaf.fresh:
            first.append((mark, role, holder.start, holder.end))
        else:
            first.append((again, role, DECORATION, DECORATION))
        rest.append((again, role, DECORATION, DECORATION))
    return first, rest, max(1, width - used)
