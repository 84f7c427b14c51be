"""Downloads: what is on its way, how far and how fast, and what to do about it."""

from __future__ import annotations

from collections.abc import Awaitable

from core.downloads.types import Download, Plan
from core.errors import LeitstandError
from core.guard import one_line
from tui import keymap
from tui.modals.ask import Ask
from tui.modals.confirm import Confirm
from tui.render import downloads
from tui.screens.downloads_view import DownloadsView


class DownloadsScreen(DownloadsView):
    """Every key asks the engine and says what came of it."""

    BINDINGS = keymap.bindings("downloads")

    async def _do(self, work: Awaitable[object], said: str = "") -> None:
        try:
            await work
        except LeitstandError as error:
            self.leitstand.say_error(error)
        else:
            if said:
                self.leitstand.toast("good", said)
        await self.resync()

    def _chosen(self) -> Download | None:
        """The selected download; from now on the cursor stays with it, wherever it comes to stand."""
        self.rows.keep()
        return self.selected

    def action_new(self) -> None:
        """Ask for a name, then for the go-ahead."""
        found: list[Plan] = []

        async def take(text: str) -> None:
            found.append(await self.engine.downloads.plan(text.strip()))

        def named(taken: bool | None) -> None:  # noqa: FBT001 - as Textual calls it
            if taken and found:
                self.ask_pull(found[-1])

        about = "A name as in the registry: qwen3:8b, hf.co/user/repository:Q4_K_M, host:port/model."
        self.app.push_screen(Ask("Download a model", about, "", take), named)

    async def action_pause(self) -> None:
        """Set the selected download aside, or let it go on."""
        download, service = self._chosen(), self.engine.downloads
        if download is None:
            return
        if download.state == "paused":
            await self._do(service.resume(download.id))
        elif download.unfinished:
            await self._do(service.pause(download.id))
        else:
            self.leitstand.toast("info", f"It is {download.state}. r fetches it again.")

    async def action_pause_all(self) -> None:
        """Set everything aside, or let everything go on when all of it is."""
        open_ = [each for each in self.known.values() if each.unfinished and each.state != "proving"]
        if not open_:
            self.leitstand.toast("info", "Nothing is on its way.")
        elif all(each.state == "paused" for each in open_):
            await self._do(self.engine.downloads.resume_all(), "Everything goes on.")
        else:
            await self._do(self.engine.downloads.pause_all(), "Everything is set aside; p lets it go on.")

    def action_cancel(self) -> None:
        """End the selected download after a question."""
        download = self._chosen()
        if download is None:
            return
        if not download.unfinished:
            self.leitstand.toast("info", f"It is {download.state} already.")
            return

        def answered(yes: bool | None) -> None:  # noqa: FBT001 - as Textual calls it
            if yes:
                said = f"Cancelled: {_name(download)}. r starts it again."
                self.run_worker(self._do(self.engine.downloads.cancel(download.id), said), group="cancel")

        consequence = "Models that are installed stay as they are. r starts it again; space only pauses it."
        question = f"Cancel the download of {_name(download)}?"
        self.app.push_screen(Confirm(question, consequence, "cancel it"), answered)

    async def action_retry(self) -> None:
        """Try the selected download again."""
        if (download := self._chosen()) is not None:
            await self._do(self.engine.downloads.retry(download.id), f"In line again: {_name(download)}.")

    async def action_move(self, step: int) -> None:
        """Let the selected download run earlier or later."""
        download = self._chosen()
        if download is None or download.position is None:
            return
        line = [
            row
            for row in downloads.rows(self.known.values())
            if isinstance(row, Download) and row.position is not None
        ]
        at = [each.id for each in line].index(download.id) + step
        if 0 <= at < len(line) and (to := line[at].position) is not None:
            await self._do(self.engine.downloads.move(download.id, to))

    async def action_copy(self) -> None:
        """Copy what went wrong with the selected download, or its name."""
        if (download := self._chosen()) is not None:
            error = download.error
            words = download.name if error is None else f"{error.message} {error.hint}".strip()
            await self.leitstand.copy(words)


def _name(download: Download) -> str:
    return one_line(download.name, 60)
