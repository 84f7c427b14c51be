"""Queue: every lane with what runs, what waits and why in this order, what ended; and what to do about it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from textual import on
from textual.widgets import Input

from core.errors import LeitstandError
from core.guard import one_line
from core.jobs.types import Job, Lane, in_order
from tui import keymap
from tui.modals.confirm import Confirm
from tui.modals.pick import Pick
from tui.pages import page
from tui.render.job_board import WHICH, states
from tui.render.jobs import lane_name
from tui.screens.queue_view import QueueView
from tui.widgets.row_list import RowList

HOMES = {"chat": "chat", "download": "downloads", "model": "catalog"}
"""The page where the thing is that a job belongs to, by the first word of its kind."""


class QueueScreen(QueueView):
    """Every key asks the engine, says what came of it, and can be taken back."""

    BINDINGS = keymap.bindings("queue")

    def __init__(self) -> None:
        super().__init__()
        self._cancelled: list[Job] = []
        """What was cancelled here and can be taken back, the last at the end."""

    async def _do(self, work: Awaitable[object], said: str = "") -> None:
        """Ask the engine; say what came of it, and show it without waiting for the news."""
        self.rows.keep()
        try:
            await work
        except LeitstandError as error:
            self.leitstand.say_error(error)
        else:
            if said:
                self.leitstand.toast("good", said)
        await self.resync()

    def _do_later(self, work: Awaitable[object], said: str = "") -> None:
        self.run_worker(self._do(work, said), group="queue")

    def _ask(self, question: Confirm, work: Callable[[], Awaitable[object]], said: str = "") -> None:
        def answered(yes: bool | None) -> None:  # noqa: FBT001 - as Textual calls it
            if yes:
                self._do_later(work(), said)

        self.app.push_screen(question, answered)

    # One job ------------------------------------------------------------------------------------

    @on(RowList.Opened)
    async def _opened(self) -> None:
        await self.action_open_job()

    async def action_open_job(self) -> None:
        """Go to the page where the selected job's thing is."""
        job = self.selected_job
        if job is None:
            return
        home = HOMES.get(job.kind.partition(".")[0], "")
        if page(home) is not None:
            await self.leitstand.action_go(home)
        else:
            self.leitstand.toast("info", "This job belongs to no page; all there is to it stands below.")

    async def action_cancel_job(self) -> None:
        """End the selected job, asking first when it runs."""
        job = self.selected_job
        if job is None:
            return
        if not job.unfinished:
            self.leitstand.toast("info", f"It is {job.state} already. c clears what ended.")
            return
        said = f"Cancelled: {_name(job)}. r runs it again."
        if job.state != "running":
            await self._do(self._cancel(job), said)
            return
        question = Confirm(f"Cancel “{_name(job)}”?", "It stops now. r runs it again later.", "cancel it")
        self._ask(question, lambda: self._cancel(job), said)

    async def _cancel(self, job: Job) -> None:
        # The cursor stays in the line, at the next one, instead of following what leaves it.
        if (beside := self.board.neighbour(job)) is not None:
            self.rows.select(beside)
        await self.engine.jobs.cancel(job.id)
        self._cancelled.append(job)

    async def action_retry_job(self) -> None:
        """Let the selected job run again, or else the one that was cancelled last."""
        job = self.selected_job
        if (job is None or job.unfinished) and self._cancelled:
            job = self._cancelled[-1]
        if job is not None:
            self._cancelled = [other for other in self._cancelled if other.id != job.id]
            await self._do(self.engine.jobs.retry(job.id), f"In line again: {_name(job)}.")

    async def action_hold_job(self) -> None:
        """Set the selected job aside, asking first when it runs; or release it."""
        job, jobs = self.selected_job, self.engine.jobs
        if job is None:
            return
        if job.state == "held":
            await self._do(jobs.release(job.id))
        elif job.state != "running":
            await self._do(jobs.hold(job.id))
        else:
            consequence = "It stops now and begins anew when it is released with space."
            question = Confirm(f"Set “{_name(job)}” aside?", consequence, "set it aside")
            self._ask(question, lambda: jobs.hold(job.id), f"Set aside: {_name(job)}. space releases it.")

    async def action_move_job(self, step: int) -> None:
        """Let the selected job run before the one above it, or after the one below."""
        job = self.selected_job
        if job is None or job.state != "waiting" or job.position is None:
            return
        line = self.board.waiting(job.lane)
        at = [other.id for other in line].index(job.id) + step
        if not 0 <= at < len(line):
            return
        beside = line[at].position or job.position
        # The plan may differ from the line: a step never leads the other way.
        to = min(beside, job.position - 1) if step < 0 else max(beside, job.position + 1)
        if to >= 1:
            await self._do(self.engine.jobs.move(job.id, to))

    async def action_copy_job(self) -> None:
        """Copy what went wrong with the selected job, or its title."""
        job = self.selected_job
        if job is not None:
            error = job.error
            await self.leitstand.copy(job.title if error is None else f"{error.message} {error.hint}".strip())

    # A lane -------------------------------------------------------------------------------------

    async def action_pause_lane(self) -> None:
        """Pause the lane the cursor is in, or let it go on; without one, ask which."""
        lane = self.selected_lane
        if lane is not None:
            await self._do(self._turn(lane))
            return
        names = {lane_name(name): name for name in in_order(self.board.lanes)}

        def chosen(name: str | None) -> None:
            if name is not None:
                self._do_later(self._turn(names[name]))

        self.app.push_screen(Pick("Pause a lane", tuple(names), ""), chosen)

    async def _turn(self, lane: Lane) -> None:
        """Pause a lane that goes, let one go that is paused."""
        known = self.board.lanes.get(lane)
        if known is not None and known.paused:
            await self.engine.jobs.resume(lane)
        else:
            await self.engine.jobs.pause(lane)

    async def action_lane_width(self, step: int) -> None:
        """Let one more or one less of the lane's jobs run at once."""
        lane = self.selected_lane
        if lane is None or (known := self.board.lanes.get(lane)) is None:
            return
        width = known.width + step
        if width >= 1:
            await self._do(self.engine.jobs.set_width(lane, width))

    # What ended, and which are shown ------------------------------------------------------------

    async def action_next_which(self) -> None:
        """Show all ended jobs, or only the failed, the done, the cancelled."""
        self.board.which = WHICH[(WHICH.index(self.board.which) + 1) % len(WHICH)]
        await self.resync()

    async def action_clear_ended(self) -> None:
        """Forget the ended jobs of the kind that is shown."""
        if not self.board.ended:
            self.leitstand.toast("info", "Nothing here has ended yet.")
            return
        gone = states(self.board.which)
        what = "every finished job" if len(gone) > 1 else f"every {gone[0]} job"
        consequence = "They leave this list for good. What they did stays: answers, models, documents."
        self._ask(Confirm(f"Forget {what}?", consequence, "forget"), lambda: self.engine.jobs.clear(gone))

    def action_filter(self) -> None:
        """Open the filter line."""
        line = self.query_one("#filter", Input)
        line.display = True
        self.set_focus(line)  # at once: the next letter may be on its way

    async def action_clear_filter(self) -> None:
        """Show every job again."""
        line = self.query_one("#filter", Input)
        line.value = ""
        line.display = False
        self.rows.focus()
        self.board.which = "all"
        await self.resync()

    @on(Input.Changed, "#filter")
    async def _filtered(self, event: Input.Changed) -> None:
        self.board.text = " ".join(event.value.split())
        await self.resync()

    @on(Input.Submitted, "#filter")
    def _filter_done(self) -> None:
        self.rows.focus()


def _name(job: Job) -> str:
    return one_line(job.title, 40)
