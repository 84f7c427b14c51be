"""What was reported since the start, newest first."""

from __future__ import annotations

import time
from collections.abc import Sequence

from core.bus import Level, Notice
from core.guard import one_line
from tui.modals.reader import Reader
from tui.render.pieces import Pieces
from tui.theme import Ink

INKS: dict[Level, Ink] = {"info": "text", "good": "good", "warning": "warn", "error": "bad"}
WORDS: dict[Level, str] = {"info": "note", "good": "done", "warning": "warning", "error": "error"}


class NoticesScreen(Reader):
    """A reading list of notices."""

    def __init__(self, notices: tuple[Notice, ...]) -> None:
        super().__init__("Notices", "esc back", wide=False)
        self._notices = notices

    def lines(self) -> Sequence[Pieces]:
        """Write them down."""
        return notice_lines(self._notices)


def notice_lines(notices: tuple[Notice, ...]) -> list[Pieces]:
    """Return the notices as lines: when, what, and what to do."""
    if not notices:
        return [
            [("Nothing was reported.", "strong")],
            [("Warnings and finished work are listed here.", "dim")],
        ]
    lines: list[Pieces] = []
    for notice in notices:
        when = time.strftime("%H:%M:%S", time.localtime(notice.at)) if notice.at else ""
        head = f"{when} {WORDS[notice.level]}".strip()
        lines.append([(f"{head}  ", INKS[notice.level]), (one_line(notice.text, 600), "text")])
        if notice.hint:
            lines.append([("  " + one_line(notice.hint, 600), "dim")])
    return lines
