from __future__ import annotations

import pytest
from rich.cells import cell_len

from tui import keymap
from tui.key import Shown
from tui.pages import PAGES
from tui.render.key_line import key_pieces

SOME = (
    Shown("enter", "send"),
    Shown("ctrl+n", "new chat"),
    Shown("世", "wide"),
    Shown("?", "help", always=True),
    Shown("ctrl+q", "quit", always=True),
)


def line(keys: tuple[Shown, ...] | list[Shown], width: int) -> str:
    return "".join(text for text, _ in key_pieces(keys, width))


@pytest.mark.parametrize(
    ("width", "text"),
    [
        (80, " enter send   ctrl+n new chat   世 wide   ? help   ctrl+q quit"),
        (62, " enter send   ctrl+n new chat   世 wide   ? help   ctrl+q quit"),
        (61, " enter send   ctrl+n new chat   ? help   ctrl+q quit"),
        (51, " enter send   世 wide   ? help   ctrl+q quit"),
        (34, " enter send   ? help   ctrl+q quit"),
        (21, " ? help   ctrl+q quit"),
        (20, " enter send   ? help"),
        (7, " ? help"),
        (6, ""),
    ],
)
def test_the_way_to_the_help_and_out_stays_and_the_rest_is_shown_as_far_as_there_is_room(
    width: int, text: str
) -> None:
    assert line(SOME, width) == text


@pytest.mark.parametrize("page", [page.name for page in PAGES])
@pytest.mark.parametrize("width", [40, 60, 80, 140])
@pytest.mark.parametrize("ascii_only", [False, True])
def test_every_page_says_how_to_get_help_and_how_to_leave(page: str, width: int, ascii_only: bool) -> None:
    shown = line(keymap.footer((page, "app"), {}, ascii_only=ascii_only), width)
    assert shown.endswith("? help   ctrl+q quit")
    assert cell_len(shown) <= width
    assert shown.isascii() or not ascii_only
