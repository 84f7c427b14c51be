"""Enter before Leitstand has started: the question is kept in sight and goes once, as soon as it can."""

from __future__ import annotations

import asyncio
from pathlib import Path

from core.engine import Engine, Options
from core.simulator import Script
from tests.pictures import assert_picture
from tests.tui.conftest import OpenShell, Shell, both_ways
from tests.tui.test_chat import CONFIG, SIZES, said, shows
from tests.waiting import until
from tui.widgets.prompt import Prompt

pytestmark = both_ways


async def asked_early(here: Shell, text: str) -> Prompt:
    """Write and press Enter while nobody can answer yet."""
    await until(lambda: here.app.query(Prompt))
    prompt = here.app.query_one(Prompt)
    prompt.put(text)
    await here.pilot.press("enter")
    await until(lambda: not prompt.text and shows(here, f"Goes once Leitstand has started: {text[:9]}"))
    return prompt


def heard(here: Shell) -> list[bytes]:
    """What the server was asked to answer."""
    return [request.body for request in here.simulator.requests if request.path == "/api/chat"]


@SIZES
async def test_a_question_sent_too_early_stands_over_the_composer_and_goes_once(
    shell: OpenShell, size: tuple[int, int]
) -> None:
    gate = asyncio.Event()
    async with shell("chat", size, config=CONFIG, held=gate) as here:
        prompt = await asked_early(here, "What is a heron?")
        assert shows(here, "esc take back")
        assert_picture(here.app, "chat-held")
        await here.pilot.press(*"And")
        here.simulator.next(Script.saying("A bird."), route="chat")
        gate.set()
        await until(lambda: shows(here, "A bird.") and shows(here, "done"))
        assert not shows(here, "Goes once")
        assert not shows(here, "take back")
        assert prompt.text == "And"
        [chat] = (await here.engine.chat.list()).chats
        turns = (await here.engine.chat.open(chat.id)).turns
        assert [turn.text for turn in turns] == ["What is a heron?", "A bird."]
        assert len(heard(here)) == 1


async def test_escape_takes_it_back_before_what_was_typed_since_and_nothing_is_sent(shell: OpenShell) -> None:
    gate = asyncio.Event()
    async with shell("chat", config=CONFIG, held=gate) as here:
        prompt = await asked_early(here, "What is a heron?")
        await here.pilot.press(*"now", "escape")
        assert prompt.text == "What is a heron?\nnow"
        await until(lambda: not shows(here, "Goes once"))
        gate.set()
        await until(lambda: shows(here, "llama3.2:3b"))
        await until(lambda: not any(each.group == "engine" for each in here.app.workers))
        assert prompt.text == "What is a heron?\nnow"
        assert (await here.engine.chat.list()).chats == ()
        assert heard(here) == []


async def test_two_of_them_go_as_one_question(shell: OpenShell) -> None:
    gate = asyncio.Event()
    async with shell("chat", config=CONFIG, held=gate) as here:
        await asked_early(here, "What is a heron?")
        here.app.query_one(Prompt).put("And a crane?")
        await here.pilot.press("enter")
        await until(lambda: shows(here, "heron? And a crane?"))
        here.simulator.next(Script.saying("Birds."), route="chat")
        gate.set()
        await until(lambda: shows(here, "Birds."))
        [chat] = (await here.engine.chat.list()).chats
        assert (await here.engine.chat.open(chat.id)).turns[0].text == "What is a heron?\nAnd a crane?"


async def test_it_goes_although_another_page_is_looked_at(shell: OpenShell) -> None:
    gate = asyncio.Event()
    async with shell("chat", config=CONFIG, held=gate) as here:
        await asked_early(here, "What is a heron?")
        await here.pilot.press("f8")
        await until(lambda: here.app.current_mode != "chat")
        here.simulator.next(Script.saying("A bird."), route="chat")
        gate.set()
        await until(lambda: heard(here))
        await here.pilot.press("f1")
        await until(lambda: shows(here, "A bird."))
        assert len(heard(here)) == 1


async def test_a_file_that_it_names_goes_along(shell: OpenShell, tmp_path: Path) -> None:
    (tmp_path / "note.md").write_text("the secret word is Leitstand")
    gate = asyncio.Event()
    async with shell("chat", config=CONFIG, held=gate) as here:
        await asked_early(here, f"What does @{tmp_path}/note.md say?")
        here.simulator.next(Script.saying("I read it."), route="chat")
        gate.set()
        await until(lambda: shows(here, "I read it."))
        assert any(b"the secret word is Leitstand" in body for body in heard(here))


async def test_what_cannot_be_sent_then_is_given_back(shell: OpenShell) -> None:
    gate = asyncio.Event()
    config = CONFIG.replace("llama3.2:3b", "nobody:1b")
    async with shell("chat", config=config, held=gate) as here:
        prompt = await asked_early(here, "word " * 60_000)
        gate.set()
        await until(lambda: prompt.text or heard(here), within=40)
        assert prompt.text.startswith("word word")
        await until(lambda: not shows(here, "Goes once"))


async def test_leaving_before_it_could_go_is_asked_once(shell: OpenShell) -> None:
    async with shell("chat", config=CONFIG, held=True) as here:
        await asked_early(here, "What is a heron?")
        await here.pilot.press("ctrl+q")
        await until(lambda: said(here, "still starting: what you typed is not kept yet"))
        assert here.app.is_running
        await here.pilot.press("ctrl+q")
        await until(lambda: here.app.return_code is not None)


async def test_it_goes_into_the_chat_that_the_page_opens(shell: OpenShell, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    before = Engine.prepare(Options(environment={"LEITSTAND_HOME": str(home), "HOME": str(home)}))
    await before.start()
    chat = await before.chat.create(title="Birds")
    await before.close()
    gate = asyncio.Event()
    async with shell("chat", config=CONFIG, held=gate) as here:
        await asked_early(here, "What is a heron?")
        here.simulator.next(Script.saying("A bird."), route="chat")
        gate.set()
        await until(lambda: shows(here, "A bird."))
        assert (await here.engine.chat.open(chat.id)).turns[0].text == "What is a heron?"
