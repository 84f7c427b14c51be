"""Calling somebody who looks elsewhere: the bell, and a notice on their desktop (OSC 9).

Nothing tells whether a terminal obeyed; one that does not know OSC 9 says nothing and shows nothing.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

from core.guard import one_line
from tui.terminal import tmux

LONGEST = 200
"""Characters of a notice; desktops cut longer ones."""

_ESC = "\x1b"


def call(words: str, environment: Mapping[str, str], *, bell: bool, desktop: bool) -> str:
    """What to write to the terminal; empty when nothing is wanted or nothing would be understood."""
    sequence = _notice(words, environment) if desktop else ""
    # The bell goes last: tmux marks the window by it, whatever becomes of the notice.
    return sequence + ("\a" if bell else "")


def _notice(words: str, environment: Mapping[str, str]) -> str:
    text = "".join(sign for sign in one_line(words, LONGEST) if unicodedata.category(sign)[0] != "C")
    if not text or environment.get("TERM", "") in {"", "dumb", "linux"}:
        return ""
    # The name in front also keeps a text that begins with a number from being taken for a command:
    # some terminals have more than one meaning for OSC 9.
    sequence = f"{_ESC}]9;Leitstand: {text}\a"
    if tmux.inside(environment):
        # tmux hands it on where `allow-passthrough` is on, and drops it where it is not.
        return f"{_ESC}Ptmux;{sequence.replace(_ESC, _ESC * 2)}{_ESC}\\"
    if environment.get("STY"):
        return ""  # GNU screen would print it
    return sequence
