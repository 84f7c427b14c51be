from __future__ import annotations

import pytest

from tui.terminal.colours import Colours, Wish, colours, for_textual, found_depth

XTERM = {"TERM": "xterm-256color"}


@pytest.mark.parametrize(
    ("environment", "features", "depth"),
    [
        ({}, None, "none"),
        ({"TERM": "dumb", "COLORTERM": "truecolor"}, None, "none"),
        ({"TERM": "unknown"}, None, "none"),
        ({"TERM": "vt220"}, None, "mono"),
        ({"TERM": "xterm"}, None, "16"),
        ({"TERM": "linux"}, None, "16"),
        ({"TERM": "screen"}, None, "16"),
        ({"TERM": "something-new"}, None, "16"),
        (XTERM, None, "256"),
        ({"TERM": "screen-256color"}, None, "256"),
        (XTERM | {"COLORTERM": "truecolor"}, None, "truecolor"),
        (XTERM | {"COLORTERM": "24bit"}, None, "truecolor"),
        (XTERM | {"LC_TERMINAL": "iTerm2"}, None, "truecolor"),
        (XTERM | {"VTE_VERSION": "7200"}, None, "truecolor"),
        (XTERM | {"VTE_VERSION": "3400"}, None, "256"),
        (XTERM | {"WT_SESSION": "x"}, None, "truecolor"),
        (XTERM | {"TERM_PROGRAM": "Apple_Terminal"}, None, "256"),
        ({"TERM": "xterm-kitty"}, None, "truecolor"),
        ({"TERM": "alacritty"}, None, "truecolor"),
        ({"TERM": "xterm-direct"}, None, "truecolor"),
        ({"TERM": "tmux-256color"}, ("256", "RGB", "title"), "truecolor"),
        ({"TERM": "tmux-256color", "COLORTERM": "truecolor"}, ("256", "title"), "256"),
        ({"TERM": "tmux-256color", "WT_SESSION": "old"}, (), "256"),
        ({"TERM": "tmux-256color", "COLORTERM": "truecolor"}, (), "truecolor"),
        ({"TERM": "screen"}, ("title",), "16"),
    ],
)
def test_the_depth_is_found(
    environment: dict[str, str], features: tuple[str, ...] | None, depth: str
) -> None:
    found, why = found_depth(environment, features)
    assert found == depth
    assert why


@pytest.mark.parametrize(
    ("wish", "environment", "depth", "textual"),
    [
        ("auto", XTERM, "256", {"TEXTUAL_COLOR_SYSTEM": "256", "NO_COLOR": None}),
        ("auto", XTERM | {"NO_COLOR": "1"}, "mono", {"TEXTUAL_COLOR_SYSTEM": "256", "NO_COLOR": "1"}),
        ("auto", XTERM | {"NO_COLOR": ""}, "256", {"TEXTUAL_COLOR_SYSTEM": "256", "NO_COLOR": None}),
        ("16", XTERM | {"NO_COLOR": "1"}, "16", {"TEXTUAL_COLOR_SYSTEM": "standard", "NO_COLOR": None}),
        ("truecolor", XTERM, "truecolor", {"TEXTUAL_COLOR_SYSTEM": "truecolor", "NO_COLOR": None}),
        (
            "mono",
            XTERM | {"COLORTERM": "truecolor"},
            "mono",
            {"TEXTUAL_COLOR_SYSTEM": "truecolor", "NO_COLOR": "1"},
        ),
        ("auto", {"TERM": "vt100"}, "mono", {"TEXTUAL_COLOR_SYSTEM": "standard", "NO_COLOR": "1"}),
    ],
)
def test_the_setting_wins_then_no_color_then_what_was_found(
    wish: Wish, environment: dict[str, str], depth: str, textual: dict[str, str | None]
) -> None:
    chosen = colours(wish, environment, None)
    assert chosen.depth == depth
    assert for_textual(chosen) == textual


def test_no_wish_makes_a_dumb_terminal_able() -> None:
    assert colours("truecolor", {"TERM": "dumb"}, None) == Colours("none", "none", "TERM is dumb")
