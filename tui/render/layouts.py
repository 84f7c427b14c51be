"""Which layout a leaf has, and how high it is likely to be."""

from __future__ import annotations

from typing import Final

from .code import Code
from .flow import Bare, Flow
from .grid import Grid
from .leaf import Kind, Layout, Leaf

_LAYOUTS: Final[dict[Kind, type[Layout]]] = {
    Kind.PARAGRAPH: Flow,
    Kind.HEADING: Flow,
    Kind.PLAIN: Flow,
    Kind.FENCE: Code,
    Kind.CODE: Code,
    Kind.TABLE: Grid,
    Kind.RULE: Bare,
    Kind.EMPTY: Bare,
}


def layout_of(leaf: Leaf) -> Layout:
    """Return a layout for a leaf that has none."""
    return _LAYOUTS[leaf.kind]()


def estimate(leaf: Leaf, width: int) -> int:
    """Guess how many rows a leaf will take."""
    room = max(1, width - 2 * len(leaf.holders))
    if leaf.kind in (Kind.PARAGRAPH, Kind.HEADING):
        rows = sum([len(text) for _, text in leaf.lines]) // room + 1
    else:
        rows = sum([len(text) // room + 1 for _, text in leaf.lines]) or 1
    return rows + leaf.gap + (leaf.kind is Kind.FENCE)
