"""What the status line says on every page: read once, then followed."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import msgspec

from core.errors import LeitstandError
from core.jobs.types import Lane, LaneChanged, LaneState
from core.models.types import ModelsChanged
from core.ollama.connection import ServerChanged, ServerState
from core.telemetry.types import Sampled
from tui.facts import QueueFacts

if TYPE_CHECKING:
    from tui.app import LeitstandApp
    from tui.flow import Flow


class Knowledge:
    """Gathers the facts of the status line for the app."""

    def __init__(self, app: LeitstandApp) -> None:
        self._app = app
        self.lanes: dict[Lane, LaneState] = {}
        self.flow: Flow | None = None

    def follow(self) -> None:
        """Hear of everything from the first picture on."""
        bridge = self._app.bridge
        bridge.follow_always(ServerChanged, self._on_server)
        bridge.follow_always(Sampled, lambda event: self._app.know(sample=event.sample))
        bridge.follow_always(LaneChanged, self._on_lane)
        bridge.follow_always(ModelsChanged, self._on_models)

    def follow_downloads(self) -> None:
        """See how downloads flow, whichever page is shown; imported late, the first picture needs none."""
        from core.downloads.types import DownloadChanged
        from tui.flow import Flow

        flow = self.flow = Flow()
        told = 0.0

        def seen(event: DownloadChanged) -> None:
            nonlocal told
            now = self._app.engine.clock.monotonic()
            flow.see(event.download, self._app.engine.clock.now())
            before, facts = self._app.facts.downloads, flow.facts
            # The speed of many changes all the time: once a second is often enough to read it.
            if msgspec.structs.replace(before, speed=None) != msgspec.structs.replace(facts, speed=None) or (
                now - told >= 1.0
            ):
                told = now
                self._app.know(downloads=facts)

        self._app.bridge.follow_always(DownloadChanged, seen)

    async def read(self) -> None:
        """Read everything as it is now; whoever is gone meanwhile comes back with a Resync."""
        engine = self._app.engine
        with contextlib.suppress(LeitstandError):
            self._on_server(ServerChanged(await engine.server.state()))
            await self.read_lanes()
            if self.flow is not None:
                self.flow.take(await engine.downloads.list(0))
                self._app.know(downloads=self.flow.facts)
            await self._read_loaded()

    async def read_lanes(self) -> None:
        """Read how much there is to do, as it is now."""
        self.lanes = {lane.name: lane for lane in await self._app.engine.jobs.lanes()}
        self._count()

    async def _read_loaded(self) -> None:
        self._app.know(loaded=tuple(model.name for model in await self._app.engine.models.loaded()))

    def _on_server(self, event: ServerChanged) -> None:
        self._app.know(server=event.state, away_note=_away(event.state))

    def _on_lane(self, event: LaneChanged) -> None:
        self.lanes[event.lane.name] = event.lane
        self._count()

    async def _on_models(self, _: ModelsChanged) -> None:
        await self._read_loaded()

    def _count(self) -> None:
        queue = QueueFacts.of(self.lanes.values())
        if queue != self._app.facts.queue:
            self._app.know(queue=queue)


def _away(state: ServerState) -> str:
    """The words for the status line when nobody answers."""
    if state.phase == "away":
        return "AI temporarily unavailable"
    return "wrong server" if state.phase == "wrong" else ""
