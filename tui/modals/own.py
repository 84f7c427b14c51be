"""Choose one of many that a person can also change, in a file of their own."""

from __future__ import annotations

from tui import keymap
from tui.modals.choose import Choose
from tui.widgets.row_list import RowList

EDIT = "\0edit"
"""What the dialog answers, before a key, when that is to be changed."""


class ChooseOwn(Choose):
    """A list to choose from, with a key that opens one's own file in the editor."""

    BINDINGS = keymap.bindings("own")
    KEYS_LINE = "type to filter · enter take it · ctrl+x change or add · esc"

    def action_change(self) -> None:
        """Change the selected one, or add another."""
        option = self.query_one(RowList).selected
        self.dismiss(EDIT + (option.key if option is not None else ""))
