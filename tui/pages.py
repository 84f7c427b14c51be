"""The pages: one row each. Navigation, tabs, help and the palette are made from this table.

A page's number is its own for good, so that a hand that learned it keeps knowing it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from tui.screens.base import EngineScreen


class Page(msgspec.Struct, frozen=True):
    """A screen one can go to."""

    name: str
    number: int
    title: str
    about: str
    where: str

    def load(self) -> type[EngineScreen]:
        """Import the screen: only when somebody goes there."""
        module, _, class_name = self.where.partition(":")
        found: type[EngineScreen] = getattr(import_module(module), class_name)
        return found

    def build(self) -> EngineScreen:
        """Make the screen."""
        return self.load()()


PAGES: tuple[Page, ...] = (
    Page("chat", 1, "Chat", "Ask, read, think aloud; every word is kept", "tui.screens.chat:ChatScreen"),
    Page(
        "catalog",
        2,
        "Catalog",
        "Models: here, in memory, known; what fits, and what to do with them",
        "tui.screens.catalog:CatalogScreen",
    ),
    Page(
        "downloads",
        3,
        "Downloads",
        "What is on its way, how far, how fast, and what comes next",
        "tui.screens.downloads:DownloadsScreen",
    ),
    Page(
        "queue",
        4,
        "Queue",
        "What runs, what waits and why in this order",
        "tui.screens.queue:QueueScreen",
    ),
    Page(
        "gauges",
        5,
        "Gauges",
        "The machine at a glance: GPUs, memory, models, host",
        "tui.screens.gauges:GaugesScreen",
    ),
    Page(
        "library",
        6,
        "Library",
        "Your documents: spaces to ask about, what is in them, what is found",
        "tui.screens.library:LibraryScreen",
    ),
    Page(
        "settings",
        8,
        "Settings",
        "Everything adjustable, with what it does",
        "tui.screens.settings:SettingsScreen",
    ),
    Page(
        "health",
        9,
        "Health",
        "What works, what does not, and how to mend it",
        "tui.screens.health:HealthScreen",
    ),
)


def page(name: str) -> Page | None:
    """Find a page by its name."""
    return next((found for found in PAGES if found.name == name), None)
