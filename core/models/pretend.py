"""The well-known models as the registry of the demonstration has them, about as large as they are. Pure."""

from __future__ import annotations

import re

from core.models.catalog import Catalog, Entry, Variant
from core.simulator.models import PULLABLE, Spec

_SHAPES: tuple[tuple[float, int, int, int], ...] = (
    (1.5e9, 24, 1536, 12),
    (5e9, 30, 2560, 20),
    (10e9, 32, 4096, 32),
    (18e9, 40, 5120, 40),
    (45e9, 60, 5632, 44),
    (float("inf"), 80, 8192, 64),
)
"""Up to so many parameters: blocks, width and heads, as usual at that size."""
_BYTES_A_PARAMETER = 0.6


def specs(catalog: Catalog) -> tuple[Spec, ...]:
    """What the registry has besides the models that are described exactly."""
    exact = {name for spec in PULLABLE for name in (spec.name, *spec.also)}
    found = (_spec(name, entry, variant) for name, entry, variant in catalog.names() if name not in exact)
    return (*PULLABLE, *(spec for spec in found if spec is not None))


def _spec(name: str, entry: Entry, variant: Variant) -> Spec | None:
    size = variant.bytes
    if not size:
        return None
    count = variant.parameter_count or int(size / _BYTES_A_PARAMETER)
    blocks, width, heads = next(shape[1:] for shape in _SHAPES if count <= shape[0])
    can = variant.capabilities or entry.capabilities or ("completion",)
    return Spec(
        name=name,
        also=(f"{entry.name}:latest",) if variant.latest and not name.endswith(":latest") else (),
        family=re.sub(r"[^a-z0-9]", "", entry.name.lower()) or "llama",
        count=count,
        size_label=variant.parameters or f"{count / 1e9:.1f}B",
        quantization=variant.quantization,
        weights=size,
        blocks=blocks,
        width=width,
        heads=heads,
        kv_heads=max(heads // 4, 1),
        feed_forward=int(width * 3.5),
        vocabulary=128_256,
        context=variant.context or entry.context or 8192,
        capabilities=can,
        thinking="tags" if "thinking" in can else "",
        license=entry.licence or "See its page.",
    )
