from __future__ import annotations

import base64
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pytest

from core.errors import PermissionRefused
from tests.fakes.terminal import Tmux, needs_tmux
from tui.terminal import process
from tui.terminal.clipboard import Clipboard, way_here

XTERM = {"TERM": "xterm-256color"}
PANE = {"TERM": "tmux-256color", "TMUX": "/tmp/x,1,0"}
TEXT = 'grüße\n\x1b[31m世界 "$(rm -rf)"'


class Desk:
    """Where copies land in these tests."""

    def __init__(
        self,
        cache: Path,
        environment: dict[str, str],
        wish: Literal["auto", "tmux", "osc52", "file"] = "auto",
        *,
        tmux_takes: tuple[bool, bool] = (True, True),
    ) -> None:
        self.written: list[str] = []
        self.loaded: list[bytes] = []
        self._takes = tmux_takes
        self.clipboard = Clipboard(
            wish=wish, environment=environment, cache=cache, write=self.written.append, feed=self._feed
        )

    async def _feed(self, command: Sequence[str], data: bytes) -> str | None:
        assert command[:2] == ["tmux", "load-buffer"]
        if not self._takes[0 if "-w" in command else 1]:
            return None
        self.loaded.append(data)
        return ""


@pytest.mark.parametrize(
    ("environment", "way"),
    [
        (XTERM, "osc52"),
        (PANE, "tmux"),
        ({"TERM": "linux"}, "file"),
        (XTERM | {"TERM_PROGRAM": "Apple_Terminal"}, "file"),
        ({"TERM": "screen", "STY": "1.pts"}, "file"),
    ],
)
def test_the_best_way_here_is_picked_and_the_setting_wins(environment: dict[str, str], way: str) -> None:
    assert way_here("auto", environment) == way
    assert way_here("file", environment) == "file"


async def test_in_tmux_the_text_goes_to_its_buffer_as_it_is(tmp_path: Path) -> None:
    desk = Desk(tmp_path, PANE)
    copied = await desk.clipboard.copy(TEXT)
    assert desk.loaded == [TEXT.encode()]
    assert (copied.way, copied.known) == ("tmux", True)
    assert "prefix ]" in copied.sentence
    assert not desk.written


async def test_an_old_tmux_keeps_it_for_itself(tmp_path: Path) -> None:
    copied = await Desk(tmp_path, PANE, tmux_takes=(False, True)).clipboard.copy(TEXT)
    assert copied.way == "tmux"
    assert "offered" not in copied.sentence


async def test_a_tmux_that_refuses_is_passed_by(tmp_path: Path) -> None:
    desk = Desk(tmp_path, PANE, tmux_takes=(False, False))
    copied = await desk.clipboard.copy("x")
    assert (copied.way, copied.known) == ("osc52", False)
    assert desk.written == ["\x1b]52;c;eA==\x07"]


async def test_a_tmux_that_was_asked_for_and_refuses_leaves_a_file(tmp_path: Path) -> None:
    copied = await Desk(tmp_path, PANE, "tmux", tmux_takes=(False, False)).clipboard.copy("x")
    assert copied.way == "file"
    assert "tmux did not take" in copied.sentence


async def test_osc_52_carries_no_byte_of_the_text_itself_and_is_never_called_known(tmp_path: Path) -> None:
    desk = Desk(tmp_path, XTERM)
    copied = await desk.clipboard.copy(TEXT)
    (sequence,) = desk.written
    assert base64.b64decode(sequence.removeprefix("\x1b]52;c;").removesuffix("\x07")).decode() == TEXT
    assert not copied.known


async def test_too_much_for_the_terminal_goes_to_a_file_and_says_why(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "cache", XTERM)
    copied = await desk.clipboard.copy("a" * 60_000)
    assert not desk.written
    assert (copied.way, copied.known) == ("file", True)
    assert "60 000 characters are too much" in copied.sentence
    assert copied.file is not None
    assert copied.file.read_text() == "a" * 60_000
    assert stat.S_IMODE(copied.file.stat().st_mode) == 0o600
    assert stat.S_IMODE(copied.file.parent.stat().st_mode) == 0o700
    assert str(copied.file) in copied.sentence


async def test_a_file_is_replaced_not_written_through(tmp_path: Path) -> None:
    desk = Desk(tmp_path, XTERM, "file")
    target = tmp_path / "precious"
    target.write_text("mine")
    (tmp_path / "copied.txt").symlink_to(target)
    copied = await desk.clipboard.copy(TEXT)
    assert target.read_text() == "mine"
    assert copied.file is not None
    assert copied.file.read_text() == TEXT


async def test_a_broken_surrogate_does_not_stop_a_copy(tmp_path: Path) -> None:
    for way in ("tmux", "osc52", "file"):
        await Desk(tmp_path, PANE, way).clipboard.copy("a\ud800b")


async def test_no_way_left_is_a_sentence(tmp_path: Path) -> None:
    blocked = tmp_path / "cache"
    blocked.write_text("a file where the directory should be")
    with pytest.raises(PermissionRefused, match="could not be copied"):
        await Desk(blocked, XTERM, "file").clipboard.copy("x")


async def test_a_command_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "PATIENCE", 0.2)
    assert await process.feed(["sleep", "60"], b"x") is None


@needs_tmux
async def test_a_real_tmux_pastes_what_was_copied(tmp_path: Path) -> None:
    with Tmux(tmp_path, ["cat"], configuration="set -s set-clipboard off") as tmux:

        async def feed(command: Sequence[str], data: bytes) -> str | None:
            return await process.feed([*tmux.command, *command[1:]], data)

        clipboard = Clipboard(
            wish="auto", environment=PANE, cache=tmp_path, write=lambda _: pytest.fail("not here"), feed=feed
        )
        copied = await clipboard.copy(TEXT)
        assert copied.way == "tmux"
        assert tmux("show-buffer").rstrip("\n") == TEXT
