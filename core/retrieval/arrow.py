"""Rows of the index as Arrow batches and back: the only place that knows the columns of a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from core.errors import Refused
from core.retrieval.types import Filter, Hit, Row

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa
    from lancedb.expr import Expr

FOUND = ("key", "document", "section", "ord")
"""What a search reads of a row; the texts are fetched for the few that remain."""

NUMBER, SCORE, DISTANCE = "_rowid", "_score", "_distance"
"""What a search says beside them: the number of the row, and how well it matches."""

VECTOR = "vector"
STAMP = b"leitstand.model"
"""Where a table says which model made its vectors."""


def schema() -> pa.Schema:
    """The columns of a new table; the vectors' comes with the first vector, which tells its length."""
    import pyarrow as pa

    columns = [
        ("key", pa.utf8()),
        ("document", pa.utf8()),
        ("section", pa.utf8()),
        ("ord", pa.int32()),
        ("revision", pa.int32()),
        ("media", pa.utf8()),
        ("changed", pa.float64()),
        ("hash", pa.int64()),
        ("text", pa.utf8()),
    ]
    return pa.schema([pa.field(name, kind, nullable=False) for name, kind in columns])


def vector_field(dimension: int, stamp: str) -> pa.Field:
    """The column of the vectors, with the name of the model that made them."""
    import pyarrow as pa

    return pa.field(VECTOR, pa.list_(pa.float32(), dimension), metadata={STAMP: stamp.encode()})


def dimension_of(table: pa.Schema) -> int | None:
    """How long the vectors of a table are; None while it has none."""
    place = table.get_field_index(VECTOR)
    return None if place < 0 else int(table.field(place).type.list_size)


def stamp_of(table: pa.Schema) -> str:
    """Which model made the vectors of a table; empty while nobody said."""
    place = table.get_field_index(VECTOR)
    metadata: dict[bytes, bytes] | None = None if place < 0 else table.field(place).metadata
    return (metadata or {}).get(STAMP, b"").decode("utf-8", "replace")


def bits_of(details: Mapping[str, Any] | None) -> int:
    """How many bits an index of vectors keeps of each number."""
    return int(((details or {}).get("compression") or {}).get("num_bits", 1))


def hash_of(text: str) -> int:
    """The number equal texts share: what a vector is remembered by."""
    return int.from_bytes(
        blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "little", signed=True
    )


def dimension_in(vectors: Iterable[bytes | None]) -> int | None:
    """How long the given vectors are; they must agree."""
    lengths = {len(vector) for vector in vectors if vector is not None}
    if not lengths:
        return None
    if len(lengths) > 1 or lengths & {0} or lengths.copy().pop() % 4:
        raise Refused("The vectors of one batch have different lengths.", "Re-index the space.")
    return lengths.pop() // 4


def batch_of(rows: Sequence[Row], dimension: int | None) -> pa.RecordBatch:
    """The rows as one Arrow batch, with a column of vectors when the table has one."""
    import pyarrow as pa

    base = schema()
    columns: list[Any] = [
        pa.array([row.key for row in rows], pa.utf8()),
        pa.array([row.document for row in rows], pa.utf8()),
        pa.array([row.section for row in rows], pa.utf8()),
        pa.array([row.ord for row in rows], pa.int32()),
        pa.array([row.revision for row in rows], pa.int32()),
        pa.array([_text(row.media) for row in rows], pa.utf8()),
        pa.array([row.changed for row in rows], pa.float64()),
        pa.array([hash_of(row.text) for row in rows], pa.int64()),
        pa.array([_text(row.text) for row in rows], pa.utf8()),
    ]
    if dimension is None:
        return pa.RecordBatch.from_arrays(columns, schema=base)
    field = pa.field(VECTOR, pa.list_(pa.float32(), dimension))
    columns.append(vectors_of([row.vector for row in rows], dimension))
    return pa.RecordBatch.from_arrays(columns, schema=base.append(field))


def vectors_of(vectors: Sequence[bytes | None], dimension: int) -> pa.FixedSizeListArray:
    """Vectors as Arrow holds them; one that is missing is null."""
    import pyarrow as pa

    nothing = bytes(4 * dimension)
    data = pa.py_buffer(b"".join(vector or nothing for vector in vectors))
    values = pa.Array.from_buffers(pa.float32(), len(vectors) * dimension, [None, data])
    mask = pa.array([vector is None for vector in vectors], pa.bool_())
    return pa.FixedSizeListArray.from_arrays(values, dimension, mask=mask)


def bytes_of(column: pa.ChunkedArray, dimension: int) -> list[bytes | None]:
    """Vectors as the rest of the program holds them."""
    size = 4 * dimension
    found: list[bytes | None] = []
    for chunk in column.chunks:
        # `values` of a list of fixed size begins before the slice that the chunk may be.
        data = memoryview(chunk.values.buffers()[1]).cast("B")
        first = chunk.values.offset * 4 + chunk.offset * size
        found += [
            bytes(data[first + place * size : first + (place + 1) * size]) if there else None
            for place, there in enumerate(chunk.is_valid().to_pylist())
        ]
    return found


def directions_of(column: pa.ChunkedArray, dimension: int) -> npt.NDArray[np.float32]:
    """The vectors that are there, each brought to unit length, a row each."""
    import numpy as np

    found = np.empty((len(column) - column.null_count, dimension), np.float32)
    first = 0
    for chunk in column.chunks:
        numbers = chunk.drop_null().flatten().to_numpy().reshape(-1, dimension)
        lengths = np.sqrt(np.einsum("ij,ij->i", numbers, numbers))[:, None]
        np.divide(numbers, np.maximum(lengths, 1e-9), out=found[first : first + len(numbers)])
        first += len(numbers)
    return found


def hits_of(found: pa.Table, *, words: bool) -> list[Hit]:
    """What a search of one kind found, the best first; a unit counts once."""
    columns = found.to_pydict()
    scores = columns[SCORE] if words else [1.0 - distance for distance in columns[DISTANCE]]
    hits: dict[str, Hit] = {}
    for key, document, section, ord, score in zip(*(columns[name] for name in FOUND), scores, strict=True):
        # Both versions of a document stand there for a moment while it is replaced.
        if key not in hits:
            kind = {"bm25": score} if words else {"cosine": max(-1.0, min(score, 1.0))}
            hits[key] = Hit(key=key, document=document, section=section, ord=ord, score=score, **kind)
    return list(hits.values())


def condition(given: Filter) -> Expr | None:
    """A filter as an expression: values never become part of a text that is parsed."""
    from lancedb.expr import col, lit

    parts = []
    if given.documents:
        parts.append(col("document").isin([_text(document) for document in given.documents]))
    if given.media:
        parts.append(col("media").isin([_text(media) for media in given.media]))
    if given.since is not None:
        parts.append(col("changed") >= lit(float(given.since)))
    if given.until is not None:
        parts.append(col("changed") <= lit(float(given.until)))
    whole = None
    for part in parts:
        whole = part if whole is None else whole & part
    return whole


def _text(text: str) -> str:
    """Half characters that no encoding has would make Arrow refuse the whole batch."""
    return text.encode("utf-8", "replace").decode("utf-8") if not text.isascii() else text
