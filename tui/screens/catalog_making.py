"""The catalogue page's longer deeds: making new models, choosing tiers, asking for newer versions."""

from __future__ import annotations

from pathlib import Path

import msgspec

from core.errors import LeitstandError
from core.guard import one_line
from core.jobs.types import Job, JobChanged
from core.models.making import KIND as MAKE
from core.models.making import Created, Recipe
from core.models.types import TIERS, Model, Tier
from core.models.updates import KIND as UPDATES
from core.models.updates import Checked
from tui import format as fmt
from tui.modals.ask import Ask
from tui.modals.pick import Pick
from tui.screens.catalog_beside import CatalogBeside

_BY_ITSELF = "as it follows from the model"


class CatalogMaking(CatalogBeside):
    """Says what came of jobs that were begun here, while the page is looked at."""

    def follow_facts(self) -> None:
        """Follow what is made and asked."""
        super().follow_facts()
        self._begun: set[int] = set()

    # A new model --------------------------------------------------------------------------------

    def action_make(self) -> None:
        """Make a model from a Modelfile or a GGUF file."""

        async def take(path: str) -> None:
            recipe = await self.engine.models.recipe(_absolute(path))
            self.call_later(self._ask_name, recipe)

        about = "The path of a Modelfile, or of a GGUF file, on this machine."
        self.app.push_screen(Ask("Make a model from", about, "", take))

    def _ask_name(self, recipe: Recipe) -> None:
        """Ask what it shall be called, then begin."""
        models = self.engine.models

        async def take(name: str) -> None:
            if recipe.gguf:
                job = await models.create(name.strip(), gguf=recipe.path)
            else:
                job = await models.create(name.strip(), recipe.text, directory=recipe.directory)
            self._begun.add(job.id)
            self.leitstand.toast("good", f"{one_line(name, 60)} is being made.", "ctrl+g 4 shows how far.")

        base = one_line(recipe.base, 60)
        size = fmt.size(recipe.size).strip()
        about = f"From the GGUF file {base}, {size}." if recipe.gguf else f"A Modelfile on top of {base}."
        self.app.push_screen(Ask("What is it called?", about, recipe.name, take))

    # Tiers and versions -------------------------------------------------------------------------

    def action_tier(self) -> None:
        """Choose which questions the selected model is for."""
        model: Model | None = self.rows.selected
        if model is None:
            return
        name = model.name
        self.rows.keep()

        def chosen(words: str | None) -> None:
            if words is not None:
                tier = next((each for each in TIERS if each == words), None)
                self.run_worker(self._set_tier(name, tier), group="catalog", exit_on_error=False)

        current = model.tier if model.tier_chosen and model.tier else _BY_ITSELF
        title = f"The questions {one_line(name, 40)} answers"
        self.app.push_screen(Pick(title, (*TIERS, _BY_ITSELF), current), chosen)

    async def _set_tier(self, name: str, tier: Tier | None) -> None:
        try:
            model = await self.engine.models.set_tier(name, tier)
        except LeitstandError as error:
            self.leitstand.say_error(error)
            return
        words = f"Its tier is {model.tier}." if model.tier else "It has no tier."
        self.leitstand.toast("good", f"{one_line(name, 60)}: {words}")

    def action_updates(self) -> None:
        """Ask the registry for newer versions of what is here."""
        self.run_worker(self._ask_updates(), group="catalog", exit_on_error=False)

    async def _ask_updates(self) -> None:
        try:
            job = await self.engine.models.check_updates()
        except LeitstandError as error:
            self.leitstand.say_error(error)
            return
        self._begun.add(job.id)
        self.leitstand.toast("info", "Asking the registry for newer versions…")

    # What came of it ----------------------------------------------------------------------------

    def _job_changed(self, event: JobChanged) -> None:
        super()._job_changed(event)
        job = event.job
        if job.id not in self._begun or job.unfinished:
            return
        self._begun.discard(job.id)
        if job.state == "failed" and job.error is not None:
            self.leitstand.toast("error", job.error.message, job.error.hint)
        elif job.state == "done":
            self._say_done(job)

    def _say_done(self, job: Job) -> None:
        if job.kind == MAKE:
            made = msgspec.json.decode(job.result, type=Created)
            self.leitstand.toast("good", f"{one_line(made.name, 60)} is there.")
        elif job.kind == UPDATES:
            self._say_versions(msgspec.json.decode(job.result, type=Checked))

    def _say_versions(self, found: Checked) -> None:
        unknown = f"Of {len(found.unknown)} the registry says nothing." if found.unknown else ""
        if found.outdated:
            names = one_line(", ".join(found.outdated), 160)
            self.leitstand.toast("info", f"There is a newer version of {names}.", "d fetches it.")
        elif found.current:
            self.leitstand.toast("good", f"{len(found.current)} models are the newest there are.", unknown)
        else:
            self.leitstand.toast("warning", "The registry says nothing about the models here.", unknown)


def _absolute(path: str) -> str:
    """A path as somebody typed it here; who reads the file may live in another directory."""
    return str(Path(path.strip()).expanduser().absolute())
