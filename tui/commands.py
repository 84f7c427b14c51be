"""The command palette: the same table as the keys, found by typing."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.dom import DOMNode

from tui import keymap
from tui.screens.base import EngineScreen


class Commands(Provider):
    """Every key of this page and of the whole program, as commands."""

    async def discover(self) -> Hits:
        """Offer everything before a word is typed."""
        for key, run in self._all():
            yield DiscoveryHit(title(key), run, help=about(key))

    async def search(self, query: str) -> Hits:
        """Offer what matches."""
        matcher = self.matcher(query)
        for key, run in self._all():
            score = max(matcher.match(title(key)), matcher.match(key.about) * 0.9)
            if score > 0:
                yield Hit(score, matcher.highlight(title(key)), run, help=about(key))

    def _all(self) -> list[tuple[keymap.Key, Callable[[], Any]]]:
        screen = self.screen
        scopes: list[tuple[str, DOMNode]] = [("app", self.app)]
        if isinstance(screen, EngineScreen):
            scopes = [*((scope, screen) for scope in (screen.PAGE, *screen.SCOPES)), *scopes]
        return [
            (key, partial(self.app.run_action, key.action, node))
            for scope, node in scopes
            for key in keymap.of_scope(scope)
            if key.id != "app.commands"
        ]


def title(key: keymap.Key) -> str:
    """The command's name in the palette."""
    return key.label[0].upper() + key.label[1:]


def about(key: keymap.Key) -> str:
    """What it does, and the key that does it without the palette."""
    shown = keymap.shown(key.keys)
    return f"{key.about}  ({shown})" if shown else key.about
