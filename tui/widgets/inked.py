"""Gives a widget the inks of the current theme."""

from __future__ import annotations

from rich.style import Style
from textual.widget import Widget

from tui.theme import Ink, inks

# A theme's name decides its inks, whichever app shows it.
_CACHE: dict[str, dict[Ink, Style]] = {}


class Inked(Widget):
    """A widget that draws its own cells: `self.inks`, one table per theme."""

    @property
    def inks(self) -> dict[Ink, Style]:
        """The styles behind the names, for the theme that is on now."""
        app = self.app
        found = _CACHE.get(app.theme)
        if found is None:
            found = _CACHE[app.theme] = inks(app.theme_variables)
        return found
