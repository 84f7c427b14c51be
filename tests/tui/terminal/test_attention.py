from __future__ import annotations

import pytest

from tui.terminal.attention import call

XTERM = {"TERM": "xterm-256color"}
PANE = {"TERM": "tmux-256color", "TMUX": "/tmp/x,1,0"}

CASES = [
    ("nothing is wanted", XTERM, False, False, ""),
    ("the bell", XTERM, True, False, "\a"),
    ("a notice", XTERM, False, True, "\x1b]9;Leitstand: An answer\a"),
    ("both, the bell last", XTERM, True, True, "\x1b]9;Leitstand: An answer\a\a"),
    ("through tmux", PANE, True, True, "\x1bPtmux;\x1b\x1b]9;Leitstand: An answer\a\x1b\\\a"),
    ("a console without a desktop", {"TERM": "linux"}, True, True, "\a"),
    ("GNU screen", {"TERM": "screen", "STY": "1.pts"}, True, True, "\a"),
    ("no terminal", {}, False, True, ""),
]


@pytest.mark.parametrize(
    ("environment", "bell", "desktop", "sent"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_what_is_sent_depends_on_the_wish_and_the_terminal(
    environment: dict[str, str], bell: bool, desktop: bool, sent: str
) -> None:
    assert call("An answer", environment, bell=bell, desktop=desktop) == sent


@pytest.mark.parametrize(
    "title", ["a\x1b]52;c;aGk=\x07b", "a\x07b", "a\nb", "a\x9cb", "4;1;50", "\u202eabc", "x" * 5000]
)
def test_a_title_cannot_break_out_of_the_notice(title: str) -> None:
    sent = call(title, XTERM, bell=False, desktop=True)
    inner = sent.removeprefix("\x1b]9;Leitstand: ").removesuffix("\a")
    assert len(inner) <= 200
    assert inner.isprintable()
    assert "\u202e" not in inner
