from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from core.errors import LoadFailed, ServerUnavailable
from core.jobs.context import JobContext
from core.jobs.types import Job, JobsCleared, Lane, NewJob, packed
from tests.core.jobs.shop import Play
from tests.pictures import assert_picture, screen_text
from tests.tui.conftest import NARROW, WIDE, OpenShell, Shell, both_ways
from tests.waiting import until
from tui.screens.queue import QueueScreen

pytestmark = both_ways

SIZES = pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])


class Stage:
    """The engine's real queue, with kinds whose handlers do what the test says."""

    def __init__(self, here: Shell) -> None:
        self.here = here
        self.jobs = here.engine.jobs
        self.plays: dict[int, list[Play]] = {}
        lanes: tuple[tuple[str, Lane], ...] = (
            ("chat.turn", "inference"),
            ("pull", "network"),
            ("read", "cpu"),
        )
        for kind, lane in lanes:
            self.jobs._kinds.pop(kind, None)  # what the engine itself runs would need models and files
            self.jobs.handle(kind, lane, self._play)

    async def _play(self, context: JobContext) -> object:
        play = Play(context)
        self.plays.setdefault(context.job.id, []).append(play)
        return await play.end

    async def ask(self, title: str, kind: str = "chat.turn", **values: Any) -> Job:
        job = await self.jobs.enqueue(NewJob(kind=kind, title=title, **values))
        track = self.jobs._ledger.tracks[job.lane]
        if not (track.runs or track.paused or track.rests_until):
            await self.playing(job)  # no time may pass before it has begun
        await self.settle()
        return job

    async def playing(self, job: Job, times: int = 1) -> Play:
        await until(lambda: len(self.plays.get(job.id, ())) >= times)
        return self.plays[job.id][times - 1]

    async def ended(self, job: Job) -> Job:
        found = await self.jobs.finished(job.id)
        # Its lane is free a moment later; until then the next one would not begin at once.
        await until(lambda: job.id not in self.jobs._ledger.tracks[job.lane].runs)
        await self.settle()
        return found

    async def settle(self) -> None:
        """Let the plan be told, which happens a few times a second at most."""
        await self.here.clock.advance(0.25)
        await self.here.pilot.pause()

    async def wait(self, seconds: float) -> None:
        """Let time pass in steps that the machine's sampler keeps up with."""
        here = self.here
        sources = here.engine.telemetry._sampler._sources.values()
        while seconds > 0:
            await here.clock.advance(min(seconds, 4))
            seconds -= 4
            # One that was slow to answer is asked nothing more: it is in no round, and yet not done.
            await until(lambda: all(source.asked_at is None for source in sources))

    async def planned(self) -> None:
        """Show the plan of this very moment, once everything that was told before has arrived."""
        here, heard = self.here, asyncio.Event()
        here.app.bridge.follow_always(JobsCleared, lambda _: heard.set())
        await self.jobs.pulse()
        here.engine.bus.publish(JobsCleared(()))
        async with asyncio.timeout(20):
            await heard.wait()
        await view(here).resync()
        await self.here.pilot.pause()

    async def shows(self, *words: str) -> str:
        """Wait until all these words are on the screen, and return it."""
        await self._seen(lambda text: all(word in text for word in words), words)
        return screen_text(self.here.app)

    async def says(self, title: str, *words: str) -> str:
        """Wait until the line of a job says all this, and return the line."""

        def there(text: str) -> bool:
            return all(word in line_with(text, f" {title} ") for word in words)

        await self._seen(there, (title, *words))
        return line_with(screen_text(self.here.app), f" {title} ")

    async def _seen(self, there: Callable[[str], bool], words: tuple[str, ...]) -> None:
        try:
            await until(lambda: there(screen_text(self.here.app)), within=10)
        except TimeoutError:
            raise AssertionError(f"{words} not in:\n{screen_text(self.here.app)}") from None


def line_with(text: str, words: str) -> str:
    return next((line for line in text.splitlines() if words in line), "")


@SIZES
async def test_an_empty_queue_explains_itself(shell: OpenShell, size: tuple[int, int]) -> None:
    async with shell("queue", size) as here:
        stage = Stage(here)
        text = await stage.shows("Nothing runs and nothing waits.")
        assert "ctrl+g 1" in text
        assert_picture(here.app, "queue-empty")


async def busy(stage: Stage) -> None:
    """A server that answers, a download, six who wait, one that failed, two that are done."""
    done = await stage.ask("What is a B-tree?", model="llama3.1:8b")
    play = await stage.playing(done)
    await stage.wait(12)
    play.returns({"tokens": 412})
    await stage.ended(done)
    failed = await stage.ask("Write a haiku about glue code", model="mixtral:8x22b", max_attempts=1)
    play = await stage.playing(failed)
    await stage.wait(31)
    play.raises(LoadFailed("mixtral:8x22b needs more memory than there is.", "Choose a smaller model."))
    await stage.ended(failed)
    running = await stage.ask("Backup script for Postgres", model="qwen3-coder:30b", max_attempts=2)
    play = await stage.playing(running)
    await stage.ask("Why is the sky polarised?", model="llama3.1:8b")
    await stage.ask(
        "Tabellen aus PDF lesen", model="qwen3-coder:30b", payload=packed({"turn": 12, "text": "x" * 40})
    )
    await stage.ask("Summarise the minutes", model="llama3.1:8b")
    await stage.ask("Name three rivers", model="llama3.1:8b", priority="batch")
    aside = await stage.ask("Translate the manual", model="gemma3:27b")
    await stage.jobs.hold(aside.id)
    pull = await stage.ask("qwen3:8b", kind="pull")
    await play.context.phase("loading")
    await stage.wait(8)
    await play.context.phase("reading prompt")
    await stage.wait(1)
    play.context.progress(text="answering", numbers={"tokens": 1})
    await stage.shows(" 1 tok")
    await stage.wait(10)
    play.context.progress(numbers={"tokens": 383})
    await stage.shows("383 tok")
    play = await stage.playing(pull)
    await play.context.phase("downloading")
    play.context.progress(percent=64.2, numbers={"speed": 41.2e6, "eta": 252.0})
    await stage.jobs.pause("cpu")
    await stage.ask("Index ~/papers", kind="read")
    await stage.settle()


@SIZES
async def test_lanes_show_what_runs_what_waits_and_why(shell: OpenShell, size: tuple[int, int]) -> None:
    async with shell("queue", size) as here:
        stage = Stage(here)
        await busy(stage)
        text = await stage.shows("38.2 tok/s", "64 %", "paused", "queue 7")
        lines = [line.strip("▌ ") for line in text.splitlines()]
        order = [
            next(at for at, line in enumerate(lines) if words in line)
            for words in (
                "Inference", "Backup script", "Tabellen aus PDF", "Why is the sky", "Summarise", "Name three",
                "Translate", "Network", "qwen3:8b", "This machine", "Index",
            )
        ]  # fmt: skip
        assert order == sorted(order)
        assert "generating" in line_with(text, "Backup script")
        assert "its model is loaded" in line_with(text, "Tabellen")
        assert "2 wait for llama3.1:8b" in line_with(text, "Why is")
        assert " 41.2 MB/s" in line_with(text, " 64 %")
        assert "set aside" in line_with(text, "Translate")
        await until(lambda: " stale" not in screen_text(here.app))
        await stage.planned()
        assert_picture(here.app, "queue")


async def test_what_ended_stands_below_newest_first(shell: OpenShell) -> None:
    async with shell("queue") as here:
        stage = Stage(here)
        await busy(stage)
        text = await stage.shows("Finished")
        below = text[text.index("Finished") :]
        assert below.index("haiku") < below.index("B-tree")
        assert "needs more memory" in line_with(below, "haiku")
        assert "done  in 12 s" in line_with(below, "B-tree")


@SIZES
async def test_a_failure_says_what_happened_and_what_to_do(shell: OpenShell, size: tuple[int, int]) -> None:
    async with shell("queue", size) as here:
        stage = Stage(here)
        failed = await stage.ask("Write a haiku about glue code", model="mixtral:8x22b", max_attempts=1)
        hint = "Choose a smaller model, or unload another one."
        (await stage.playing(failed)).raises(LoadFailed("mixtral:8x22b needs 84 GB; there are 32 GB.", hint))
        await stage.ended(failed)
        away = await stage.ask("Why is the sky polarised?", model="llama3.1:8b")
        (await stage.playing(away)).raises(ServerUnavailable("Nobody answers at http://gpubox:11434."))
        await until(lambda: here.engine.jobs._ledger.tracks["inference"].rests_until is not None)
        await stage.settle()
        await stage.shows("next try in")
        await here.pilot.press("G")
        text = await stage.shows(hint)
        assert "r runs it again" in text
        assert "tried again soon: Nobody" in line_with(text, "Why is the sky")
        await stage.planned()
        await stage.shows("next try in 1.8 s")
        assert_picture(here.app, "queue-error")


async def test_a_run_is_followed_from_phase_to_phase(shell: OpenShell) -> None:
    async with shell("queue") as here:
        stage = Stage(here)
        first = await stage.ask("First", model="a:1b")
        second = await stage.ask("Second", model="a:1b")
        await stage.says("Second", "its model is loaded")
        play = await stage.playing(first)
        for phase in ("loading", "reading prompt"):
            await play.context.phase(phase)
            await stage.says("First", phase)
        play.context.progress(text="thinking", numbers={"tokens": 10})
        await stage.says("First", "thinking", "10 tok")
        await here.clock.advance(4)
        play.context.progress(text="answering", numbers={"tokens": 110})
        await stage.says("First", "25.0 tok/s")
        assert "generating" in line_with(screen_text(here.app), "First")
        play.returns()
        await stage.ended(first)
        await stage.playing(second)
        await stage.says("Second", "●")
        assert "✓" in line_with(screen_text(here.app), "First")


async def test_columns_stay_where_they_are_while_numbers_grow(shell: OpenShell) -> None:
    async with shell("queue") as here:
        stage = Stage(here)
        play = await stage.playing(await stage.ask("First", model="a:1b"))
        await play.context.phase("reading prompt")
        places = set()
        for tokens in (1, 12, 345, 6789, 12_345):
            await here.clock.advance(3)
            play.context.progress(numbers={"tokens": tokens})
            shown = f"{tokens}" if tokens < 1000 else f"{tokens / 1000:.1f}"[:3].rstrip(".") + "k"
            await stage.shows(f"{shown} tok ")
            line = line_with(screen_text(here.app), "First")
            places.add((line.index(" tok "), line.index("tok/s") if "tok/s" in line else None, len(line)))
        assert len({place for place, _, _ in places}) == 1
        assert len({place for _, place, _ in places if place is not None}) == 1
        assert len({length for _, _, length in places}) == 1


async def test_what_waits_is_cancelled_at_once_and_retry_takes_it_back(shell: OpenShell) -> None:
    async with shell("queue") as here:
        stage = Stage(here)
        await stage.ask("First", model="a:1b")
        second = await stage.ask("Second", model="a:1b")
        await stage.shows("Second")
        await here.pilot.press("down", "x")
        await stage.says("Second", "cancelled")
        assert (await stage.jobs.get(second.id)).state == "cancelled"
        assert line_with(screen_text(here.app), " First ").startswith("▌")
        await here.pilot.press("r")
        await stage.settle()
        await stage.says("Second", "○")
        assert (await stage.jobs.get(second.id)).state == "waiting"


async def test_what_runs_is_cancelled_only_after_a_yes(shell: OpenShell) -> None:
    async with shell("queue") as here:
        stage = Stage(here)
        job = await stage.ask("First", model="a:1b")
        await stage.playing(job)
        await stage.shows("First")
        await here.pilot.press("x")
        await stage.shows("Cancel “First”?")
        await here.pilot.press("escape")
        await here.pilot.pause()
        assert (await stage.jobs.get(job.id)).state == "running"
        await here.pilot.press("x")
        await stage.shows("Cancel “First”?")
        await here.pilot.press("y")
        assert (await stage.ended(job)).state == "cancelled"
        await until(lambda: "Cancelled: First. r runs it again." in told(here))


async def test_a_job_is_set_aside_and_released_with_space(shell: OpenShell) -> None:
    async with shell("queue") as here:
        stage = Stage(here)
        running = await stage.ask("First", model="a:1b")
        await stage.ask("Second", model="a:1b")
        await stage.shows("Second")
        await here.pilot.press("down", "space")
        await stage.says("Second", "set aside")
        await here.pilot.press("space")
        await stage.settle()
        await stage.says("Second", "its model")
        await here.pilot.press("up", "space")
        await stage.shows("Set “First” aside?")
        await here.pilot.press("enter")
        await until(lambda: "Set aside: First" in told(here))
        await stage.says("First", "◌")
        assert (await stage.jobs.get(running.id)).state == "held"


async def test_a_lane_is_paused_from_any_of_its_jobs_and_goes_on_again(shell: OpenShell) -> None:
    async with shell("queue") as here:
        stage = Stage(here)
        await stage.ask("First", model="a:1b")
        await stage.ask("Second", model="a:1b")
        await stage.shows("Second")
        await here.pilot.press("p")
        text = await stage.shows("▲ paused")
        assert "paused" in line_with(text, "Inference")
        await stage.shows("queue 2 ▲ paused")
        await here.pilot.press("p")
        await until(lambda: "paused" not in screen_text(here.app))


async def test_a_lane_of_an_empty_queue_is_paused_by_name_and_then_stands_there(shell: OpenShell) -> None:
    async with shell("queue") as here:
        stage = Stage(here)
        await stage.shows("Nothing runs")
        await here.pilot.press("p")
        await stage.shows("Pause a lane")
        await here.pilot.press("down", "enter")
        text = await stage.shows("▲ paused")
        assert "paused" in line_with(text, "Network")
        await here.pilot.press("down")
        await stage.shows("Paused: nothing new starts here. p resumes it.")
        await here.pilot.press("p")
        await stage.shows("Nothing runs")


async def test_more_or_fewer_run_at_once_by_key(shell: OpenShell) -> None:
    async with shell("queue") as here:
        stage = Stage(here)
        await stage.ask("First", model="a:1b")
        second = await stage.ask("Second", model="a:1b")
        await stage.shows("1 of 1 running")
        await here.pilot.press("plus")
        await stage.playing(second)
        await stage.settle()
        await stage.shows("2 of 2 running")
        await here.pilot.press("minus", "minus")
        await stage.shows("2 of 1 running")


async def test_a_waiting_job_is_moved_up_and_down(shell: OpenShell) -> None:
    async with shell("queue") as here:
        stage = Stage(here)
        await stage.ask("Running", model="a:1b")
        for title in ("First", "Second", "Third"):
            await stage.ask(title, model="a:1b")

        def order() -> list[str]:
            text = screen_text(here.app)
            return sorted(("First", "Second", "Third"), key=lambda title: text.index(f" {title} "))

        await stage.shows("Third")
        await here.pilot.press("down", "down", "down", "K")
        await until(lambda: order() == ["First", "Third", "Second"])
        assert (await stage.jobs.list())[2].title == "Third"
        await here.pilot.press("shift+up")
        await until(lambda: order() == ["Third", "First", "Second"])
        await here.pilot.press("shift+up")  # it is the first: nothing happens
        await here.pilot.press("J")
        await until(lambda: order() == ["First", "Third", "Second"])
        assert line_with(screen_text(here.app), " Third ").startswith("▌")
        await stage.shows("moved here by hand")


async def test_finished_jobs_are_filtered_and_cleared(shell: OpenShell) -> None:
    async with shell("queue") as here:
        stage = Stage(here)
        done = await stage.ask("Done one", kind="read")
        (await stage.playing(done)).returns()
        await stage.ended(done)
        failed = await stage.ask("Failed one", kind="read")
        (await stage.playing(failed)).raises(RuntimeError("private words"))
        await stage.ended(failed)
        assert "private words" not in await stage.shows("Done one", "Failed one")
        await here.pilot.press("f")
        assert "Done one" not in await stage.shows("only failed", "Failed one")
        await here.pilot.press("c")
        await stage.shows("Forget every failed job?")
        await here.pilot.press("y")
        await stage.shows("there are none")
        await here.pilot.press("f")
        await stage.shows("only done", "Done one")
        await here.pilot.press("escape", "c")
        await stage.shows("Forget every finished job?")
        await here.pilot.press("y")
        await stage.shows("Nothing runs and nothing waits.")
        await here.pilot.press("c")
        await until(lambda: "Nothing here has ended yet." in told(here))
        assert await stage.jobs.list() == []


async def test_words_find_jobs_by_their_title(shell: OpenShell) -> None:
    async with shell("queue") as here:
        stage = Stage(here)
        for title in ("Write about rivers", "Write about hills", "Rivers of Spain"):
            await stage.ask(title, model="a:1b")
        await stage.shows("Spain")
        await here.pilot.press("slash", *"rivers")
        await until(lambda: "hills" not in screen_text(here.app))
        await stage.shows("Write about rivers", "Rivers of Spain")
        await here.pilot.press("enter", "escape")
        await stage.shows("hills")


async def test_enter_leads_to_the_page_of_the_thing_or_says_that_there_is_none(shell: OpenShell) -> None:
    async with shell("queue") as here:
        stage = Stage(here)
        await stage.ask("Index papers", kind="read")
        await stage.ask("Question", kind="chat.turn", model="a:1b")
        await stage.shows("Question", "Index papers")
        await here.pilot.press("G", "enter")
        await until(lambda: "belongs to no page" in told(here))
        await here.pilot.press("g", "enter")
        await until(lambda: here.app.current_mode == "chat")


async def test_what_is_long_shows_its_front_and_counts_the_rest(shell: OpenShell) -> None:
    async with shell("queue") as here:
        stage = Stage(here)
        await stage.jobs.enqueue_many(
            [NewJob(kind="chat.turn", title=f"Question {n}", model="a:1b") for n in range(251)]
        )
        await stage.settle()
        await stage.shows("250 waiting", "queue 251")
        await here.pilot.press("G")
        text = await stage.shows("150 more wait behind them")
        assert "Question 100" in text
        assert "Question 101" not in text


async def test_older_finished_jobs_come_when_the_end_is_reached(shell: OpenShell) -> None:
    async with shell("queue") as here:
        stage = Stage(here)

        async def at_once(context: JobContext) -> None:
            return None

        stage.jobs.handle("quick", "cpu", at_once)
        jobs = await stage.jobs.enqueue_many([NewJob(kind="quick", title=f"Nr {n}") for n in range(120)])
        await stage.jobs.finished(jobs[-1].id)
        await stage.settle()
        await stage.shows("Nr 119")
        await here.pilot.press("G")
        await here.pilot.pause()
        await until(lambda: len(view(here).board.ended) == 120)
        await here.pilot.press("G")
        await stage.shows("Nr 0 ")


async def test_a_job_nobody_can_run_says_so(shell: OpenShell) -> None:
    async with shell("queue") as here:
        stage = Stage(here)
        stage.jobs.handle("strange", "cpu", stage._play)
        await stage.jobs.pause("cpu")
        await stage.ask("Left over", kind="strange")
        stage.jobs._kinds.pop("strange")
        await stage.settle()
        await here.pilot.press("ctrl+g", "8")
        await until(lambda: here.app.current_mode == "settings")
        await here.pilot.press("f4")
        await stage.says("Left over", "nothing here runs a strange")


async def test_the_page_reads_again_what_happened_while_it_was_hidden(shell: OpenShell) -> None:
    async with shell("queue") as here:
        stage = Stage(here)
        job = await stage.ask("First", model="a:1b")
        await stage.shows("First")
        await here.pilot.press("f8")
        await until(lambda: here.app.current_mode == "settings")
        (await stage.playing(job)).returns()
        await stage.ended(job)
        await stage.ask("Second", model="a:1b")
        await here.pilot.press("f4")
        await stage.shows("Second")
        await stage.says("First", "✓")


async def test_titles_and_errors_from_outside_stay_text(shell: OpenShell) -> None:
    async with shell("queue") as here:
        stage = Stage(here)
        job = await stage.ask("[red]\x1b]52;c;x\x07\u202e title", model="[b]m[/b]", max_attempts=1)
        (await stage.playing(job)).raises(LoadFailed("[@click=app.quit]no\x1b[2J", "\x9bhint"))
        await stage.ended(job)
        text = await stage.shows("[red]", "[b]m[/b]", "[@click=app.quit]no")
        assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(text)


async def test_a_terminal_that_shows_ascii_only_is_given_nothing_else(shell: OpenShell) -> None:
    async with shell("queue", config='[ui]\nglyphs = "ascii"\n') as here:
        stage = Stage(here)
        await busy(stage)
        text = await stage.shows("generating", "38.2 tok/s", "Finished")
        rows = [line.lstrip("▌") for line in text.splitlines()[1:-2]]
        assert [row for row in rows if not row.isascii()] == []


async def test_the_failure_is_copied_with_what_helps(shell: OpenShell) -> None:
    async with shell("queue", config='[ui]\nclipboard = "file"\n') as here:
        stage = Stage(here)
        job = await stage.ask("First", model="a:1b", max_attempts=1)
        (await stage.playing(job)).raises(LoadFailed("It did not load.", "Try a smaller one."))
        await stage.ended(job)
        await stage.shows("It did not load.")
        await here.pilot.press("G", "y")
        copied = here.engine.paths.cache / "copied.txt"
        await until(lambda: "aved in" in told(here))
        assert copied.read_text() == "It did not load. Try a smaller one."


def told(here: Shell) -> str:
    """What was said in a corner for a moment."""
    return " ".join(str(notice.message) for notice in here.app._notifications)


def view(here: Shell) -> QueueScreen:
    screen = here.app.screen
    assert isinstance(screen, QueueScreen)
    return screen
