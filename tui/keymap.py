"""Every key, once. Bindings, the key line, the help, the palette and user overrides read this table.

Keys that tmux, screen or common terminals swallow (ctrl+b, ctrl+a, ctrl+i, ctrl+m, ctrl+h, shift+enter,
ctrl+enter, alt+enter, ctrl+tab) are never the only way to anything; a test holds that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

import msgspec
from textual.binding import Binding, BindingsMap, InvalidBinding

from tui.chat_keys import CHAT_KEYS
from tui.gauge_keys import GAUGE_KEYS
from tui.key import Key as Key
from tui.key import Shown as Shown
from tui.key_names import shown as shown
from tui.library_keys import LIBRARY_KEYS
from tui.model_keys import MODEL_KEYS
from tui.pages import PAGES

SWALLOWED = frozenset(
    {
        "ctrl+b",
        "ctrl+a",
        "ctrl+i",
        "ctrl+m",
        "ctrl+h",
        "ctrl+tab",
        "shift+enter",
        "ctrl+enter",
        "alt+enter",
        "f10",
        "f11",
        "f12",
    }
)


KEYS: tuple[Key, ...] = (
    *(
        Key(
            f"app.page.{page.name}",
            f"f{page.number},alt+{page.number}",
            f"go('{page.name}')",
            page.title,
            f"Go to {page.title}: {page.about[0].lower()}{page.about[1:]}",
            priority=True,
        )
        for page in PAGES
    ),
    Key(
        "app.go",
        "ctrl+g",
        "go_menu",
        "go",
        "Go to a page: then its number or first letter",
        footer=True,
        priority=True,
    ),
    Key(
        "app.commands",
        "ctrl+p",
        "command_palette",
        "commands",
        "Find any command by typing",
        footer=True,
        priority=True,
    ),
    Key("app.help", "question_mark", "help", "help", "All keys of this page", footer=True, always=True),
    Key("app.notices", "alt+n", "notices", "notices", "What was reported, newest first"),
    Key(
        "app.answered", "alt+a", "answered", "answered", "To the answer that ended last and was not looked at"
    ),
    Key("app.routing", "alt+o", "routing", "routing", "Which model answers what and why, counts and rules"),
    Key("app.demo", "alt+d", "start_demo", "demo", "Start the built-in demonstration when no server answers"),
    Key(
        "app.retry",
        "alt+r",
        "retry_server",
        "try the server",
        "Try the server again now",
    ),
    Key("app.redraw", "ctrl+l", "redraw", "redraw", "Paint the whole screen anew", priority=True),
    Key(
        "app.suspend",
        "ctrl+z",
        "suspend_process",
        "suspend",
        "Back to the shell; `fg` returns",
        priority=True,
    ),
    Key("app.quit", "ctrl+q", "leave", "quit", "Leave Leitstand", footer=True, priority=True, always=True),
    *CHAT_KEYS,
    Key("list.open", "enter", "open", "open", "Open the selected row"),
    Key("list.up", "up,k", "cursor(-1)", "up", "One row up"),
    Key("list.down", "down,j", "cursor(1)", "down", "One row down"),
    Key("list.page_up", "pageup", "page(-1)", "page up", "One screenful up"),
    Key("list.page_down", "pagedown", "page(1)", "page down", "One screenful down"),
    Key("list.first", "home,g", "first", "first", "To the first row"),
    Key("list.last", "end,G", "last", "last", "To the last row"),
    Key("settings.change", "enter", "change", "change", "Change the selected setting", footer=True),
    Key("settings.reset", "x", "reset", "default", "Back to its default", footer=True),
    Key(
        "settings.filter", "slash", "filter", "filter", "Show only settings that contain a word", footer=True
    ),
    Key("settings.clear", "escape", "clear_filter", "all", "Show all settings again"),
    Key("health.refresh", "r", "refresh_checks", "check again", "Run every check again", footer=True),
    Key("health.copy", "y", "copy", "copy", "Copy the line that mends the selected check", footer=True),
    Key("queue.open", "enter", "open_job", "open", "Go to what the selected job belongs to"),
    Key("queue.cancel", "x", "cancel_job", "cancel", "End the selected job; asks when it runs", footer=True),
    Key("queue.retry", "r", "retry_job", "again", "Run a failed or cancelled job again", footer=True),
    Key("queue.hold", "space", "hold_job", "hold", "Set the selected job aside, or release it", footer=True),
    Key("queue.up", "shift+up,K", "move_job(-1)", "move up", "Let the selected job run earlier"),
    Key("queue.down", "shift+down,J", "move_job(1)", "move down", "Let the selected job run later"),
    Key(
        "queue.pause",
        "p",
        "pause_lane",
        "pause lane",
        "Start nothing new on this lane, or go on",
        footer=True,
    ),
    Key("queue.wider", "plus,equals_sign", "lane_width(1)", "wider", "Let one more of this lane run at once"),
    Key("queue.narrower", "minus", "lane_width(-1)", "narrower", "Let one less of this lane run at once"),
    Key(
        "queue.which",
        "f",
        "next_which",
        "finished",
        "Which finished jobs: all, failed, done, cancelled",
        footer=True,
    ),
    Key("queue.clear", "c", "clear_ended", "clear", "Forget the finished jobs that are shown", footer=True),
    Key(
        "queue.filter",
        "slash",
        "filter",
        "filter",
        "Show only jobs with these words in their title",
        footer=True,
    ),
    Key("queue.all", "escape", "clear_filter", "all", "Show all jobs again"),
    Key("queue.routing", "o", "app.routing", "routing", "Which model answers what and why, counts and rules"),
    Key("queue.copy", "y", "copy_job", "copy", "Copy the selected job's error, or its title"),
    *GAUGE_KEYS,
    *MODEL_KEYS,
    *LIBRARY_KEYS,
    Key("modal.close", "escape", "close", "back", "Close without changing anything", footer=True),
    Key("modal.accept", "enter", "accept", "ok", "Take it", footer=True),
)

_BY_ID = {key.id: key for key in KEYS}


class KeyProblem(msgspec.Struct, frozen=True):
    """An override that cannot be honoured, and why."""

    id: str
    message: str


def bindings(scope: str) -> list[Binding | tuple[str, str] | tuple[str, str, str]]:
    """Return the bindings of a scope for a class's BINDINGS."""
    return [
        Binding(key.keys, key.action, key.label, show=False, priority=key.priority, id=key.id)
        for key in KEYS
        if key.scope == scope
    ]


def effective(key: Key, overrides: Mapping[str, str]) -> str:
    """Return the keys that do this here, after the user's overrides."""
    return overrides.get(key.id, key.keys)


def named(id: str, overrides: Mapping[str, str], *, ascii_only: bool = False) -> str:
    """Return the first key that does this here, as a sentence names it; empty when there is none."""
    return shown(effective(_BY_ID[id], overrides).split(",")[0], ascii_only=ascii_only)


def pressed(keys: str) -> frozenset[str]:
    """Split "f1,alt+1" into single keys, in the spelling the terminal layer uses."""
    spelled = {"?": "question_mark", "/": "slash", ",": "comma"}
    return frozenset(spelled.get(key.strip(), key.strip()) for key in keys.split(",") if key.strip())


def check(overrides: Mapping[str, str]) -> tuple[dict[str, str], tuple[KeyProblem, ...]]:
    """Sort the user's overrides into those that work and those that do not, saying why."""
    good: dict[str, str] = {}
    problems: list[KeyProblem] = []
    for id, keys in overrides.items():
        problem = _wrong(id, keys)
        if problem is None and (other := _clash(id, keys, {**good})):
            problem = f"{keys} already means “{other.label}” ({other.id})."
        if problem is None:
            good[id] = ",".join(sorted(pressed(keys)))
        else:
            problems.append(KeyProblem(id, problem))
    return good, tuple(problems)


def _wrong(id: str, keys: str) -> str | None:
    if id not in _BY_ID:
        return "There is no such command; the help lists them all."
    if not pressed(keys):
        return None  # taken away on purpose; the palette still reaches it
    try:
        BindingsMap([Binding(",".join(pressed(keys)), "x")])
    except InvalidBinding:
        return f"“{keys}” is not a list of keys."
    if pressed(keys) <= SWALLOWED:
        return f"{keys} never arrives in many terminals; name another key as well."
    return None


def _clash(id: str, keys: str, overrides: Mapping[str, str]) -> Key | None:
    mine = _BY_ID[id]
    for other in KEYS:
        if other.id == id or not _meet(mine.scope, other.scope):
            continue
        if pressed(keys) & pressed(effective(other, overrides)):
            return other
    return None


def _meet(one: str, other: str) -> bool:
    """Whether two scopes are ever active together."""
    return one == other or "app" in (one, other)


def footer(
    scopes: Iterable[str],
    overrides: Mapping[str, str],
    offers: Callable[[str], bool] = lambda id: True,
    *,
    ascii_only: bool = False,
    labels: Mapping[str, str] = MappingProxyType({}),
) -> list[Shown]:
    """Return the keys for the key line, the page's own first; *offers* says which make sense.

    *labels* has other words for what a key does at this moment.
    """
    wanted = [key for scope in scopes for key in KEYS if key.scope == scope and key.footer and offers(key.id)]
    return [
        Shown(
            shown(effective(key, overrides).split(",")[0], ascii_only=ascii_only),
            labels.get(key.id, key.label),
            key.always,
        )
        for key in wanted
    ]


def of_scope(scope: str) -> list[Key]:
    """Return every key of a scope, in table order."""
    return [key for key in KEYS if key.scope == scope]
