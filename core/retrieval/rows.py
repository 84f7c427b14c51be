"""What rows of the database say of documents, sections and units. Pure."""

from __future__ import annotations

import sqlite3

import msgspec

from core.retrieval.library import LibraryDocument
from core.retrieval.types import Place, Section, Unit


def document_of(row: sqlite3.Row) -> LibraryDocument:
    """A document."""
    return LibraryDocument(
        id=str(row["id"]),
        space=row["space_id"],
        title=row["title"],
        source=row["source"],
        kind=row["kind"],
        media=row["media"],
        state=row["state"],
        error=row["error"],
        notes=() if row["notes"] == "[]" else msgspec.json.decode(row["notes"], type=tuple[str, ...]),
        size=row["size"],
        modified=row["modified"],
        pages=row["pages"],
        sections=row["sections"],
        chunks=row["units"],
        embedded=row["embedded"],
        revision=row["revision"],
        created=row["created"],
        updated=row["updated"],
    )


def section_of(row: sqlite3.Row) -> Section:
    """A section."""
    return Section(
        key=row["key"],
        ord=row["ord"],
        heading=msgspec.json.decode(row["heading"], type=tuple[str, ...]),
        text=row["text"],
        place=msgspec.json.decode(row["place"], type=Place),
        tokens=row["tokens"],
    )


def unit_of(row: sqlite3.Row, texts: dict[str, str]) -> Unit:
    """A unit, cut out of the text of its section."""
    return Unit(
        key=row["key"],
        section=row["section"],
        ord=row["ord"],
        text=texts[row["section"]][row["start"] : row["stop"]],
        start=row["start"],
        end=row["stop"],
        context=row["context"],
        place=msgspec.json.decode(row["place"], type=Place),
        tokens=row["tokens"],
    )
