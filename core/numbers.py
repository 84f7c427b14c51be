"""Numbers as people read them in a sentence."""

from __future__ import annotations


def grouped(number: int) -> str:
    """A number that can be read: `12 345`."""
    return f"{number:,}".replace(",", " ")
