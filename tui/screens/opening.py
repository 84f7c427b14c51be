"""The first picture: the frame of the program, while the page itself is still being imported."""

from __future__ import annotations

from textual import events

from tui.screens.base import EngineScreen


class OpeningScreen(EngineScreen):
    """Tabs, status and keys of the page that comes; what is typed meanwhile is handed on to it."""

    def follow_facts(self) -> None:
        """Look like the page that comes."""
        self.PAGE = self.leitstand.start_page

    def on_key(self, event: events.Key) -> None:
        """Keep what is typed before there is anything to type into."""
        if event.is_printable and event.character:
            self.leitstand.typed_ahead += event.character
