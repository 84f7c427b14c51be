"""What the answer that is being given does, and how fast: said in the rule over the composer."""

from __future__ import annotations

from textual.timer import Timer

from core.chat.types import Turn
from core.jobs.types import Job, JobChanged
from tui.render.job_board import Pace
from tui.render.seam import seam
from tui.screens.conversation import Conversation
from tui.widgets.line import Line


class Pacing(Conversation):
    """Follows the job of the open chat's answer."""

    def __init__(self) -> None:
        super().__init__()
        self._pace = Pace()
        self._working: Job | None = None
        self._ticks: Timer | None = None

    def follow_facts(self) -> None:
        """Follow the jobs, too: once a second they tell how far they are."""
        self.follow(JobChanged, self._job_changed)
        super().follow_facts()

    def _job_changed(self, event: JobChanged) -> None:
        turn = self._last
        if turn is not None and turn.job_id == event.job.id:
            self._pace.see(event.job, self.engine.clock.monotonic())
            self._working = event.job
            # A picture of its own would make the text wait for the next one.
            self._talk.along(self._show_seam)

    def _take_turn(self, turn: Turn) -> None:
        super()._take_turn(turn)
        if turn.role == "assistant":
            self._show_seam()

    @property
    def _last(self) -> Turn | None:
        return next(reversed(self._turns.values()), None)

    def _show_seam(self) -> None:
        turn, job = self._last, self._working
        if job is not None and (turn is None or turn.job_id != job.id):
            job = None
        self._tick(running=turn is not None and not turn.ended)
        line = self.query_one("#seam", Line)
        line.put(
            seam(
                turn,
                job,
                self._pace.speed(job) if job is not None else None,
                now=self.engine.clock.now(),
                width=max(0, line.size.width),
                glyphs=self.leitstand.glyphs,
            )
        )

    def _tick(self, *, running: bool) -> None:
        """Count on every second while nothing comes, so that silence is seen as such."""
        if running and self._ticks is None:
            self._ticks = self.set_interval(1.0, self._count_on)
        elif not running and self._ticks is not None:
            self._ticks.stop()
            self._ticks = None

    def _count_on(self) -> None:
        self._talk.along(self._show_seam)
