"""Answers from documents in the chat: what was searched, what they rest on, and where that stands."""

from __future__ import annotations

import pytest

from core.simulator import Script
from tests.core.retrieval.making import docx, paragraph
from tests.pictures import assert_picture, screen_text
from tests.tui.bookcase import filled, quiet, timeless
from tests.tui.conftest import NARROW, WIDE, OpenShell, Shell, both_ways
from tests.waiting import until
from tui.app import LeitstandApp
from tui.screens.chat import ChatScreen
from tui.widgets.prompt import Prompt
from tui.widgets.row_list import RowList
from tui.widgets.transcript import Transcript

SIZES = pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
CONFIG = '[chat]\nmodel = "llama3.2:3b"\ntitle_by_model = false\n'


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the person was told in passing; windows for it are not opened in tests."""
    words: list[str] = []
    monkeypatch.setattr(LeitstandApp, "toast", lambda app, level, text, hint="": words.append(text))
    return words


async def shows(here: Shell, *words: str) -> str:
    await until(lambda: all(word in screen_text(here.app) for word in words))
    await here.pilot.pause()
    return screen_text(here.app)


async def asked(here: Shell, question: str, *answer: str) -> None:
    """Ask, and wait for the end of the answer."""
    here.simulator.next(Script.saying(*answer), route="chat")
    page = here.app.screen_stack[0]
    assert isinstance(page, ChatScreen)
    prompt = here.app.query_one(Prompt)
    prompt.put(question)
    await here.pilot.press("enter")
    await shows(here, answer[-1], "done")
    # The context is counted again once nothing is typed for a moment.
    await until(lambda: page._quiet is None or page._quiet._task is None or page._quiet._task.done())
    await quiet(here)


@SIZES
async def test_searched_spaces_and_sources_stand_under_the_answer_and_open_where_they_stand(
    shell: OpenShell, size: tuple[int, int]
) -> None:
    async with shell("chat", size, config=CONFIG) as here:
        await filled(here)
        await asked(
            here,
            "Which oil lubricates the pump?",
            "It is best done in summer.\n\n",
            "Two litres of mineral oil [1].",
        )
        text = await shows(here, "⌕ manuals", "[1] Pump manual", "1 sentence without a source")
        assert "%" in text
        assert "alt+s sources" in text.splitlines()[-1]
        await here.pilot.press("alt+t")
        await until(lambda: "s sources" in screen_text(here.app).splitlines()[-1])
        await here.pilot.press("1")
        text = await shows(here, "two litres of mineral oil", "lines ")
        box, words = here.app.screen.query_one("#reading-box"), here.app.screen.query_one("#pages")
        if size == WIDE:  # there is room for all of it, and it takes no more
            await until(lambda: words.size.height == words.virtual_size.height)
            assert box.size.height == words.size.height + 2
        assert_picture(here.app, "chat-passage")
        await here.pilot.press("escape", "s")
        await shows(here, "Sources of this answer", "cited", "spaces  manuals")
        assert_picture(here.app, "chat-sources")
        await here.pilot.press("escape", "i")
        await shows(here, "How it was found", "Which oil lubricates the pump?", "passages", "ms: ")
        timeless(here)
        assert_picture(here.app, "chat-inspection")
        await here.pilot.press("escape")
        await shows(here, "⌕ manuals")
        assert_picture(here.app, "chat-library")


@both_ways
async def test_a_citation_opens_by_click_and_a_false_one_is_marked(shell: OpenShell, said: list[str]) -> None:
    async with shell("chat", config=CONFIG) as here:
        await filled(here)
        await asked(here, "Which oil lubricates the pump?", "Mineral oil [1], monthly [7].")
        await shows(here, "The answer cites [7], which is no passage it was given.")
        line = next(
            number
            for number, row in enumerate(screen_text(here.app).splitlines())
            if "Mineral oil [1]" in row
        )
        row = screen_text(here.app).splitlines()[line]
        talk = here.app.query_one(Transcript)
        at = (row.index("[7]") + 1 - talk.region.x, line - talk.region.y)
        await here.pilot.click(Transcript, offset=at)
        await until(lambda: said[-1:] == ["[7] is no passage this answer was given."])
        at = (row.index("[1]") + 1 - talk.region.x, line - talk.region.y)
        await here.pilot.click(Transcript, offset=at)
        await shows(here, "two litres of mineral oil")


@both_ways
async def test_what_a_chat_looks_up_is_chosen_by_key(shell: OpenShell) -> None:
    async with shell("chat", config=CONFIG) as here:
        space = await filled(here)
        await here.engine.library.create_space("contracts")
        await shows(here, "library auto")
        await here.pilot.press("ctrl+r")
        text = await shows(here, "Look questions up in", "what matches", "nothing", "contracts", "manuals")
        assert "Everything about the pump" in text
        assert_picture(here.app, "chat-spaces")
        await here.pilot.press("end", "space", "enter")
        await shows(here, "in manuals")
        (chat,) = (await here.engine.chat.list()).chats
        choice = await here.engine.library.choice(chat.id)
        assert (choice.mode, choice.spaces) == ("chosen", (space.id,))
        await here.pilot.press("ctrl+r", "home", "down", "enter")
        await shows(here, "library off")
        await asked(here, "Which oil lubricates the pump?", "I do not know.")
        assert "⌕" not in screen_text(here.app)


@both_ways
async def test_a_chat_is_kept_to_some_documents_and_says_so(shell: OpenShell) -> None:
    async with shell("chat", config=CONFIG) as here:
        space = await filled(here)
        chat = await here.engine.chat.create()
        await here.engine.library.choose(chat.id, "chosen", (space.id,))
        await here.pilot.press("alt+up")
        await shows(here, "in manuals")
        await here.pilot.press("ctrl+r", "f", *"type:pdf and since:2023", "enter")
        await shows(here, "“and” says of no document which it is.")
        await here.pilot.press("ctrl+u", *"type:csv since:2023", "enter")
        await shows(here, "only table · since 2023-01-01")
        assert_picture(here.app, "chat-spaces-some")
        await here.pilot.press("enter")
        await shows(here, "in manuals · only table")
        await asked(here, "What does the filter cost?", "It costs 12 [1].")
        await shows(here, "⌕ manuals", "only table · since 2023-01-01", "[1] prices")
        await here.pilot.press("ctrl+r", "f", "ctrl+u", "enter", "enter")
        await until(lambda: "in manuals · only" not in screen_text(here.app))
        assert not (await here.engine.library.choice(chat.id)).narrow


async def test_the_choice_of_models_says_which_are_recommended_where_questions_are_looked_up(
    shell: OpenShell,
) -> None:
    async with shell("chat", config=CONFIG) as here:
        await here.pilot.press("ctrl+o")
        assert "documents" not in await shows(here, "Model", "llama3.2:3b")
        await here.pilot.press("escape")
        await filled(here)
        await shows(here, "library auto")
        await here.pilot.press("ctrl+o")
        await shows(here, "✓ documents", "library auto): ✓ documents marks")
        rows = {row.key: row.about for row in here.app.screen.query_one(RowList).rows}
        assert rows["qwen3:8b"].startswith("✓ documents")
        assert "documents" not in rows["qwen3-coder:30b"]
        assert_picture(here.app, "chat-model-documents")


async def test_without_spaces_the_key_says_where_they_are_made(shell: OpenShell, said: list[str]) -> None:
    async with shell("chat", config=CONFIG) as here:
        await here.pilot.press("ctrl+r")
        await until(lambda: said == ["There is no space yet."])
        await here.pilot.press("alt+s")
        await until(lambda: said[-1] == "No answer here was looked up in the library.")


async def test_a_file_too_large_for_a_question_becomes_a_document_of_the_chat(
    shell: OpenShell, said: list[str]
) -> None:
    async with shell("chat", config=CONFIG) as here:
        large = here.home / "large.txt"
        large.write_text(
            "The password of the gate is swordfish.\n\n" + "Nothing else matters here. " * 200_000
        )
        here.app.query_one(Prompt).put(f"/attach {large}")
        await here.pilot.press("enter")
        await until(lambda: said == ["large.txt becomes one of this chat's own documents."])
        (space,) = await here.engine.library.spaces()
        assert space.chat_id is not None


async def test_a_question_waits_for_a_file_that_has_to_be_read_first(
    shell: OpenShell, said: list[str]
) -> None:
    async with shell("chat", config=CONFIG) as here:
        (here.home / "scan.docx").write_bytes(docx(paragraph("The password of the gate is swordfish.")))
        prompt = here.app.query_one(Prompt)
        prompt.put(f"@{here.home / 'scan.docx'} What is the password?")
        await here.pilot.press("enter")
        await until(lambda: said[:1] == ["scan.docx becomes one of this chat's own documents."])
        await until(lambda: prompt.text.endswith("What is the password?") and "@" not in prompt.text)
        for _ in range(200):
            if said[-1].endswith("can be asked about now."):
                break
            await here.clock.advance(0.5)
            await here.pilot.pause()
        assert said[-1].endswith("can be asked about now.")
        here.simulator.next(Script.saying("Swordfish [1]."), route="chat")
        await here.pilot.press("enter")
        await shows(here, "Swordfish [1].", "[1] scan")


async def test_a_file_that_can_be_no_document_is_said_to_be_none_once_that_is_known(
    shell: OpenShell, said: list[str]
) -> None:
    async with shell("chat", config=CONFIG) as here:
        (here.home / "a.bin").write_bytes(bytes(range(256)) * 20)
        here.app.query_one(Prompt).put(f"/attach {here.home / 'a.bin'}")
        await here.pilot.press("enter")
        await until(lambda: said[-1:] == ["a.bin cannot be asked about."])
        assert said[0] == "a.bin becomes one of this chat's own documents."
