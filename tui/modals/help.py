"""Every key of a page, from the table; and which of them this terminal may keep to itself."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll

from tui import keymap
from tui.modals.base import Dialog, frame
from tui.pages import page
from tui.render.pieces import Piece, Pieces
from tui.widgets.detail import Detail

TITLES = {"app": "Everywhere", "list": "In lists", "modal": "In dialogs"}


class HelpScreen(Dialog[None]):
    """A reading list of keys."""

    def __init__(self, scopes: tuple[str, ...]) -> None:
        super().__init__()
        self._scopes = (*dict.fromkeys((*reversed(scopes), "list", "app")),)

    def compose(self) -> ComposeResult:
        """Lay out one scrolling text."""
        with Vertical(classes="dialog -tall -wide") as box:
            frame(box, "Keys", "esc back · other keys: [keys] in the configuration")
            with VerticalScroll():
                yield Detail()

    def on_mount(self) -> None:
        """Write it down."""
        self.query_one(VerticalScroll).focus()
        self.query_one(Detail).say(help_lines(self._scopes, self.leitstand.key_overrides))

    def action_close(self) -> None:
        """Back to the page."""
        self.dismiss(None)


def help_lines(scopes: tuple[str, ...], overrides: dict[str, str]) -> list[Pieces]:
    """Return the help as lines: a heading a scope, a line a key."""
    lines: list[Pieces] = []
    for scope in scopes:
        keys = keymap.of_scope(scope)
        if not keys:
            continue
        found = page(scope)
        heading = TITLES.get(scope) or (f"On this page: {found.title}" if found else scope.title())
        lines += [[(heading, "accent")], *(_key_line(key, overrides) for key in keys), [("", "text")]]
    lines.append(
        [
            (
                "Where a terminal keeps F-keys or alt to itself, ctrl+g and ctrl+p reach everything.",
                "dim",
            )
        ]
    )
    return lines


def _key_line(key: keymap.Key, overrides: dict[str, str]) -> list[Piece]:
    keys = keymap.shown(keymap.effective(key, overrides)) or "—"
    mark = "  (changed)" if key.id in overrides else ""
    return [(f"{keys:<15} ", "key"), (f"{key.id:<20} ", "dim"), (key.about, "text"), (mark, "accent")]
