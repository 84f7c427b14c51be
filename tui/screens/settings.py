"""Settings: a form made from the table, saved without losing a comment."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from textual import on
from textual.containers import Vertical
from textual.widget import Widget
from textual.widgets import Input

from core.config.types import ConfigChanged, Problem, SettingState, Value
from core.errors import LeitstandError
from core.guard import one_line
from tui import keymap
from tui.render.option import Option
from tui.render.pieces import Piece, Pieces, column
from tui.screens.base import EngineScreen
from tui.theme import Ink
from tui.widgets.detail import Detail
from tui.widgets.entry import Entry
from tui.widgets.row_list import RowList

_NOTHING = "\0none"
"""The row that takes the name away: no model is called so."""


def value_text(value: Value) -> str:
    """Return a value as people write it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list):
        return ", ".join(value)
    if isinstance(value, dict):
        return ", ".join(f"{key}: {keys}" for key, keys in value.items())
    return f"{value:g}" if isinstance(value, float) else str(value)


class SettingsScreen(EngineScreen):
    """Every setting with its value; Enter changes it."""

    PAGE = "settings"
    BINDINGS = keymap.bindings("settings")

    def __init__(self) -> None:
        super().__init__()
        self._states: list[SettingState] = []
        self._problems: tuple[Problem, ...] = ()
        self._path = ""

    def body(self) -> Iterable[Widget]:
        """A filter, the list, and what the selected setting does."""
        with Vertical(id="settings"):
            filter_line = Entry(placeholder="Filter settings…", id="filter")
            filter_line.display = False
            yield filter_line
            yield RowList(self._paint, key=lambda state: state.setting.path, id="settings-list")
            yield Detail(id="settings-detail")

    def follow_facts(self) -> None:
        """Follow changes made here, by the command line, or in an editor."""
        self.follow(ConfigChanged, self._changed)
        self.query_one(RowList).focus()
        self.query_one(RowList).put((), words=[[("Reading the settings…", "dim")]])

    async def _changed(self, _: ConfigChanged) -> None:
        await self.read()

    async def read(self) -> None:
        """Read every setting and what is wrong with the file."""
        config = self.engine.config
        self._states = await config.all()
        self._problems = tuple(await config.check())
        self._path = await config.path()
        self._show()

    def _show(self) -> None:
        wanted = self.query_one("#filter", Input).value.casefold().split()
        rows = [
            state
            for state in self._states
            if all(
                word in f"{state.setting.path} {state.setting.title} {state.setting.description}".casefold()
                for word in wanted
            )
        ]
        words: list[Pieces] = [
            [("No setting contains that.", "strong")],
            [("esc", "key"), (" shows all of them again.", "dim")],
        ]
        self.query_one(RowList).put(rows, words=words)
        self._explain()

    def _paint(self, state: SettingState, width: int) -> list[Pieces]:
        setting = state.setting
        title = column(setting.title, 22)
        section = column(setting.section, 8)
        value = one_line("••••••" if setting.secret and state.value else value_text(state.value), 200) or "—"
        wrong = any(problem.key == setting.path for problem in self._problems)
        ink: Ink = "dim" if state.is_default else "accent"
        line: list[Piece] = [(f" {section}", "dim"), (title, "text"), (value, "bad" if wrong else ink)]
        if setting.unit:
            line.append((f" {setting.unit}", "dim"))
        if state.source == "override":
            line.append(("  set by the command line or the environment", "dim"))
        if wrong:
            line.append((f"  {self.leitstand.glyphs.failed} wrong in the file", "bad"))
        return [line]

    def _explain(self) -> None:
        state: SettingState | None = self.query_one(RowList).selected
        shown = state.setting.path if state is not None else ""
        lines: list[Pieces] = [
            [(f"{self.leitstand.glyphs.warning} {problem.sentence}", "warn")]
            for problem in self._problems[:3]
            if not problem.key or not shown or problem.key == shown
        ]
        if state is not None:
            setting = state.setting
            lines.append([(setting.path, "accent"), (f"   {setting.expects}", "dim")])
            lines.append([(setting.description, "text")])
            default = value_text(setting.default) or "empty"
            after = "   works after a restart" if setting.restart else ""
            lines.append([(f"default {default}{after}", "dim")])
        lines.append([(one_line(self.leitstand.short(self._path), 300), "dim")])
        self.query_one("#settings-detail", Detail).say(lines)

    @on(RowList.Moved)
    def _moved(self) -> None:
        self._explain()

    @on(RowList.Opened)
    async def _opened(self) -> None:
        await self.action_change()

    @on(Input.Changed, "#filter")
    def _filtered(self) -> None:
        self._show()

    @on(Input.Submitted, "#filter")
    def _filter_done(self) -> None:
        self.query_one(RowList).focus()

    # Actions ------------------------------------------------------------------------------------

    async def action_change(self) -> None:
        """Flip a switch, offer the choices, or ask for a line."""
        state: SettingState | None = self.query_one(RowList).selected
        if state is None:
            return
        setting = state.setting
        if setting.kind == "switch":
            await self._save(setting.path, "off" if state.value else "on")
        elif setting.choices:
            from tui.modals.pick import Pick

            def chosen(value: str | None) -> None:
                if value is not None:
                    self.run_worker(self._save(setting.path, value), group="settings", exit_on_error=False)

            self.app.push_screen(Pick(setting.title, setting.choices, str(state.value)), chosen)
        elif setting.names:
            await self._choose_model(state)
        else:
            from tui.modals.ask import Ask

            async def take(text: str) -> None:
                await self.engine.config.set(setting.path, text)

            about = f"{setting.description} It is {setting.expects}."
            self.app.push_screen(
                Ask(setting.title, about, value_text(state.value), take, secret=setting.secret)
            )

    async def _choose_model(self, state: SettingState) -> None:
        """Choose a model from those there are; of a list, one is put in or taken out."""
        from tui.modals.choose import Choose

        setting, value = state.setting, state.value
        several = setting.kind == "list"
        chosen_now = [str(each) for each in value] if isinstance(value, list) else [str(value or "")]
        nothing = Option(_NOTHING, "none: as described", "the list is emptied" if several else "left empty")
        found = await self.leitstand.model_options(embedding=setting.names == "embedding model")
        missing = [
            Option(name, name, "not installed")
            for name in chosen_now
            if name and name not in {option.key for option in found}
        ]
        options = [nothing, *missing, *found]
        if several:
            taken = self.leitstand.glyphs.done
            options = [
                msgspec.structs.replace(option, mark=taken, mark_ink="good")
                if option.key in chosen_now
                else option
                for option in options
            ]

        def chosen(name: str | None) -> None:
            if name is None:
                return
            names = _toggled(chosen_now, name) if several else [] if name == _NOTHING else [name]
            words = ", ".join(names)
            self.run_worker(self._save(setting.path, words), group="settings", exit_on_error=False)

        current = "" if several else chosen_now[0] or _NOTHING
        self.app.push_screen(Choose(setting.title, options, current=current), chosen)

    async def _save(self, path: str, value: str) -> None:
        try:
            await self.engine.config.set(path, value)
        except LeitstandError as error:
            self.leitstand.say_error(error)
        await self.read()

    async def action_reset(self) -> None:
        """Back to the default."""
        state: SettingState | None = self.query_one(RowList).selected
        if state is None or state.is_default:
            return
        try:
            await self.engine.config.unset(state.setting.path)
        except LeitstandError as error:
            self.leitstand.say_error(error)
        await self.read()

    def action_filter(self) -> None:
        """Open the filter line."""
        line = self.query_one("#filter", Input)
        line.display = True
        self.set_focus(line)  # at once: the next letter may be on its way

    def action_clear_filter(self) -> None:
        """Show everything again."""
        line = self.query_one("#filter", Input)
        line.value = ""
        line.display = False
        self.query_one(RowList).focus()


def _toggled(names: list[str], name: str) -> list[str]:
    """A list with a name put in at its end, or taken out."""
    if name == _NOTHING:
        return []
    return [each for each in names if each != name] if name in names else [*names, name]
