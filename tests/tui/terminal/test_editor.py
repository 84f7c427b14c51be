from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import LeitstandError, NotFound, UsageError
from tui.terminal.editor import edit, editor_command


class Desk:
    """Where an editor works in these tests."""

    def __init__(self, directory: Path, script: str) -> None:
        editor = directory / "my editor"
        editor.write_text(f"#!/bin/sh\n{script}\n")
        editor.chmod(0o700)
        self.environment = {"VISUAL": f"'{editor}' --wait", "EDITOR": "false"}
        self.private = directory / "private"
        self.given = 0

    @contextlib.contextmanager
    def suspended(self) -> Iterator[None]:
        self.given += 1
        yield
        self.given += 1

    async def edit(self, text: str) -> str | None:
        edited = await edit(
            text, environment=self.environment, directory=self.private, suspended=self.suspended
        )
        assert self.given == 2
        assert list(self.private.iterdir()) == [], "the text stays in no file"
        return edited


async def test_the_text_goes_there_and_back(tmp_path: Path) -> None:
    desk = Desk(tmp_path, 'test "$1" = --wait && printf " mehr\\n" >> "$2"')
    assert await desk.edit("grüße\n\n世界") == "grüße\n\n世界 mehr"


async def test_an_editor_that_fails_changes_nothing(tmp_path: Path) -> None:
    assert await Desk(tmp_path, 'echo wrong > "$2"; exit 1').edit("kept") is None


async def test_a_file_that_is_gone_changes_nothing(tmp_path: Path) -> None:
    assert await Desk(tmp_path, 'rm "$2"').edit("kept") is None


async def test_bytes_that_are_no_text_are_shown_as_such(tmp_path: Path) -> None:
    assert await Desk(tmp_path, "printf 'a\\377b' > \"$2\"").edit("x") == "a\N{REPLACEMENT CHARACTER}b"


async def test_an_editor_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "true")
    desk.environment = {"EDITOR": "/no/such/editor"}
    with pytest.raises(NotFound, match="/no/such/editor could not be started"):
        await desk.edit("x")


async def test_a_directory_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "true")
    desk.private.write_text("a file")
    with pytest.raises(LeitstandError):
        await edit("x", environment=desk.environment, directory=desk.private, suspended=desk.suspended)
    assert desk.given == 0


@pytest.mark.parametrize(
    ("environment", "found", "command"),
    [
        ({"VISUAL": "code --wait", "EDITOR": "vi"}, "", ["code", "--wait"]),
        ({"VISUAL": " ", "EDITOR": "vi"}, "", ["vi"]),
        ({}, "nano", ["nano"]),
        ({}, "vi", ["vi"]),
    ],
)
def test_the_editor_is_the_person_s_own_or_a_usual_one(
    environment: dict[str, str], found: str, command: list[str]
) -> None:
    assert editor_command(environment, lambda name: "/bin/x" if name == found else None) == command


def test_no_editor_and_a_broken_setting_are_sentences() -> None:
    with pytest.raises(NotFound, match="No editor"):
        editor_command({}, lambda _: None)
    with pytest.raises(UsageError, match="VISUAL"):
        editor_command({"VISUAL": "vi 'unclosed"})
