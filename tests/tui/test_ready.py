"""Ready prompts and personas on the chat page."""

from __future__ import annotations

import stat
from contextlib import nullcontext
from pathlib import Path

import pytest

from core.simulator import Script
from tests.pictures import assert_picture
from tests.tui.conftest import OpenShell, Shell
from tests.tui.test_chat import CONFIG, SIZES, ask, shows
from tests.waiting import until
from tui.modals.fill import Fill
from tui.modals.own import ChooseOwn
from tui.modals.personas import Personas
from tui.widgets.prompt import Prompt


@SIZES
async def test_a_ready_prompt_is_filled_with_what_was_written(
    shell: OpenShell, size: tuple[int, int]
) -> None:
    async with shell("chat", size, config=CONFIG) as here:
        prompt = here.app.query_one(Prompt)
        prompt.put("The meeting went well.\nAnna sends the minutes.")
        await until(lambda: shows(here, "18 / 8k"))  # counted once the typing rests
        await here.pilot.press("alt+p")
        await until(lambda: isinstance(here.app.screen, ChooseOwn))
        await until(lambda: shows(here, "Action items and decisions"))
        assert shows(here, "Zusammenfassung")
        assert_picture(here.app, "chat-prompts")
        await here.pilot.press(*"reply", "enter")
        await until(lambda: isinstance(here.app.screen, Fill))
        await here.pilot.press("enter")
        await until(lambda: shows(here, "“stance” is still empty."))
        assert_picture(here.app, "chat-prompt-gaps")
        await here.pilot.press(*"yes", "enter")
        await until(lambda: not isinstance(here.app.screen, Fill))
        assert prompt.text.startswith("Write a reply to the message below. What I want to say: yes.")
        assert "friendly and clear" in prompt.text
        assert prompt.text.endswith("The meeting went well.\nAnna sends the minutes.")
        assert not [request for request in here.simulator.requests if request.path == "/api/chat"]


async def test_a_prompt_is_found_by_a_part_of_its_name(shell: OpenShell) -> None:
    async with shell("chat", config=CONFIG) as here:
        prompt = here.app.query_one(Prompt)
        prompt.load_text("/prompt übersetz")
        prompt.submit()
        await until(lambda: isinstance(here.app.screen, Fill))
        await until(lambda: shows(here, "Übersetzung"))
        await here.pilot.press("escape")
        await until(lambda: not isinstance(here.app.screen, Fill))
        assert prompt.text == ""


@SIZES
async def test_a_persona_is_chosen_and_says_what_one_could_ask(
    shell: OpenShell, size: tuple[int, int]
) -> None:
    async with shell("chat", size, config=CONFIG) as here:
        await here.pilot.press("alt+w")
        await until(lambda: isinstance(here.app.screen, Personas))
        await here.pilot.press(*"teach")
        await until(lambda: shows(here, "You teach patiently."))
        assert_picture(here.app, "chat-personas")
        await here.pilot.press("enter")
        await until(lambda: shows(here, "as Teacher"))
        await until(lambda: shows(here, "Teach me … from the beginning."))
        assert shows(here, "Explains step by step")
        assert_picture(here.app, "chat-persona")
        await here.pilot.press("down", "enter")
        prompt = here.app.query_one(Prompt)
        assert prompt.text == "Ask me five questions about … and mark my answers."
        here.simulator.next(Script.saying("First question."), route="chat")
        await ask(here, "Ask me one question.")
        await until(lambda: shows(here, "First question."))
        body = next(request.body for request in here.simulator.requests if request.path == "/api/chat")
        assert b"You teach patiently." in body
        assert not shows(here, "Teach me …")


EDITOR = """#!/bin/sh
cat "$1" > {seen}
cat {said} > "$1"
"""


def editor(home: Path, monkeypatch: pytest.MonkeyPatch, says: str) -> Path:
    """An editor that notes what it was given and leaves other words."""
    seen, said, script = home / "seen", home / "said", home / "editor"
    said.write_text(says, encoding="utf-8")
    script.write_text(EDITOR.format(seen=seen, said=said))
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr("tui.terminal.editor.editor_command", lambda environment: [str(script)])
    # There is no terminal to give away here.
    monkeypatch.setattr("tui.app.LeitstandApp.suspend", lambda app: nullcontext())
    return seen


async def change(here: Shell, key: str, typed: str) -> None:
    """Open the list, go to one and change it."""
    await here.pilot.press(key)
    await until(lambda: isinstance(here.app.screen, ChooseOwn))
    await here.pilot.press(*typed, "ctrl+x")
    await until(lambda: not isinstance(here.app.screen, ChooseOwn))


async def test_a_persona_is_changed_in_the_editor_and_kept_in_ones_own_file(
    shell: OpenShell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen = editor(tmp_path, monkeypatch, '[[persona]]\nname = "Teacher"\nsystem = "You shout."\n')
    async with shell("chat", config=CONFIG) as here:
        await change(here, "alt+w", "teacher")
        await until((here.home / "personas.toml").exists)
        assert 'name = "Teacher"' in seen.read_text()
        assert "You teach patiently." in seen.read_text()
        await here.pilot.press("alt+w")
        await until(lambda: isinstance(here.app.screen, Personas))
        await here.pilot.press(*"teacher")
        await until(lambda: shows(here, "You shout."))
        assert oct((here.home / "personas.toml").stat().st_mode)[-3:] == "600"


async def test_a_faulty_file_is_not_saved_and_can_be_mended(
    shell: OpenShell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen = editor(tmp_path, monkeypatch, "[[prompt]]\nname = 7\n")
    async with shell("chat", config=CONFIG) as here:
        await change(here, "alt+p", "zzz")
        await until(lambda: shows(here, "Nothing was saved yet."))
        assert "Standup" in seen.read_text()
        (tmp_path / "said").write_text('[[prompt]]\nname = "Mine"\ntext = "Say {{what}}"\n')
        await here.pilot.press("y")
        await until((here.home / "prompts.toml").exists)
        assert "name = 7" in seen.read_text()
        await here.pilot.press("alt+p")
        await until(lambda: shows(here, "Mine"))
