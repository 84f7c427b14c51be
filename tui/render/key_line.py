"""The key line: what the page offers, most important first, and always the way to the help and out."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from tui.key import Shown
from tui.render.pieces import Piece

_GAP = 3


def key_pieces(keys: Sequence[Shown], width: int) -> list[Piece]:
    """Lay out as many keys as have room; half a key helps nobody, and the help lists what has none."""
    pieces: list[Piece] = [(" ", "text")]
    for index in sorted(_in_turn(keys, width)):
        pieces += [(keys[index].key, "key"), (f" {keys[index].label}" + " " * _GAP, "dim")]
    last, ink = pieces[-1]
    return [*pieces[:-1], (last.rstrip(), ink)]


def _in_turn(keys: Sequence[Shown], width: int) -> list[int]:
    room, kept = width - 1 + _GAP, []
    for index in sorted(range(len(keys)), key=lambda index: not keys[index].always):
        wanted = cell_len(keys[index].key) + 1 + cell_len(keys[index].label) + _GAP
        if wanted <= room:
            room -= wanted
            kept.append(index)
    return kept
