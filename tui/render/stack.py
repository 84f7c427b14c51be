"""All turns of a conversation, one above the other: which rows stand where, without laying out all.

A turn far from the view is a guessed height. When the guess turns out wrong the rows a reader looks
at stay where they are: they are held by what they show, not by their number.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Final, NamedTuple

from .blocks import Found, Place, TurnBlock
from .leaf import Line

_KEPT_SCREENS: Final = 6
_MOST_ROUNDS: Final = 12


class Spot(NamedTuple):
    """A row of the whole, by what stands in it."""

    turn: int
    place: Place


class Stack:
    """The turns in order and the row each begins at."""

    def __init__(self) -> None:
        self.turns: list[TurnBlock] = []
        self._index: dict[int, int] = {}
        self._tops = [0]
        self._made: set[int] = set()

    def __len__(self) -> int:
        return len(self.turns)

    def __iter__(self) -> Iterator[TurnBlock]:
        return iter(self.turns)

    @property
    def height(self) -> int:
        """Return how many rows there are."""
        return self._tops[-1]

    def put(self, turns: Iterable[TurnBlock]) -> None:
        """Replace everything."""
        self.turns = list(turns)
        self._made.clear()
        self._number()

    def put_before(self, turns: Iterable[TurnBlock]) -> int:
        """Put turns above the first; return how many rows they take."""
        height = self.height
        self.turns[:0] = turns
        self._number()
        return self.height - height

    def add(self, turn: TurnBlock) -> None:
        """Put a turn below the last."""
        self._index[turn.turn.id] = len(self.turns)
        self.turns.append(turn)
        self._tops.append(self._tops[-1] + turn.size)

    def remove(self, turn_id: int) -> None:
        """Take a turn out."""
        del self.turns[self._index[turn_id]]
        self._made.discard(turn_id)
        self._number()

    def get(self, turn_id: int) -> TurnBlock | None:
        """Return a turn by its id."""
        index = self._index.get(turn_id)
        return None if index is None else self.turns[index]

    def index_of(self, turn_id: int) -> int:
        """Return the place of a turn among all."""
        return self._index[turn_id]

    def top_of(self, index: int) -> int:
        """Return the row a turn begins at."""
        return self._tops[index]

    def _number(self) -> None:
        self._index = {turn.turn.id: index for index, turn in enumerate(self.turns)}
        self.add_up()

    def add_up(self, first: int = 0) -> None:
        """Count the rows again from a turn on whose height has changed."""
        tops = self._tops
        total = tops[first] if first < len(tops) else 0
        tops[first:] = accumulate([turn.size for turn in self.turns[first:]], initial=total)

    def at(self, row: int) -> tuple[int, int]:
        """Return the turn that shows in a row, and the row within it."""
        index = max(0, min(bisect_right(self._tops, row) - 1, len(self.turns) - 1))
        return index, row - self._tops[index]

    def find(self, row: int) -> tuple[TurnBlock, Found] | None:
        """Return the turn in a row and what of it stands there."""
        if not 0 <= row < self.height:
            return None
        index, inside = self.at(row)
        return self.turns[index], self.turns[index].find(inside)

    def spot(self, row: int) -> Spot | None:
        """Return a row by what stands in it."""
        if not self.turns:
            return None
        index, inside = self.at(max(0, min(row, self.height - 1)))
        return Spot(self.turns[index].turn.id, self.turns[index].place(inside))

    def row_of(self, spot: Spot) -> int | None:
        """Return the row where a spot is now."""
        index = self._index.get(spot.turn)
        if index is None:
            return None
        return self._tops[index] + self.turns[index].row_of(spot.place)

    def settle(self, top: int, height: int) -> int:
        """Lay out what a view of *height* rows at *top* shows, and a screen around it; return its new top."""
        for _ in range(_MOST_ROUNDS):
            if not self.turns:
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
        while index < len(self.turns) and self._tops[index] < bottom:
            turn = self.turns[index]
            start = self._tops[index]
            size = turn.size
            turn.settle(top - start, bottom - start)
            self._made.add(turn.turn.id)
            if turn.size != size:
                moved = True
                self.add_up(index)
            index += 1
        return moved

    def rows(self, top: int, bottom: int) -> list[Line]:
        """Return the rows between two places; fewer when the turns end before."""
        result: list[Line] = []
        if not self.turns:
            return result
        index, _ = self.at(max(0, top))
        while index < len(self.turns) and self._tops[index] < bottom:
            start = self._tops[index]
            result.extend(self.turns[index].rows(max(0, top - start), bottom - start))
            index += 1
        return result

    def let_go(self, top: int, height: int) -> None:
        """Drop what is laid out far from the view."""
        low, high = top - _KEPT_SCREENS * height, top + (_KEPT_SCREENS + 1) * height
        for turn_id in list(self._made):
            index = self._index[turn_id]
            if self._tops[index + 1] < low or self._tops[index] > high:
                self.turns[index].drop()
                self._made.discard(turn_id)
