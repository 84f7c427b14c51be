"""What the screens are told about the terminal they draw on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from tui.terminal.probe import Terminal

LEAST = (40, 10)
"""Columns and rows from which the pages make sense; below that they are told in short."""


class TerminalOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Found by the probe, changed by settings and the command line."""

    plain_output: bool = False
    """Leave the drawing to Textual alone."""
    frames: int = 20
    acknowledged: bool = False
    """Ask after each frame whether it arrived: over SSH."""
    scroll_regions: bool = True
    erases: bool = True
    """Erased cells take the colour of the background."""
    extended_keys: bool = False
    """Ask tmux for shift+enter and ctrl+enter."""
    low_bandwidth: Literal["auto", "on", "off"] = "auto"
    remote: bool = False
    """The person sits elsewhere, however many programs lie between."""
    show_cursor: bool = False
    """Show the terminal's own cursor where the caret is, for screen readers and braille lines."""

    @classmethod
    def here(
        cls,
        terminal: Terminal,
        *,
        frames_local: int = 20,
        frames_ssh: int = 10,
        low_bandwidth: Literal["auto", "on", "off"] = "auto",
        plain_output: bool = False,
        show_cursor: bool = False,
    ) -> TerminalOptions:
        """What follows from a terminal and the settings."""
        return cls(
            plain_output=plain_output,
            frames=frames_ssh if terminal.ssh else frames_local,
            acknowledged=terminal.acknowledges,
            scroll_regions=terminal.scroll_regions,
            erases=terminal.erases,
            extended_keys=terminal.tmux is not None,
            low_bandwidth=low_bandwidth,
            remote=terminal.ssh,
            show_cursor=show_cursor,
        )
