"""What this terminal can do, found before anything of the screens is loaded.

here = look(os.environ)
said = verdict(here)            # can the screens run at all?
prepare(os.environ, here)       # what the environment must say before Textual is imported
checks()                        # for `leitstand doctor`
"""

from __future__ import annotations

import locale
import os
import sys
from collections.abc import Callable, Mapping, MutableMapping
from typing import TYPE_CHECKING, Literal

import msgspec

from tui.terminal import tmux
from tui.terminal.clipboard import Way, way_here
from tui.terminal.colours import Colours, Wish, colours, for_textual
from tui.terminal.process import Run
from tui.terminal.process import run as run_command
from tui.terminal.tmux import TmuxFacts

if TYPE_CHECKING:
    from core.health import Check

_ERASING_TERMS = (
    *(
        "xterm",
        "alacritty",
        "foot",
        "ghostty",
        "wezterm",
        "contour",
        "rxvt",
        "konsole",
        "vte",
        "linux",
        "rio",
    ),
    *("mintty", "iterm", "st-256color", "putty"),
)


class Terminal(msgspec.Struct, frozen=True):
    """The terminal this process was started in."""

    term: str
    interactive: bool
    columns: int
    rows: int
    encoding: str
    colours: Colours
    clipboard: Way
    tmux: TmuxFacts | None = None
    ssh: bool = False
    claimed_size: str = ""
    """What COLUMNS and LINES say when they contradict the window."""

    @property
    def scroll_regions(self) -> bool:
        """Scrolling a part of the screen is cheap here; in a split of tmux it is drawn anew."""
        return self.tmux is None or self.tmux.whole_width

    @property
    def erases(self) -> bool:
        """Erased cells look as blanks do: not in GNU screen; and tmux is a short way off anyway."""
        return self.tmux is None and self.term.startswith(_ERASING_TERMS)

    @property
    def acknowledges(self) -> bool:
        """Asking for the cursor's position measures the whole way; tmux would answer for itself."""
        return self.ssh and self.tmux is None


class Verdict(msgspec.Struct, frozen=True):
    """Whether the screens can run here, and the sentence for when they cannot."""

    can_run: bool
    sentence: str = ""
    hint: str = ""


def look(
    environment: Mapping[str, str],
    *,
    wish: Wish = "auto",
    clipboard: Literal["auto", "tmux", "osc52", "file"] = "auto",
    run: Run = run_command,
    ask: Callable[[], bool] | None = None,
    window: os.terminal_size | None = None,
    interactive: bool | None = None,
    encoding: str | None = None,
) -> Terminal:
    """Find out; one short command when tmux is around, none otherwise.

    *ask* asks the terminal itself whether it shows 24 bits; it is called only over SSH, where nothing else
    tells, and must be left out while a program has the terminal.
    """
    around = tmux.ask(environment, run)
    size = window if window is not None else _window()
    ssh = any(environment.get(name) for name in ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"))
    chosen = colours(wish, environment, None if around is None else around.features)
    if ssh and around is None and ask is not None and chosen.depth == chosen.found == "256" and ask():
        chosen = Colours("truecolor", "truecolor", "the terminal itself says so")
    return Terminal(
        term=environment.get("TERM", ""),
        interactive=_interactive() if interactive is None else interactive,
        columns=size.columns,
        rows=size.lines,
        encoding=_encoding() if encoding is None else encoding,
        colours=chosen,
        clipboard=way_here(clipboard, environment),
        tmux=around,
        ssh=ssh,
        claimed_size=_claimed(environment, size),
    )


def verdict(here: Terminal) -> Verdict:
    """Say whether the screens can run; what only looks worse is no reason to refuse."""
    if not here.interactive:
        return Verdict(
            False,
            "The screens need a terminal, and the input or output of this command is not one.",
            "Over SSH use ssh -t; line by line: leitstand chat --plain; leitstand --help lists the commands.",
        )
    if here.colours.depth == "none":
        return Verdict(
            False,
            f"This terminal cannot be drawn on: {here.colours.why}.",
            "Set TERM to what the terminal is, for example TERM=xterm-256color. As it is: leitstand chat "
            "--plain, and the commands that leitstand --help lists.",
        )
    return Verdict(True)


def prepare(environment: MutableMapping[str, str], here: Terminal) -> None:
    """Tell Textual through the environment; it reads it once, when it is imported."""
    # A size in the environment is older than the window and would win over it.
    wanted: dict[str, str | None] = {"COLUMNS": None, "LINES": None, **for_textual(here.colours)}
    for name, value in wanted.items():
        if value is None:
            environment.pop(name, None)
        else:
            environment[name] = value


def checks(
    environment: Mapping[str, str] | None = None,
    *,
    wish: Wish = "auto",
    run: Run = run_command,
    ask: Callable[[], bool] | None = None,
    trip: float | None = None,
) -> list[Check]:
    """Look at the terminal for `leitstand doctor`: each line with the exact thing that mends it.

    *trip* is how many seconds away the person is, there and back, when somebody has measured it.
    """
    from tui.terminal.advice import terminal_checks  # the start has no use for advice

    environment = os.environ if environment is None else environment
    here = look(environment, wish=wish, run=run, ask=ask)
    said = verdict(here)
    return terminal_checks(
        here, said.sentence, said.hint, environment, tmux.options(run) if here.tmux else {}, trip
    )


def _interactive() -> bool:
    streams = (sys.__stdin__, sys.__stdout__, sys.__stderr__)
    return all(stream is not None and stream.isatty() for stream in streams)


def _window() -> os.terminal_size:
    for stream in (sys.__stdout__, sys.__stderr__, sys.__stdin__):
        try:
            return os.get_terminal_size(stream.fileno() if stream else -1)
        except (OSError, ValueError):
            continue
    return os.terminal_size((0, 0))


def _encoding() -> str:
    # The pages are written to standard error, as Textual does.
    stream = sys.__stderr__
    return (stream.encoding if stream is not None else "") or locale.getpreferredencoding(False)


def _claimed(environment: Mapping[str, str], size: os.terminal_size) -> str:
    said = [
        f"{name}={value}"
        for name, real in (("COLUMNS", size.columns), ("LINES", size.lines))
        if (value := environment.get(name, "")) and real and value != str(real)
    ]
    return " ".join(said)
