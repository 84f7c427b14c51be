"""The router on the screens: before, beside and after an answer, several models, memory that is short."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from textual.widgets import Input

from core.simulator import Script
from tests.fakes.machine import CARD, GIB, FakeMachine
from tests.pictures import assert_picture, screen_text
from tests.tui.conftest import NARROW, WIDE, OpenShell, Shell
from tests.waiting import until
from tui.modals.choose import Choose
from tui.modals.choose_many import ChooseMany
from tui.modals.routing import RoutingView
from tui.modals.why import Why
from tui.render.option import Option
from tui.widgets.comparison import Comparison
from tui.widgets.line import Line
from tui.widgets.prompt import Prompt
from tui.widgets.row_list import RowList
from tui.widgets.transcript import Transcript

SIZES = pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
CONFIG = "[chat]\ntitle_by_model = false\n"
SHELL = "Zeige mir alle Python-Prozesse mit ps aux | grep python"
SMALL, OTHER = "llama3.2:3b", "qwen3:8b"


def shows(here: Shell, words: str) -> bool:
    return words in screen_text(here.app)


def told(here: Shell, words: str) -> bool:
    """Whether a toast says this."""
    return any(words in toast.message for toast in here.app._notifications)


def filtered(rows: RowList[Option], words: str) -> bool:
    """Whether only what matches is left."""
    return all(
        words in f"{option.label} {option.about}".casefold() for option in rows.rows or [Option("", "")]
    )


async def pick(here: Shell, words: str, *keys: str) -> None:
    """Filter a list of choices by these words, and press keys on what is left."""
    await until(lambda: here.app.screen.query(Input))
    here.app.screen.query_one(Input).value = words
    if here.app.screen.query(RowList):
        await until(lambda: filtered(here.app.screen.query_one(RowList), words))
    await here.pilot.press(*keys)


async def ask(here: Shell, text: str, *pieces: str) -> None:
    """Ask, and wait for the answer's end."""
    here.simulator.next(Script.saying(*pieces), route="chat")
    here.app.query_one(Prompt).put(text)
    await here.pilot.press("enter")
    await until(lambda: shows(here, "done "))
    await counted(here)


async def assert_settled(here: Shell, name: str) -> None:
    """Compare the picture, once the status line has heard of the queue's end and of the memory."""
    status = here.app.screen_stack[0].query_one("#status", Line)
    await until(lambda: "queue" not in status.plain)
    if here.app.size.width >= WIDE[0]:
        await until(lambda: "VRAM" in status.plain)
    await here.pilot.pause()
    assert_picture(here.app, name)


async def counted(here: Shell) -> None:
    """Wait until the context is counted anew, a moment after an answer."""
    [chat] = (await here.engine.chat.list()).chats
    budget = await here.engine.chat.budget(chat.id, "")
    await until(lambda: shows(here, f" {budget.used} / "))


@SIZES
async def test_the_model_and_the_reason_stand_under_the_question_and_above_the_answer(
    shell: OpenShell, size: tuple[int, int]
) -> None:
    async with shell("chat", size, config=CONFIG) as here:
        await here.engine.models.sync()
        await until(lambda: shows(here, "auto   the model is chosen"))
        here.app.query_one(Prompt).insert(SHELL)
        await until(lambda: shows(here, "→ auto "))
        await until(lambda: shows(here, "code: ps, grep, python · 0.40" if size == WIDE else "code · 0.40"))
        await ask(here, SHELL, "ps aux | grep python")
        [_, answer] = (await here.engine.chat.open(1)).turns
        assert answer.route.startswith("code: ps, grep, python · 0.40 → ")
        header = next(line for line in screen_text(here.app).splitlines() if answer.model in line)
        assert "code: ps, grep, python · 0.40" in header
        await assert_settled(here, "chat-routed")


@SIZES
async def test_why_a_model_answered_is_told_with_every_reason(
    shell: OpenShell, size: tuple[int, int]
) -> None:
    async with shell("chat", size, config=CONFIG) as here:
        await here.engine.models.sync()
        await ask(here, SHELL, "ps aux | grep python")
        await here.pilot.press("alt+t", "w")
        await until(lambda: isinstance(here.app.screen, Why))
        await here.pilot.pause()
        text = screen_text(here.app)
        assert "It is taken for code" in text
        assert "a programming language or library: python (code" in text
        assert size == NARROW or "decided by what was asked · answered" in text
        await assert_settled(here, "why")
        await here.pilot.press("m")
        await until(lambda: isinstance(here.app.screen, Choose))
        await until(lambda: shows(here, "whoever is best for small"))


async def test_another_model_answers_instead_and_both_answers_stay(shell: OpenShell) -> None:
    async with shell("chat", config=CONFIG) as here:
        await here.engine.models.sync()
        await ask(here, SHELL, "ps aux | grep python")
        here.simulator.next(Script.saying("Certainly."), route="chat")
        await here.pilot.press("alt+t", "m")
        await until(lambda: isinstance(here.app.screen, Choose))
        await pick(here, "fast", "enter")
        await until(lambda: shows(here, "Certainly."))
        await until(lambda: shows(here, "2/2"))
        [first] = [one for one in await here.engine.router.recent() if one.override]
        assert first.override == SMALL


async def test_nothing_was_decided_about_an_answer_without_a_decision(shell: OpenShell) -> None:
    async with shell("chat", config=CONFIG + "[router]\nenabled = false\n") as here:
        await here.engine.models.sync()
        for command, words in (("/why", "Nothing was decided"), ("/reroute", "There is no answer yet")):
            here.app.query_one(Prompt).put(command)
            await here.pilot.press("enter")
            await until(lambda words=words: told(here, words))  # type: ignore[misc]  # of this round


async def several(here: Shell, *names: str) -> None:
    """Choose models by name and take them."""
    await here.pilot.press("alt+m")
    await until(lambda: isinstance(here.app.screen, ChooseMany))
    for name in names:
        await pick(here, name, "tab")
    await here.pilot.press("enter")
    await until(lambda: here.app.query(Comparison) and here.app.query_one(Comparison).shown)


@SIZES
async def test_several_models_answer_beside_each_other(shell: OpenShell, size: tuple[int, int]) -> None:
    async with shell("chat", size, config=CONFIG) as here:
        await here.engine.models.sync()
        for model in (SMALL, OTHER):
            here.simulator.next(Script.saying(f"I am {model}."), model=model, route="chat")
        here.app.query_one(Prompt).put("Who are you?")
        await several(here, "llama3.2", "qwen3:8")
        await until(lambda: shows(here, f"I am {SMALL}.") and shows(here, f"I am {OTHER}."))
        await until(lambda: screen_text(here.app).count("done ") == 2)
        lines = screen_text(here.app).splitlines()
        places = [
            (at, line.index(f"I am {model}."))
            for model in (SMALL, OTHER)
            for at, line in enumerate(lines)
            if f"I am {model}." in line
        ]
        same_row = places[0][0] == places[1][0]
        assert same_row == (size == WIDE)
        assert not here.app.query_one("#transcript").display
        # Closed and shown anew, so that no cursor and no count is from before the answers' ends.
        await here.pilot.press("escape")
        await here.app.screen.resync()  # type: ignore[attr-defined]  # it is a page
        await here.pilot.press("alt+t", "v")
        await until(lambda: here.app.query_one(Comparison).shown)
        await counted(here)
        await assert_settled(here, "compared")
        await here.pilot.press("right_square_bracket", "v")
        await until(lambda: not here.app.query_one(Comparison).shown)
        await until(lambda: shows(here, "2/2"))
        assert shows(here, f"I am {OTHER}.")
        assert not shows(here, f"I am {SMALL}.")


async def test_others_are_asked_afterwards_and_escape_leaves_the_branch_as_it_was(shell: OpenShell) -> None:
    async with shell("chat", config=CONFIG) as here:
        await here.engine.models.sync()
        await ask(here, "Who are you?", "The first.")
        script = here.simulator.next(Script(), model=OTHER, route="chat")
        await several(here, "qwen3:8")
        await script.say("A second ")
        await until(lambda: shows(here, "A second") and shows(here, "The first."))
        await script.say("one.")
        await script.finish()
        await until(lambda: shows(here, "A second one."))
        await here.pilot.press("escape")
        await until(lambda: not here.app.query_one(Comparison).shown)
        await until(lambda: here.app.query_one("#transcript", Transcript).display)
        await until(lambda: shows(here, "A second one."))


@SIZES
async def test_memory_that_is_short_is_told_before_a_model_is_switched_to(
    shell: OpenShell, size: tuple[int, int]
) -> None:
    config = CONFIG.replace("[chat]", '[chat]\nmodel = "qwen3-coder:30b"')
    async with shell("chat", size, config=config) as here:
        await here.engine.models.sync()
        here.app.query_one(Prompt).put("Who are you?")
        await until(lambda: shows(here, " 9 / 8k"))
        await here.pilot.press("enter")
        await until(lambda: isinstance(here.app.screen, Choose))
        await here.pilot.pause()
        text = screen_text(here.app)
        assert "Not enough GPU memory" in text
        assert "Run partly on the processor" in text
        assert "instead" in text
        await assert_settled(here, "memory-short")
        await pick(here, "cancel", "enter")
        await until(lambda: here.app.focused is here.app.query_one(Prompt))
        assert here.app.query_one(Prompt).text == "Who are you?"
        assert (await here.engine.chat.list()).total == 0
        await here.pilot.press("enter")
        await until(lambda: isinstance(here.app.screen, Choose))
        here.simulator.next(Script.saying("Slow me."), route="chat")
        await pick(here, "partly", "enter")
        await until(lambda: shows(here, "Slow me."))


def card(free: float) -> FakeMachine:
    """A machine with a card of 32 GiB, so much of it free."""
    return FakeMachine(gpus=(replace(CARD, memory_free=int(free * GIB)),))


BIG = CONFIG.replace("[chat]", '[chat]\nmodel = "qwen3-coder:30b"')


@SIZES
async def test_a_model_that_is_to_stay_for_ever_is_unloaded_only_by_its_owner(
    shell: OpenShell, size: tuple[int, int]
) -> None:
    async with shell("chat", size, config=BIG, machine=card(16.0)) as here:
        job = await here.engine.models.load(OTHER, keep_alive=-1, when_tight="anyway")
        await here.engine.jobs.finished(job.id)
        here.app.query_one(Prompt).put("Who are you?")
        await until(lambda: shows(here, " 9 / 8k"))
        await here.pilot.press("enter")
        await until(lambda: isinstance(here.app.screen, Choose))
        await here.pilot.pause()
        text = screen_text(here.app)
        assert "Not enough GPU memory" in text
        assert "GiB are free" in text
        for way in (f"Unload {OTHER}", "instead", "Run partly on the processor", "times slower", "Cancel"):
            assert way in text, way
        await assert_settled(here, "memory-short-unload")
        here.simulator.next(Script.saying("There is room now."), route="chat")
        await pick(here, "unload", "enter")
        await until(lambda: shows(here, "There is room now."))
        await until(lambda: shows(here, "done "))
        assert [model.name for model in await here.engine.models.loaded()] == ["qwen3-coder:30b"]
        assert (await here.engine.chat.open(1)).turns[1].model == "qwen3-coder:30b"


@SIZES
async def test_memory_that_would_be_nearly_full_is_told_before_a_model_is_loaded(
    shell: OpenShell, size: tuple[int, int]
) -> None:
    async with shell("chat", size, config=BIG, machine=card(21.5)) as here:
        await here.engine.models.sync()
        here.app.query_one(Prompt).put("Who are you?")
        await until(lambda: shows(here, " 9 / 8k"))
        await here.pilot.press("enter")
        await until(lambda: isinstance(here.app.screen, Choose))
        await here.pilot.pause()
        text = screen_text(here.app)
        assert "High usage of GPU memory" in text
        assert "% of the GPU memory is in use" in " ".join(text.split())
        assert "Load qwen3-coder:30b anyway" in text
        await assert_settled(here, "memory-high")
        await pick(here, "cancel", "enter")
        await until(lambda: here.app.focused is here.app.query_one(Prompt))
        assert here.app.query_one(Prompt).text == "Who are you?"
        await here.pilot.press("enter")
        await until(lambda: isinstance(here.app.screen, Choose))
        here.simulator.next(Script.saying("Loaded."), route="chat")
        await pick(here, "anyway", "enter")
        await until(lambda: shows(here, "Loaded."))
        assert (await here.engine.chat.open(1)).turns[1].model == "qwen3-coder:30b"


async def test_another_model_can_be_used_for_the_one_answer(shell: OpenShell) -> None:
    config = CONFIG.replace("[chat]", '[chat]\nmodel = "qwen3-coder:30b"')
    async with shell("chat", config=config) as here:
        await here.engine.models.sync()
        here.app.query_one(Prompt).put("Who are you?")
        await here.pilot.press("enter")
        await until(lambda: isinstance(here.app.screen, Choose))
        await pick(here, "instead", "enter")
        await until(lambda: shows(here, "done "))
        opened = await here.engine.chat.open(1)
        assert opened.turns[1].model != "qwen3-coder:30b"
        assert opened.chat.model == ""


@SIZES
async def test_the_routing_view_counts_lists_rules_and_explains(
    shell: OpenShell, size: tuple[int, int]
) -> None:
    config = CONFIG + '[router.rules]\ncooking = "recipe, rezept -> fast llama3.2:3b"\nbad = "/a*/ -> fast"\n'
    async with shell("chat", size, config=config) as here:
        await here.engine.models.sync()
        await ask(here, SHELL, "ps aux | grep python")
        await here.pilot.press("f4", "o")
        await until(lambda: isinstance(here.app.screen, RoutingView))
        await until(lambda: shows(here, "cooking"))
        text = screen_text(here.app)
        assert "The last 30 days" in text
        assert "asked" in text
        assert "The routing rule “bad” is not used" in text
        await assert_settled(here, "routing")
        await pick(here, "a recipe for bread")
        await until(lambda: shows(here, "Your rule asks for llama3.2:3b."))
        await here.pilot.press("escape")
        await until(lambda: not isinstance(here.app.screen, RoutingView))


async def test_the_routing_view_says_how_to_begin(shell: OpenShell) -> None:
    async with shell("gauges", config=CONFIG) as here:
        await here.engine.models.sync()
        await here.pilot.press("alt+o")
        await until(lambda: shows(here, "Nothing was decided yet."))
        assert shows(here, "None of your own.")


async def test_auto_is_the_first_to_choose_and_can_be_chosen_by_name(shell: OpenShell) -> None:
    async with shell("chat", config=CONFIG) as here:
        await here.engine.models.sync()
        await here.pilot.press("ctrl+o")
        await until(lambda: isinstance(here.app.screen, Choose))
        await here.pilot.pause()
        assert shows(here, "chosen for every question by what it asks")
        await pick(here, "gemma", "enter")
        await until(lambda: shows(here, "→ gemma3:12b"))
        here.app.query_one(Prompt).put("/model auto")
        await here.pilot.press("enter")
        await until(lambda: shows(here, "→ auto "))
