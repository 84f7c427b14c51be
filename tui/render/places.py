"""Where things stand in a turn: rows by what they show, and what shows in a row."""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import IntEnum
from typing import NamedTuple

from .leaf import Leaf
from .markdown import Document
from .think import ThinkBlock
from .types import Turn


class Piece(IntEnum):
    """What a row of a turn belongs to."""

    HEAD = 0
    THINK = 1
    THOUGHT = 2
    GAP = 3
    BODY = 4
    FOOT = 5


class Place(NamedTuple):
    """A row by what stands in it, so that it can be found again when rows above have changed."""

    piece: Piece
    leaf: int
    row: int


class Stop(NamedTuple):
    """What a cursor stands on: the think block, or some leaves of a text."""

    turn: int
    piece: Piece
    first: int
    last: int


class Found(NamedTuple):
    """What is at a row: the piece, the row within it, and the document and leaf if it shows one."""

    piece: Piece
    row: int
    document: Document | None = None
    leaf: Leaf | None = None


class Places(ABC):
    """A turn laid out as pieces, one above the other."""

    turn: Turn
    body: Document
    think: ThinkBlock | None
    size: int
    _layout: list[tuple[Piece, int]]

    @abstractmethod
    def measure(self) -> None:
        """Add up the pieces."""

    def top_of(self, wanted: Piece) -> int:
        """Return the row a piece begins at."""
        at = 0
        for piece, height in self._layout:
            if piece is wanted:
                return at
            at += height
        return at

    def find(self, row: int) -> Found:
        """Return what stands in a row."""
        at = 0
        for piece, height in self._layout:
            if row < at + height:
                inside = row - at
                if piece is Piece.BODY:
                    return self._found(piece, inside, self.body)
                if piece is Piece.THOUGHT and self.think is not None:
                    return self._found(piece, inside + self.think.first_row(), self.think.document)
                return Found(piece, inside)
            at += height
        return Found(Piece.GAP, 0)

    def _found(self, piece: Piece, row: int, document: Document) -> Found:
        leaves = document.leaves
        return Found(piece, row, document, leaves[document.leaf_at(row)] if leaves else None)

    def place(self, row: int) -> Place:
        """Return a row by what stands in it."""
        found = self.find(row)
        if found.document is None or not found.document.leaves:
            return Place(found.piece, 0, found.row)
        leaf = found.document.leaf_at(found.row)
        return Place(found.piece, leaf, found.row - found.document.top_of(leaf))

    def row_of(self, place: Place) -> int:
        """Return the row where a place is now."""
        top = self.top_of(place.piece)
        document = self.document(place.piece)
        if document is None or not document.leaves:
            return min(top + place.row, self.size - 1)
        leaf = min(place.leaf, len(document.leaves) - 1)
        row = document.top_of(leaf) + min(place.row, document.leaves[leaf].size - 1)
        if place.piece is Piece.THOUGHT and self.think is not None:
            row = max(0, min(row - self.think.first_row(), self.think.body_rows - 1))
        return max(0, min(top + row, self.size - 1))

    def document(self, piece: Piece) -> Document | None:
        """Return the document a piece shows, if it shows one."""
        if piece is Piece.BODY:
            return self.body
        if piece is Piece.THOUGHT and self.think is not None:
            return self.think.document
        return None

    def row_of_source(self, piece: Piece, place: int) -> int:
        """Return the row where a place of the source shows, laid out as far as that needs."""
        document = self.document(piece)
        if document is None:
            return self.top_of(piece)
        row = document.row_of(place)
        self.measure()
        if piece is Piece.THOUGHT and self.think is not None:
            row = max(0, row - self.think.first_row())
        return self.top_of(piece) + row

    def stops(self) -> list[Stop]:
        """Return what a cursor can stand on, in reading order."""
        turn = self.turn.id
        stops = [Stop(turn, Piece.THINK, 0, 0)] if self.think is not None else []
        first = 0
        leaves = self.body.leaves
        for index, leaf in enumerate(leaves):
            if leaf.block != leaves[first].block:
                stops.append(Stop(turn, Piece.BODY, first, index - 1))
                first = index
        if leaves:
            stops.append(Stop(turn, Piece.BODY, first, len(leaves) - 1))
        return stops

    def extent(self, stop: Stop) -> tuple[int, int]:
        """Return the rows a stop takes, laid out as far as that needs."""
        top = self.top_of(stop.piece)
        document = self.document(stop.piece)
        if document is None or stop.piece is Piece.THOUGHT:
            return top, top + 1
        last = min(stop.last, len(document.leaves) - 1)
        first = min(stop.first, last)
        if document.settle(document.top_of(first), document.top_of(last + 1)):
            self.measure()
        return top + document.top_of(first) + document.leaves[first].gap, top + document.top_of(last + 1)
