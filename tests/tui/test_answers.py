"""Answers that end where nobody looks."""

from __future__ import annotations

import pytest
from textual import events

from core.simulator import Script
from tests.tui.conftest import OpenShell, Shell
from tests.tui.test_chat import CONFIG, ask, shows
from tests.waiting import until
from tui.widgets.transcript import Transcript

LOUD = CONFIG + "[ui]\nbell = true\n"


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Everything that was written to the terminal beside the picture."""
    found: list[str] = []
    monkeypatch.setattr("tui.app.LeitstandApp._write", lambda _, sequence: found.append(sequence))
    return found


def told(here: Shell) -> str:
    """What the toasts say."""
    return "\n".join(toast.message for toast in here.app._notifications)


async def begin(here: Shell) -> Script:
    """Ask, and let the answer begin."""
    script = here.simulator.next(Script(), route="chat")
    await ask(here, "Why is the sky polarised?")
    await script.say("Because ")
    await until(lambda: shows(here, "Because"))
    return script


async def test_an_answer_that_ends_on_another_page_is_told_and_a_key_goes_there(
    shell: OpenShell, called: list[str]
) -> None:
    async with shell("chat", config=LOUD) as here:
        script = await begin(here)
        await here.pilot.press("f9")
        await until(lambda: here.app.current_mode == "health")
        await script.say("of Rayleigh.")
        await script.finish()
        await until(lambda: "“Why is the sky polarised?” is answered." in told(here))
        assert "alt+a goes there." in told(here)
        assert called == ["\a"]
        await here.pilot.press("alt+a")
        await until(lambda: here.app.current_mode == "chat")
        await until(lambda: shows(here, "Because of Rayleigh."))
        await here.pilot.pause()
        await here.pilot.press("alt+a")
        await until(lambda: "Every answer has been looked at." in told(here))


async def test_an_answer_in_another_chat_is_told_once(shell: OpenShell, called: list[str]) -> None:
    async with shell("chat", config=LOUD) as here:
        script = await begin(here)
        await here.pilot.press("ctrl+n")
        await until(lambda: not here.app.query_one(Transcript).display)
        await script.finish()
        await until(lambda: "is answered." in told(here))
        await here.pilot.pause()
        assert called == ["\a"]
        assert told(here).count("is answered.") == 1


async def test_an_answer_in_front_of_the_reader_is_not_told(shell: OpenShell, called: list[str]) -> None:
    async with shell("chat", config=LOUD) as here:
        script = await begin(here)
        await script.finish()
        await until(lambda: shows(here, "done"))
        await here.pilot.pause()
        assert "is answered." not in told(here)
        assert called == []


async def test_a_terminal_without_focus_is_rung(shell: OpenShell, called: list[str]) -> None:
    async with shell("chat", config=LOUD) as here:
        script = await begin(here)
        here.app.post_message(events.AppBlur())
        await here.pilot.pause()
        await script.finish()
        await until(lambda: called)
        assert called == ["\a"]
        assert "is answered." not in told(here)


async def test_a_failure_elsewhere_says_why(shell: OpenShell, called: list[str]) -> None:
    async with shell("chat", config=CONFIG) as here:
        script = await begin(here)
        await here.pilot.press("ctrl+n")
        await until(lambda: not here.app.query_one(Transcript).display)
        await script.raw(b'{"error": "the GPU is gone"}\n')
        await until(lambda: "got no answer." in told(here))
        assert "the GPU is gone" in told(here)
