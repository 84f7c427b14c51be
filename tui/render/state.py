"""The state of a structure, which can be taken back by one line."""

from __future__ import annotations

from typing import NamedTuple

from .leaf import Holder, Leaf
from .links import References


class Order(NamedTuple):
    """A list that may go on: the character of its marks and the number of its last item."""

    character: str
    number: int


class _Mark(NamedTuple):
    """The state before a line, as far as one line can change it."""

    holders: tuple[Holder, ...]
    lists: tuple[Order | None, ...]
    leaves: int
    last: Leaf | None
    lines: int
    closed: bool
    end: int
    gap: bool
    block: int
    links: int
    notes: int


class State:
    """The leaves so far and what is open around the last one."""

    def __init__(self) -> None:
        self.leaves: list[Leaf] = []
        self.references = References()
        self._holders: tuple[Holder, ...] = ()
        self._lists: tuple[Order | None, ...] = ()
        self._gap = False
        self._block = -1
        self._mark: _Mark | None = None

    def mark(self) -> int:
        """Remember the state for ``rewind``; return how many leaves there are."""
        last = self.leaves[-1] if self.leaves else None
        self._mark = _Mark(
            self._holders,
            self._lists,
            len(self.leaves),
            last,
            len(last.lines) if last else 0,
            last.closed if last else False,
            last.end if last else 0,
            self._gap,
            self._block,
            len(self.references.links),
            len(self.references.notes),
        )
        return len(self.leaves)

    def rewind(self) -> None:
        """Forget the one line taken since the mark."""
        mark = self._mark
        assert mark is not None
        self._holders, self._lists = mark.holders, mark.lists
        self._gap, self._block = mark.gap, mark.block
        last = mark.last
        if last is not None:
            self.leaves[mark.leaves - 1 :] = [last]
            del last.lines[mark.lines :]
            last.closed, last.end = mark.closed, mark.end
        else:
            self.leaves.clear()
        while len(self.references.links) > mark.links:
            self.references.links.popitem()
        while len(self.references.notes) > mark.notes:
            self.references.notes.popitem()
