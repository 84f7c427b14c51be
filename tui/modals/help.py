"""Every key of a page, from the table; and which of them this terminal may keep to itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from tui import keymap
from tui.modals.reader import Reader
from tui.pages import page
from tui.render.pieces import Piece, Pieces
from tui.terminal import probe, tmux
from tui.terminal.keys import lost_keys
from tui.terminal.process import run

NOTHING: Mapping[str, str] = MappingProxyType({})
TITLES = {"app": "Everywhere", "list": "In lists", "modal": "In dialogs"}


class HelpScreen(Reader):
    """A reading list of keys."""

    def __init__(self, scopes: tuple[str, ...]) -> None:
        super().__init__("Keys", "esc back · other keys: [keys] in the configuration")
        self._scopes = (*dict.fromkeys((*reversed(scopes), "list", "app")),)
        self._lost: Mapping[str, str] = NOTHING

    def lines(self) -> Sequence[Pieces]:
        """Write it down."""
        return help_lines(self._scopes, self.leitstand.key_overrides, self._lost)

    def on_mount(self) -> None:
        """Show what is known at once."""
        super().on_mount()
        self.run_worker(self._look_around(), group="keys", exit_on_error=False)

    async def _look_around(self) -> None:
        """Find out which keys arrive here; inside tmux that is a question to tmux."""
        engine = self.leitstand.engine
        self._lost = await engine.tasks.in_thread(lost_here, engine.options.environment)
        self.say(self.lines())


def lost_here(environment: Mapping[str, str]) -> dict[str, str]:
    """Keys that do not arrive in this terminal, and why."""
    here = probe.look(environment)
    return lost_keys(here, tmux.options(run) if here.tmux is not None else {})


def help_lines(
    scopes: tuple[str, ...], overrides: dict[str, str], lost: Mapping[str, str] = NOTHING
) -> list[Pieces]:
    """Return the help as lines: a heading a scope, a line a key; keys *lost* in this terminal are marked."""
    lines: list[Pieces] = []
    for scope in scopes:
        keys = keymap.of_scope(scope)
        if not keys:
            continue
        found = page(scope)
        heading = TITLES.get(scope) or (f"On this page: {found.title}" if found else scope.title())
        lines += [[(heading, "accent")], *(_key_line(key, overrides, lost) for key in keys), [("", "text")]]
    if lost:
        lines.append([("In this terminal", "accent")])
        for one, why in lost.items():
            lines.append([(f"{one:<15} ", "key"), (f"does not arrive: {why}", "text")])
        lines.append([("", "text")])
    lines.append(
        [
            (
                "Where a terminal keeps F-keys or alt to itself, ctrl+g and ctrl+p reach everything.",
                "dim",
            )
        ]
    )
    return lines


def _key_line(key: keymap.Key, overrides: dict[str, str], lost: Mapping[str, str]) -> list[Piece]:
    # A key that never arrives is not offered, unless somebody chose it and nothing else is left.
    wanted = keymap.effective(key, overrides).split(",")
    arriving = [one for one in wanted if one.strip() not in lost]
    keys = keymap.shown(",".join(arriving or wanted)) or "—"
    mark = "  (changed)" if key.id in overrides else ""
    mark += "  (does not arrive here)" if not arriving and wanted != [""] else ""
    return [(f"{keys:<15} ", "key"), (f"{key.id:<20} ", "dim"), (key.about, "text"), (mark, "accent")]
