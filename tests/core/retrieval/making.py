"""Documents made by hand, byte by byte: what the readers are tried with."""
# ruff: noqa: E501 - what a file of a format is made of reads best on one line

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from email.message import EmailMessage
from io import BytesIO

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
A = (
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
)
S = (
    'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
)
RELS = "http://schemas.openxmlformats.org/package/2006/relationships"


def ole(*streams: str, content: bytes = b"") -> bytes:
    """An OLE file, as old Office wrote its documents and today's wraps those with a password: no more than its directory."""
    header = bytearray(512)
    header[:8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    header[24:32] = bytes.fromhex("3e000300feff0900")
    directory = b""
    for place, name in enumerate(("Root Entry", *streams)):
        wide = name.encode("utf-16-le")
        entry = (
            wide.ljust(64, b"\0") + (len(wide) + 2).to_bytes(2, "little") + (b"\x02" if place else b"\x05")
        )
        directory += entry.ljust(128, b"\0")
    sectors = bytes(512) + directory + bytes(-len(directory) % 512) + content
    return bytes(header) + sectors + bytes(-len(sectors) % 512)


def archive(parts: dict[str, str | bytes]) -> bytes:
    """A zip archive of these parts."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return out.getvalue()


def paragraph(text: str, style: str = "", *, numbered: bool = False, before: str = "") -> str:
    """A paragraph of a Word document."""
    number = '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr>' if numbered else ""
    look = f'<w:pStyle w:val="{style}"/>' if style else ""
    return f"<w:p><w:pPr>{look}{number}</w:pPr><w:r>{before}<w:t>{text}</w:t></w:r></w:p>"


STYLES = (
    f'<w:styles {W}><w:style w:type="paragraph" w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="Eigene"><w:name w:val="Eigene"/><w:basedOn w:val="berschrift2"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="berschrift2"><w:name w:val="heading 2"/></w:style></w:styles>'
)
CORE = (
    '<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{}</dc:title></cp:coreProperties>'
)


def docx(body: str, *, title: str = "", document: str | None = None, **parts: str | bytes) -> bytes:
    """A Word document with this body."""
    main = document or f"<w:document {W}><w:body>{body}</w:body></w:document>"
    return archive(
        {
            "[Content_Types].xml": "<Types/>",
            "word/document.xml": main,
            "word/styles.xml": STYLES,
            "docProps/core.xml": CORE.format(title),
            **parts,
        }
    )


def shape(text: str, kind: str = "") -> str:
    """A text on a slide."""
    place = f'<p:nvSpPr><p:nvPr><p:ph type="{kind}"/></p:nvPr></p:nvSpPr>' if kind else ""
    lines = "".join(f"<a:p><a:r><a:t>{line}</a:t></a:r></a:p>" for line in text.split("\n"))
    return f"<p:sp>{place}<p:txBody>{lines}</p:txBody></p:sp>"


def pptx(*slides: str, notes: str = "") -> bytes:
    """A presentation of these slides, in an order that is not that of their names."""
    count = len(slides)
    parts: dict[str, str | bytes] = {
        "[Content_Types].xml": "<Types/>",
        "ppt/presentation.xml": f"<p:presentation {A}><p:sldIdLst>"
        + "".join(f'<p:sldId id="{300 + n}" r:id="r{n}"/>' for n in range(count))
        + "</p:sldIdLst></p:presentation>",
        "ppt/_rels/presentation.xml.rels": f'<Relationships xmlns="{RELS}">'
        + "".join(f'<Relationship Id="r{n}" Target="slides/slide{count - n}.xml"/>' for n in range(count))
        + "</Relationships>",
    }
    for number, slide in enumerate(slides):
        parts[f"ppt/slides/slide{count - number}.xml"] = f"<p:sld {A}><p:cSld>{slide}</p:cSld></p:sld>"
    if notes:
        parts[f"ppt/slides/_rels/slide{count}.xml.rels"] = (
            f'<Relationships xmlns="{RELS}"><Relationship Id="n" Target="../notesSlides/notesSlide1.xml"/></Relationships>'
        )
        parts["ppt/notesSlides/notesSlide1.xml"] = f"<p:notes {A}>{shape(notes, 'body')}</p:notes>"
    return archive(parts)


def xlsx(rows: str, *, strings: tuple[str, ...] = (), sheet: str = "Preise") -> bytes:
    """A workbook of one sheet."""
    return archive(
        {
            "[Content_Types].xml": "<Types/>",
            "xl/workbook.xml": f'<workbook {S}><sheets><sheet name="{sheet}" sheetId="1" r:id="r1"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{RELS}"><Relationship Id="r1" '
            'Target="/xl/worksheets/sheet1.xml"/></Relationships>',
            "xl/worksheets/sheet1.xml": f"<worksheet {S}><sheetData>{rows}</sheetData></worksheet>",
            "xl/sharedStrings.xml": f"<sst {S}>"
            + "".join(f"<si><t>{one}</t></si>" for one in strings)
            + "</sst>",
            "xl/styles.xml": f'<styleSheet {S}><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>',
        }
    )


def epub(*chapters: str, title: str = "Das Buch", parts: Mapping[str, str | bytes] | None = None) -> bytes:
    """A book of these chapters, and further parts of its archive."""
    items = "".join(
        f'<item id="c{n}" href="text/ch%20{n}.xhtml" media-type="application/xhtml+xml"/>'
        for n in range(len(chapters))
    )
    spine = "".join(f'<itemref idref="c{n}"/>' for n in range(len(chapters)))
    return archive(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
            '<rootfile full-path="OPS/book.opf"/></rootfiles></container>',
            "OPS/book.opf": '<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/">'
            f"<metadata><dc:title>{title}</dc:title></metadata><manifest>{items}</manifest><spine>{spine}</spine></package>",
            **{
                f"OPS/text/ch {n}.xhtml": "<?xml version='1.0'?><!DOCTYPE html><html><head><title>x</title></head>"
                f"<body>{chapter}</body></html>"
                for n, chapter in enumerate(chapters)
            },
            **(parts or {}),
        }
    )


def pdf(
    *pages: tuple[str, ...], title: str = "", outline: tuple[tuple[str, int], ...] = (), extra: str = ""
) -> bytes:
    """A PDF whose pages show these lines; *outline* names bookmarks and the pages they lead to."""
    count = len(pages)
    objects = ["<< /Type /Catalog /Pages 2 0 R /Outlines 5 0 R >>"]
    kids = " ".join(f"{10 + 2 * n} 0 R" for n in range(count))
    objects.append(f"<< /Type /Pages /Kids [{kids}] /Count {count} >>")
    objects.append("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>")
    objects.append(f"<< /Title ({title}) >>")
    marks = len(outline)
    first = 10 + 2 * count
    objects.append(
        f"<< /Type /Outlines /First {first} 0 R /Last {first + marks - 1} 0 R /Count {marks} >>"
        if marks
        else "<< >>"
    )
    objects.extend(["<< >>"] * 4)
    for number, lines in enumerate(pages):
        words = "".join(
            f"BT /F1 11 Tf 50 {780 - 14 * at} Td ({line}) Tj ET\n" for at, line in enumerate(lines)
        )
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> "
            f"/Contents {11 + 2 * number} 0 R >>"
        )
        objects.append(f"<< /Length {len(words.encode('cp1252'))} >>\nstream\n{words}endstream")
    for number, (name, page) in enumerate(outline):
        links = f"/Next {first + number + 1} 0 R" if number + 1 < marks else ""
        objects.append(f"<< /Title ({name}) /Parent 5 0 R /Dest [{8 + 2 * page} 0 R /Fit] {links} >>")
    out = BytesIO()
    out.write(b"%PDF-1.4\n")
    places = []
    for number, one in enumerate(objects, 1):
        places.append(out.tell())
        out.write(f"{number} 0 obj\n{one}\nendobj\n".encode("cp1252"))
    table = out.tell()
    out.write(f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode())
    for place in places:
        out.write(f"{place:010d} 00000 n \n".encode())
    out.write(
        f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R /Info 4 0 R {extra} >>\nstartxref\n{table}\n%%EOF\n".encode()
    )
    return out.getvalue()


def locked_pdf() -> bytes:
    """A PDF that wants a password nobody knows."""
    lock = (
        "/ID [<00112233445566778899aabbccddeeff> <00112233445566778899aabbccddeeff>] /Encrypt << /Filter /Standard /V 1 "
        f"/R 2 /P -44 /O <{'ab' * 32}> /U <{'cd' * 32}> >>"
    )
    return pdf(("secret",), extra=lock)


def mail(subject: str, body: str, *attached: tuple[str, bytes], html: str = "") -> bytes:
    """A message with attachments."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = (
        "Anna <anna@example.org>",
        "bert@example.org",
        subject,
    )
    message.set_content(body)
    if html:
        message.add_alternative(html, subtype="html")
    for name, content in attached:
        message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return bytes(message)
