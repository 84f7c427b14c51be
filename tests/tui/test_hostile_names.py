"""Names, titles, labels, notices and errors from outside, on every page and in every dialog: text.

What models say is proved in the real program (`e2e/test_hostile_talk`); here is everything that has a name.
"""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import httpx
import pytest

from core.bus import Notice
from core.errors import LeitstandError
from core.jobs.types import JobFilter
from core.simulator import INSTALLED, Fault, toy
from tests.core.cli.running import leitstand
from tests.fakes.hostile import CORPUS, assert_harmless
from tests.tui.terminal.page_sessions import Pages, program
from tests.tui.terminal.sessions import quick
from tests.waiting import until
from tui.pages import PAGES

EVIL = " ".join(CORPUS)
SHORT = tuple(" ".join(CORPUS[at : at + 9]) for at in range(0, len(CORPUS), 9))
"""The same in pieces that fit where little has room."""
NAMES = tuple(f"evil{number}{piece}:1b" for number, piece in enumerate(SHORT))
DIALOGS: dict[str, tuple[str, ...]] = {
    "chat": ("ctrl+o", "alt+p", "alt+w", "ctrl+f", "ctrl+r", "alt+s", "alt+n", "alt+o", "ctrl+p", "alt+m"),
    "catalog": ("i", "x", "c", "t", "end", "down"),
    "downloads": ("end", "x", "enter"),
    "queue": ("o", "enter", "f", "end", "x"),
    "gauges": ("a", "p"),
    "library": ("n", "e", "x", "enter", "down", "enter", "slash"),
    "settings": ("enter",),
    "health": ("down",),
}
"""The keys that open something on each page; after each escape closes it."""
VERBS = (
    ("chats", "list"),
    ("chats", "search", "EVIL"),
    ("queue", "list"),
    ("spaces",),
    ("sources",),
    ("search", "EVIL", "--space", "evil"),
    ("status",),
    ("status", "--oneline"),
    ("doctor",),
    ("models", "list"),
    ("pull", "--list"),
)


class Renaming(httpx.AsyncBaseTransport):
    """A server whose models have names that no honest one gives."""

    def __init__(self, server: httpx.AsyncBaseTransport) -> None:
        self._server = server

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass it on, and write other names into what lists models."""
        answer = await self._server.handle_async_request(request)
        if request.url.path not in ("/api/tags", "/api/ps"):
            return answer
        told = json.loads(await answer.aread())
        for number, model in enumerate(told["models"]):
            if request.url.path == "/api/ps" or model["name"].startswith("evil"):
                model["name"] = model["model"] = NAMES[number % len(NAMES)]
        return httpx.Response(answer.status_code, json=told)


class Named(Pages):
    """The program where everything has a hostile name."""

    seen: str = ""

    def feed(self, data: str) -> None:
        """Keep everything that was written."""
        self.seen += data

    async def compare(self, after: str) -> None:
        """Only what is written counts here; where it stands is proved elsewhere."""
        await self.settle()
        self.deliver()

    async def begin(self) -> None:
        """Name what there is."""
        engine = self.app.engine
        await until(lambda: self.app.engine_ready)
        await until(lambda: self.app.facts.server is not None and self.app.facts.server.phase == "online")
        for piece in SHORT:
            chat = await engine.chat.create()
            await engine.chat.send(chat.id, f"question {piece}")
            await engine.chat.rename(chat.id, f"title {piece}")
            await self.refused(engine.library.create_space(f"evil {piece}", description=piece))
            engine.bus.publish(Notice("error", f"notice {piece}", f"hint {piece}"))
            self.simulator.fault(Fault(kind="status", route="pull", status=500, text=f"error {piece}"))
            await self.refused(engine.downloads.pull(f"wanted{len(piece)}"))
            await self.refused(engine.downloads.pull(f"evil{piece}"))
        space = await engine.library.create_space("evil", description=EVIL)
        await engine.library.ingest(space.id, (str(self.folder),))
        for _ in range(20):
            await self.clock.advance(1)
            await self.pilot.pause()
            if not (await engine.jobs.list(JobFilter(states=("waiting", "running")))):
                break

    async def refused(self, verb: object) -> None:
        """Do it; what is refused is told, as a screen would."""
        try:
            await verb  # type: ignore[misc]  # any of the verbs
        except LeitstandError as error:
            self.app.say_error(error)

    async def look_everywhere(self) -> None:
        """Every page, and everything that opens from it."""
        for page in PAGES:
            await self.app.action_go(page.name)
            await self.compare(page.name)
            for key in DIALOGS[page.name]:
                await self.pilot.press(key)
                await self.compare(f"{key} on {page.name}")
                if len(self.app.screen_stack) > 1:
                    await self.pilot.press("escape")


def files(folder: Path) -> None:
    """Documents whose names and contents try everything that a file system lets them."""
    for number, piece in enumerate(SHORT):
        name = f"{number}{piece}.md".replace("/", "").replace("\x00", "").encode("utf-8", "ignore")
        with open(os.path.join(os.fsencode(folder), name[:200]), "w", encoding="utf-8") as file:  # noqa: PTH118, PTH123 - the name is bytes
            file.write(f"# EVIL {piece}\n\n{piece}\n\n{EVIL}\n")


@pytest.mark.timeout(300)  # every page and every window of it, compared cell by cell
async def test_whatever_has_a_name_is_shown_on_every_page_and_printed_and_never_obeyed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    models = tuple(toy(f"evil{number}:1b", family=piece) for number, piece in enumerate(SHORT))
    async with program(Named, 0, home, installed=(*INSTALLED, *models), network=Renaming) as session:
        files(session.folder)
        with quick(monkeypatch):
            await session.run(0, then=session.look_everywhere)
        assert session.seen.count("EVIL") > 20
        assert_harmless(session.seen.encode())
    for verb in VERBS:
        ended = await asyncio.to_thread(leitstand, *verb, home=home, terminal=True)
        assert ended.out + ended.err, verb
        assert_harmless((ended.out + ended.err).encode())
