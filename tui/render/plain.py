"""Plain text, line by line: what a person typed is shown as it was typed."""

from __future__ import annotations

from .leaf import Kind, Leaf
from .links import References


class Lines:
    """The lines of a plain text, each a leaf; blocks are what empty lines separate."""

    def __init__(self) -> None:
        self.leaves: list[Leaf] = []
        self.references = References()
        self._block = 0
        self._marked = (0, 0)

    @property
    def is_decided(self) -> bool:
        """Return whether the last line stays what it is: it always does."""
        return True

    def mark(self) -> int:
        """Remember the state for ``rewind``; return how many leaves there are."""
        self._marked = len(self.leaves), self._block
        return len(self.leaves)

    def rewind(self) -> None:
        """Forget the one line taken since the mark."""
        count, self._block = self._marked
        del self.leaves[count:]

    def line(self, text: str, at: int) -> None:
        """Take one line, without its end, that begins at *at* in the source."""
        self.finish()
        leaf = Leaf(Kind.PLAIN, (), 0)
        if not text.strip() and self.leaves and self.leaves[-1].lines[0][1].strip():
            self._block += 1
        leaf.block = self._block
        leaf.start = at
        leaf.add(at, text, at + len(text))
        self.leaves.append(leaf)

    def grow(self, text: str) -> None:
        """Add text to the last line."""
        leaf = self.leaves[-1]
        at, line = leaf.lines[-1]
        leaf.lines[-1] = (at, line + text)
        leaf.end += len(text)

    def finish(self) -> None:
        """Close the last line."""
        if self.leaves:
            self.leaves[-1].closed = True
