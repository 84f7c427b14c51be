"""The downloads page's ground: what is on its way and what ended, following the engine."""

from __future__ import annotations

from collections.abc import Iterable

from textual import on
from textual.containers import Vertical
from textual.widget import Widget

from core.downloads.types import Download, DownloadChanged, Plan
from core.errors import LeitstandError
from core.jobs.types import JobsCleared
from tui.pages import page
from tui.render import downloads
from tui.render.downloads import Row
from tui.render.pieces import Piece, Pieces
from tui.screens.pulling import Pulling
from tui.widgets.detail import Detail
from tui.widgets.line import Line
from tui.widgets.row_list import RowList

_ENDED = 200
PULSE, MANY = 0.4, 4
"""Seconds between two pictures while nothing but numbers changes, and from how many on twice as long."""


class DownloadsView(Pulling):
    """A line a download, and the story of the selected one under them."""

    PAGE = "downloads"
    DEFAULT_CSS = """
    DownloadsView #download-detail { height: 9; }
    DownloadsView.-narrow #download-detail { height: 8; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.known: dict[int, Download] = {}
        self.plans: dict[int, Plan | None] = {}
        """What each one brings; None while it is asked, or where nobody knows."""
        self._showing = False
        self._readings: list[dict[int, Download]] = []

    def body(self) -> Iterable[Widget]:
        """All together, the list, and what is to say about the selected one."""
        with Vertical(id="downloads"):
            yield Line(id="together")
            yield RowList(self._paint, key=downloads.row_key, selectable=downloads.selectable, id="list")
            yield Line(id="rule")
            yield Detail(id="download-detail")

    def follow_facts(self) -> None:
        """Follow downloads."""
        self.follow(DownloadChanged, self._changed)
        self.follow(JobsCleared, self._cleared)
        self.rows.focus()
        self.rows.put((), words=[[("Reading the downloads…", "dim")]])

    @property
    def rows(self) -> RowList[Row]:
        """The list."""
        return self.query_one("#list", RowList)

    @property
    def selected(self) -> Download | None:
        """The download the cursor is on."""
        row = self.rows.selected
        return row if isinstance(row, Download) else None

    # What is known ------------------------------------------------------------------------------

    async def read(self) -> None:
        """Read everything that is on its way, and what ended."""
        told: dict[int, Download] = {}
        self._readings.append(told)
        try:
            found = await self.engine.downloads.list(_ENDED)
        finally:
            self._readings.remove(told)
        # What was told meanwhile is newer than what was read.
        self.known = {each.id: each for each in found} | told
        self.show_rows()

    def _changed(self, event: DownloadChanged) -> None:
        download = event.download
        before = self.known.get(download.id)
        if before is not None and before.unfinished != download.unfinished:
            self.plans.pop(download.id, None)
        self.known[download.id] = download
        for told in self._readings:
            told[download.id] = download
        if before is None or (before.state, before.position) != (download.state, download.position):
            self.call_next(self.show_rows)
        elif not self._showing:
            # Those that move are shown together.
            self._showing = True
            moving = self.leitstand.facts.downloads.moving
            self.set_timer(PULSE if moving <= MANY else 2 * PULSE, self.show_rows)

    def offers(self, id: str) -> bool:
        """What makes sense for the selected download."""
        download = self.selected
        unfinished = download is not None and download.unfinished
        return {
            "downloads.pause": unfinished,
            "downloads.cancel": unfinished,
            "downloads.retry": download is not None and download.state in ("failed", "cancelled"),
            "downloads.up": unfinished and download is not None and download.position is not None,
            "downloads.down": unfinished and download is not None and download.position is not None,
            "downloads.pause_all": any(each.unfinished for each in self.known.values()),
        }.get(id, True)

    def on_resize(self) -> None:
        """Give the list every line where there are few."""
        super().on_resize()
        if self.is_mounted and self.query("#rule"):
            self.give_lines("#rule", "#download-detail")

    async def _cleared(self, _: JobsCleared) -> None:
        await self.resync()

    # What is shown ------------------------------------------------------------------------------

    def show_rows(self) -> None:
        """Show what is known."""
        self._showing = False
        self.rows.put(downloads.rows(self.known.values()), words=self._words())
        glyphs = self.leitstand.glyphs
        self.query_one("#together", Line).put(downloads.together(self.leitstand.facts.downloads, glyphs))
        self.query_one("#rule", Line).put([(glyphs.rule * self.size.width, "rule")])
        self._explain()

    def _look(self, row: Row | None) -> downloads.Look:
        flow = self.leitstand.flow
        glyphs, now = self.leitstand.glyphs, self.engine.clock.now()
        if flow is None or not isinstance(row, Download):
            return downloads.Look(glyphs, now)
        return downloads.Look(glyphs, now, tuple(flow.speeds.get(row.id, ())), flow.still_for(row, now))

    def _paint(self, row: Row, width: int) -> list[Pieces]:
        return [downloads.paint(row, width, self._look(row))]

    @on(RowList.Moved)
    def _moved(self) -> None:
        self._explain()

    def _explain(self) -> None:
        download = self.selected
        self.show_keys()
        lines: list[Pieces] = []
        if download is not None:
            flow = self.leitstand.flow
            troubles = tuple(flow.troubles.get(download.id, ())) if flow else ()
            plan = self.plans.get(download.id)
            lines = downloads.story(download, plan, troubles, self._look(download))
            if download.unfinished and download.state != "proving" and download.id not in self.plans:
                self.plans[download.id] = None
                self.run_worker(self._plan(download), group="plan", exit_on_error=False)
        self.query_one("#download-detail", Detail).say(lines)

    async def _plan(self, download: Download) -> None:
        """Ask what it brings, once; where that fails the download itself says why."""
        try:
            self.plans[download.id] = await self.engine.downloads.plan(download.name)
        except LeitstandError:
            return
        self._explain()

    def _words(self) -> list[Pieces]:
        """Teach where nothing was ever fetched."""
        begin: list[Piece] = [("d", "key"), (" fetches a model by its name", "dim")]
        if page("catalog") is not None:
            begin += [("; ", "dim"), ("ctrl+g 2", "key"), (" offers the well-known ones.", "dim")]
        return [
            [("Nothing is being fetched.", "strong")],
            [("", "text")],
            [("Models come from the Ollama registry, from hf.co, or from a host of your own.", "text")],
            [("What is fetched stands here, a line a model: how far, how fast. It goes on", "text")],
            [("when this page is left, and where it stopped when Leitstand starts again.", "text")],
            [("", "text")],
            begin,
        ]
