"""What the tmux around us can do and how it is set; asked with one command each."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from tui.terminal.process import Feed, Run, feed

_FACTS = "#{version}\t#{client_termfeatures}\t#{client_termname}\t#{pane_width}\t#{window_width}"


class TmuxFacts(msgspec.Struct, frozen=True):
    """The tmux this pane is in."""

    version: str = ""
    features: tuple[str, ...] = ()
    client_term: str = ""
    whole_width: bool = False

    @property
    def release(self) -> tuple[int, int]:
        """The version as numbers; (0, 0) when it is not known."""
        found = re.search(r"(\d+)\.(\d+)", self.version)
        return (int(found[1]), int(found[2])) if found else (0, 0)


def inside(environment: Mapping[str, str]) -> bool:
    """Tell whether this process runs in a pane of tmux."""
    return bool(environment.get("TMUX"))


def ask(environment: Mapping[str, str], run: Run) -> TmuxFacts | None:
    """What tmux says about itself and the terminal outside; None outside tmux."""
    if not inside(environment):
        return None
    return _read(run(_question(environment)) or "")


async def whole_width(environment: Mapping[str, str], feed: Feed = feed) -> bool:
    """Tell whether the pane is as wide as its window: only there scrolling a region costs little."""
    return _read(await feed(_question(environment), b"") or "").whole_width


def _question(environment: Mapping[str, str]) -> list[str]:
    pane = environment.get("TMUX_PANE", "")
    return ["tmux", "display-message", "-p", *(["-t", pane] if pane else []), _FACTS]


def _read(answer: str) -> TmuxFacts:
    parts = answer.strip("\n").split("\t")
    if len(parts) != 5:
        return TmuxFacts()
    version, features, term, pane, window = parts
    names = tuple(name for name in features.split(",") if name)
    return TmuxFacts(version, names, term, bool(pane) and pane == window)


def options(run: Run) -> dict[str, list[str]]:
    """The settings of the server and of every session, by name; those that are lists have several values."""
    found: dict[str, list[str]] = {}
    told = run(["tmux", "show-options", "-s", ";", "show-options", "-g"]) or ""
    for line in told.splitlines():
        name, _, value = line.partition(" ")
        found.setdefault(name.partition("[")[0], []).append(value.strip("\"'"))
    return found
