"""Everything about the selected model, beside the list where the window is wide enough."""

from __future__ import annotations

from collections.abc import Hashable
from contextlib import suppress

from textual.containers import VerticalScroll
from textual.timer import Timer

from core.benchmarks.types import Reports
from core.errors import LeitstandError
from core.models.types import Fits, Model, ModelDetails
from tui.render import catalog_everything
from tui.render.pieces import Pieces
from tui.screens.catalog_view import CatalogView
from tui.widgets.detail import Detail

_PAUSE = 0.15
"""Seconds the cursor rests on a model before the server is asked about it."""


class CatalogBeside(CatalogView):
    """Reads up on the model under the cursor, once it rests there."""

    def __init__(self) -> None:
        super().__init__()
        self._read_up: tuple[Hashable, ModelDetails, Fits, Reports] | None = None
        """The model that was read up on, and what is known of it."""
        self._resting: Timer | None = None
        self._told = ""
        """The model whose story stands there."""

    def _explain(self) -> None:
        """Tell what the list knows at once, and the rest when it is here."""
        super()._explain()
        model: Model | None = self.rows.selected
        if not self.beside or model is None:
            self.query_one("#side-detail", Detail).say([])
            return
        wanted, known = _mark(model), self._read_up
        if known is not None and known[0] == wanted:
            details = catalog_everything.beside(model, known[1], known[2], known[3], self.look)
        else:
            details = catalog_everything.beside(model, ModelDetails(model=model), (), (), self.look)
            self._rest()
        self._tell(model, details)

    def _tell(self, model: Model, lines: list[Pieces]) -> None:
        if self._told != model.name:
            self._told = model.name
            self.query_one("#side", VerticalScroll).scroll_home(animate=False)
        self.query_one("#side-detail", Detail).say(lines)

    def _rest(self) -> None:
        if self._resting is not None:
            self._resting.stop()
        self._resting = self.set_timer(_PAUSE, self._ask_soon)

    def _ask_soon(self) -> None:
        self.run_worker(self._ask_about(), group="beside", exclusive=True, exit_on_error=False)

    async def _ask_about(self) -> None:
        model: Model | None = self.rows.selected
        if model is None or not self.beside:
            return
        with suppress(LeitstandError):  # the page says that the server is away; what is known stays
            known = await self.read_up(model)
            self._read_up = (_mark(model), *known)
            self._explain()

    async def read_up(self, model: Model) -> tuple[ModelDetails, Fits, Reports]:
        """Ask for everything about one model."""
        details = await self.engine.models.show(model.name)
        fits = () if model.remote else await self.engine.models.fit_by_context(model.name)
        return details, fits, await self.engine.benchmarks.list(model.name, catalog_everything.MEASURED)


def _mark(model: Model) -> Hashable:
    """What makes it worth asking again."""
    held = model.memory
    return (model.name, model.digest, model.state, model.benchmark, held and (held.context, held.vram))
