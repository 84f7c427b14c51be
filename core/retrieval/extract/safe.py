"""Archives and XML from strangers: looked at before they are opened, read with a cap, never expanded.

A zip of a few kilobytes can hold gigabytes, and an XML entity can name a file or multiply itself: so sizes
are added up from the directory first, and a document type declaration is a reason to stop.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from xml.etree import ElementTree as ET

from core.errors import Unreadable

MOST_UNPACKED = 100 * 2**20
MOST_RATIO = 100
MOST_MEMBERS = 10_000
_SMALL = 2**20
"""Below this a high ratio is nothing: an empty sheet packs well."""


class Package:
    """A document that is a zip archive of parts."""

    def __init__(self, data: bytes) -> None:
        try:
            self._zip = zipfile.ZipFile(BytesIO(data))
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RecursionError, OverflowError):
            raise damaged("its archive cannot be opened") from None
        members = self._zip.infolist()
        if len(members) > MOST_MEMBERS:
            raise Unreadable(f"It holds {len(members)} parts, and {MOST_MEMBERS} is the most.")
        if any(member.flag_bits & 1 for member in members):
            raise encrypted()
        total = sum(member.file_size for member in members)
        packed = sum(member.compress_size for member in members)
        if total > MOST_UNPACKED:
            raise Unreadable(
                f"It unpacks to {total // 2**20} MB, and {MOST_UNPACKED // 2**20} MB is the most.",
                "It may be a trap; if it is yours, split it.",
            )
        if total > _SMALL and total > MOST_RATIO * max(packed, len(data) // 2, 1):
            raise Unreadable("It unpacks to over a hundred times its size.", "It may be a trap.")
        self.names = {member.filename: member for member in members}

    def read(self, name: str, most: int = MOST_UNPACKED) -> bytes | None:
        """Return a part, None when there is no such part."""
        member = self.names.get(name)
        if member is None:
            return None
        try:
            with self._zip.open(member) as part:
                content = part.read(most + 1)
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            OSError,
            NotImplementedError,
            RuntimeError,
            ValueError,
        ):
            raise damaged("a part of its archive cannot be unpacked") from None
        if len(content) > most:
            raise Unreadable(f"A part of it unpacks to more than {most // 2**20} MB.", "It may be a trap.")
        return content

    def xml(self, name: str) -> ET.Element | None:
        """Return a part as XML, None when there is no such part."""
        content = self.read(name)
        return None if content is None else parse(content)


_DOCTYPES = tuple("<!DOCTYPE".encode(encoding) for encoding in ("ascii", "utf-16-le", "utf-16-be"))


def parse(content: bytes) -> ET.Element:
    """Parse XML that declares no document type: those that do can multiply or fetch what is not theirs."""
    if any(mark in content for mark in _DOCTYPES):
        raise Unreadable("Its XML declares a document type, which can hide a trap.")
    try:
        return ET.fromstring(content)  # noqa: S314 - without a document type there are no entities to expand
    except (ET.ParseError, ValueError, LookupError, RecursionError):
        raise damaged("its XML is broken") from None


def local(element: ET.Element) -> str:
    """The name of an element without its namespace."""
    return element.tag.rpartition("}")[2]


def attribute(element: ET.Element, name: str) -> str:
    """The value of an attribute, whatever its namespace."""
    for key, value in element.attrib.items():
        if key == name or key.endswith("}" + name):
            return value
    return ""


def find(element: ET.Element | None, name: str) -> ET.Element | None:
    """The first child of that local name."""
    if element is None:
        return None
    return next((child for child in element if local(child) == name), None)


def inside(element: ET.Element, name: str) -> Iterator[ET.Element]:
    """Every element of that local name below, in order."""
    return (found for found in element.iter() if local(found) == name)


def relations(package: Package, part: str) -> dict[str, str]:
    """Where the relation ids of a part lead: only to other parts, never outside."""
    folder, _, base = part.rpartition("/")
    root = package.xml(f"{folder}/_rels/{base}.rels" if folder else f"_rels/{base}.rels")
    found: dict[str, str] = {}
    for one in () if root is None else root:
        if one.get("TargetMode") != "External":
            found[one.get("Id", "")] = resolved(folder, one.get("Target", ""))
    return found


def resolved(folder: str, target: str) -> str:
    """The name of a part that another part in *folder* points to."""
    if target.startswith("/"):
        return target[1:]
    steps: list[str] = folder.split("/") if folder else []
    for step in target.split("/"):
        if step == "..":
            del steps[-1:]
        elif step not in ("", "."):
            steps.append(step)
    return "/".join(steps)


def properties(package: Package) -> str:
    """The title in the properties of an Office document."""
    if "docProps/core.xml" not in package.names:
        return ""
    root = package.xml("docProps/core.xml")
    found = next(inside(root, "title"), None) if root is not None else None
    return (found.text or "").strip() if found is not None else ""


def damaged(how: str) -> Unreadable:
    """A file that is not what it should be."""
    return Unreadable(f"It is damaged: {how}.", "Open it in its program, save it anew and add it again.")


_LOCKED = "EncryptedPackage".encode("utf-16-le").ljust(64, b"\0") + (34).to_bytes(2, "little")
_STREAM = b"\x02"


def encrypted() -> Unreadable:
    """A file that wants a password."""
    return Unreadable("It is protected by a password.", "Save it without a password and add it again.")


def is_locked_office(data: bytes) -> bool:
    """Whether an OLE file is a document of today's Office that wants a password.

    Such a file holds the document as a stream of a certain name. The entry of a stream in the directory has
    128 bytes and begins at a multiple of them: the same words in an old document's text are something else.
    """
    at = data.find(_LOCKED)
    while at >= 0:
        if at % 128 == 0 and data[at + 66 : at + 67] == _STREAM:
            return True
        at = data.find(_LOCKED, at + 1)
    return False
