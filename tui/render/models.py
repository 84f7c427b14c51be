"""A model as a row to choose from."""

from __future__ import annotations

from core.models.types import Model
from tui.format import context, size, speed
from tui.glyphs import Glyphs
from tui.render.option import Option
from tui.theme import Ink


def sign(model: Model, glyphs: Glyphs) -> tuple[str, Ink]:
    """The sign of its state: loaded, here, known only."""
    if model.in_memory or model.state == "loading":
        return glyphs.live, "good"
    return (glyphs.ready, "dim") if model.installed else (glyphs.known, "dim")


def option(model: Model, glyphs: Glyphs, *, documents: bool = False) -> Option:
    """Name, what it can, how large and how fast it is; with *documents* first, whether it is for them."""
    mark, ink = sign(model, glyphs)
    stars = f"{glyphs.favourite} " if model.favourite else ""
    can = [name for name in model.capabilities or () if name not in {"completion", "insert"}]
    words = [
        f"{glyphs.done} documents" if documents and "rag" in model.uses else "",
        f"{glyphs.default} default" if model.default else "",
        model.parameters,
        model.quantization,
        f"{context(model.context).strip()} context" if model.context else "",
        *can,
    ]
    right = [
        speed(model.last_speed).strip() if model.last_speed else "",
        size(model.size).strip() if model.size else "",
    ]
    return Option(
        model.name,
        stars + model.name,
        " · ".join(word for word in words if word),
        "   ".join(word for word in right if word),
        mark,
        ink,
    )
