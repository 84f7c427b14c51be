"""The vectors of many rows held small, so that the nearest of all of them are found without the table.

Two sketches of every vector: a bit for each number says on which side of the middle of all vectors it lies,
and a byte says how far. Counting the bits that differ looks at a hundred thousand rows in two milliseconds;
the bytes then tell the nearest among the thousand that differ least. A cosine is off by about a thousandth.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

_FINEST = 127
_LOOKED_AT = 1_000
"""Rows whose bytes are looked at: of real texts they hold the fifty nearest nearly always."""
_BLOCK = 8_192
"""Rows that are turned into bits at a time."""
_WORD = 64


def weight(dimension: int) -> int:
    """Bytes that a row takes."""
    return dimension + 8 * _words(dimension) + 12


def _words(dimension: int) -> int:
    return -(-dimension // _WORD)


class Codes:
    """Filled batch by batch, then asked."""

    def __init__(self, rows: int, dimension: int) -> None:
        import numpy as np

        self._count = 0
        self._numbers = np.empty(rows, np.uint64)
        self._codes = np.empty((rows, dimension), np.int8)
        self._scales = np.empty(rows, np.float32)

    def add(self, numbers: pa.Array, vectors: pa.FixedSizeListArray) -> None:
        """Take rows in: their numbers and vectors; rows without a vector are left out."""
        import numpy as np

        given = vectors.drop_null().flatten().to_numpy().reshape(-1, self._codes.shape[1])
        lengths = np.maximum(np.sqrt(np.einsum("ij,ij->i", given, given)), 1e-9)
        highest = np.maximum(np.abs(given).max(axis=1, initial=0.0), 1e-9)
        begin, end = self._count, self._count + len(given)
        if end > len(self._numbers):  # rows came while it was read
            self._numbers, self._scales = np.resize(self._numbers, end), np.resize(self._scales, end)
            self._codes = np.resize(self._codes, (end, self._codes.shape[1]))
        self._numbers[begin:end] = numbers.filter(vectors.is_valid()).to_numpy()
        np.rint(given * (_FINEST / highest)[:, None], out=self._codes[begin:end], casting="unsafe")
        self._scales[begin:end] = highest / (_FINEST * lengths)
        self._count = end

    def finish(self) -> None:
        """Nothing more comes."""
        import numpy as np

        self._numbers, self._codes = self._numbers[: self._count], self._codes[: self._count]
        self._scales = self._scales[: self._count]
        self._middle = np.zeros(self._codes.shape[1], np.float32)
        for block in self._blocks():
            self._middle += self._scales[block] @ self._codes[block].astype(np.float32)
        self._middle /= max(self._count, 1)
        # A column of words for each row: counting runs along the rows.
        self._bits = np.empty((_words(len(self._middle)), self._count), np.uint64)
        for block in self._blocks():
            self._bits[:, block] = self._sides(self._codes[block] * self._scales[block, None]).T

    def _blocks(self) -> list[slice]:
        return [slice(first, first + _BLOCK) for first in range(0, self._count, _BLOCK)]

    def _sides(self, directions: npt.NDArray[np.float32]) -> npt.NDArray[np.uint64]:
        """On which side of the middle each number lies, as words of bits."""
        import numpy as np

        sides = np.zeros((len(directions), _words(len(self._middle)) * _WORD), bool)
        sides[:, : len(self._middle)] = directions > self._middle
        return np.packbits(sides, axis=1).view(np.uint64)

    def nearest(
        self, question: npt.NDArray[np.float32], limit: int
    ) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.float32]]:
        """The numbers of the rows that point where the question points, and their cosines; the best first."""
        import numpy as np

        question = question / max(float(np.linalg.norm(question)), 1e-9)
        rows = self._likely(question, max(_LOOKED_AT, 2 * limit))
        # A product of matrices would be shared among threads that wait for one another.
        cosines = np.vecdot(self._codes[rows].astype(np.float32), question) * self._scales[rows]
        best = (-cosines).argsort(kind="stable")[:limit]
        return self._numbers[rows[best]], cosines[best]

    def _likely(self, question: npt.NDArray[np.float32], wanted: int) -> npt.NDArray[np.intp]:
        """As many rows as are wanted, those whose bits differ least from the question's."""
        import numpy as np

        if self._count <= wanted:
            return np.arange(self._count)
        differ = np.zeros(self._count, np.uint16)
        changed, counted = np.empty(self._count, np.uint64), np.empty(self._count, np.uint8)
        for column, word in zip(self._bits, self._sides(question[None, :])[0], strict=True):
            np.bitwise_xor(column, word, out=changed)
            np.bitwise_count(changed, out=counted)
            np.add(differ, counted, out=differ)
        # Counting how often each difference comes is five times as quick as putting them in order.
        most = int(np.bincount(differ).cumsum().searchsorted(wanted))
        nearer = np.flatnonzero(differ < most)
        return np.concatenate([nearer, np.flatnonzero(differ == most)[: wanted - len(nearer)]])
