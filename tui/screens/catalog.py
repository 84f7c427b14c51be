"""Catalog: every model there is, here or not, and everything that can be done with one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from textual import on
from textual.widgets import Input

from core.errors import LeitstandError, NotEnoughMemory
from core.guard import one_line
from core.models.fit import slower_words
from core.models.types import Fit, Model
from tui import format as fmt
from tui import keymap
from tui.modals.ask import Ask
from tui.modals.confirm import Confirm
from tui.modals.pick import Pick
from tui.modals.words import Words
from tui.render import catalog_everything
from tui.render.model_board import ABILITIES, ORDERS, WHICH
from tui.screens.catalog_making import CatalogMaking
from tui.widgets.row_list import RowList


class CatalogScreen(CatalogMaking):
    """Every key asks the engine and says what came of it."""

    BINDINGS = keymap.bindings("catalog")

    def _work(self, work: Awaitable[object], said: str = "") -> None:
        """Ask the engine; the page stays alive meanwhile."""
        self.run_worker(self._do(work, said), group="catalog", exit_on_error=False)

    async def _do(self, work: Awaitable[object], said: str = "") -> bool:
        try:
            await work
        except LeitstandError as error:
            self.leitstand.say_error(error)
            return False
        if said:
            self.leitstand.toast("good", said)
        return True

    def _chosen(self) -> Model | None:
        """The selected model; from now on the cursor stays with it, wherever it comes to stand."""
        self.rows.keep()
        return self.rows.selected

    def _here(self) -> Model | None:
        """The selected model, where the server has it; say so where it has not."""
        model = self._chosen()
        if model is not None and not model.installed:
            self.leitstand.toast("info", f"{_name(model)} is not here yet.", "d downloads it.")
            return None
        return model

    # Memory -------------------------------------------------------------------------------------

    def action_load(self) -> None:
        """Load the selected model; ask when it does not fit just so."""
        if (model := self._here()) is not None:
            self._work(self._load(model))

    async def _load(self, model: Model) -> None:
        try:
            await self.engine.models.load(model.name)
        except NotEnoughMemory as error:
            self._offer(model, await self.engine.models.fit(model.name), error)

    def _offer(self, model: Model, fit: Fit, error: NotEnoughMemory) -> None:
        """It does not fit: let the person choose what to do."""
        choices: dict[str, Callable[[], Awaitable[object]]] = {}
        models = self.engine.models
        if fit.could_unload:
            names = one_line(", ".join(fit.could_unload), 60)
            choices[f"Unload {names} first"] = partial(models.load, model.name, when_tight="make room")
        shorter = fit.largest_context
        if shorter and fit.context and shorter < fit.context:
            words = f"Load it with a context of {fmt.context(shorter).strip()}, which fits"
            choices[words] = partial(models.load, model.name, context=shorter)
        slow = f", {slower_words(fit)}" if fit.verdict == "spills" else ""
        choices[f"Load it anyway{slow}"] = partial(models.load, model.name, when_tight="anyway")
        self.leitstand.say_error(error)

        def chosen(words: str | None) -> None:
            if words is not None:
                self._work(choices[words]())

        self.app.push_screen(Pick(f"{_name(model)} does not fit just so", tuple(choices), ""), chosen)

    def action_unload(self) -> None:
        """Free the memory of the selected model."""
        model = self._here()
        if model is None:
            return
        if model.memory is None:
            self.leitstand.toast("info", f"{_name(model)} is not in memory.")
            return
        self._work(self._unload(model))

    async def _unload(self, model: Model) -> None:
        left = await self.engine.models.unload(model.name)
        busy = left.memory is not None
        words = f"{_name(model)} leaves when its answer is finished." if busy else f"Unloaded {_name(model)}."
        self.leitstand.toast("info" if busy else "good", words)

    def action_bench(self) -> None:
        """Measure how fast the selected model is here."""
        if (model := self._here()) is not None:
            words = f"{_name(model)} is measured in its turn."
            self._work(self.engine.benchmarks.run(model.name), f"{words} x on the Queue page ends it.")

    def action_unload_all(self) -> None:
        """Free the memory of every model."""
        self._work(self._unload_all())

    async def _unload_all(self) -> None:
        if not await self.engine.models.loaded():
            self.leitstand.toast("info", "No model is in memory.")
            return
        busy = await self.engine.models.unload_all()
        if busy:
            names = one_line(", ".join(model.name for model in busy), 120)
            self.leitstand.toast("info", f"Unloaded; these leave when their answers are finished: {names}.")
        else:
            self.leitstand.toast("good", "Every model is unloaded.")

    # Fetching -----------------------------------------------------------------------------------

    def action_download(self) -> None:
        """Fetch the selected model, or a newer version of it."""
        model = self._chosen()
        if model is None:
            if typed := self.typed_name():
                self.offer_pull(typed)
            return
        if self.board.pull_of(model) is not None:
            self.leitstand.toast("info", f"{_name(model)} is on its way already.", "ctrl+g 3 shows how far.")
        elif model.remote:
            self.leitstand.toast("info", f"{_name(model)} runs elsewhere: there is nothing to fetch.")
        else:
            self.offer_pull(model.name)

    # Disk ---------------------------------------------------------------------------------------

    def action_delete(self) -> None:
        """Delete the selected model after a question; on one that is about to go, keep it."""
        model = self._here()
        if model is None:
            return
        models = self.engine.models
        if model.leaves_at is not None:
            self._work(models.keep(model.name), f"{_name(model)} stays.")
            return
        seconds = fmt.duration(self.engine.config.current.models.undo).strip()
        size = f"{fmt.size(model.size).strip()} become free" if model.size else "Its files are removed"
        consequence = f"{size}, unless another model shares them. For {seconds} x takes it back."

        def answered(yes: bool | None) -> None:  # noqa: FBT001 - as Textual calls it
            if yes:
                self._work(models.delete(model.name))

        self.app.push_screen(Confirm(f"Delete {_name(model)}?", consequence, "delete it"), answered)

    def action_duplicate(self) -> None:
        """Give the selected model a second name."""
        model = self._here()
        if model is None:
            return

        async def take(text: str) -> None:
            made = await self.engine.models.copy(model.name, text.strip())
            self.leitstand.toast("good", f"{_name(made)} is there.")

        about = "A second name for the same files: it takes no room."
        self.app.push_screen(Ask(f"Copy {_name(model)} to", about, model.name, take))

    # What a person says of a model --------------------------------------------------------------

    def action_favourite(self) -> None:
        """Put the selected model on top of every list, or no longer."""
        if (model := self._chosen()) is not None:
            self._work(self.engine.models.set_favourite(model.name, favourite=not model.favourite))

    def action_default(self) -> None:
        """Let the selected model answer in new chats, or no longer."""
        model = self._here()
        if model is None:
            return
        words = (
            f"New chats ask {_name(model)}." if not model.default else "New chats ask the model used last."
        )
        self._work(self.engine.models.set_default("" if model.default else model.name), words)

    # Looking ------------------------------------------------------------------------------------

    @on(RowList.Opened)
    def _opened(self) -> None:
        self.action_details()

    def action_details(self) -> None:
        """Show everything that is known of the selected model."""
        if (model := self._chosen()) is not None:
            self._work(self._details(model))

    async def _details(self, model: Model) -> None:
        details, fits, measured = await self.read_up(model)
        lines = catalog_everything.everything(details, fits, measured, self.look)
        self.app.push_screen(Words(model.name, lines))

    async def action_refresh(self) -> None:
        """Ask the server what it has, and look at the memory again."""
        if await self._do(self.engine.models.sync()):
            await self.resync()

    async def action_copy_name(self) -> None:
        """Copy the name of the selected model."""
        if (model := self._chosen()) is not None:
            await self.leitstand.copy(model.name)

    # What is listed -----------------------------------------------------------------------------

    def action_next_order(self) -> None:
        """Sort by the next order."""
        self.board.order = ORDERS[(ORDERS.index(self.board.order) + 1) % len(ORDERS)]
        self.show_rows()

    def action_next_which(self) -> None:
        """List all models, those here, those in memory, those not here."""
        self.board.which = WHICH[(WHICH.index(self.board.which) + 1) % len(WHICH)]
        self.show_rows()

    def action_next_ability(self) -> None:
        """List only models that can do something: call tools, think, see, embed."""
        self.board.ability = ABILITIES[(ABILITIES.index(self.board.ability) + 1) % len(ABILITIES)]
        self.show_rows()

    def action_only_fitting(self) -> None:
        """List only what fits here, or everything."""
        self.board.only_fitting = not self.board.only_fitting
        self.show_rows()

    def action_filter(self) -> None:
        """Open the filter line."""
        line = self.query_one("#filter", Input)
        line.display = True
        self.set_focus(line)  # at once: the next letter may be on its way
        self.show_rows()

    def action_clear_filter(self) -> None:
        """List all models again."""
        self.board.unrestrict()
        line = self.query_one("#filter", Input)
        line.value = ""
        line.display = False
        self.rows.focus()
        self.show_rows()

    @on(Input.Changed, "#filter")
    def _filtered(self, event: Input.Changed) -> None:
        self.board.text = event.value
        self.show_rows()

    @on(Input.Submitted, "#filter")
    def _filter_done(self) -> None:
        self.query_one("#filter", Input).display = False
        self.rows.focus()
        self.show_rows()


def _name(model: Model) -> str:
    return one_line(model.name, 60)
