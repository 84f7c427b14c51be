from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import pytest
from textual import events

from core.simulator import Script
from tests.pictures import assert_picture, screen_text
from tests.tui.conftest import NARROW, WIDE, OpenShell, Shell, both_ways
from tests.waiting import until
from tui.app import LeitstandApp
from tui.screens.chat import ChatScreen
from tui.widgets.prompt import Prompt
from tui.widgets.transcript import Transcript

pytestmark = both_ways

SIZES = pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
CONFIG = '[chat]\nmodel = "llama3.2:3b"\ntitle_by_model = false\n'

ANSWER = (
    "Pipe it through **ssh**:\n\n",
    "```sh\npg_dump -Fc shop | ssh nas 'cat > shop.dump'\n```\n\n",
    "Two things decide whether that is *safe*:\n\n- the key\n- the disk\n\n",
    "| way | cost |\n|---|---|\n| pipe | none |\n| file | disk |\n",
)


async def ask(here: Shell, text: str) -> None:
    """Write and send, and wait until it was taken."""
    prompt = here.app.query_one(Prompt)
    prompt.put(text)
    await here.pilot.press("enter")
    await until(lambda: not prompt.text and here.app.query_one(Transcript).display)


def shows(here: Shell, words: str) -> bool:
    """Whether the screen says it."""
    return words in screen_text(here.app)


def said(here: Shell, words: str) -> bool:
    """Whether a toast says it."""
    return any(words in toast.message for toast in here.app._notifications)


async def assert_settled(here: Shell, name: str) -> None:
    """Compare the picture, once the memory that the router looked at is in the status line, too."""
    if here.app.size.width >= WIDE[0]:
        await until(lambda: shows(here, "VRAM"))
    assert_picture(here.app, name)


@SIZES
async def test_an_empty_chat_says_how_to_begin(shell: OpenShell, size: tuple[int, int]) -> None:
    async with shell("chat", size, config=CONFIG) as here:
        await until(lambda: shows(here, "llama3.2:3b"))
        text = screen_text(here.app)
        assert "press Enter" in text
        assert "Ask anything" in text
        assert "send" in text.splitlines()[-1]
        await assert_settled(here, "chat-empty")


@SIZES
async def test_an_answer_streams_and_ends_with_what_was_measured(
    shell: OpenShell, size: tuple[int, int]
) -> None:
    async with shell("chat", size, config=CONFIG) as here:
        script = here.simulator.next(Script(), route="chat")
        await ask(here, "How do I stream pg_dump to another host?")
        await script.say("Pipe it ")
        await until(lambda: shows(here, "Pipe it"))
        await script.say("through ssh.")
        await script.finish(eval_count=8, eval_duration=400_000_000)
        await until(lambda: shows(here, "done"))
        text = screen_text(here.app)
        assert "Pipe it through ssh." in text
        assert "8 tokens" in text
        await until(lambda: here.engine.models.roster.get("llama3.2:3b").last_speed)


@SIZES
async def test_a_finished_conversation_is_a_picture(shell: OpenShell, size: tuple[int, int]) -> None:
    async with shell("chat", size, config=CONFIG) as here:
        here.simulator.next(Script.saying(*ANSWER, thinking=("The user wants ", "a pipe.")), route="chat")
        await ask(here, "How do I stream pg_dump to another host?")
        await until(lambda: shows(here, "done"))
        await here.pilot.pause()
        text = screen_text(here.app)
        assert size != WIDE or "Thought for" in text
        assert "The user wants" not in text
        assert "pg_dump -Fc shop | ssh nas" in text
        assert "**" not in text
        # Counted again once nothing is typed for a moment: the answer takes room, too.
        await until(lambda: shows(here, "84 / 8k"))
        await assert_settled(here, "chat")


async def test_thinking_streams_in_its_window_and_rolls_up_when_the_answer_begins(shell: OpenShell) -> None:
    async with shell("chat", config=CONFIG.replace("llama3.2:3b", "qwen3:8b")) as here:
        script = here.simulator.next(Script(), route="chat")
        await ask(here, "Why is the sky polarised?")
        await script.think("Let me think about scattering.")
        await until(lambda: shows(here, "Let me think about scattering."))
        assert shows(here, "Thinking…")
        await until(lambda: shows(here, "● thinking") and shows(here, "ctrl+c stop"))
        await assert_settled(here, "chat-thinking")
        await script.say("Because of Rayleigh.")
        await until(lambda: shows(here, "Because of Rayleigh."))
        await until(lambda: shows(here, "Thought"))
        assert not shows(here, "Let me think about scattering.")
        await script.finish()
        await until(lambda: shows(here, "done"))
        await until(lambda: not shows(here, "ctrl+c stop"))
        here.app.query_one(Transcript).focus()
        await here.pilot.press("p", "t")
        await until(lambda: shows(here, "Let me think about scattering."))


async def test_how_fast_an_answer_comes_stands_over_the_composer_until_it_ends(shell: OpenShell) -> None:
    async with shell("chat", config=CONFIG) as here:
        script = here.simulator.next(Script(), route="chat")
        await ask(here, "Count")
        for word in ("one", "two", "three", "four"):
            await script.say(f"{word} ")
            await until(lambda word=word: shows(here, word))  # type: ignore[misc]  # bound per round
            await here.clock.advance(1.0)
        await script.say("five")
        await until(lambda: shows(here, "5 tokens"))
        assert re.search(r"● answering +\d\.\d tok/s +5 tokens  4\.0 s .*ctrl\+c stop", screen_text(here.app))
        await script.finish()
        await until(lambda: not shows(here, "answering "))


async def test_stopping_keeps_what_was_said_and_offers_to_go_on(shell: OpenShell) -> None:
    async with shell("chat", config=CONFIG) as here:
        script = here.simulator.next(Script(), route="chat")
        await ask(here, "Count")
        await script.say("one two three")
        await until(lambda: shows(here, "one two three"))
        await here.pilot.press("ctrl+c")
        await until(lambda: shows(here, "stopped"))
        assert shows(here, "one two three")
        assert shows(here, "/continue goes on")


async def test_leaving_the_page_stops_nothing_and_coming_back_shows_everything(shell: OpenShell) -> None:
    async with shell("chat", config=CONFIG) as here:
        script = here.simulator.next(Script(), route="chat")
        await ask(here, "Count")
        await script.say("one ")
        await here.pilot.press("f8")
        await until(lambda: here.app.current_mode == "settings")
        await script.say("two ")
        await script.say("three")
        await script.finish()
        await here.pilot.press("f1")
        await until(lambda: shows(here, "one two three"))
        await until(lambda: shows(here, "done"))


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("cut@chat:after=2", "failed"),
        ("end@chat:after=2", "failed"),
        ("error@chat:after=2", "failed"),
        ("garbage@chat:after=2", "failed"),
        ("oom@chat", "failed"),
    ],
)
async def test_every_fault_ends_in_a_named_state_and_the_next_question_works(
    shell: OpenShell, fault: str, words: str
) -> None:
    async with shell("chat", config=CONFIG + "[queue]\nattempts = 1\n") as here:
        here.simulator.fault(fault)
        await ask(here, "Will this work?")
        await until(lambda: shows(here, words))
        assert shows(here, "Enter or /again tries once more")
        await until(lambda: "try again" in screen_text(here.app).splitlines()[-1])
        here.simulator.clear_faults()
        here.simulator.next(Script.saying("Yes, now."), route="chat")
        here.app.query_one(Prompt).put("And now?")
        await here.pilot.press("enter")
        await until(lambda: shows(here, "Yes, now."))


async def test_without_a_server_the_words_are_kept_and_the_way_on_is_named(shell: OpenShell) -> None:
    async with shell("chat", config=CONFIG, faults=("refuse@version:times=0",)) as here:
        await until(lambda: shows(here, "alt+d"))
        assert shows(here, "AI temporarily unavailable")
        here.app.query_one(Prompt).put("a thought worth keeping")
        await here.pilot.press("f8")
        await until(lambda: here.app.current_mode == "settings")
        await here.pilot.press("f1")
        await until(lambda: shows(here, "a thought worth keeping"))


async def test_words_are_found_in_every_chat_and_opened_where_they_stand(shell: OpenShell) -> None:
    async with shell("chat", config=CONFIG) as here:
        here.simulator.next(Script.saying("Rayleigh scattering polarises it."), route="chat")
        await ask(here, "Why is the sky blue?")
        await until(lambda: shows(here, "done"))
        await here.pilot.press("ctrl+n")
        await until(lambda: shows(here, "A new chat"))
        await here.pilot.press("ctrl+f")
        await here.pilot.pause()
        await here.pilot.press(*"rayl")
        await until(lambda: shows(here, "scattering polarises"))
        await assert_settled(here, "chat-search")
        await here.pilot.press("enter")
        await until(lambda: shows(here, "Why is the sky blue?") and not shows(here, "Search all chats"))


async def test_a_slash_offers_commands_and_an_unfinished_one_completes(shell: OpenShell) -> None:
    async with shell("chat", config=CONFIG) as here:
        await here.pilot.press(*"/mo")
        await until(lambda: shows(here, "Choose the model of this chat"))
        await here.pilot.press("tab")
        assert here.app.query_one(Prompt).text == "/model "


async def test_a_file_is_completed_and_goes_with_the_question(shell: OpenShell, tmp_path: Path) -> None:
    note = tmp_path / "a note.md"
    note.write_text("the secret word is Leitstand")
    async with shell("chat", config=CONFIG) as here:
        here.app.query_one(Prompt).put(f"@{tmp_path}/a")
        await until(lambda: shows(here, "a note.md"))
        await here.pilot.press("enter")
        await until(lambda: shows(here, "with a note.md"))
        here.simulator.next(Script.saying("I read it."), route="chat")
        await ask(here, "What is the word?")
        await until(lambda: shows(here, "I read it."))
        assert any(b"the secret word is Leitstand" in request.body for request in here.simulator.requests)


@pytest.mark.parametrize("typed", ["note.md", "not", "folder/other.txt"])
async def test_tab_takes_a_file_although_nothing_is_offered(
    shell: OpenShell, tmp_path: Path, typed: str
) -> None:
    (tmp_path / "folder").mkdir()
    for name in ("note.md", "folder/other.txt"):
        (tmp_path / name).write_text("the secret word is Leitstand")
    async with shell("chat", config=CONFIG) as here:
        prompt = here.app.query_one(Prompt)
        prompt.put(f"Read @{tmp_path}/{typed}")
        await here.pilot.pause()
        prompt.offering = False  # as if nobody had looked yet
        await here.pilot.press("tab")
        name = "other.txt" if "other" in typed else "note.md"
        await until(lambda: shows(here, f"with {name}"))
        assert prompt.text == "Read "


async def test_tab_goes_into_a_folder_and_leaves_what_is_nothing(shell: OpenShell, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    async with shell("chat", config=CONFIG) as here:
        prompt = here.app.query_one(Prompt)
        prompt.put(f"@{tmp_path}/fol")
        await here.pilot.press("tab")
        await until(lambda: prompt.text == f"@{tmp_path}/folder/")
        prompt.put(f"@{tmp_path}/nothing")
        await here.pilot.press("tab", "x")
        assert prompt.text == f"@{tmp_path}/nothingx"


async def test_a_deleted_chat_can_be_taken_back(shell: OpenShell) -> None:
    async with shell("chat", config=CONFIG) as here:
        here.simulator.next(Script.saying("Hello."), route="chat")
        await ask(here, "Say hello")
        await until(lambda: shows(here, "done"))
        here.app.query_one(Prompt).put("/delete")
        await here.pilot.press("enter")
        await until(lambda: shows(here, "No chats yet"))
        here.app.query_one(Prompt).put("/undo")
        await here.pilot.press("enter")
        await until(lambda: shows(here, "Hello."))


async def test_hostile_words_of_a_model_are_only_words(shell: OpenShell) -> None:
    hostile = "\x1b]52;c;ZXZpbA==\x07[red]x[/] [@click=app.quit]y[/] \u202eabc\x9b31m"
    async with shell("chat", config=CONFIG) as here:
        here.simulator.next(Script.saying(hostile), route="chat")
        await ask(here, "Be evil")
        await until(lambda: shows(here, "done"))
        text = screen_text(here.app)
        assert "[red]x[/] [@click=app.quit]y[/]" in text
        assert not set(text) & {"\x1b", "\x07", "\u202e", "\x9b"}


async def test_what_is_typed_after_enter_is_not_lost(shell: OpenShell) -> None:
    async with shell("chat", config=CONFIG) as here:
        here.simulator.next(Script.saying("One."), route="chat")
        prompt = here.app.query_one(Prompt)
        for key in "/model qwen":
            prompt.post_message(events.Key("space" if key == " " else key, key))
        prompt.post_message(events.Key("enter", "\r"))
        for key in "Why?":
            prompt.post_message(events.Key(key, key))
        prompt.post_message(events.Key("enter", "\r"))
        for key in "And":
            prompt.post_message(events.Key(key, key))
        await until(lambda: shows(here, "done"))
        assert shows(here, "Why?")
        assert prompt.text == "And"


@pytest.mark.parametrize(
    ("typed", "left"), [("/mod", "/model "), ("/nonsense here", "/nonsense here"), ("/model zz", "")]
)
async def test_a_command_that_is_none_is_never_sent(shell: OpenShell, typed: str, left: str) -> None:
    async with shell("chat", config=CONFIG) as here:
        prompt = here.app.query_one(Prompt)
        prompt.load_text(typed)
        prompt.submit()
        await until(lambda: prompt.text == left)
        await here.pilot.pause()
        assert not [request for request in here.simulator.requests if request.path == "/api/chat"]
        assert not here.app.query_one(Transcript).display


async def test_a_path_is_a_question_and_no_command(shell: OpenShell) -> None:
    async with shell("chat", config=CONFIG) as here:
        here.simulator.next(Script.saying("A file of users."), route="chat")
        await ask(here, "/etc/passwd holds what?")
        await until(lambda: shows(here, "A file of users."))


async def test_a_question_that_cannot_be_sent_is_given_back(shell: OpenShell) -> None:
    async with shell("chat", config=CONFIG) as here:
        here.simulator.next(Script.saying("One."), route="chat")
        await ask(here, "First")
        await until(lambda: shows(here, "One."))
        [chat] = (await here.engine.chat.list()).chats
        await here.engine.chat.delete(chat.id)  # by another face
        prompt = here.app.query_one(Prompt)
        prompt.put("Second,")
        prompt.submit()
        assert prompt.text == ""
        prompt.insert("and more")
        await until(lambda: prompt.text == "Second,\nand more")


@pytest.mark.parametrize("where_to", ["the same chat", "a new chat", "another chat"])
async def test_no_letter_is_lost_that_is_typed_while_a_chat_comes_onto_the_page(
    shell: OpenShell, where_to: str
) -> None:
    async with shell("chat", config=CONFIG) as here:
        page, prompt = here.app.screen, here.app.query_one(Prompt)
        assert isinstance(page, ChatScreen)
        first = await here.engine.chat.create(title="First")
        other = await here.engine.chat.create(title="Other")
        await here.engine.chat.set_draft(other.id, "Kept: ")
        if where_to != "a new chat":
            await page.open_chat(first.id)
        prompt.put("abc")
        coming = asyncio.create_task(
            page.open_chat(other.id) if where_to == "another chat" else page.resync()
        )
        await asyncio.sleep(0)  # it begins
        typed = ""
        while not coming.done():
            typed += "x"
            prompt.insert("x")
            await asyncio.sleep(0)
        assert len(typed) > 3
        if where_to == "another chat":
            assert prompt.text == f"Kept: {typed}"
            assert (await here.engine.chat.draft(first.id)).text == "abc"
        else:
            assert prompt.text == f"abc{typed}"


async def test_deleting_a_chat_leaves_what_was_written_for_a_new_one(shell: OpenShell) -> None:
    async with shell("chat", config=CONFIG) as here:
        page, prompt = here.app.screen, here.app.query_one(Prompt)
        assert isinstance(page, ChatScreen)
        prompt.put("For a new chat")
        await page.open_chat((await here.engine.chat.create(title="Soon gone")).id)
        assert prompt.text == ""
        prompt.put("/delete")
        prompt.submit()
        await until(lambda: prompt.text == "For a new chat")


async def test_a_file_goes_with_the_question_of_its_own_chat(shell: OpenShell, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("The rent is 700.")
    async with shell("chat", config=CONFIG) as here:
        here.simulator.next(Script.saying("One."), route="chat")
        await ask(here, "First chat")
        await until(lambda: shows(here, "One."))
        prompt = here.app.query_one(Prompt)
        prompt.load_text(f"/attach {tmp_path / 'notes.txt'}")
        prompt.submit()
        await until(lambda: shows(here, "with notes.txt"))
        await here.pilot.press("ctrl+n")
        await until(lambda: not shows(here, "with notes.txt"))
        await here.pilot.press("alt+down")
        await until(lambda: shows(here, "with notes.txt"))
        prompt.load_text("/detach")
        prompt.submit()
        await until(lambda: not shows(here, "with notes.txt"))


async def test_a_file_named_after_an_at_sign_goes_along_although_nobody_completed_it(
    shell: OpenShell, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("The rent is 700.")
    async with shell("chat", config=CONFIG) as here:
        prompt = here.app.query_one(Prompt)
        prompt.put(f"@{tmp_path / 'notes.txt'}")
        prompt.submit()
        await until(lambda: shows(here, "with notes.txt"))  # a file alone waits for its question
        assert not here.app.query_one(Transcript).stack
        prompt.put("/detach")
        prompt.submit()
        await until(lambda: not shows(here, "with notes.txt"))
        here.simulator.next(Script.saying("It is 700."), route="chat")
        prompt.put(f"What does @{tmp_path / 'notes.txt'} say of the rent, @nobody?")
        prompt.submit()
        await until(lambda: shows(here, "It is 700."))
        body = next(request.body for request in here.simulator.requests if request.path == "/api/chat")
        told = json.loads(body)["messages"][-1]["content"]
        assert "The rent is 700." in told
        assert "What does notes.txt say of the rent, @nobody?" in told


async def test_a_folder_named_as_a_file_is_said_to_be_one(shell: OpenShell, tmp_path: Path) -> None:
    async with shell("chat", config=CONFIG) as here:
        prompt = here.app.query_one(Prompt)
        (tmp_path / "papers").mkdir()
        prompt.put(f"/attach {tmp_path / 'papers'}")
        prompt.submit()
        await until(lambda: said(here, "papers is a folder."))


async def test_enter_tries_again_what_failed_and_the_key_line_says_so(shell: OpenShell) -> None:
    async with shell("chat", config=CONFIG + "[queue]\nattempts = 1\n") as here:
        here.simulator.fault("cut@chat:after=2,times=1")
        await ask(here, "Will this work?")
        await until(lambda: "try again" in screen_text(here.app).splitlines()[-1])
        here.simulator.next(Script.saying("Yes, now."), route="chat")
        await here.pilot.press("enter")
        await until(lambda: shows(here, "Yes, now.") and shows(here, "2/2"))
        assert "try again" not in screen_text(here.app)


async def test_the_key_line_names_the_keys_of_what_has_the_focus(shell: OpenShell) -> None:
    async with shell("chat", config=CONFIG) as here:
        here.simulator.next(Script.saying("One."), route="chat")
        await ask(here, "First")
        await until(lambda: shows(here, "done"))
        assert "enter send" in screen_text(here.app).splitlines()[-1]
        await here.pilot.press("alt+t")
        await until(lambda: "y copy" in screen_text(here.app).splitlines()[-1])
        line = screen_text(here.app).splitlines()[-1]
        assert "r again" in line
        assert "esc" in line
        assert "send" not in line
        assert "t thought" not in line  # there is no thought to open
        await here.pilot.press("alt+c")
        await until(lambda: "R rename" in screen_text(here.app).splitlines()[-1])
        await here.pilot.press("escape")
        await until(lambda: "enter send" in screen_text(here.app).splitlines()[-1])


async def test_a_chat_is_written_as_json_and_taken_over_from_it(shell: OpenShell, tmp_path: Path) -> None:
    async with shell("chat", config=CONFIG) as here:
        here.simulator.next(Script.saying("One."), route="chat")
        await ask(here, "First words")
        await until(lambda: shows(here, "done"))
        await ask(here, f"/export {tmp_path}/kept.json")
        await until(lambda: said(here, "Written to"))
        here.app.query_one(Prompt).put("/delete")
        await here.pilot.press("enter")
        await until(lambda: shows(here, "No chats yet"))
        here.app.query_one(Prompt).put("/import")
        await here.pilot.press("enter")
        await until(lambda: shows(here, "Take over chats"))
        await here.pilot.press(*str(tmp_path / "none.json"), "enter")
        await until(lambda: shows(here, "cannot"))  # be read: a long path breaks the sentence anywhere
        await here.pilot.press(*["backspace"] * 9, *"kept.json", "enter")
        await until(lambda: said(here, "1 chat taken over, 2 messages."))
        await until(lambda: shows(here, "One."))
        await ask(here, f"/import {tmp_path}/kept.json")
        await until(lambda: said(here, "1 is here already"))


async def test_the_system_prompt_has_lines_and_an_empty_one_brings_the_default_back(shell: OpenShell) -> None:
    async with shell("chat", config=CONFIG) as here:
        for keys, kept in (((*"Be", "ctrl+j", *"brief"), "Be\nbrief"), (("backspace",) * 9, "")):
            here.app.query_one("#prompt", Prompt).put("/system")
            await here.pilot.press("enter")
            await until(lambda: shows(here, "told before everything else"))
            await here.pilot.press(*keys, "enter")
            await until(lambda: not shows(here, "told before everything else"))
            [chat] = (await here.engine.chat.list()).chats
            assert chat.system == kept


async def test_a_block_an_answer_and_the_whole_chat_are_copied_as_they_were_written(
    shell: OpenShell, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied: list[str] = []

    async def copy(app: LeitstandApp, text: str) -> None:
        copied.append(text)

    monkeypatch.setattr(LeitstandApp, "copy", copy)
    turns = [
        {
            "id": number,
            "parent": number - 1 or None,
            "role": role,
            "text": f"**{role} {number}**\n\n- one\n- two",
        }
        for number in range(1, 101)
        for role in (("user", "assistant")[number % 2 == 0],)
    ]
    async with shell("chat", config=CONFIG) as here:
        await here.engine.chat.import_(json.dumps({"chats": [{"title": "Long", "turns": turns}]}).encode())
        await until(lambda: shows(here, "Long"))
        await here.pilot.press("alt+down")
        await until(lambda: shows(here, "assistant 100"))
        await here.pilot.press("alt+t", "p", "n", "y", "Y", "A")
        await until(lambda: len(copied) == 3)
        block, answer, everything = copied
        assert block in answer
        assert answer == "**assistant 100**\n\n- one\n- two"
        # All of it, not only what has been read from the engine.
        assert everything.startswith("# Long")
        assert everything.index("**user 1**") < everything.index("**assistant 100**")
        assert everything.count("## ") == 100


async def test_whoever_selects_with_the_mouse_goes_on_writing(shell: OpenShell) -> None:
    async with shell("chat", config=CONFIG) as here:
        here.simulator.next(Script.saying("One two three four."), route="chat")
        await ask(here, "Count")
        await until(lambda: shows(here, "done"))
        lines = screen_text(here.app).splitlines()
        row = next(index for index, line in enumerate(lines) if "One two three" in line)
        column = lines[row].index("two")
        await here.pilot.mouse_down(offset=(column, row))
        await here.pilot.hover(offset=(column + 4, row))
        await here.pilot.mouse_up(offset=(column + 8, row))
        await until(lambda: (here.app.screen.get_selected_text() or "").startswith("two"))
        await here.pilot.press(*"rex")
        await until(lambda: here.app.query_one("#prompt", Prompt).text == "rex")
        assert not shows(here, "2/2")


async def test_ways_out_of_a_question_that_is_too_long_are_whole_sentences(shell: OpenShell) -> None:
    async with shell("chat", config=CONFIG) as here:
        here.app.query_one(Prompt).put("word " * 12_000)
        await here.pilot.press("enter")
        await until(lambda: shows(here, "the context holds 8 192"))
        await until(lambda: shows(here, "Send it anyway: the server cuts what does not fit"))
        assert shows(here, "that fits into memory.")
        await here.pilot.press("escape")
        await until(lambda: len(here.app.query_one(Prompt).text) == 60_000)
