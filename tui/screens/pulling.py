"""Fetching a model from any page: first what it would bring, then a question, then the download."""

from __future__ import annotations

from core.downloads.types import Plan
from core.errors import LeitstandError
from core.guard import one_line
from core.models.fit import spilled
from tui import format as fmt
from tui.modals.confirm import Confirm
from tui.screens.base import EngineScreen

SHORT = 16
"""Under that many lines a list has all of them."""


class Pulling(EngineScreen):
    """A page from which a model can be fetched."""

    def give_lines(self, *ids: str) -> None:
        """Where there are few lines, the list has those of the story of its selected row."""
        for id in ids:
            self.query_one(id).display = self.size.height >= SHORT

    def offer_pull(self, name: str) -> None:
        """Ask the registry what a model would bring, then ask the person."""
        self.run_worker(self._offer_pull(name), group="pull", exit_on_error=False)

    async def _offer_pull(self, name: str) -> None:
        try:
            plan = await self.engine.downloads.plan(name)
        except LeitstandError as error:
            self.leitstand.say_error(error)
            return
        self.ask_pull(plan)

    def ask_pull(self, plan: Plan) -> None:
        """Ask whether to fetch it; with too little room or nothing to fetch, say that instead."""
        name = one_line(plan.name, 60)
        if plan.current:
            self.leitstand.toast("info", f"{name} is here, and there is nothing newer.")
            return
        if plan.enough is False:
            self.leitstand.toast("error", f"There is too little room for {name}.", plan_words(plan))
            return

        def answered(yes: bool | None) -> None:  # noqa: FBT001 - as Textual calls it
            if yes:
                self.run_worker(self._pull(plan.name), group="pull", exit_on_error=False)

        self.app.push_screen(Confirm(f"Download {name}?", plan_words(plan), "download it"), answered)

    async def _pull(self, name: str) -> None:
        try:
            download = await self.engine.downloads.pull(name)
        except LeitstandError as error:
            self.leitstand.say_error(error)
            return
        self.leitstand.toast(
            "good", f"{one_line(download.name, 60)} is on its way.", "ctrl+g 3 shows how far."
        )
        await self.resync()


def plan_words(plan: Plan) -> str:
    """What a download brings, in sentences."""
    words: list[str] = []
    if plan.missing is None:
        words.append(one_line(plan.note, 200) or "Its size is not known yet.")
    else:
        missing, total = fmt.size(plan.missing).strip(), fmt.size(plan.total).strip()
        words.append(f"{missing if missing == total else f'{missing} of {total}'} to fetch.")
    if plan.disk is None:
        words.append("The server's disk cannot be seen from here.")
    elif plan.enough is False:
        wanted, free = fmt.size(plan.wanted).strip(), fmt.size(plan.disk.free).strip()
        words.append(f"{wanted} must be free for it; there are {free}.")
    elif plan.missing is not None:
        after = fmt.size(max(plan.disk.free - plan.missing, 0)).strip()
        words.append(f"Afterwards {after} are free on the disk.")
    if plan.fit is not None and plan.fit.verdict != "unknown":
        verdict = {
            "fits": "It fits on the GPU.",
            "tight": "It just fits on the GPU.",
            "spills": f"{spilled(plan.fit)}.",
        }.get(plan.fit.verdict, "It is too big for this machine.")
        words.append(verdict)
    return " ".join(words)
