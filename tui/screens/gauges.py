"""Gauges: the machine at a glance, for minutes or for days, in a window or in a pane of ten lines."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Iterable
from pathlib import Path
from typing import Any

import msgspec
from textual import on
from textual.widget import Widget

from core.errors import LeitstandError, NotFound
from core.jobs.types import LaneChanged, LaneState
from core.telemetry.types import History, Panel, Sample, Sampled
from tui import keymap
from tui.render import machine, machine_export
from tui.render.machine_past import METRICS, ZOOMS, Past, beat, resolution, until
from tui.render.machine_scene import GPU_ORDERS, PROCESS_ORDERS, Scene
from tui.screens.base import EngineScreen
from tui.screens.gauge_files import write_files
from tui.terminal.options import LEAST
from tui.widgets.machine_view import MachineView

RENEW_AFTER = 30.0
"""Seconds between two renewals of a watch; it lasts three times as long."""

SMALL = 14
"""Below so many lines the gauges take those of the chrome, too."""

_DAY = 86_400.0


class GaugesScreen(EngineScreen):
    """One picture of the machine, drawn anew when it was looked at."""

    PAGE = "gauges"
    BINDINGS = keymap.bindings("gauges")

    def __init__(self) -> None:
        super().__init__()
        self._scene = Scene()
        self._latest: Sample | None = None
        self._watches: dict[Panel, str] = {}
        self._renewed = 0.0
        self._changing = asyncio.Lock()
        self._beat = -1
        self._plan: tuple[Hashable, machine.Plan] | None = None

    def body(self) -> Iterable[Widget]:
        """One drawn area."""
        yield MachineView(id="machine")

    @property
    def _view(self) -> MachineView:
        return self.query_one("#machine", MachineView)

    @property
    def _shown(self) -> bool:
        """The page is the one that is seen, or lies under its own dialog."""
        return self in self.app.screen_stack

    # Life ---------------------------------------------------------------------------------------

    def follow_facts(self) -> None:
        """Follow the machine, and how many questions wait."""
        self.follow(Sampled, self._sampled)
        self.follow(LaneChanged, self._lane_changed)
        self._view.focus()
        self._fit_chrome()

    async def read(self) -> None:
        """Look closely from now on, and show what is known already."""
        await self._follow_panels()
        for lane in await self.engine.jobs.lanes():
            self._queue(lane)
        sample = await self.engine.telemetry.latest()
        if sample.host_age is not None or sample.gpus_age is not None:
            self._latest = sample
            await self._show_latest()

    async def on_screen_suspend(self) -> None:
        """Look no more when another page is shown."""
        if not self._shown:
            await self._follow_panels()

    async def _follow_panels(self) -> None:
        """Watch what is open, and nothing else."""
        if not self.leitstand.engine_ready:
            return
        async with self._changing:
            wanted = set(self._panels())
            telemetry = self.engine.telemetry
            for panel in self._watches.keys() - wanted:
                await telemetry.release(self._watches.pop(panel))
            for panel in wanted - self._watches.keys():
                self._watches[panel] = (await telemetry.watch(panel)).id
                self._renewed = self.engine.clock.monotonic()

    def _panels(self) -> Iterable[Panel]:
        if not self._shown:
            return
        yield "gauges"
        # With one GPU the server's word says who holds its memory; with several only their processes do.
        if self._scene.processes or len(self._scene.gpus) > 1:
            yield "processes"
        if self._scene.traffic:
            yield "pcie"

    async def _renew(self) -> None:
        now = self.engine.clock.monotonic()
        if now - self._renewed < RENEW_AFTER:
            return
        self._renewed = now
        async with self._changing:
            for panel, watch in list(self._watches.items()):
                try:
                    await self.engine.telemetry.renew(watch)
                except NotFound:
                    # The machine slept for longer than a watch lasts.
                    self._watches[panel] = (await self.engine.telemetry.watch(panel)).id

    # What is known ------------------------------------------------------------------------------

    async def _sampled(self, event: Sampled) -> None:
        self._latest = event.sample
        await self._renew()
        if not self._scene.frozen:
            await self._show_latest()

    def _lane_changed(self, event: LaneChanged) -> None:
        self._queue(event.lane)
        self._draw()

    def _queue(self, lane: LaneState) -> None:
        if lane.name == "inference":
            self._change(queue=(lane.running, lane.waiting))

    async def _show_latest(self) -> None:
        sample = self._latest
        if sample is None:
            return
        self._change(sample=sample)
        await self._follow_panels()
        if self._scene.host is None or any(gpu.key not in self._scene.facts for gpu in sample.gpus):
            static = await self.engine.telemetry.static()
            self._change(facts={facts.key: facts for facts in static.gpus}, host=static.host)
        now = beat(self._scene.span, self._columns, sample.at)
        if now != self._beat:
            self._beat = now
            await self._read_past()
        self._draw()

    @property
    def _columns(self) -> int:
        """About as many cells as the widest graph has."""
        return max(self._view.room.width // 2, 30)

    async def _read_past(self) -> None:
        """Read the history that ends with what is shown."""
        span, sample = self._scene.span, self._scene.sample
        since = self.engine.clock.now() - sample.at if self._scene.frozen and sample is not None else 0.0
        seconds = min(span.seconds + max(since, 0.0), _DAY)
        step = resolution(span, self._columns)
        history = await self.engine.telemetry.history(seconds, step, METRICS)
        if self._scene.frozen and sample is not None:
            history = until(history, sample.at)
        self._change(past=Past(history, span.seconds))

    def _change(self, **changes: Any) -> None:
        self._scene = msgspec.structs.replace(self._scene, **changes)

    # Drawing ------------------------------------------------------------------------------------

    def _draw(self) -> None:
        room = self._view.room
        if not room.width or not room.height:
            return
        server = self.leitstand.facts.server
        away = server is not None and server.phase in {"away", "wrong"}
        if (away, self.leitstand.glyphs) != (self._scene.away, self._scene.glyphs):
            self._change(away=away, glyphs=self.leitstand.glyphs)
        key = (room, machine.shape(self._scene))
        if self._plan is None or self._plan[0] != key:
            self._plan = (key, machine.choose(self._scene, *room))
        self._view.put(machine.draw(self._scene, self._plan[1], room.width))

    @on(MachineView.Resized)
    def _resized(self) -> None:
        self._draw()

    def on_resize(self) -> None:
        """Give the lines of the chrome to the gauges where there are few."""
        self._fit_chrome()
        super().on_resize()

    def _fit_chrome(self) -> None:
        small, alone = self.size.height < SMALL, self.leitstand.alone
        self.query_one("#tabs").display = not alone
        self.query_one("#keys").display = not small
        self.query_one("#status").display = not (small and alone)

    # Actions ------------------------------------------------------------------------------------

    async def action_processes(self) -> None:
        """Show or hide the processes."""
        self._change(processes=not self._scene.processes)
        await self._follow_panels()
        self._draw()

    async def action_traffic(self) -> None:
        """Show or hide the traffic on the bus."""
        self._change(traffic=not self._scene.traffic)
        await self._follow_panels()
        self._draw()

    def action_sort(self) -> None:
        """Sort what is listed by the next of its columns: the processes, or else the GPUs."""
        scene = self._scene
        if scene.processes:
            place = PROCESS_ORDERS.index(scene.process_order) + 1
            self._change(process_order=PROCESS_ORDERS[place % len(PROCESS_ORDERS)])
        else:
            place = GPU_ORDERS.index(scene.gpu_order) + 1
            self._change(gpu_order=GPU_ORDERS[place % len(GPU_ORDERS)])
        self._draw()

    async def action_zoom(self, step: int) -> None:
        """Look further back, or closer."""
        zoom = min(max(self._scene.zoom + step, 0), len(ZOOMS) - 1)
        if zoom == self._scene.zoom:
            return
        self._change(zoom=zoom)
        self._beat = -1
        if self._scene.sample is not None:
            await self._read_past()
        self._draw()

    async def action_freeze(self) -> None:
        """Hold the picture, or let it go on."""
        if self._scene.sample is None:
            return
        self._change(frozen=not self._scene.frozen)
        self._beat = -1
        if self._scene.frozen:
            self._draw()
        else:
            await self._show_latest()

    async def action_alerts(self) -> None:
        """Show what needs attention and what needed it."""
        if self.leitstand.engine_ready:
            from tui.modals.alerts import AlertsScreen

            self.app.push_screen(AlertsScreen(await self.engine.telemetry.alerts()))

    async def action_export(self) -> None:
        """Write the visible history to two files in the current directory."""
        scene = self._scene
        if scene.sample is None:
            return
        try:
            history = scene.past.history
            if not scene.frozen:
                finest = 1 if scene.span.seconds <= 3600 else 60
                history = await self.engine.telemetry.history(scene.span.seconds, finest)
            paths = await self.engine.tasks.in_thread(_export, scene, history, self.engine.clock.now())
        except LeitstandError as error:
            self.leitstand.say_error(error)
            return
        names = " and ".join(path.name for path in paths)
        self.leitstand.toast("good", f"Written to {names}", self.leitstand.short(f"{paths[0].parent}/"))

    def least_size(self) -> tuple[int, int]:
        """Alone in a pane the gauges are laid out for a few lines, too."""
        return (LEAST[0], 4) if self.leitstand.alone else LEAST

    async def action_leave_alone(self) -> None:
        """Leave, where nothing but the gauges was asked for."""
        if self.leitstand.alone:
            await self.leitstand.action_leave()
        else:
            self.leitstand.toast("info", "q leaves where only the gauges were opened; here it is ctrl+q.")


def _export(scene: Scene, history: History, at: float) -> list[Path]:
    names = machine_export.subjects(scene.sample.gpus if scene.sample is not None else ())
    where = scene.host.name if scene.host is not None and scene.host.name else "this machine"
    title = f"Gauges of {where}, {scene.span.label}"
    return write_files(
        Path.cwd(),
        at,
        {
            "csv": machine_export.csv_text(history, names),
            "svg": machine_export.svg_text(history, names, title),
        },
    )
