"""Everything that a text from outside can try on a terminal, and the look whether any of it arrived."""

from __future__ import annotations

import re

CORPUS = (
    "\x1b[31;47;5mred",
    "\x1b[2J\x1b[H",
    "\x1b[?1049l\x1b[?25l",
    "\x1b]0;EVILTITLE\x07",
    "\x1b]2;EVILTITLE\x1b\\",
    "\x1bkEVILTITLE\x1b\\",
    "\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\",
    "\x1b]9;EVILNOTE\x07",
    "\x1b]52;c;RVZJTA==\x07",
    "\x1b]777;notify;EVIL;note\x07",
    "\x1b]1337;File=inline=1:RVZJTA==\x07",
    "\x1bP$qm\x1b\\",
    "\x1bPtmux;\x1b\x1b]52;c;RVZJTA==\x07\x1b\\",
    "\x1b_Gf=100;RVZJTA==\x1b\\",
    "\x1b^EVIL\x1b\\",
    "\x1bX EVIL\x1b\\",
    "\x1b]52;c;\x1b]0;EVILTITLE\x07\x07",
    "\x1b\x1b[31;47;5m",
    "\x1bc",
    "\x1b(0",
    "\x1b#8",
    "\x9b31;47;5m",
    "\x9d52;c;RVZJTA==\x9c",
    "\x90q\x9c",
    "\x00\x05\x07\x08\x0b\x0c\x0e\x0f\x7f",
    "\N{RIGHT-TO-LEFT OVERRIDE}gpj.exe\N{POP DIRECTIONAL FORMATTING}",
    "\N{RIGHT-TO-LEFT ISOLATE}x\N{POP DIRECTIONAL ISOLATE}",
    "zero\N{ZERO WIDTH SPACE}width\N{ZERO WIDTH JOINER}\N{WORD JOINER}",
    "\N{TAG LATIN SMALL LETTER A}\N{CANCEL TAG}",
    "[@click=app.quit]x[/] [red]y[/red] [link=http://evil.example]z[/link] [/nothing]",
    "line\N{LINE SEPARATOR}paragraph\N{PARAGRAPH SEPARATOR}end",
    "\x1b",
    "\x1b]52;c;unterminated",
)
OURS = re.compile(
    r"\x1b\[[\d;]*[HCDGKXrABm]|\x1bM|\x1b\[\?[\d;]+(?:[hl]|\$p)|\x1b\[[<>=][\d;]*[um]|\x1b\[6n"
    r"|\x1b\]8;[ -~]*\x1b\\|\x1b\]22;[a-z-]*\x07|\x1b\[\?u|\x1b\[c|\r|\n"
)
"""Every sequence that the program itself uses."""


BAD = re.compile("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u2028-\\u202e\\u2066-\\u2069\\U000e0000-\\U000e007f]")
"""What must not be left after that."""


def torn() -> list[str]:
    """The corpus a character at a time: no sequence comes in one piece."""
    return [character for piece in CORPUS for character in f"{piece} "]


def assert_harmless(output: bytes) -> None:
    """Nothing of it arrived as something a terminal obeys."""
    text = output.decode()  # nothing is torn apart, nothing is half a character
    for evil in ("\x1b[31;47;5m", "]52;", "]0;EVIL", "]2;EVIL", "]9;", "]777;", "]1337;", "evil.example\x1b"):
        assert f"\x1b{evil}" not in text, evil
        assert not evil.startswith("\x1b") or evil not in text
    rest = OURS.sub("", text)
    # What surrounds a sign that should not be there tells where it comes from.
    wrong = [rest[max(0, at.start() - 30) : at.end() + 30] for at in BAD.finditer(rest)]
    assert wrong == []
