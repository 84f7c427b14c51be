"""Two small spaces with a few documents, so that the library of the demonstration is alive."""

from __future__ import annotations

from importlib import resources
from typing import NamedTuple


class Shown(NamedTuple):
    """A space of the demonstration."""

    name: str
    description: str
    colour: str
    documents: tuple[str, ...]


SPACES = (
    Shown(
        "workshop", "The manual of a machine, and the rules of the house", "teal", ("press.md", "house.md")
    ),
    Shown("Verträge", "Ein Mietvertrag", "orange", ("mietvertrag.md",)),
)


def text(name: str) -> str:
    """One of its documents; blocking."""
    return resources.files("core.retrieval").joinpath("demo", name).read_text(encoding="utf-8")
