"""Twenty documents that nobody should have to read, and the sentence each of them gets."""

# ruff: noqa: E501 - what a file is made of reads best on one line

from __future__ import annotations

import random
import zipfile
from io import BytesIO

from tests.core.retrieval.making import W, archive, docx, epub, locked_pdf, ole, paragraph, pdf, xlsx

LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">'
    + "".join(
        f'<!ENTITY lol{n} "{"&lol" + (str(n - 1) if n > 1 else "") + ";"}{"&lol;" * 9}">'
        for n in range(1, 10)
    )
    + f"]><w:document {W}><w:body><w:p><w:r><w:t>&lol9;</w:t></w:r></w:p></w:body></w:document>"
)
XXE = (
    f'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><w:document {W}><w:body><w:p><w:r><w:t>&e;</w:t></w:r></w:p>'
    "</w:body></w:document>"
)


def flood(name: str, start: str, end: str, size: int) -> bytes:
    """An archive whose part is far larger than it looks."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package:
        package.writestr("[Content_Types].xml", "<Types/>")
        with package.open(name, "w", force_zip64=True) as part:
            part.write(start.encode())
            for _ in range(size // 2**20):
                part.write(b" " * 2**20)
            part.write(end.encode())
    return out.getvalue()


def lying() -> bytes:
    """An archive whose directory says that its part is small."""
    data = bytearray(flood("word/document.xml", f"<w:document {W}>", "</w:document>", 4 * 2**20))
    with zipfile.ZipFile(BytesIO(bytes(data))) as package:
        real = package.getinfo("word/document.xml").file_size
    for at in _places(bytes(data), real.to_bytes(4, "little")):
        data[at : at + 4] = (100).to_bytes(4, "little")
    return bytes(data)


def _places(data: bytes, wanted: bytes) -> list[int]:
    found, at = [], data.find(wanted)
    while at >= 0:
        found.append(at)
        at = data.find(wanted, at + 1)
    return found


def password_zip() -> bytes:
    """A Word document whose parts are marked as encrypted."""
    data = bytearray(docx(paragraph("secret")))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        for at in _places(bytes(data), mark):
            data[at + offset] |= 1
    return bytes(data)


def many_pages(count: int) -> bytes:
    """A PDF that says that it has very many pages, all of them the same."""
    kids = "10 0 R " * count
    data = pdf(("x",)).replace(b"/Kids [10 0 R] /Count 1", f"/Kids [{kids}] /Count {count}".encode())
    return data.replace(b"startxref", b"startxref_gone")


HOSTILE: dict[str, tuple[str, bytes, str]] = {
    "a zip bomb": ("bomb.docx", flood("word/document.xml", f"<w:document {W}>", "</w:document>", 150 * 2**20), "unpacks to 150 MB"),
    "a smaller zip bomb": ("bomb.xlsx", flood("xl/workbook.xml", "<workbook>", "</workbook>", 30 * 2**20), "over a hundred times its size"),
    "an archive that lies about its sizes": ("lying.docx", lying(), "damaged"),
    "ten thousand parts": ("parts.docx", archive({f"p{n}": "" for n in range(10_050)}), "10050 parts"),
    "an entity that names a file": ("xxe.docx", docx("", document=XXE), "declares a document type"),
    "a billion laughs": ("laughs.docx", docx("", document=LAUGHS), "declares a document type"),
    "laughs in two bytes a letter": ("wide.docx", archive({"word/document.xml": LAUGHS.replace('version="1.0"', 'version="1.0" encoding="utf-16"').encode("utf-16")}), "declares a document type"),
    "an encrypted pdf": ("locked.pdf", locked_pdf(), "It is protected by a password."),
    "an encrypted word document": ("locked.docx", ole("EncryptionInfo", "EncryptedPackage"), "It is protected by a password."),
    "an encrypted archive": ("zip.docx", password_zip(), "It is protected by a password."),
    "a truncated pdf": ("cut.pdf", b"%PDF-1.7\n1 0 obj\n<< /Type", "no PDF can be found"),
    "a truncated word document": ("cut.docx", docx(paragraph("x" * 500))[:400], "archive cannot be opened"),
    "broken xml": ("broken.docx", docx("", document=f"<w:document {W}><w:body><w:p>"), "XML is broken"),
    "endless pages": ("endless.pdf", many_pages(6000), "6000 pages"),
    "a book that is protected": ("drm.epub", epub("<p>x</p>", parts={"META-INF/encryption.xml": '<encryption><EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#aes128-cbc"/></encryption>'}), "protected against copying"),
    "a program called pdf": ("tool.pdf", b"\x7fELF\x02\x01\x01" + bytes(200), "It is a program"),
    "a picture called text": ("photo.txt", b"\x89PNG\r\n\x1a\n" + bytes(200), "It is a picture"),
    "random bytes": ("noise.txt", random.Random(7).randbytes(5000), "binary data"),
    "json a million levels deep": ("deep.json", b"[" * 1_000_000, "nests too deeply"),
    "nothing": ("empty.md", b"\n\n   \n", "It is empty."),
}  # fmt: skip

HARMLESS: dict[str, tuple[str, bytes]] = {
    "one line of a megabyte": ("line.txt", b"word " * 200_000),
    "a terminal's sequences": ("esc.log", b"\x1b]0;owned\x07\x1b[2J\x1b[31mred\x1b[0m \x9b31m done\n" * 50),
    "an archive inside a book": ("inner.epub", epub("<p>just text</p>", parts={"OPS/more.zip": flood("a", "", "", 4 * 2**20)})),
    "a sheet far to the right": ("wide.xlsx", xlsx('<row><c r="A1"><v>1</v></c><c r="XFD1"><v>2</v></c></row>')),
    "a text called a presentation": ("text.pptx", b"only words"),
}  # fmt: skip
"""Odd ones that can be read, at least in part."""
