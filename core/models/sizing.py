"""How much memory a model needs at a context length: from its shape, corrected by what was measured. Pure.

    weights + cache(context) + compute + set aside for each GPU

The cache follows from the tensors' shapes, the compute buffer from a formula fitted on logged loads.
That is good to about 15 %; a measured load replaces it, and two at different contexts make a line.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import msgspec

from core.models.types import Source
from core.ollama.wire import ShowReply, Tensor

MIB = 1 << 20

SET_ASIDE = 457 * MIB
"""What the server leaves free on each GPU for the driver's own needs."""

BATCH = 512
"""The least batch the server works with; it takes a larger one only where there is room."""

CacheType = Literal["f16", "q8_0", "q4_0"]
BYTES: dict[str, float] = {"f16": 2.0, "q8_0": 34 / 32, "q4_0": 18 / 32}
"""Bytes an element of the cache takes, by the server's OLLAMA_KV_CACHE_TYPE."""

SHAPED, ROUGH = 0.15, 0.3
"""How far off an estimate may be, from the shape and from the file's size alone."""

# Architectures whose layers mostly look back a window only: every n-th looks at everything.
_FULL_EVERY = {
    "gemma2": 2, "gemma3": 6, "gemma3n": 5, "gemma4": 6, "gptoss": 2, "gpt-oss": 2, "cohere2": 4,
    "exaone4": 4,
}  # fmt: skip
# Their cache has head dimensions of its own, which the tensors do not show, and they were measured
# without flash attention.
_LATENT = frozenset({"deepseek2"})


class Shape(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the memory of a model depends on."""

    full: int = 0
    """Elements each token of the context adds, over all layers that look at everything."""
    sliding: int = 0
    """The same over the layers that look back a window only."""
    window: int = 0
    heads: int = 0
    vocabulary: int = 0
    flash: bool = True
    embeds: bool = False
    """It reads a text at once and keeps no context."""


class Measured(msgspec.Struct, frozen=True):
    """What a load took, as the server said afterwards."""

    context: int
    size: int


class Need(msgspec.Struct, frozen=True):
    """The memory a model needs, and how sure that is."""

    size: int
    """All of it, wherever it lies; without what is set aside on each GPU."""
    source: Source
    margin: float

    def on(self, gpus: int) -> int:
        """Bytes needed when it is spread over so many GPUs."""
        return self.size + SET_ASIDE * max(gpus, 1)


def shape_of(show: ShowReply) -> Shape | None:
    """Read the shape from what the server shows; None when it says too little."""
    heads = _number(show.fact("attention.head_count"))
    vocabulary = _vocabulary(show)
    layers = _layers(show, heads)
    embeds = show.fact("pooling_type") is not None
    if not layers and not embeds:
        return None
    every = _full_every(show)
    window = (_number(show.fact("attention.sliding_window")) or 0) if every > 1 else 0
    sliding = {number for number in layers if window and (number + 1) % every}
    return Shape(
        full=sum(elements for number, elements in layers.items() if number not in sliding),
        sliding=sum(layers[number] for number in sliding),
        window=window,
        heads=heads or 0,
        vocabulary=vocabulary,
        flash=show.architecture not in _LATENT,
        embeds=embeds,
    )


def cache(shape: Shape, context: int, *, kind: str = "f16", parallel: int = 1) -> int:
    """Bytes of the cache that holds the context."""
    if shape.embeds:
        return 0
    kept = min(context, shape.window + BATCH)
    return int(parallel * (shape.full * context + shape.sliding * kept) * BYTES[kind])


def compute(shape: Shape, context: int, *, flash: bool | None = None) -> int:
    """Bytes of the buffers in which the work is done."""
    size = 4 * BATCH * shape.vocabulary + 128 * MIB
    if not (shape.flash if flash is None else flash):
        size += 8 * BATCH * context * shape.heads
    return size


def estimate(weights: int, shape: Shape, context: int, *, kind: str = "f16", parallel: int = 1) -> int:
    """Bytes in all, from the shape."""
    return weights + cache(shape, context, kind=kind, parallel=parallel) + compute(shape, context)


def need(
    context: int,
    *,
    weights: int | None = None,
    shape: Shape | None = None,
    measured: Sequence[Measured] = (),
    parameters: int | None = None,
    kind: str = "f16",
    parallel: int = 1,
) -> Need | None:
    """Say what a model needs at a context: measured before anything else; None when nothing is known."""
    known = {load.context: load.size for load in measured}
    if context in known:
        return Need(known[context], "measured", 0.02)
    if len(known) > 1:
        return Need(_on_line(known, context), "interpolated", 0.05)
    guess = None
    if weights is not None and shape is not None:
        guess = Need(estimate(weights, shape, context, kind=kind, parallel=parallel), "estimated", SHAPED)
    if known:
        (at, size), *_ = known.items()
        if guess is not None and weights is not None and shape is not None:
            correction = size - estimate(weights, shape, at, kind=kind, parallel=parallel)
            return Need(max(guess.size + correction, weights), "interpolated", 0.08)
        if context < at:  # a shorter context never takes more
            return Need(size, "interpolated", 0.15)
    if guess is None and weights is not None:
        guess = Need(_rough(weights, parameters, context, kind), "estimated", ROUGH)
    return guess


def _on_line(known: dict[int, int], context: int) -> int:
    """Where the line through the two nearest measured contexts passes."""
    near = sorted(known, key=lambda at: (abs(at - context), at))[:2]
    low, high = sorted(near)
    slope = max((known[high] - known[low]) / (high - low), 0.0)
    return (
        int(known[low] + slope * (context - low))
        if context > low
        else int(max(known[low] - slope * (low - context), 0))
    )


def _rough(weights: int, parameters: int | None, context: int, kind: str) -> int:
    """From the file's size alone: a cache as models of that size usually have it."""
    size = parameters or int(weights / 0.6)
    each = 128 * 1024 * (size / 8e9) ** 0.5 * BYTES[kind] / 2
    return int(weights + each * context + 4 * BATCH * 150_000 + 128 * MIB)


def _layers(show: ShowReply, heads: int | None) -> dict[int, int]:
    """Elements of the cache a token takes, by layer; layers without attention are not in it."""
    per_head = _per_head(show, heads)
    if show.architecture in _LATENT:
        blocks = _number(show.fact("block_count")) or 0
        return dict.fromkeys(range(blocks), (heads or 0) * per_head) if heads and per_head else {}
    found: dict[int, int] = {}
    for tensor in show.tensors or ():
        place = _attention(tensor)
        if place is None:
            continue
        number, part = place
        if part in ("attn_k", "attn_v"):
            found[number] = found.get(number, 0) + _width(tensor)
        elif part == "attn_qkv" and heads and per_head:
            # One tensor for queries, keys and values: what is no query is cached.
            found[number] = max(_width(tensor) - heads * per_head // 2, 0)
    return found or _from_scalars(show, per_head)


def _attention(tensor: Tensor) -> tuple[int, str] | None:
    parts = tensor.name.split(".")
    if len(parts) != 4 or parts[0] != "blk" or parts[3] != "weight" or not parts[1].isdigit():
        return None
    return (int(parts[1]), parts[2]) if parts[2] in ("attn_k", "attn_v", "attn_qkv") else None


def _width(tensor: Tensor) -> int:
    return tensor.shape[1] if tensor.shape and len(tensor.shape) > 1 else 0


def _from_scalars(show: ShowReply, per_head: int) -> dict[int, int]:
    """Without tensors, as older servers answer."""
    blocks = _number(show.fact("block_count")) or 0
    counts = show.fact("attention.head_count_kv")
    interval = _number(show.fact("full_attention_interval")) or 1
    if not per_head:
        return {}
    if isinstance(counts, list) and len(counts) == blocks:
        each: Iterable[Any] = counts
    else:
        each = [_number(counts) or 0] * blocks
    layers = enumerate(each)
    return {
        number: count * per_head
        for number, count in layers
        if isinstance(count, int) and count > 0 and (number + 1) % interval == 0
    }


def _per_head(show: ShowReply, heads: int | None) -> int:
    """Elements of a key and a value of one head."""
    width = _number(show.fact("embedding_length"))
    usual = width // heads if width and heads else 0
    keys = _number(show.fact("attention.key_length")) or usual
    values = _number(show.fact("attention.value_length")) or usual
    return keys + values


def _full_every(show: ShowReply) -> int:
    pattern = show.fact("attention.sliding_window_pattern")
    return _number(pattern) or _FULL_EVERY.get(show.architecture, 1)


def _vocabulary(show: ShowReply) -> int:
    for tensor in show.tensors or ():
        if tensor.name == "token_embd.weight":
            return _width(tensor)
    return _number(show.fact("vocab_size")) or 0


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
