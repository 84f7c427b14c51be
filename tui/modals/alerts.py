"""The log of the machine's alerts: what stands, and what was."""

from __future__ import annotations

import time
from collections.abc import Sequence

from core.guard import one_line
from core.telemetry.types import Alert
from tui.format import duration
from tui.glyphs import Glyphs
from tui.modals.reader import Reader
from tui.render.pieces import Pieces
from tui.theme import Ink

BAD: Ink = "bad"
WARN: Ink = "warn"


class AlertsScreen(Reader):
    """A reading list of alerts."""

    def __init__(self, alerts: Sequence[Alert]) -> None:
        super().__init__("Alerts", "esc back")
        self._alerts = alerts

    def lines(self) -> Sequence[Pieces]:
        """Write them down."""
        return alert_log(self._alerts, self.leitstand.glyphs)


def alert_log(alerts: Sequence[Alert], glyphs: Glyphs) -> list[Pieces]:
    """Return the alerts as lines: when, how long, what, and what to do while it lasts."""
    if not alerts:
        return [
            [("Nothing needed attention.", "strong")],
            [
                (
                    "Full memory, heat, a full disk, a model that spills to the CPU: all that is kept here.",
                    "dim",
                )
            ],
        ]
    lines: list[Pieces] = []
    for alert in alerts:
        began = time.strftime("%d %b %H:%M", time.localtime(alert.since))
        if alert.ended is None:
            grave = alert.level == "error"
            mark, ink = (glyphs.failed, BAD) if grave else (glyphs.warning, WARN)
            lines.append([(f"{mark} {began}  now  ", ink), (one_line(alert.text, 300), "text")])
            lines.append([("  " + one_line(alert.hint, 300), "dim")])
        else:
            lasted = duration(alert.ended - alert.since).strip()
            lines.append([(f"{glyphs.done} {began}  for {lasted}  {one_line(alert.text, 300)}", "dim")])
    return lines
