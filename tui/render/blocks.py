"""A turn as rows: who speaks, what was thought, what is said, what was measured."""

from __future__ import annotations

from typing import Final

import msgspec

from . import frame
from .glyphs import Glyphs
from .leaf import Line
from .markdown import Document
from .places import Piece, Places
from .think import ThinkBlock
from .types import Part, ThinkMode, Turn

_BLANK: Final = Line([])


class TurnBlock(Places):
    """One turn and its rows at one width."""

    def __init__(self, turn: Turn, glyphs: Glyphs, mode: ThinkMode, hint: str, width: int) -> None:
        self.turn = turn
        self.think: ThinkBlock | None = None
        self.size = 0
        self._glyphs = glyphs
        self._mode: ThinkMode = mode
        self._hint = hint
        self._width = width
        self._layout: list[tuple[Piece, int]] = []
        self._edges: dict[Piece, list[Line]] = {}
        self._head: tuple[object, Line] | None = None
        self._foot: tuple[object, list[Line]] | None = None
        self._touched = False
        self._length = 0
        self.body = self._document_of(turn.text)
        self.body.flush(shown=False)
        self._take_think(turn)
        self.measure()

    def _document_of(self, text: str) -> Document:
        """Return what is said as a document."""
        made = Document(glyphs=self._glyphs, hint=self._hint, plain=self.turn.speaker == "question")
        made.resize(self._width)
        self._length = len(text)
        made.append(text if self.turn.speaker != "note" else "")
        if self.ended:
            made.finish()
        return made

    # -- what it is told

    @property
    def text(self) -> str:
        """Return the source of what is said."""
        return self.body.source

    @property
    def now(self) -> Turn:
        """Return the turn with all the text that has come."""
        thinking = self.think.source if self.think is not None else ""
        if self.turn.text == self.text and self.turn.thinking == thinking:
            return self.turn
        return msgspec.structs.replace(self.turn, text=self.text, thinking=thinking)

    @property
    def ended(self) -> bool:
        """Return whether nothing more comes."""
        return self.turn.phase == "ended"

    @property
    def can_go(self) -> bool:
        """Return whether the block can be made again just as it is from its turn."""
        return self.ended and (self.think is None or not self.think.is_chosen)

    def length(self, part: Part) -> int:
        """Return how many characters of a part are here."""
        if part == "answer":
            return self._length
        return self.think.length if self.think else 0

    def extend(self, part: Part, text: str) -> None:
        """Add text to the end of a part; it shows after the next ``flush``."""
        self._touched = True
        if part == "thinking":
            self._thinking().append(text)
            return
        self._length += len(text)
        self.body.append(text)

    def update(self, turn: Turn) -> None:
        """Take the turn as it is now; text that is here already is not touched."""
        before = self.turn
        self._touched = True
        self.turn = turn
        self._take_text(turn)
        self._take_think(turn)
        if turn.phase == "ended" and before.phase != "ended":
            self.body.finish()
        elif before.phase == "ended" and turn.phase != "ended":
            self.body = self._document_of(self.text)  # an answer that ended early goes on

    def _take_text(self, turn: Turn) -> None:
        have = self.text
        if turn.speaker == "note":
            return
        if turn.text.startswith(have):
            if len(turn.text) > len(have):
                self.extend("answer", turn.text[len(have) :])
        elif turn.phase == "ended" or not have.startswith(turn.text):
            # Another text altogether, not an older state of this one.
            self.body = self._document_of(turn.text)

    def _thinking(self) -> ThinkBlock:
        if self.think is None:
            self.think = ThinkBlock(self._glyphs, self._mode)
            self.think.resize(self._width)
            self.think.live = not self.ended and not self._length
        return self.think

    def _take_think(self, turn: Turn) -> None:
        if not turn.thinking and self.think is None and turn.phase != "thinking":
            return
        think = self._thinking()
        have = think.source
        if turn.thinking.startswith(have):
            if len(turn.thinking) > len(have):
                think.append(turn.thinking[len(have) :])
        elif turn.phase == "ended":
            self.think = None
            think = self._thinking()
            think.append(turn.thinking)
        think.seconds, think.tokens = turn.seconds, turn.tokens
        think.live = turn.phase in ("thinking", "waiting") and not self._length
        if turn.phase == "ended":
            think.finish()

    def set_mode(self, mode: ThinkMode) -> None:
        """Show the think block another way, unless a person chose."""
        self._mode = mode
        self._touched = True
        if self.think is not None:
            self.think.mode = mode

    def touch(self) -> None:
        """Have the next ``flush`` look at everything around the text again."""
        self._touched = True

    # -- rows

    def resize(self, width: int) -> None:
        """Lay out for another width."""
        self._width = width
        self.body.resize(width)
        if self.think is not None:
            self.think.resize(width)
        self.measure()

    def flush(self, *, shown: bool = True) -> int:
        """Work in what has come and return the first row that changed."""
        if not self._touched:
            return self.size
        self._touched = False
        before, edges = self._layout, self._edges
        changed = self._flush_thought(shown=shown)
        row = self.body.flush(shown=shown)
        changed = min(changed, self.top_of(Piece.BODY) + row if row < self.body.height else self.size)
        self.measure()
        return min(changed, self._moved(before, edges))

    def _moved(self, before: list[tuple[Piece, int]], edges: dict[Piece, list[Line]]) -> int:
        """Return the first row that differs because of what stands around the texts."""
        at = 0
        for (piece, height), (old, size) in zip(self._layout, before, strict=False):
            if piece != old or height != size:
                return at + (min(height, size) if piece == old == Piece.BODY else 0)
            lines, others = self._edges.get(piece, []), edges.get(piece, [])
            for index, (line, other) in enumerate(zip(lines, others, strict=False)):
                if line is not other:
                    return at + index
            at += height
        return at

    def _flush_thought(self, *, shown: bool) -> int:
        think = self.think
        if think is None or not (think.is_open or think.rolls):
            return self.size
        first, height = think.first_row(), think.document.height
        row = think.document.flush(shown=shown)
        if row >= think.document.height == height:
            return self.size
        top = self.top_of(Piece.THOUGHT)
        return top + max(0, row - first) if think.first_row() == first else top

    def measure(self) -> None:
        """Add up the pieces."""
        self._edges = {Piece.HEAD: [self._header()], Piece.FOOT: self._footer()}
        if self.think is not None:
            self._edges[Piece.THINK] = [self.think.header()]
        self._layout = self._pieces()
        self.size = sum([height for _, height in self._layout])

    def settle(self, top: int, bottom: int) -> bool:
        """Lay out what shows between two rows; return whether any height changed."""
        moved = False
        if self.think is not None and self.think.body_rows and not self.think.is_made:
            self.think.document.settle(0, 0)
            moved = True
        if moved:
            self.measure()
        at = 0
        for piece, height in self._layout:
            low, high = max(top - at, 0), min(bottom - at, height)
            if low < high and piece is Piece.BODY:
                moved |= self.body.settle(low, high)
            elif low < high and piece is Piece.THOUGHT and self.think is not None:
                first = self.think.first_row()
                moved |= self.think.document.settle(first + low, first + high)
            at += height
        if moved:
            self.measure()
        return moved

    def rows(self, top: int, bottom: int) -> list[Line]:
        """Return the rows between two places."""
        result: list[Line] = []
        at = 0
        for piece, height in self._layout:
            if at >= bottom:
                break
            low, high = max(top - at, 0), min(bottom - at, height)
            if low < high:
                result.extend(self._rows(piece, low, high))
            at += height
        return result

    def _rows(self, piece: Piece, low: int, high: int) -> list[Line]:
        if piece is Piece.BODY:
            return self.body.rows(low, high)
        if piece is Piece.HEAD:
            return self._edges[piece]
        if piece is Piece.FOOT:
            return self._edges[piece][low:high]
        if self.think is not None and piece is Piece.THINK:
            return [self.think.header()]
        if self.think is not None and piece is Piece.THOUGHT:
            return self.think.rows(low, high)
        return [_BLANK] * (high - low)

    def _pieces(self) -> list[tuple[Piece, int]]:
        pieces = [(Piece.HEAD, 1)]
        if self.think is not None:
            pieces.append((Piece.THINK, 1))
            if rows := self.think.body_rows:
                pieces.append((Piece.THOUGHT, rows))
        if body := self.body.height:
            if self.think is not None:
                pieces.append((Piece.GAP, 1))
            pieces.append((Piece.BODY, body))
        if foot := len(self._footer()):
            if body:
                pieces.append((Piece.GAP, 1))
            pieces.append((Piece.FOOT, foot))
        pieces.append((Piece.GAP, 1))
        return pieces

    def _header(self) -> Line:
        turn = self.turn
        key = (turn.speaker, turn.name, turn.time, turn.status, turn.detail, turn.briefs, self._width)
        if self._head is None or self._head[0] != key:
            self._head = key, frame.header(turn, self._width, self._glyphs)
        return self._head[1]

    def _footer(self) -> list[Line]:
        turn = self.turn
        key = (turn.notices, turn.chips, turn.facts, turn.ended, self._width)
        if self._foot is None or self._foot[0] != key:
            self._foot = key, frame.footer(turn, self._width, self._glyphs)
        return self._foot[1]
