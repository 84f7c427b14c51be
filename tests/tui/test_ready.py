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
from tui.modals.persona_form import PersonaForm
from tui.modals.personas import Personas
from tui.render.personas import options_read, options_written
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


FORM = (
    *"Reviewer", "tab", *"Reads code", "tab", "R", "tab", *"blue", "tab", *"lla", "right",
    "tab", *"temperature 0.1, stop END", "tab", *"You review.", "ctrl+j", *"Be brief.",
    "tab", *"Look at this.",
)  # fmt: skip


@SIZES
async def test_a_persona_is_made_in_a_form_changed_deleted_and_taken_back(
    shell: OpenShell, size: tuple[int, int]
) -> None:
    async with shell("chat", size, config=CONFIG) as here:
        await here.engine.models.sync()

        async def form(*keys: str) -> None:
            await until(lambda: isinstance(here.app.screen, PersonaForm))
            await here.pilot.press(*keys)

        async def listed() -> None:
            await until(lambda: isinstance(here.app.screen, Personas))

        await here.pilot.press("alt+w")
        await listed()
        await here.pilot.press("ctrl+n")
        await form("enter")
        await until(lambda: shows(here, "A persona needs a name."))
        await form(*FORM)
        await until(lambda: shows(here, "Be brief.") and shows(here, "llama3.2:3b"))
        assert_picture(here.app, "persona-form")
        await here.pilot.press("enter")
        await listed()
        await until(lambda: shows(here, "“Reviewer” is saved."))
        [made] = [one for one in await here.engine.chat.personas() if one.own]
        assert (made.system, made.model, made.questions) == (
            "You review.\nBe brief.",
            "llama3.2:3b",
            ("Look at this.",),
        )
        assert made.options == {"temperature": 0.1, "stop": ["END"]}
        await here.pilot.press("ctrl+y")
        await form("enter")
        await listed()
        await until(lambda: shows(here, "“Reviewer 2” is saved."))
        await here.pilot.press("ctrl+e")
        await form("x", "escape")
        await until(lambda: shows(here, "Nothing is saved yet."))
        await here.pilot.press("enter")
        await listed()
        await until(lambda: shows(here, "“Reviewer 2x” is saved."))
        await here.pilot.press("ctrl+d")
        await until(lambda: shows(here, "“Reviewer 2x” is deleted."))
        assert [one.name for one in await here.engine.chat.personas() if one.own] == ["Reviewer"]
        await here.pilot.press("ctrl+u")
        await until(lambda: shows(here, "“Reviewer 2x” is back."))
        await here.pilot.press("enter")
        await until(lambda: shows(here, "as Reviewer 2x"))
        [chat] = (await here.engine.chat.list()).chats
        assert (chat.persona, chat.model) == ("Reviewer 2x", "llama3.2:3b")
        assert chat.options == made.options


async def test_a_persona_that_comes_with_leitstand_is_only_changed(shell: OpenShell) -> None:
    async with shell("chat", config=CONFIG) as here:
        await here.pilot.press("alt+w")
        await until(lambda: isinstance(here.app.screen, Personas))
        await here.pilot.press(*"teach")
        await until(lambda: shows(here, "You teach patiently."))
        await here.pilot.press("ctrl+d")
        await until(lambda: shows(here, "comes with Leitstand"))
        await here.pilot.press("ctrl+u")
        await until(lambda: shows(here, "Nothing was deleted here."))
        await here.pilot.press("ctrl+e")
        await until(lambda: isinstance(here.app.screen, PersonaForm))
        await here.pilot.press("tab", "!", "enter")
        await until(lambda: shows(here, "“Teacher” is saved."))
        mine = [one for one in await here.engine.chat.personas() if one.name == "Teacher"]
        assert [(one.own, one.description[-1]) for one in mine] == [(True, "!")]


OPTIONS: dict[str, tuple[str, dict[str, object]]] = {
    "none": ("", {}),
    "a number": ("temperature 0.2", {"temperature": 0.2}),
    "signs between": ("temperature=0.2,top_k: 40", {"temperature": 0.2, "top_k": 40}),
    "several": ('stop END, stop "a, b"', {"stop": ["END", "a, b"]}),
    "a text that is a number": ('stop "7"', {"stop": ["7"]}),
    "no number": ("seed x", {"seed": "x"}),
}


@pytest.mark.parametrize(("text", "options"), OPTIONS.values(), ids=OPTIONS)
def test_options_are_read_as_they_are_typed_and_written(text: str, options: dict[str, object]) -> None:
    assert options_read(text) == options
    assert options_read(options_written(options)) == options


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
