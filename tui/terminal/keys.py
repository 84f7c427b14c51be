"""Keys as they arrive: names made one, and which of them do not get through here.

Inside tmux the modified Enter keys exist only when they are asked for (`CSI > 4 ; 2 m`), and come in
either of two spellings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from tui.terminal.probe import Terminal

EXTENDED_ON = "\x1b[>4;2m"
EXTENDED_OFF = "\x1b[>4m"

_ENTER = {"\r", "\n"}
_WITH_KITTY_PROTOCOL = ("xterm-kitty", "xterm-ghostty", "ghostty", "foot", "alacritty", "rio")
_MODIFIED_ENTER = ("shift+enter", "ctrl+enter")


def plain_key(name: str, character: str | None) -> tuple[str, str | None]:
    """One name for each key, and no character for what is a command and not text."""
    modifiers, plus, last = name.rpartition("+")
    if last in _ENTER:
        last = "enter"
        name = f"{modifiers}{plus}{last}"
        if modifiers:
            character = None
    commanded = {"ctrl", "super", "hyper", "meta"} & set(modifiers.split("+"))
    if commanded and character is not None and character.isprintable():
        character = None
    return name, character


def let_alt_through() -> None:
    """Let alt with a number arrive as that: it would be taken for what a Mac's keyboard types with it."""
    from textual._ansi_sequences import ANSI_SEQUENCES_KEYS

    known = cast("dict[str, object]", ANSI_SEQUENCES_KEYS)
    for number in "0123456789":
        known.pop(f"\x1b{number}", None)


def f3_with_modifiers(column: int) -> str:
    """The name of the key whose code is the same as a report of the cursor in the first row."""
    bits = column  # reported columns count from 1, and so does the code of the modifiers
    held = [name for bit, name in ((4, "ctrl"), (2, "alt"), (1, "shift")) if bits & bit]
    return "+".join([*sorted(held), "f3"])


def lost_keys(here: Terminal, options: Mapping[str, list[str]]) -> dict[str, str]:
    """Keys that do not reach a program here, with the reason: the help names another for each."""
    lost: dict[str, str] = {}
    if here.tmux is not None:
        prefix = _key_name((options.get("prefix") or ["C-b"])[-1])
        lost[prefix] = "tmux takes it"
        if (options.get("extended-keys") or ["off"])[-1] not in {"on", "always"}:
            lost |= dict.fromkeys(_MODIFIED_ENTER, "tmux passes it on only with: set -s extended-keys on")
    elif here.term.startswith("screen"):
        lost["ctrl+a"] = "screen takes it"
        lost |= dict.fromkeys(_MODIFIED_ENTER, "screen does not pass it on")
    elif not here.term.startswith(_WITH_KITTY_PROTOCOL):
        lost |= dict.fromkeys(_MODIFIED_ENTER, "many terminals send the same as for Enter")
    # Escape and Enter look the same as this, and nobody can tell them apart.
    lost["alt+enter"] = "terminals send Escape and Enter"
    return lost


def _key_name(name: str) -> str:
    """The name of a key of tmux as Textual says it."""
    return name.replace("C-", "ctrl+").replace("M-", "alt+").lower()
