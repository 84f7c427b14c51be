"""Health: what works, what does not, and the exact line that mends it."""

from __future__ import annotations

from collections.abc import Iterable

from textual import on
from textual.widget import Widget

from core.guard import one_line
from core.health import Check
from core.ollama.connection import ServerChanged
from tui import keymap
from tui.render.pieces import Pieces, column
from tui.screens.base import EngineScreen
from tui.theme import Ink
from tui.widgets.detail import Detail
from tui.widgets.row_list import RowList

INKS: dict[str, Ink] = {"ok": "good", "warn": "warn", "fail": "bad"}


class HealthScreen(EngineScreen):
    """A list of checks; the selected one is explained below."""

    PAGE = "health"
    BINDINGS = keymap.bindings("health")

    def body(self) -> Iterable[Widget]:
        """The list and the explanation."""
        yield RowList(self._paint, key=lambda check: check.check, id="checks")
        yield Detail(id="check-detail")

    def follow_facts(self) -> None:
        """Check again when the server's state changes."""
        self.follow(ServerChanged, self._server_changed)
        self.query_one(RowList).focus()
        self.query_one(RowList).put((), words=[[("Checking…", "dim")]])

    async def _server_changed(self, _: ServerChanged) -> None:
        await self.read()

    async def read(self) -> None:
        """Run every check and show what came of it, the troubles first."""
        checks = await self.engine.health.checks()
        checks += await self.engine.tasks.in_thread(self.leitstand.terminal_checks)
        if not self.query(RowList):
            return  # the page was left while the checks ran
        order = {"fail": 0, "warn": 1, "ok": 2}
        self.query_one(RowList).put(sorted(checks, key=lambda check: order[check.state]))
        self._explain()

    def _paint(self, check: Check, width: int) -> list[Pieces]:
        glyphs = self.leitstand.glyphs
        sign = {"ok": glyphs.done, "warn": glyphs.warning, "fail": glyphs.failed}[check.state]
        return [
            [
                (f" {sign} ", INKS[check.state]),
                (column(one_line(check.check, 40), 24), "strong" if check.state != "ok" else "text"),
                (
                    one_line(self.leitstand.short(check.message), 400),
                    "text" if check.state != "ok" else "dim",
                ),
            ]
        ]

    @on(RowList.Moved)
    def _moved(self) -> None:
        self._explain()

    def _explain(self) -> None:
        check: Check | None = self.query_one(RowList).selected
        if check is None:
            return
        lines: list[Pieces] = [
            [("", "text")],
            [(one_line(self.leitstand.short(check.message), 800), INKS[check.state])],
        ]
        if check.hint:
            lines.append([(hint, "text") for hint in (check.hint,)])
        self.query_one("#check-detail", Detail).say(lines)

    async def action_refresh_checks(self) -> None:
        """Run every check again."""
        self.query_one(RowList).put((), words=[[("Checking…", "dim")]])
        await self.resync()

    async def action_copy(self) -> None:
        """Copy the line that mends the selected check."""
        check: Check | None = self.query_one(RowList).selected
        if check is not None:
            await self.leitstand.copy(check.hint or check.message)
