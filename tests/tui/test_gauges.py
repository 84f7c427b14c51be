from __future__ import annotations

import asyncio
import csv
import io
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import msgspec
import pytest

from core.jobs.types import LaneChanged, LaneState
from core.telemetry.service import Sources
from core.telemetry.types import Gpu
from tests.fakes.clock import START
from tests.fakes.machine import CARD, FACTS, FakeMachine
from tests.pictures import assert_picture, screen_text
from tests.tui.conftest import NARROW, WIDE, OpenShell, Shell
from tests.tui.render.machines import FIRST, HOT, JOBS, MODELS, SECOND, history, several
from tests.waiting import until
from tui.screens.gauges import RENEW_AFTER, GaugesScreen
from tui.widgets.machine_view import MachineView

TWO = (FIRST, SECOND)
HUGE, PANE = (200, 60), (40, 10)


def page(here: Shell) -> GaugesScreen:
    return next(
        screen
        for stack in here.app._screen_stacks.values()
        for screen in stack
        if isinstance(screen, GaugesScreen)
    )


def seen_at(here: Shell) -> float | None:
    latest = page(here)._latest
    return None if latest is None else latest.at


def remember(here: Shell, gpus: Sequence[Gpu]) -> None:
    """Put five minutes into the history."""
    recorder = here.engine.telemetry._keeper.recorder
    past = history(tuple(gpus))
    for index in range(300):
        values = (((series.subject, series.metric), series.values[index]) for series in past.series)
        recorder.add(values, START - 300 + index, float(index - 300), 1.0)


async def looked(here: Shell, machine: FakeMachine, *, models: bool = True) -> None:
    """Let a second pass on a machine that answers a question."""
    await until(lambda: seen_at(here) is not None)
    remember(here, machine.gpus)
    if models:
        here.engine.telemetry._sources = Sources(lambda: MODELS, lambda: JOBS)
    page(here)._beat = -1  # the history is of before the page was opened
    await second(here)


async def second(here: Shell) -> None:
    """Let a second pass, and the page see what it brought."""
    await here.clock.sleepers()
    await here.clock.advance(1)
    await until(lambda: seen_at(here) == here.clock.now())
    await here.pilot.pause()


def told(here: Shell, words: str) -> bool:
    """Whether a toast says this."""
    return any(words in toast.message for toast in here.app._notifications)


@pytest.mark.parametrize("size", [WIDE, NARROW, HUGE], ids=["wide", "narrow", "huge"])
async def test_the_gauges_show_everything_that_fits(shell: OpenShell, size: tuple[int, int]) -> None:
    machine = FakeMachine(TWO)
    async with shell("gauges", size, machine=machine) as here:
        await looked(here, machine)
        text = screen_text(here.app)
        for words in ("GPU 0", "GPU 1", "94 %", "19.0 of 32.0 GiB", "qwen3-coder:30b", "38.2 tok/s", "cpu"):
            assert words in text
        assert_picture(here.app, "gauges")


async def test_a_pane_of_ten_lines_has_no_chrome_where_only_the_gauges_were_opened(shell: OpenShell) -> None:
    machine = FakeMachine((FIRST,))
    async with shell("gauges", PANE, machine=machine, alone=True) as here:
        await looked(here, machine)
        lines = screen_text(here.app).splitlines()
        assert lines[0].startswith(" GPU 0  RTX 5090")
        assert "ram" in lines[8]
        assert "disk" in lines[9]
        assert_picture(here.app, "gauges-pane")


async def test_among_the_other_pages_a_pane_says_where_one_is(shell: OpenShell) -> None:
    machine = FakeMachine((FIRST,))
    async with shell("gauges", PANE, machine=machine) as here:
        await looked(here, machine)
        lines = screen_text(here.app).splitlines()
        assert "Gauges" in lines[0]
        assert lines[1].startswith(" GPU 0")
        assert "127.0.0.1" in lines[9]


async def test_many_gpus_are_a_row_each_and_everything_stays_in_reach(shell: OpenShell) -> None:
    machine = FakeMachine(several(16))
    async with shell("gauges", WIDE, machine=machine) as here:
        await looked(here, machine)
        text = screen_text(here.app)
        assert all(f"\n {index:>2} " in text for index in range(16))
        assert_picture(here.app, "gauges-many")
        await here.pilot.resize_terminal(60, 12)
        await here.pilot.pause()
        view = page(here).query_one(MachineView)
        assert view.max_scroll_y == 0
        assert len(view.plain_lines()) <= view.room.height


async def test_without_a_gpu_the_host_is_shown_and_it_is_said_kindly(shell: OpenShell) -> None:
    machine = FakeMachine((), ())
    async with shell("gauges", WIDE, machine=machine) as here:
        await looked(here, machine, models=False)
        text = screen_text(here.app)
        assert "No GPU was found here: models run on the processor, which works and takes its time." in text
        assert "21.0 of 64.0 GiB" in text
        assert "RAM ███▎░░░░░░ 21.0/64.0 GiB" in text.splitlines()[-2]
        assert_picture(here.app, "gauges-no-gpu")


async def test_troubles_are_named_and_explained(shell: OpenShell) -> None:
    hot = msgspec.structs.replace(FIRST, temperature=86.0, throttle=("hot",))
    asleep = Gpu(
        "GPU-1", 1, "NVIDIA GeForce RTX 4090", "nvidia", "asleep", "It saves power and is not woken."
    )
    machine = FakeMachine((hot, asleep))
    async with shell("gauges", WIDE, machine=machine) as here:
        await looked(here, machine)
        for _ in range(11):  # heat has to last before it is an alert
            await second(here)
        text = screen_text(here.app)
        assert "▲ GPU 0 (NVIDIA GeForce RTX 5090) is 86 °C hot; it slows down at 88 °C." in text
        assert "◌ asleep" in text
        assert "▲ GPU hot" in text.splitlines()[-2]
        here.app.clear_notifications()
        await here.pilot.pause()
        assert_picture(here.app, "gauges-trouble")


async def test_ascii_is_enough(shell: OpenShell) -> None:
    machine = FakeMachine(TWO)
    async with shell("gauges", WIDE, machine=machine, config="[ui]\nglyphs = 'ascii'\n") as here:
        await looked(here, machine)
        lines = page(here).query_one(MachineView).plain_lines()
        assert all(line.isascii() for line in lines)
        assert any("AAAA" in line for line in lines)


# Watching ----------------------------------------------------------------------------------------


def panels(here: Shell) -> list[str]:
    interest = here.engine.telemetry._interest
    interest.expire(here.clock.monotonic())
    return sorted(panel for panel, _ in interest._watches.values())


async def test_the_machine_is_watched_closely_only_while_the_page_is_seen(shell: OpenShell) -> None:
    async with shell("health") as here:
        assert panels(here) == []
        await here.pilot.press("f5")
        await until(lambda: panels(here) == ["gauges"])
        await here.pilot.press("question_mark")
        await here.pilot.pause()
        assert panels(here) == ["gauges"]
        await here.pilot.press("escape", "f9")
        await until(lambda: panels(here) == [])
        await here.pilot.press("f5")
        await until(lambda: panels(here) == ["gauges"])


async def test_processes_and_the_bus_are_read_only_while_they_are_shown(shell: OpenShell) -> None:
    machine = FakeMachine((CARD,))
    async with shell("gauges", machine=machine) as here:
        await looked(here, machine)
        assert panels(here) == ["gauges"]
        await here.pilot.press("p", "i")
        await until(lambda: panels(here) == ["gauges", "pcie", "processes"])
        await second(here)
        await second(here)  # the bus is measured beside the rounds
        text = screen_text(here.app)
        assert "Processes" in text
        assert "llama-server" in text
        assert "↓ 12.1 MB/s  ↑ 3.20 MB/s" in text
        assert machine.asked[-1].processes
        assert_picture(here.app, "gauges-processes")
        await here.pilot.press("p", "i")
        await until(lambda: panels(here) == ["gauges"])
        assert "Processes" not in screen_text(here.app)


async def test_with_several_gpus_their_processes_say_who_holds_the_memory(shell: OpenShell) -> None:
    machine = FakeMachine(TWO)
    async with shell("gauges", machine=machine) as here:
        await until(lambda: panels(here) == ["gauges", "processes"])


async def test_a_watch_is_renewed_for_days_and_begun_anew_after_a_sleep(shell: OpenShell) -> None:
    machine = FakeMachine((FIRST,))
    async with shell("gauges", machine=machine) as here:
        await looked(here, machine)
        first = dict(page(here)._watches)
        for _ in range(5):
            # Not a second at a time: only the beats count.
            page(here)._renewed -= RENEW_AFTER
            await second(here)
        assert page(here)._watches == first
        here.engine.telemetry._interest._watches.clear()
        page(here)._renewed -= RENEW_AFTER
        await here.clock.advance(10)
        await until(lambda: panels(here) == ["gauges"])
        assert page(here)._watches != first


async def test_nothing_is_drawn_while_another_page_is_shown(
    shell: OpenShell, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = FakeMachine((FIRST,))
    async with shell("gauges", machine=machine) as here:
        await looked(here, machine)
        await here.pilot.press("f9")
        await until(lambda: panels(here) == [])
        put: list[object] = []
        monkeypatch.setattr(MachineView, "put", lambda view, lines: put.append(lines))
        await here.clock.advance(60)
        machine.gpus = (msgspec.structs.replace(FIRST, busy=1.0),)
        await until(lambda: here.app.facts.sample is not None and here.app.facts.sample.at > START + 50)
        assert put == []
        assert seen_at(here) == START + 1


async def test_only_lines_that_changed_are_painted(shell: OpenShell, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = FakeMachine((CARD,))
    async with shell("gauges", machine=machine) as here:
        await looked(here, machine, models=False)
        await second(here)
        painted: list[int] = []
        view = page(here).query_one(MachineView)
        before, plain = MachineView.render_line, view.plain_lines()

        def note(self: MachineView, y: int) -> Any:
            painted.append(y)
            return before(self, y)

        monkeypatch.setattr(MachineView, "render_line", note)
        await second(here)
        assert painted == []
        machine.gpus = (msgspec.structs.replace(CARD, power=333.0),)
        await second(here)
        [line] = [y for y, text in enumerate(view.plain_lines()) if "333 W" in text]
        assert (
            set(painted)
            == {line}
            == {y for y, (old, new) in enumerate(zip(plain, view.plain_lines(), strict=True)) if old != new}
        )


async def test_a_pane_that_stays_open_does_not_grow(shell: OpenShell) -> None:
    machine = FakeMachine((FIRST,))
    async with shell("gauges", machine=machine) as here:
        await looked(here, machine)

        async def minutes(count: int) -> tuple[int, int, int, int]:
            for index in range(count * 60):
                machine.gpus = (msgspec.structs.replace(FIRST, busy=float(index % 100)),)
                await here.clock.advance(1)
                await until(lambda: seen_at(here) == here.clock.now())
            view = page(here).query_one(MachineView)
            kept = len(view._strips) + len(view._styles) + len(page(here)._scene.past._drawn)
            return len(asyncio.all_tasks()), threading.active_count(), len(here.engine.tasks), kept

        before = await minutes(1)
        # Something may be on its way at any moment; what grew by a look would have grown by 60.
        assert all(now <= then + 6 for then, now in zip(before, await minutes(1), strict=True))


# Keys --------------------------------------------------------------------------------------------


async def test_a_frozen_picture_stays_until_it_is_let_go(shell: OpenShell) -> None:
    machine = FakeMachine((CARD,))
    async with shell("gauges", machine=machine) as here:
        await looked(here, machine)
        await here.pilot.press("space")
        machine.gpus = (msgspec.structs.replace(CARD, busy=12.0),)
        await second(here)
        text = screen_text(here.app)
        assert "frozen" in text
        assert "94 %" in text
        await here.pilot.press("right_square_bracket")
        assert "[1 h]" in screen_text(here.app)
        assert "94 %" in screen_text(here.app)
        await here.pilot.press("space")
        await here.pilot.pause()
        assert "12 %" in screen_text(here.app)
        assert "frozen" not in screen_text(here.app)


async def test_one_looks_further_back_and_closer(shell: OpenShell) -> None:
    machine = FakeMachine((FIRST,))
    async with shell("gauges", machine=machine) as here:
        await looked(here, machine)
        for key, label in (
            ("left_square_bracket", "[1 m]"),
            ("left_square_bracket", "[1 m]"),
            ("right_square_bracket", "[5 m]"),
            ("right_square_bracket", "[1 h]"),
            ("right_square_bracket", "[24 h]"),
            ("right_square_bracket", "[24 h]"),
        ):
            await here.pilot.press(key)
            assert label in screen_text(here.app)
        assert "busy 24 h" in screen_text(here.app)


async def test_what_is_listed_is_sorted(shell: OpenShell) -> None:
    machine = FakeMachine(several(12))
    async with shell("gauges", machine=machine) as here:
        await looked(here, machine)
        await here.pilot.press("s")
        rows = [line.split()[0] for line in page(here).query_one(MachineView).plain_lines()[2:14]]
        assert rows[:3] == ["8", "5", "2"]
        await here.pilot.press("p", "s")
        assert "by cpu" in screen_text(here.app)


async def test_waiting_questions_are_counted_as_they_come(shell: OpenShell) -> None:
    machine = FakeMachine((FIRST,))
    async with shell("gauges", machine=machine) as here:
        await looked(here, machine)
        here.engine.bus.publish(LaneChanged(LaneState(name="inference", width=1, running=1, waiting=4)))
        await until(lambda: "queue: 1 running, 4 waiting" in screen_text(here.app))
        here.engine.bus.publish(LaneChanged(LaneState(name="network", width=1, running=1, waiting=9)))
        await second(here)
        assert "queue: 1 running, 4 waiting" in screen_text(here.app)


async def test_the_visible_history_is_written_to_new_files(
    shell: OpenShell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    machine = FakeMachine(TWO)
    async with shell("gauges", machine=machine) as here:
        await looked(here, machine)
        for count in (2, 4):
            await here.pilot.press("e")
            await until(lambda: told(here, "Written to leitstand-gauges-"))
            assert len(list(Path.cwd().iterdir())) == count
            here.app.clear_notifications()
        tables = sorted(Path.cwd().glob("*.csv"))
        rows = list(csv.reader(io.StringIO(tables[0].read_text())))
        assert len(rows) > 290
        assert "GPU 1 NVIDIA GeForce RTX 4090 busy (%)" in rows[0]
        assert tables[0].name == tables[1].name.replace(".csv", "-2.csv")
        assert ElementTree.parse(tables[0].with_suffix(".svg")).getroot().tag.endswith("svg")


async def test_a_directory_that_cannot_be_written_to_is_said(
    shell: OpenShell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.setattr("tui.screens.gauges.Path.cwd", lambda: gone / "further")
    machine = FakeMachine((FIRST,))
    async with shell("gauges", machine=machine) as here:
        await looked(here, machine)
        await here.pilot.press("e")
        await until(lambda: told(here, "cannot be written to"))


async def test_the_log_of_alerts_is_a_key_away(shell: OpenShell) -> None:
    machine = FakeMachine((FIRST,))
    async with shell("gauges", machine=machine) as here:
        await looked(here, machine)
        await here.pilot.press("a")
        await until(lambda: "Nothing needed attention." in screen_text(here.app))
        await here.pilot.press("escape")
        keeper = here.engine.telemetry._keeper
        keeper._log = [msgspec.structs.replace(HOT, ended=START + 190)]
        await here.pilot.press("a")
        await until(lambda: "for 3 m 10 s  GPU 0 is 85 °C hot" in screen_text(here.app))
        await second(here)  # the page goes on under its dialog


async def test_q_leaves_only_where_nothing_else_was_opened(shell: OpenShell) -> None:
    async with shell("gauges", alone=True) as here:
        await here.pilot.press("q")
        await until(lambda: not here.app._running)
    async with shell("gauges") as here:
        await here.pilot.press("q")
        await here.pilot.pause()
        assert here.app._running
        assert "ctrl+q" in screen_text(here.app)


# The status line ---------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["settings", "health"])
async def test_every_page_says_how_full_the_memory_is(shell: OpenShell, where: str) -> None:
    machine = FakeMachine(TWO, (FACTS,))
    async with shell(where, machine=machine) as here:
        await here.clock.advance(10)
        await until(lambda: "VRAM ████░░░░░░ 22.1/56.0 GiB" in screen_text(here.app).splitlines()[-2])
