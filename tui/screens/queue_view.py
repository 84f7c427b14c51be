"""The queue page's ground: lanes, jobs and the story of the selected one, following the engine."""

from __future__ import annotations

from collections.abc import Iterable

from textual import on
from textual.containers import Vertical
from textual.widget import Widget

from core.jobs.types import UNFINISHED, Job, JobChanged, JobFilter, JobsCleared, Lane, LaneChanged, Plan
from tui.pages import page
from tui.render.job_board import MOST_WAITING, JobBoard, Pace, Row, Section, row_key, selectable, states
from tui.render.job_detail import of_job, of_lane
from tui.render.jobs import Look, paint
from tui.render.pieces import Piece, Pieces
from tui.screens.base import EngineScreen
from tui.widgets.detail import Detail
from tui.widgets.entry import Entry
from tui.widgets.line import Line
from tui.widgets.row_list import RowList

_ENDED_AT_ONCE = 100


class QueueView(EngineScreen):
    """A section a lane, the ended jobs below, and the story of the selected one under them."""

    PAGE = "queue"
    DEFAULT_CSS = """
    QueueView #jobs { scrollbar-gutter: stable; }
    QueueView #job-detail { height: 8; }
    QueueView.-narrow #job-detail { height: 6; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.board = JobBoard()
        self._pace = Pace()
        self._ended_wanted = _ENDED_AT_ONCE
        self._showing = False

    def body(self) -> Iterable[Widget]:
        """A filter, the list, and what is to say about the selected row."""
        with Vertical(id="queue"):
            filter_line = Entry(placeholder="Words in the title…", id="filter")
            filter_line.display = False
            yield filter_line
            yield RowList(self._paint, key=row_key, selectable=selectable, id="jobs")
            yield Line(id="rule")
            yield Detail(id="job-detail")

    def follow_facts(self) -> None:
        """Follow jobs and lanes; a clock's tick keeps times and forecasts true."""
        self.follow(JobChanged, self._job_changed)
        self.follow(LaneChanged, self._lane_changed)
        self.follow(JobsCleared, self._cleared)
        self._ticks = self.set_interval(1.0, self._tick)
        self.rows.focus()
        self.rows.put((), words=[[("Reading the queue…", "dim")]])

    @property
    def rows(self) -> RowList[Row]:
        """The list."""
        return self.query_one("#jobs", RowList)

    @property
    def selected_job(self) -> Job | None:
        """The job the cursor is on."""
        row = self.rows.selected
        return row if isinstance(row, Job) else None

    @property
    def selected_lane(self) -> Lane | None:
        """The lane the cursor is in."""
        row = self.rows.selected
        if isinstance(row, Section):
            return row.lane.name
        return row.lane if isinstance(row, Job) else None

    # What is known ------------------------------------------------------------------------------

    async def read(self) -> None:
        """Read the plan, what the plan does not name, and what ended."""
        jobs, text = self.engine.jobs, self.board.text
        plan = await jobs.plan()
        others: list[Job] = []
        if text:
            others += await jobs.list(JobFilter(states=UNFINISHED, text=text, limit=3 * MOST_WAITING))
        for name in _beyond(plan):
            others += await jobs.list(JobFilter(states=("waiting",), lanes=(name,), limit=MOST_WAITING))
        if any(lane.held for lane in plan.lanes):
            others += await jobs.list(JobFilter(states=("held",), limit=MOST_WAITING))
        await self._read_ended()
        self.board.take(plan, others)
        self._see(plan.running)
        self.rows.repaint()  # what is expected and when stands in them, though the rows be the same
        self.show_rows()

    async def _read_ended(self) -> None:
        wanted = JobFilter(states=states(self.board.which), text=self.board.text, limit=self._ended_wanted)
        self.board.ended = await self.engine.jobs.list(wanted)

    def _job_changed(self, event: JobChanged) -> None:
        self.board.changed(event.job)
        self._see((event.job,))
        self._show_soon()

    def _lane_changed(self, event: LaneChanged) -> None:
        self.board.lane_changed(event.lane)
        self._show_soon()

    async def _cleared(self, event: JobsCleared) -> None:
        self.board.cleared(event.states)
        # Only those that ended long ago may be gone: what is left says the engine.
        await self._read_ended()
        self._show_soon()

    async def _tick(self) -> None:
        if self.leitstand.engine_ready and self.board.busy:
            plan = await self.engine.jobs.plan()
            self.board.replan(plan)
            self._see(plan.running)
            self.rows.repaint()
            self.show_rows()

    def _see(self, jobs: Iterable[Job]) -> None:
        for job in jobs:
            self._pace.see(job, self.engine.clock.monotonic())

    def on_screen_suspend(self) -> None:
        """Rest while nobody looks."""
        self._ticks.pause()

    async def on_screen_resume(self) -> None:
        """Read again what happened meanwhile."""
        self._ticks.resume()
        await super().on_screen_resume()

    # What is shown ------------------------------------------------------------------------------

    def _show_soon(self) -> None:
        """Many facts come at once: they are shown together."""
        if not self._showing:
            self._showing = True
            self.call_next(self.show_rows)

    def show_rows(self) -> None:
        """Show what is known."""
        self._showing = False
        self.rows.put(self.board.rows(), words=self._words())
        self._explain()

    @property
    def _look(self) -> Look:
        return Look(self.leitstand.glyphs, self.engine.clock.now(), self._pace.speed)

    def _paint(self, row: Row, width: int) -> list[Pieces]:
        return paint(row, width, self._look)

    @on(RowList.Moved)
    async def _moved(self) -> None:
        self._explain()
        if len(self.board.ended) >= self._ended_wanted and self.rows.selected == self.board.ended[-1]:
            self._ended_wanted += _ENDED_AT_ONCE
            await self._read_ended()
            self.show_rows()

    def _explain(self) -> None:
        row = self.rows.selected
        lines: list[Pieces] = []
        if isinstance(row, Job):
            lines = of_job(row, self._look)
        elif isinstance(row, Section):
            lines = of_lane(row.lane, self._look)
        self.query_one("#rule", Line).put([(self.leitstand.glyphs.rule * self.size.width, "rule")])
        self.query_one("#job-detail", Detail).say(lines)

    def _words(self) -> list[Pieces]:
        begin: list[Piece] = [("ctrl+g", "key"), (" goes to another page.", "dim")]
        if page("chat") is not None:
            begin = [("ctrl+g 1", "key"), (" opens the chat: ask something.", "dim")]
        return [
            [("Nothing runs and nothing waits.", "strong")],
            [("", "text")],
            [("Answers, downloads and other long work stand in line here, a line each for", "text")],
            [("the model server, the network and this machine. You see what runs next and", "text")],
            [("why, and can cancel, hold, move or repeat any of it.", "text")],
            [("", "text")],
            begin,
        ]


def _beyond(plan: Plan) -> list[Lane]:
    """Lanes in which somebody waits whom the plan does not name: too far behind, or not able to start."""
    named = [job.lane for job in plan.waiting]
    return [lane.name for lane in plan.lanes if named.count(lane.name) < min(lane.waiting, MOST_WAITING)]
