"""The settings of the screens."""

from __future__ import annotations

from typing import Annotated, Literal

from core.config.fields import Section, about


class Ui(Section, frozen=True):
    """How the screens look and behave."""

    theme: Annotated[
        Literal["leitstand-dark", "leitstand-light", "leitstand-contrast", "leitstand-16"],
        about(
            "Theme",
            "The colours of the screens: dark, light, high contrast, or only the 16 colours of the terminal.",
        ),
    ] = "leitstand-dark"
    colours: Annotated[
        Literal["auto", "truecolor", "256", "16", "mono"],
        about(
            "Colours",
            "How many colours to send. With auto the terminal is asked, and NO_COLOR is obeyed.",
            restart=True,
        ),
    ] = "auto"
    glyphs: Annotated[
        Literal["unicode", "ascii"],
        about("Glyphs", "The signs, bars and rules: Unicode, or plain ASCII for fonts that lack them."),
    ] = "unicode"
    reduced_motion: Annotated[
        bool, about("Reduced motion", "Show changes at once, without animation or blinking.")
    ] = False
    show_cursor: Annotated[
        bool,
        about(
            "Show the cursor",
            "Show the terminal's own cursor where you write or choose, for braille lines, magnifiers and "
            "input methods.",
            restart=True,
        ),
    ] = False
    low_bandwidth: Annotated[
        Literal["auto", "on", "off"],
        about(
            "Low bandwidth",
            "Send less to the terminal: fewer frames, no animation. With auto this happens by itself on a "
            "slow connection.",
        ),
    ] = "auto"
    frames_local: Annotated[
        int,
        about(
            "Frames, local",
            "How often the screen may be redrawn in a terminal on this machine.",
            ge=1,
            le=60,
            unit="per second",
        ),
    ] = 16
    frames_ssh: Annotated[
        int,
        about(
            "Frames, SSH",
            "How often the screen may be redrawn over SSH.",
            ge=1,
            le=60,
            unit="per second",
        ),
    ] = 10
    mouse: Annotated[
        bool,
        about(
            "Mouse",
            "Let the mouse click and scroll here. Switched off, the terminal selects text as usual.",
            restart=True,
        ),
    ] = True
    bell: Annotated[bool, about("Bell", "Ring the terminal's bell when something asks for attention.")] = (
        False
    )
    desktop_notices: Annotated[
        bool,
        about(
            "Desktop notices",
            "Let the terminal show a notice on your desktop (OSC 9) when something asks for attention, with "
            "the title of the chat. In tmux this needs allow-passthrough.",
        ),
    ] = False
    clipboard: Annotated[
        Literal["auto", "tmux", "osc52", "file"],
        about(
            "Clipboard",
            "Where copied text goes: the buffer of tmux, the terminal's clipboard (OSC 52), or a file. With "
            "auto the best way found here is used.",
        ),
    ] = "auto"
    start_screen: Annotated[
        str,
        about(
            "First screen",
            "The name of the screen to start with, as --screen takes it. Left empty, the first one.",
        ),
    ] = ""
