"""What the terminal's checks say, and the exact line that mends each of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from core.guard import one_line
from core.health import Check
from tui.terminal.keys import lost_keys
from tui.terminal.options import LEAST
from tui.terminal.pace import SLOW_TRIP

if TYPE_CHECKING:
    from tui.terminal.probe import Terminal

Options = Mapping[str, list[str]]

_DEPTHS = {
    "truecolor": "16.7 million colours",
    "256": "256 colours",
    "16": "16 colours",
    "mono": "no colours",
}
_WAYS = {
    "tmux": "the buffer of tmux, which offers it to the terminal outside",
    "osc52": "the terminal's own clipboard (OSC 52); it never says whether it took it",
    "file": "a file in the private cache directory",
}


def terminal_checks(
    here: Terminal,
    refusal: str,
    refusal_hint: str,
    environment: Mapping[str, str],
    options: Options,
    trip: float | None = None,
) -> list[Check]:
    """Every check of the terminal; *refusal* is why the screens cannot run here, if they cannot.

    *trip* is how many seconds away the person was found to be, there and back.
    """
    found = [_able(here, refusal, refusal_hint)]
    if here.interactive:
        found.append(_size(here))
    found += [_colours(here, environment), _characters(here), _clipboard(here), _focus(here, options)]
    found += [_keys(here, options), _link(here, trip)]
    if here.tmux is not None:
        found += _tmux(here, options)
    return found


def _able(here: Terminal, refusal: str, hint: str) -> Check:
    if refusal:
        # A script that runs `doctor` has no terminal, and nothing is wrong with that.
        return Check("terminal", "fail" if here.interactive else "warn", refusal, hint)
    name = one_line(here.term, 60)
    around = f" inside tmux {one_line(here.tmux.version, 20)}".rstrip() if here.tmux else ""
    return Check("terminal", "ok", f"TERM is {name}{around}.")


def _size(here: Terminal) -> Check:
    if not here.columns:
        return Check(
            "terminal size",
            "warn",
            "The terminal does not say how large it is; 80 by 24 is taken.",
            "Tell it: stty columns 120 rows 40",
        )
    size = f"{here.columns} columns by {here.rows} rows"
    if here.claimed_size:
        return Check(
            "terminal size",
            "warn",
            f"The window has {size}, but the environment says {one_line(here.claimed_size, 60)}; Leitstand "
            "goes by the window.",
            "Take it away for other programs too: unset COLUMNS LINES",
        )
    if here.columns < LEAST[0] or here.rows < LEAST[1]:
        return Check(
            "terminal size",
            "warn",
            f"{size}: too small for the pages, which need {LEAST[0]} by {LEAST[1]}; what goes on is "
            "shown in short.",
            "Enlarge the window; in tmux prefix z lets a pane fill it.",
        )
    if here.columns < 80 or here.rows < 24:
        return Check("terminal size", "ok", f"{size}; the pages are at their best from 80 by 24.")
    return Check("terminal size", "ok", f"{size}.")


def _colours(here: Terminal, environment: Mapping[str, str]) -> Check:
    chosen = here.colours
    said = f"{_DEPTHS.get(chosen.depth, 'nothing')}: {one_line(chosen.why, 120)}."
    if chosen.depth == "none":
        return Check("colours", "fail", said, "Set TERM, for example: export TERM=xterm-256color")
    if chosen.depth == "truecolor" or chosen.depth != chosen.found:
        return Check("colours", "ok", said)
    if here.tmux is not None:
        outside = one_line(here.tmux.client_term, 40) or "xterm-256color"
        line = f'set -as terminal-features ",{outside}:RGB"'
        return Check(
            "colours",
            "warn",
            said,
            f"If the terminal outside has more, put in ~/.tmux.conf: {line} and attach again.",
        )
    if here.ssh and not environment.get("COLORTERM"):
        return Check(
            "colours",
            "warn",
            said,
            "SSH does not pass COLORTERM on. In ~/.ssh/config where you sit: SendEnv COLORTERM; here in "
            "/etc/ssh/sshd_config: AcceptEnv COLORTERM. Or simply: leitstand config set ui.colours truecolor",
        )
    return Check(
        "colours",
        "warn",
        said,
        "If the terminal has more: export COLORTERM=truecolor, or leitstand config set ui.colours truecolor",
    )


def _characters(here: Terminal) -> Check:
    if here.encoding.lower().replace("-", "").replace("_", "") in {"utf8", "utf8sig"}:
        return Check("characters", "ok", "UTF-8.")
    return Check(
        "characters",
        "warn",
        f"The language settings say {one_line(here.encoding, 40) or 'nothing'}, not UTF-8: lines and signs "
        "may come out as rubbish.",
        "export LANG=C.UTF-8, or leitstand config set ui.glyphs ascii",
    )


def _clipboard(here: Terminal) -> Check:
    said = f"Copied text goes to {_WAYS[here.clipboard]}."
    if here.clipboard == "file":
        return Check(
            "clipboard",
            "warn",
            said,
            "A terminal that understands OSC 52, or tmux, can hand it to your clipboard.",
        )
    return Check("clipboard", "ok", said)


def _focus(here: Terminal, options: Options) -> Check:
    if here.tmux is None:
        return Check("focus events", "ok", "Used when the terminal sends them, never relied on.")
    if options.get("focus-events") == ["on"]:
        return Check("focus events", "ok", "tmux passes them on: a pane that is not looked at rests.")
    return _option(
        "focus-events", "off", "a pane that is not looked at keeps painting", "set -g focus-events on"
    )


def _keys(here: Terminal, options: Options) -> Check:
    lost = lost_keys(here, options)
    if "shift+enter" in lost:
        return Check("keys", "ok", f"ctrl+j makes a new line; shift+enter does not: {lost['shift+enter']}.")
    return Check("keys", "ok", "ctrl+j, shift+enter and ctrl+enter make a new line.")


def _link(here: Terminal, trip: float | None) -> Check:
    far = "" if trip is None else f", {trip * 1000:.0f} ms there and back"
    if trip is not None and trip > SLOW_TRIP:
        return Check(
            "connection",
            "warn",
            f"A long way{far}: fewer frames and no animation are used by themselves.",
            "In ~/.ssh/config where you sit: Compression yes",
        )
    if here.tmux is not None and (here.ssh or trip is not None):
        return Check("connection", "ok", f"SSH with tmux{far}: the work goes on when the connection is lost.")
    if not here.ssh:
        return Check("connection", "ok", "Local.")
    return Check(
        "connection",
        "ok",
        f"SSH{far}. Inside tmux the screens would still be there after the connection is lost.",
        "In ~/.ssh/config where you sit: Compression yes; and start Leitstand with: tmux new -A -s leitstand "
        "leitstand",
    )


def _tmux(here: Terminal, options: Options) -> list[Check]:
    assert here.tmux is not None
    if not options:
        return [
            Check(
                "tmux",
                "warn",
                "tmux does not answer, so its settings are not known.",
                "Try it by hand: tmux show-options -s",
            )
        ]
    release = here.tmux.release
    return [
        _escape_time(options),
        *([_extended_keys(here, options)] if release >= (3, 2) or release == (0, 0) else []),
        _set_clipboard(options),
        _default_terminal(options),
    ]


def _option(name: str, value: str, effect: str, line: str) -> Check:
    said = f"{name} is {one_line(value, 60) or 'not set'}: {effect}."
    return Check(f"tmux {name}", "warn", said, f"In ~/.tmux.conf: {line}")


def _value(options: Options, name: str) -> str:
    return (options.get(name) or [""])[-1]


def _escape_time(options: Options) -> Check:
    value = _value(options, "escape-time")
    if value.isdigit() and int(value) > 50:
        effect = f"Esc arrives {value} ms late, and a key pressed meanwhile is taken for Alt"
        return _option("escape-time", value, effect, "set -s escape-time 10")
    return Check("tmux escape-time", "ok", f"Esc arrives after {one_line(value, 20)} ms.")


def _extended_keys(here: Terminal, options: Options) -> Check:
    value = _value(options, "extended-keys")
    if value not in {"on", "always"}:
        effect = "shift+enter and ctrl+enter arrive as enter; ctrl+j makes a new line everywhere"
        return _option("extended-keys", value, effect, "set -s extended-keys on")
    assert here.tmux is not None
    if here.tmux.features and "extkeys" not in here.tmux.features:
        outside = one_line(here.tmux.client_term, 40) or "xterm*"
        return _option(
            "extended-keys",
            value,
            "tmux does not know that the terminal outside can send them",
            f'set -as terminal-features ",{outside}:extkeys"',
        )
    return Check("tmux extended-keys", "ok", "shift+enter and ctrl+enter arrive.")


def _set_clipboard(options: Options) -> Check:
    value = _value(options, "set-clipboard")
    if value == "on":
        return Check("tmux set-clipboard", "ok", "Copied text reaches tmux and the terminal outside.")
    # Not a warning: our own copies take another way.
    return Check(
        "tmux set-clipboard",
        "ok",
        f"It is {one_line(value, 20) or 'not set'}: Leitstand copies through tmux itself, which works; what "
        "other programs copy may be kept back.",
        "In ~/.tmux.conf: set -s set-clipboard on",
    )


def _default_terminal(options: Options) -> Check:
    value = _value(options, "default-terminal")
    if value.startswith(("tmux", "screen")) and "256color" in value:
        return Check("tmux default-terminal", "ok", f"{one_line(value, 40)}.")
    return _option(
        "default-terminal",
        value,
        "programs in tmux are told of fewer or other abilities than there are",
        "set -g default-terminal tmux-256color",
    )
