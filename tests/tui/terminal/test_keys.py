from __future__ import annotations

import os

import pytest
from textual import constants, events
from textual._xterm_parser import XTermParser

from tui.terminal import probe
from tui.terminal.keys import f3_with_modifiers, let_alt_through, lost_keys, plain_key
from tui.terminal.tmux import TmuxFacts


@pytest.mark.parametrize(
    ("sequence", "name", "character"),
    [
        ("\x1b[27;2;13~", "shift+enter", None),
        ("\x1b[27;5;13~", "ctrl+enter", None),
        ("\x1b[27;6;13~", "ctrl+shift+enter", None),
        ("\x1b[13;2u", "shift+enter", None),
        ("\x1b[13;5u", "ctrl+enter", None),
        ("\x1b[27;5;106~", "ctrl+j", None),
        ("\x1b[106;5u", "ctrl+j", None),
        ("\n", "ctrl+j", "\n"),
        ("\r", "enter", "\r"),
        ("\x1b[27;5;59~", "ctrl+semicolon", None),
        ("\x1b[27;2;65~", "A", "A"),
        ("a", "a", "a"),
        ("+", "plus", "+"),
        (" ", "space", " "),
        ("ß", "ß", "ß"),
        ("\x1b[Z", "shift+tab", None),
    ],
)
def test_every_spelling_of_a_key_has_one_name(sequence: str, name: str, character: str | None) -> None:
    (event,) = XTermParser().feed(sequence)
    assert isinstance(event, events.Key)
    assert plain_key(event.key, event.character) == (name, character)


@pytest.mark.parametrize(
    ("column", "name"), [(1, "shift+f3"), (2, "alt+f3"), (4, "ctrl+f3"), (5, "ctrl+shift+f3")]
)
def test_the_key_that_looks_like_an_answer_has_its_name(column: int, name: str) -> None:
    # CSI 1 ; m R: m counts from 1, columns from 0.
    (event,) = XTermParser().feed(f"\x1b[1;{column + 1}R")
    assert isinstance(event, events.CursorPosition)
    assert f3_with_modifiers(event.x) == name


@pytest.mark.parametrize("key", "0123456789dr")
def test_alt_and_a_key_arrive_as_that_from_terminals_that_send_escape_first(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "ESCAPE_DELAY", 0.0)
    let_alt_through()
    parser = XTermParser()
    assert not list(parser.feed(f"\x1b{key}"))
    (event,) = parser.tick()
    assert isinstance(event, events.Key)
    assert event.key == f"alt+{key}"


def terminal(term: str, tmux: TmuxFacts | None = None) -> probe.Terminal:
    found = probe.look({"TERM": term}, window=os.terminal_size((80, 24)), interactive=True, encoding="utf-8")
    return probe.Terminal(
        found.term, True, found.columns, found.rows, found.encoding, found.colours, found.clipboard, tmux
    )


def test_the_help_can_say_which_keys_do_not_arrive_here() -> None:
    inside = TmuxFacts("3.4")
    assert lost_keys(terminal("tmux-256color", inside), {})["ctrl+b"] == "tmux takes it"
    assert "extended-keys on" in lost_keys(terminal("tmux-256color", inside), {})["shift+enter"]
    set_up = lost_keys(terminal("tmux-256color", inside), {"extended-keys": ["on"], "prefix": ["C-a"]})
    assert "shift+enter" not in set_up
    assert "ctrl+b" not in set_up
    assert set_up["ctrl+a"] == "tmux takes it"
    assert "ctrl+enter" in lost_keys(terminal("xterm-256color"), {})
    assert "ctrl+enter" not in lost_keys(terminal("xterm-kitty"), {})
    assert lost_keys(terminal("screen-256color"), {})["ctrl+a"] == "screen takes it"


@pytest.mark.parametrize("term", ["xterm-256color", "xterm-kitty", "screen", "linux"])
def test_alt_enter_is_lost_and_ctrl_j_arrives_everywhere(term: str) -> None:
    lost = lost_keys(terminal(term), {})
    assert "alt+enter" in lost
    assert "ctrl+j" not in lost
