"""All turns of a conversation, one above the other: which rows stand where, without laying out all.

A turn far from the view is a guessed height. When the guess turns out wrong the rows a reader looks
at stay where they are: they are held by what they show, not by their number.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable
from itertools import accumulate
from typing import Final, NamedTuple

from .blocks import TurnBlock
from .leaf import Line
from .places import Found, Place
from .types import Turn

_KEPT_SCREENS: Final = 6
_MOST_ROUNDS: Final = 12


class Spot(NamedTuple):
    """A row of the whole, by what stands in it."""

    turn: int
    place: Place


class Stack:
    """The turns in order and the row each begins at; a block is made when its turn is looked at."""

    def __init__(self, make: Callable[[Turn], TurnBlock]) -> None:
        self._make = make
        self._turns: list[Turn] = []
        self._sizes: list[int] = []
        self._numbers: dict[int, int] | None = {}
        self._blocks: dict[int, TurnBlock] = {}
        self._tops = [0]

    def __len__(self) -> int:
        return len(self._turns)

    def __contains__(self, turn_id: int) -> bool:
        return turn_id in self._index

    @property
    def height(self) -> int:
        """Return how many rows there are."""
        return self._tops[-1]

    @property
    def blocks(self) -> Collection[TurnBlock]:
        """Return the blocks that were made."""
        return self._blocks.values()

    def put(self, turns: Iterable[Turn], width: int) -> None:
        """Replace everything."""
        self._turns = list(turns)
        self._blocks.clear()
        self.guess(width)

    def put_before(self, turns: Iterable[Turn], width: int) -> None:
        """Put turns above the first."""
        above = list(turns)
        self._turns[:0] = above
        self._sizes[:0] = _guesses(above, width)
        self._number()

    def add(self, turn: Turn) -> TurnBlock:
        """Put a turn below the last."""
        self._index[turn.id] = len(self._turns)
        self._turns.append(turn)
        block = self._blocks[turn.id] = self._make(turn)
        self._sizes.append(block.size)
        self._tops.append(self._tops[-1] + block.size)
        return block

    def remove(self, turn_id: int) -> None:
        """Take a turn out."""
        index = self._index[turn_id]
        del self._turns[index], self._sizes[index]
        self._blocks.pop(turn_id, None)
        self._number()

    def guess(self, width: int) -> None:
        """Guess all heights for a width; those of blocks are known or guessed by themselves."""
        self._sizes = _guesses(self._turns, width)
        self._number()
        for turn_id, block in self._blocks.items():
            block.resize(width)
            self._sizes[self._index[turn_id]] = block.size
        self.add_up()

    def update(self, turn: Turn) -> TurnBlock | None:
        """Take a turn as it is now; return its block if it has one."""
        self._turns[self._index[turn.id]] = turn
        block = self._blocks.get(turn.id)
        if block is not None:
            block.update(turn)
        return block

    def made(self, turn_id: int) -> TurnBlock | None:
        """Return the block of a turn if it was made."""
        return self._blocks.get(turn_id)

    def block(self, index: int) -> TurnBlock:
        """Return the block of a turn by its place among all, made if need be."""
        turn = self._turns[index]
        block = self._blocks.get(turn.id)
        if block is None:
            block = self._blocks[turn.id] = self._make(turn)
        return block

    def turn(self, index: int) -> Turn:
        """Return a turn with all the text that has come."""
        turn = self._turns[index]
        block = self._blocks.get(turn.id)
        return turn if block is None else block.now

    def index_of(self, turn_id: int) -> int:
        """Return the place of a turn among all."""
        return self._index[turn_id]

    def top_of(self, index: int) -> int:
        """Return the row a turn begins at."""
        return self._tops[index]

    def resized(self, block: TurnBlock) -> None:
        """Take over the height of a block."""
        index = self._index[block.turn.id]
        if self._sizes[index] != block.size:
            self._sizes[index] = block.size
            self.add_up(index)

    def _number(self) -> None:
        self._numbers = None
        self._tops = [0]
        self.add_up()

    @property
    def _index(self) -> dict[int, int]:
        """The place of each turn, counted when somebody asks."""
        if self._numbers is None:
            self._numbers = {turn.id: index for index, turn in enumerate(self._turns)}
        return self._numbers

    def add_up(self, first: int = 0) -> None:
        """Count the rows again from a turn on whose height has changed."""
        tops = self._tops
        total = tops[first] if first < len(tops) else 0
        tops[first:] = accumulate(self._sizes[first:], initial=total)

    def at(self, row: int) -> tuple[int, int]:
        """Return the turn that shows in a row, and the row within it."""
        index = max(0, min(bisect_right(self._tops, row) - 1, len(self._turns) - 1))
        return index, row - self._tops[index]

    def find(self, row: int) -> tuple[TurnBlock, Found] | None:
        """Return the turn in a row and what of it stands there."""
        if not 0 <= row < self.height:
            return None
        index, inside = self.at(row)
        block = self.block(index)
        return block, block.find(inside)

    def spot(self, row: int) -> Spot | None:
        """Return a row by what stands in it."""
        if not self._turns:
            return None
        index, inside = self.at(max(0, min(row, self.height - 1)))
        return Spot(self._turns[index].id, self.block(index).place(inside))

    def row_of(self, spot: Spot) -> int | None:
        """Return the row where a spot is now."""
        index = self._index.get(spot.turn)
        if index is None:
            return None
        return self._tops[index] + self.block(index).row_of(spot.place)

    def settle(self, top: int, height: int) -> int:
        """Lay out what a view of *height* rows at *top* shows, and a screen around it; return its new top."""
        for _ in range(_MOST_ROUNDS):
            if not self._turns:
                break
            spot = self.spot(top)
            if not self._settle(max(0, top - height), top + 2 * height):
                break
            now = self.row_of(spot) if spot else None
            top = top if now is None else now
        return top

    def settle_end(self, height: int) -> None:
        """Lay out the last *height* rows, whatever the turns above them turn out to be."""
        for _ in range(_MOST_ROUNDS):
            if not self._settle(max(0, self.height - height), self.height):
                break

    def _settle(self, top: int, bottom: int) -> bool:
        moved = False
        index, _ = self.at(top)
        while index < len(self._turns) and self._tops[index] < bottom:
            block = self.block(index)
            start = self._tops[index]
            block.settle(top - start, bottom - start)
            if block.size != self._sizes[index]:
                moved = True
                self._sizes[index] = block.size
                self.add_up(index)
            index += 1
        return moved

    def rows(self, top: int, bottom: int) -> list[Line]:
        """Return the rows between two places; fewer when the turns end before."""
        result: list[Line] = []
        if not self._turns:
            return result
        index, _ = self.at(max(0, top))
        while index < len(self._turns) and self._tops[index] < bottom:
            start = self._tops[index]
            result.extend(self.block(index).rows(max(0, top - start), bottom - start))
            index += 1
        return result

    def let_go(self, top: int, height: int) -> None:
        """Drop the blocks that are far from the view; what a person chose in them stays."""
        low, high = top - _KEPT_SCREENS * height, top + (_KEPT_SCREENS + 1) * height
        for turn_id, block in list(self._blocks.items()):
            index = self._index[turn_id]
            if (self._tops[index + 1] < low or self._tops[index] > high) and block.can_go:
                self._turns[index] = block.now
                del self._blocks[turn_id]


def _guesses(turns: list[Turn], width: int) -> list[int]:
    """Guess the heights of turns from the length of their texts alone: there may be very many."""
    room = max(1, width * 2 // 3)
    return [4 + len(turn.text) // room for turn in turns]
