"""The go menu: a leader key for terminals that keep the function keys to themselves."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical

from tui.modals.base import Dialog, frame
from tui.pages import PAGES
from tui.render.pieces import Pieces
from tui.widgets.detail import Detail

OTHERS: tuple[tuple[str, str, str], ...] = (
    ("?", "help", "All keys of this page"),
    ("n", "notices", "What was reported"),
    ("d", "demo", "Start the demonstration when no server answers"),
    ("r", "retry", "Try the server again now"),
    ("q", "quit", "Leave Leitstand"),
)


def choices() -> dict[str, str]:
    """Every key the menu knows and where it leads: a number, or the first free letter of a title."""
    found = {key: name for key, name, _ in OTHERS}
    for page in PAGES:
        found[str(page.number)] = page.name
        found.setdefault(page.title[0].lower(), page.name)
    return found


class GoMenu(Dialog[str | None]):
    """Waits for one key."""

    def compose(self) -> ComposeResult:
        """List the pages with their numbers."""
        with Vertical(classes="dialog") as box:
            frame(box, "Go to", "a number, or the first letter")
            yield Detail()

    def on_mount(self) -> None:
        """Fill the list."""
        known = choices()
        lines: list[Pieces] = []
        for page in PAGES:
            letter = page.title[0].lower() if known[page.title[0].lower()] == page.name else " "
            lines.append(
                [
                    (f"{page.number} ", "key"),
                    (f"{letter}  ", "key"),
                    (f"{page.title:<12}", "strong"),
                    (page.about, "dim"),
                ]
            )
        lines.append([("", "dim")])
        lines += [
            [(f"{key}    ", "key"), (f"{name.title():<12}", "text"), (about, "dim")]
            for key, name, about in OTHERS
        ]
        self.query_one(Detail).say(lines)

    def on_key(self, event: events.Key) -> None:
        """Go where the key leads."""
        name = choices().get((event.character or "").lower())
        if name is not None:
            event.stop()
            self.dismiss(name)
