from __future__ import annotations

from pathlib import Path

import pytest

from core.chat.attachments import MOST_FILES, checked, made, quoted, read
from core.chat.types import NewAttachment
from core.errors import LeitstandError, NotFound, Refused, UsageError

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (PNG + b"x", "image"),
        (b"\xff\xd8\xff\xe0", "image"),
        (b"GIF89a", "image"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image"),
        (b"RIFF is a word", "text"),
        (b"print('hello')", "text"),
    ],
)
def test_the_content_decides_what_a_file_is(content: bytes, kind: str) -> None:
    assert made("file.bin", content).kind == kind


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("Grüße".encode(), "Grüße"),
        ("\ufeffGrüße".encode(), "Grüße"),
        ("Grüße".encode("latin-1"), "Grüße"),
        ("Grüße".encode("utf-16"), "Grüße"),
    ],
)
def test_a_text_is_read_in_whatever_encoding_it_is(content: bytes, text: str) -> None:
    assert made("a.txt", content).content.decode() == text


@pytest.mark.parametrize("content", [b"", b" \n\t", b"MZ\0\x01", b"%PDF-1.7\n\0\x01"])
def test_what_is_neither_a_picture_nor_a_text_is_refused(content: bytes) -> None:
    with pytest.raises(UsageError):
        made("a", content)


def test_too_much_is_refused_with_figures() -> None:
    with pytest.raises(Refused, match="5 MiB, and 4 is the most"):
        made("a.txt", b"x" * (5 * 2**20))
    with pytest.raises(UsageError, match="too many"):
        checked(tuple(NewAttachment("a", "text", b"x") for _ in range(MOST_FILES + 1)))


def test_files_are_read_from_where_a_person_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "note.md").write_text("# Hello")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert read(str(tmp_path / "note.md")) == read("~/note.md")
    assert read("~/note.md") == NewAttachment("note.md", "text", b"# Hello")


def test_a_file_that_is_not_there_or_none_is_a_sentence(tmp_path: Path) -> None:
    for path in (tmp_path / "no", tmp_path):
        with pytest.raises(NotFound):
            read(str(path))
    with pytest.raises(LeitstandError):
        read("x" * 5000)
    with pytest.raises(LeitstandError):
        read("a\0b")


def test_a_quoted_file_cannot_end_its_own_fence() -> None:
    assert quoted("a.md", "```\nx\n```") == "a.md:\n````\n```\nx\n```\n````"
    assert quoted("a\nb.md", "x").startswith("a b.md:\n")
