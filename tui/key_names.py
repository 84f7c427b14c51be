"""Keys as people read them."""

from __future__ import annotations

_SHOWN = {
    "question_mark": "?",
    "slash": "/",
    "asterisk": "*",
    "escape": "esc",
    "pageup": "pgup",
    "pagedown": "pgdn",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "comma": ",",
    "full_stop": ".",
    "plus": "+",
    "equals_sign": "=",
    "minus": "-",
    "delete": "del",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
}


def shown(keys: str, *, ascii_only: bool = False) -> str:
    """Return keys as people read them: "f1, alt+1"."""
    names = []
    for key in keys.split(","):
        prefix, plus, last = key.strip().rpartition("+")
        name = _SHOWN.get(last, last)
        if ascii_only and not name.isascii():
            name = last
        names.append(f"{prefix}{plus}{name}")
    return ", ".join(names)
