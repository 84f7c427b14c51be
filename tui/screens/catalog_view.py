"""The catalogue page's ground: models with what fits, following the engine."""

from __future__ import annotations

from collections.abc import Iterable

from textual import on
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widget import Widget
from textual.widgets import Input

from core.benchmarks.types import KIND as BENCHMARK
from core.bus import Event
from core.downloads.types import DownloadChanged
from core.errors import LeitstandError
from core.jobs.types import UNFINISHED, JobChanged, JobFilter
from core.models.types import Model, ModelsChanged
from core.ollama import names
from core.ollama.connection import ServerChanged
from tui import keymap
from tui.render import catalog, catalog_detail
from tui.render.model_board import ModelBoard
from tui.render.pieces import Pieces
from tui.screens.pulling import SHORT, Pulling
from tui.widgets.detail import Detail
from tui.widgets.entry import Entry
from tui.widgets.line import Line
from tui.widgets.row_list import RowList

SHOWN = ("model.load", BENCHMARK)
"""The kinds of the jobs that are told in a model's row."""


_BESIDE = 160
"""From that width on the whole story of a model stands beside the list."""
_SIDE = 65
"""The columns that takes."""


class CatalogView(Pulling):
    """One list of all models, and the story of the selected one under it."""

    PAGE = "catalog"
    DEFAULT_CSS = """
    CatalogView #top { height: 1; }
    CatalogView #filter { width: 32; }
    CatalogView #models { scrollbar-gutter: stable; }
    CatalogView #model-detail { height: 7; }
    CatalogView.-narrow #model-detail { height: 6; }
    CatalogView #side { display: none; width: 64; margin: 0 0 0 1; border-left: solid $ink-rule; }
    CatalogView.-beside #side { display: block; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.board = ModelBoard()
        self._showing = False
        self._judging = False
        self._readings: list[list[Event]] = []
        """What was told while each of the snapshots that are being read is on its way."""

    def body(self) -> Iterable[Widget]:
        """The filter, the heads, the list, and what is to say about the selected model."""
        with Horizontal(id="halves"):
            with Vertical(id="catalog"):
                with Horizontal(id="top"):
                    filter_line = Entry(placeholder="Name, family, tools, code…", id="filter")
                    filter_line.display = False
                    yield filter_line
                    yield Line(id="filters")
                yield Line(id="heads")
                yield RowList(self._paint, key=lambda model: model.name, id="models")
                yield Line(id="rule")
                yield Detail(id="model-detail")
            with VerticalScroll(id="side", can_focus=False):
                yield Detail(id="side-detail")

    def follow_facts(self) -> None:
        """Follow models and loads; a clock's tick keeps countdowns true."""
        self.follow(ModelsChanged, self._changed)
        self.follow(JobChanged, self._job_changed)
        self.follow(DownloadChanged, self._changed)
        self.follow(ServerChanged, self._server_changed)
        self._ticks = self.set_interval(1.0, self._tick)
        self.rows.focus()
        self.rows.put((), words=[[("Reading the models…", "dim")]])

    @property
    def beside(self) -> bool:
        """Whether there is room for a model's whole story beside the list."""
        return self.size.width >= _BESIDE

    @property
    def rows(self) -> RowList[Model]:
        """The list."""
        return self.query_one("#models", RowList)

    # What is known ------------------------------------------------------------------------------

    async def read(self) -> None:
        """Read all models and what is being loaded; whether they fit follows."""
        told: list[Event] = []
        self._readings.append(told)
        try:
            loads = await self.engine.jobs.list(JobFilter(states=UNFINISHED, kinds=SHOWN))
            pulls = await self.engine.downloads.list(0)
            models = await self.engine.models.list("all")
        finally:
            self._readings.remove(told)
        self.board.take(models, loads, pulls)
        for event in told:
            self._apply(event)
        self.show_rows()
        self._judge_soon()

    def _changed(self, event: Event) -> None:
        """Take a fact in; what is told while the snapshot is being read counts on top of it."""
        for told in self._readings:
            told.append(event)
        self._apply(event)
        self._show_soon()
        if isinstance(event, ModelsChanged):
            self._judge_soon()
        else:
            self.rows.repaint()

    def _apply(self, event: Event) -> None:
        if isinstance(event, ModelsChanged):
            self.board.changed(event)
        elif isinstance(event, DownloadChanged):
            self.board.pull_changed(event.download)
        elif isinstance(event, JobChanged) and event.job.kind in SHOWN:
            self.board.load_changed(event.job)

    def _job_changed(self, event: JobChanged) -> None:
        if event.job.kind in SHOWN:
            self._changed(event)

    async def _server_changed(self, _: ServerChanged) -> None:
        await self.resync()

    def _judge_soon(self) -> None:
        """Ask what fits, once for many changes; it may wait for a look at the machine."""
        if not self._judging:
            self._judging = True
            self.run_worker(self._judge(), group="fits", exit_on_error=False)

    async def _judge(self) -> None:
        self._judging = False
        try:
            fits = await self.engine.models.fits("all")
        except LeitstandError as error:
            self.leitstand.say_error(error)
            return
        if self.board.take_fits(fits):
            self.rows.repaint()
            self.show_rows()

    def _tick(self) -> None:
        if self.board.counts_down:
            self.rows.repaint()
            self._explain()

    def on_screen_suspend(self) -> None:
        """Rest while nobody looks."""
        self._ticks.pause()

    async def on_screen_resume(self) -> None:
        """Read again what happened meanwhile."""
        self._ticks.resume()
        await super().on_screen_resume()

    def on_resize(self) -> None:
        """Lay everything out for the new width."""
        super().on_resize()
        if self.is_mounted and self.query("#heads"):
            self._frame()
            for id in ("#rule", "#model-detail"):
                self.query_one(id).display = self.size.height >= SHORT and not self.beside

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
        self._frame()
        self._explain()

    @property
    def look(self) -> catalog.Look:
        """What the drawing needs besides a model."""
        return catalog.Look(self.board, self.leitstand.glyphs, self.engine.clock.now())

    def _paint(self, model: Model, width: int) -> list[Pieces]:
        return [catalog.row(model, width, self.look)]

    def _frame(self) -> None:
        self.set_class(self.beside, "-beside")
        glyphs, width = self.leitstand.glyphs, self.size.width - (_SIDE if self.beside else 0)
        typing = self.query_one("#filter", Input).display
        left, right = catalog.filters(self.board, len(self.rows.rows), glyphs, typing=typing, width=width)
        self.query_one("#filters", Line).put(left, right)
        self.query_one("#heads", Line).put([(" ", "dim"), *catalog.head(width - 2)])
        self.query_one("#rule", Line).put([(glyphs.rule * width, "rule")])

    @on(RowList.Moved)
    def _moved(self) -> None:
        self._explain()

    def _explain(self) -> None:
        model = self.rows.selected
        lines = catalog_detail.below(model, self.look) if model is not None else []
        self.show_keys()
        self.query_one("#model-detail", Detail).say(lines)

    def offers(self, id: str) -> bool:
        """What makes sense for the selected model."""
        model: Model | None = self.rows.selected
        if id == "catalog.download":
            fetchable = model is not None and not model.remote
            new = model is not None and (not model.installed or model.version == "outdated")
            return (fetchable and new) or (model is None and bool(self.typed_name()))
        here = model is not None and model.installed and not model.remote
        in_memory = model is not None and model.memory is not None
        return {
            "catalog.load": here and not in_memory,
            "catalog.bench": here and model is not None and model.can("completion") is not False,
            "catalog.unload": in_memory,
            "catalog.delete": model is not None and model.installed,
            "catalog.favourite": model is not None,
            "catalog.details": model is not None,
        }.get(id, True)

    def typed_name(self) -> str:
        """What was typed as a filter, where nothing is like it and it could be a name."""
        text = self.board.text.strip()
        try:
            return names.parse(text).shown if text and not self.rows.rows else ""
        except LeitstandError:
            return ""

    def _words(self) -> list[Pieces]:
        """Teach where nothing is listed."""
        board = self.board
        if not board.models:
            return [
                [("No model is known.", "strong")],
                [("", "text")],
                [("The server has none, or it is away; the list of well-known models is empty too.", "text")],
                [(self._key("catalog.refresh"), "key"), (" asks the server again.", "dim")],
            ]
        words = "No model is like that."
        why = "Fewer words, or another choice of what is listed, show more."
        if board.which in ("here", "memory") and self.leitstand.facts.away_note:
            words = "What the server has is not known."
            why = "It does not answer. Only well-known models can be listed until it does."
        elif board.which == "memory" and not board.text:
            words, why = "No model is in memory.", "One is loaded when it is asked something, or by key here."
        elif board.only_fitting and all(fit.verdict == "unknown" for fit in board.fits.values()):
            words = "What fits is not known."
            why = "No GPU's memory can be seen from here: the server is elsewhere, or it has none."
        lines: list[Pieces] = [
            [(words, "strong")],
            [("", "text")],
            [(why, "text")],
            [(self._key("catalog.all"), "key"), (" lists all models again.", "dim")],
        ]
        if typed := self.typed_name():
            key = self._key("catalog.download")
            first = "enter, then " if self.query_one("#filter", Input).display else ""
            lines.append([(f"{first}{key}", "key"), (f" asks the registry for {typed}.", "dim")])
        return lines

    def _key(self, id: str) -> str:
        """The keys of a command, as people read them."""
        key = next(key for key in keymap.KEYS if key.id == id)
        return keymap.shown(keymap.effective(key, self.leitstand.key_overrides))
