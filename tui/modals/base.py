"""What every dialog has in common: a frame, a title, escape closes."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

from textual.screen import ModalScreen

from tui import keymap

if TYPE_CHECKING:
    from tui.app import LeitstandApp

T = TypeVar("T")


class Dialog(ModalScreen[T]):
    """A small window over a page."""

    BINDINGS = keymap.bindings("modal")

    @property
    def leitstand(self) -> LeitstandApp:
        """The app, by its own type."""
        return cast("LeitstandApp", self.app)

    def action_close(self) -> None:
        """Close without an answer."""
        self.dismiss(None)

    def action_accept(self) -> None:
        """Close; dialogs with something to accept say what."""
        self.dismiss(None)
