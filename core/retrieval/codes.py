"""The vectors of many rows held small: a byte for each number tells which of some rows are nearest.

The index of a table comes near the nearest, and then the real vectors of those it found are read: that
takes longer than finding them. Whoever holds codes looks there instead; a cosine is off by about a
thousandth.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

_FINEST = 127


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
        numbers = self._numbers[: self._count]
        self._order = numbers.argsort(kind="stable")
        self._numbers = numbers[self._order]

    def cosines(
        self, numbers: npt.NDArray[np.uint64], question: npt.NDArray[np.float32]
    ) -> npt.NDArray[np.float32] | None:
        """How near each of these rows is; None where one of them is not known."""
        import numpy as np

        places = self._numbers.searchsorted(numbers)
        if (places == len(self._numbers)).any() or (self._numbers[places] != numbers).any():
            return None
        rows = self._order[places]
        # A product of matrices would be shared among threads that wait for one another.
        found = np.vecdot(self._codes[rows].astype(np.float32), question)
        cosines: npt.NDArray[np.float32] = (
            found * self._scales[rows] / max(float(np.linalg.norm(question)), 1e-9)
        )
        return cosines
