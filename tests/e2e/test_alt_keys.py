"""Keys held with alt, as a terminal sends them: each works while a line has the focus, and types nothing."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from tests.fakes.terminal import Terminal
from tui.keymap import KEYS, pressed

LEITSTAND = str(Path(sys.executable).with_name("leitstand"))

SAYS = {
    "a": "Every answer has been looked at.",
    "d": "A server is connected; the demonstration",
    "e": "",
    "m": "Who answers?",
    "n": "Notices",
    "o": "type a question to have it explained",
    "p": "Ready prompts",
    "r": "",
    "s": "No answer here was looked up",
    "v": "EDITING",
    "w": "Personas",
    "c": "",
    "t": "",
}
"""What each of them brings onto the screen; nothing where it says nothing by itself."""

DIALOGS = "mnopw"
MOVES = "ct"
"""What takes the focus away from the line."""


def alt_letters(*scopes: str) -> set[str]:
    """The letters of these scopes that are held with alt."""
    keys = {one for key in KEYS if key.scope in scopes for one in pressed(key.keys)}
    return {one[-1] for one in keys if re.fullmatch("alt\\+[a-z]", one)}


def test_every_key_with_alt_is_tried_here() -> None:
    assert alt_letters("app", "chat") == set(SAYS)


def test_a_letter_with_alt_does_its_work_while_a_line_has_the_focus_and_types_nothing(tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text("#!/bin/sh\necho EDITING; read -r line\n")
    editor.chmod(0o700)
    around = {"LEITSTAND_HOME": str(tmp_path), "TMPDIR": str(tmp_path), "VISUAL": str(editor)}
    with Terminal([LEITSTAND, "--demo"], environment=around, rows=40, columns=140) as terminal:
        terminal.until("auto   the model is chosen")
        terminal.send("heron")
        terminal.until("heron")
        typed = "heron"
        for letter, words in SAYS.items():
            assert not words or words not in terminal.screen.text, letter
            assert f" {typed}" in terminal.screen.text, letter
            terminal.send(f"\x1b{letter}")
            if words:
                terminal.until(words)
            if letter == "v":
                terminal.send("\n")
                terminal.until(lambda: "EDITING" not in terminal.screen.text)
            elif letter in DIALOGS:
                terminal.send("\x1b")
                terminal.until(lambda said=words: said not in terminal.screen.text)  # type: ignore[misc]  # bound per round
            elif letter in MOVES:
                terminal.until("esc write")
                terminal.send("\x1b")
                terminal.until(lambda: "esc write" not in terminal.screen.text)
            # What is typed next stands behind what was there: the letter does not.
            terminal.send("+")
            typed += "+"
            terminal.until(typed)
        terminal.send("\x11")
        assert terminal.wait() == 0
