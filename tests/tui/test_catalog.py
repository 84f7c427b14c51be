from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from textual import events

from core.jobs.types import JobFilter
from core.models.types import Benchmark, Model
from core.simulator import Script
from tests.fakes.machine import CARD, GIB, FakeMachine
from tests.pictures import assert_picture, screen_text
from tests.tui.conftest import NARROW, WIDE, OpenShell, Shell
from tests.waiting import until
from tui.app import LeitstandApp
from tui.screens.catalog import CatalogScreen
from tui.widgets.detail import Detail
from tui.widgets.line import Line

SIZES = pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the person was told in passing; windows for it are not opened in tests."""
    words: list[str] = []
    monkeypatch.setattr(LeitstandApp, "toast", lambda app, level, text, hint="": words.append(text))
    return words


def page_of(here: Shell) -> CatalogScreen:
    screen = here.app.screen_stack[0]
    assert isinstance(screen, CatalogScreen)
    return screen


async def shows(here: Shell, *words: str) -> str:
    await until(lambda: all(word in screen_text(here.app) for word in words))
    await here.pilot.pause()
    return screen_text(here.app)


async def known(here: Shell) -> CatalogScreen:
    """Wait until the server's models and what fits are on the page."""
    page = page_of(here)
    await until(lambda: any(model.installed for model in page.board.models.values()))
    await until(lambda: "llama3.2:3b" in page.board.fits)
    await here.pilot.pause()
    return page


async def on(here: Shell, name: str) -> Model:
    """Put the cursor on a model."""
    rows = page_of(here).rows
    assert rows.select(name)
    rows.keep()
    await here.pilot.pause()
    assert rows.selected is not None
    assert rows.selected.name == name
    return rows.selected


async def loaded(here: Shell, name: str) -> None:
    job = await here.engine.models.load(name)
    assert (await here.engine.jobs.finished(job.id)).state == "done"
    await until(lambda: page_of(here).board.models[name].memory is not None)
    await here.pilot.pause()


def is_here(page: CatalogScreen, name: str) -> bool:
    model = page.board.models.get(name)
    return model is not None and model.installed


def line_with(text: str, words: str) -> str:
    return next(line for line in text.splitlines() if words in line)


@SIZES
async def test_every_model_stands_in_one_list_with_what_matters_about_it(
    shell: OpenShell, size: tuple[int, int]
) -> None:
    async with shell("catalog", size) as here:
        await known(here)
        await loaded(here, "llama3.2:3b")
        await here.engine.models.set_favourite("nomic-embed-text:latest")
        await here.engine.models.set_default("qwen3:8b")
        await on(here, "llama3.2:3b")
        text = await shows(here, "★", "◆", "● loaded")
        listed = [line.strip("▌ ") for line in text.splitlines()[3:]]
        assert listed[0].startswith("★")
        assert listed[1].startswith("qwen3:8b ◆")
        row = line_with(text, "● loaded")
        assert "2.02 GB" in row
        assert "5 m 00 s" in row
        assert "qwen3-coder:30b" in text
        assert "GiB" in text
        assert_picture(here.app, "catalog")


@SIZES
async def test_without_a_server_the_page_says_why_nothing_is_listed(
    shell: OpenShell, size: tuple[int, int]
) -> None:
    async with shell("catalog", size, faults=("refuse@version:times=0",)) as here:
        page = page_of(here)
        await until(lambda: page.board.models)
        await here.pilot.press("w")
        text = await shows(here, "What the server has is not known.")
        assert "esc lists all models again" in text
        assert "AI temporarily unavailable" in text
        assert_picture(here.app, "catalog-empty")


@SIZES
async def test_a_model_is_measured_by_key_and_its_details_tell_what_came_of_it(
    shell: OpenShell, size: tuple[int, int], said: list[str]
) -> None:
    async with shell("catalog", size) as here:
        page = await known(here)
        await on(here, "llama3.2:3b")
        await here.pilot.press("b")
        await until(lambda: page.board.models["llama3.2:3b"].benchmark)
        assert "llama3.2:3b is measured in its turn." in said[0]
        # While the first still ends, asking for one more is asking for that one.
        await until(lambda: not page.board.loads)
        again = await here.engine.benchmarks.run("llama3.2:3b")
        assert (await here.engine.jobs.finished(again.id)).state == "done"
        # A page behind a window follows nothing: it is to know all before the window opens.
        await until(
            lambda: (
                (found := page.board.models["llama3.2:3b"].benchmark)
                and found.runs == 2
                and not page.board.loads
            )
        )
        await here.pilot.press("i")
        text = await shows(here, "Benchmarks", "in 5 rounds")
        assert "within the noise" in text or size == NARROW
        await here.engine.jobs.plan()  # told at once how many run: the clock stands still
        await until(lambda: "queue" not in screen_text(here.app).splitlines()[-2])
        assert_picture(here.app, "catalog-measured")


async def test_a_row_tells_how_far_its_load_or_its_benchmark_is(shell: OpenShell) -> None:
    async with shell("catalog") as here:
        page = await known(here)
        silent = here.simulator.next(Script(), model="llama3.2:3b")
        job = await here.engine.benchmarks.run("llama3.2:3b")
        await silent.asked()
        text = await shows(here, "measuring 0 %")
        assert "Measuring   warming up" in text
        await here.engine.jobs.cancel(job.id)
        await until(lambda: "measuring" not in screen_text(here.app).lower())
        assert page.board.loads == {}


async def test_a_wide_window_has_the_whole_story_beside_the_list(shell: OpenShell) -> None:
    async with shell("catalog", (180, 45)) as here:
        page = await known(here)
        await on(here, "qwen3:8b")
        text = await shows(here, "Memory by context", "Variants", "Settings it comes with")
        assert "qwen3:14b" in text
        side = here.app.screen.query_one("#side-detail", Detail)
        assert_picture(here.app, "catalog-beside")
        await here.pilot.press("down")
        moved = page.rows.selected
        assert moved is not None
        await until(lambda: moved.description in str(side.content))
        await here.pilot.resize_terminal(140, 40)
        await until(lambda: page.query_one("#model-detail").display)
        assert not side.is_on_screen


async def test_in_a_small_pane_the_list_has_every_line_and_a_state_is_its_sign(shell: OpenShell) -> None:
    async with shell("catalog", (40, 10)) as here:
        await known(here)
        await loaded(here, "llama3.2:3b")
        lines = screen_text(here.app).splitlines()
        assert sum("B  " in line for line in lines) >= 5
        row = line_with("\n".join(lines), "llama3.2:3b")
        assert "●" in row
        assert "…" not in row
        await here.pilot.resize_terminal(80, 24)
        await shows(here, "Small Llama", "unloads in")


async def test_what_is_typed_in_one_go_is_all_a_filter(shell: OpenShell) -> None:
    async with shell("catalog") as here:
        page = await known(here)
        for sign in ("slash", *"nosuchx"):
            here.app.post_message(events.Key(sign, "/" if sign == "slash" else sign))
        await until(lambda: page.board.text == "nosuchx")
        assert here.app.screen is page
        assert "No model is like that." in await shows(here, "No model")


async def test_a_word_a_state_and_fit_restrict_the_list_and_escape_brings_all_back(shell: OpenShell) -> None:
    async with shell("catalog") as here:
        page = await known(here)
        everything = len(page.rows.rows)
        await here.pilot.press("slash", *"CODER")
        await here.pilot.pause()
        assert page.rows.rows
        assert all("coder" in page.board._text_of(model) for model in page.rows.rows)
        await here.pilot.press("enter", "w")
        await here.pilot.pause()
        assert [model.name for model in page.rows.rows if not model.installed] == []
        text = screen_text(here.app)
        assert "/ CODER" in text
        assert "installed ▾" in text
        assert f"of {everything} models" in text
        await here.pilot.press("escape")
        await here.pilot.pause()
        assert len(page.rows.rows) == everything
        await here.pilot.press("v")
        await here.pilot.pause()
        verdicts = {page.board.fits[model.name].verdict for model in page.rows.rows}
        assert verdicts <= {"fits", "tight"}
        assert 0 < len(page.rows.rows) < everything


async def test_every_order_keeps_favourites_on_top(shell: OpenShell) -> None:
    async with shell("catalog") as here:
        page = await known(here)
        await here.engine.models.set_favourite("llama3.2:3b")
        await until(lambda: page.rows.rows[0].name == "llama3.2:3b")
        for order in ("name", "size", "speed", "last used", "recommended"):
            await here.pilot.press("s")
            await here.pilot.pause()
            assert f"{order} ▾" in screen_text(here.app)
            assert page.rows.rows[0].name == "llama3.2:3b"
            rest = page.rows.rows[1:]
            if order == "name":
                assert [model.name for model in rest] == sorted(model.name for model in rest)
            if order == "size":
                sizes = [model.size or 0 for model in rest]
                assert sizes == sorted(sizes, reverse=True)


async def test_a_model_is_loaded_and_unloaded_by_key(shell: OpenShell, said: list[str]) -> None:
    async with shell("catalog") as here:
        await known(here)
        await on(here, "llama3.2:3b")
        await here.pilot.press("l")
        await until(lambda: page_of(here).board.models["llama3.2:3b"].memory is not None)
        await shows(here, "● loaded")
        await here.pilot.press("u")
        await until(lambda: "Unloaded llama3.2:3b." in said)
        await until(lambda: page_of(here).board.models["llama3.2:3b"].memory is None)


async def test_what_does_not_fit_is_refused_with_a_choice_of_what_to_do(shell: OpenShell) -> None:
    card = replace(CARD, memory_total=8 * GIB, memory_free=7 * GIB, memory_used=GIB)
    async with shell("catalog", machine=FakeMachine(gpus=(card,))) as here:
        await known(here)
        await on(here, "qwen3-coder:30b")
        await here.pilot.press("l")
        text = await shows(here, "does not fit just so", "Load it anyway")
        assert "on the CPU" in text
        assert_picture(here.app, "catalog-tight")
        await here.pilot.press("escape")
        await here.pilot.pause()
        assert await here.engine.jobs.list(JobFilter(kinds=("model.load",))) == []


async def test_deleting_asks_counts_down_and_can_be_taken_back(shell: OpenShell, said: list[str]) -> None:
    async with shell("catalog") as here:
        page = await known(here)
        await on(here, "qwen3:8b")
        await here.pilot.press("x")
        await shows(here, "Delete qwen3:8b?", "x takes it back")
        await here.pilot.press("escape")
        await here.pilot.pause()
        assert page.board.models["qwen3:8b"].leaves_at is None
        await here.pilot.press("x", "y")
        await shows(here, "deleted in 10 s")
        await here.pilot.press("x")
        await until(lambda: "qwen3:8b stays." in said)
        await shows(here, "qwen3:8b")
        assert page.board.models["qwen3:8b"].leaves_at is None
        await here.pilot.press("x", "y")
        await shows(here, "deleted in 10 s")
        await here.clock.advance(10)
        await until(lambda: not is_here(page, "qwen3:8b"))


async def test_a_copy_a_favourite_and_a_default_are_made_by_key_and_kept(shell: OpenShell) -> None:
    async with shell("catalog") as here:
        page = await known(here)
        await on(here, "qwen3:8b")
        await here.pilot.press("c", *"-mine", "enter")
        await until(lambda: "qwen3:8b-mine" in page.board.models)
        await here.pilot.press("f", "D")
        await until(lambda: page.board.models["qwen3:8b"].favourite)
        await until(lambda: page.board.models["qwen3:8b"].default)
        assert 'model = "qwen3:8b"' in (here.home / "config.toml").read_text()


async def test_a_name_that_is_taken_is_refused_in_the_dialog_and_nothing_typed_is_lost(
    shell: OpenShell,
) -> None:
    async with shell("catalog") as here:
        await known(here)
        await on(here, "qwen3:8b")
        await here.pilot.press("c", "enter")
        await shows(here, "There is a model qwen3:8b already.")
        assert "Copy qwen3:8b to" in screen_text(here.app)


@SIZES
async def test_details_tell_all_the_server_says(shell: OpenShell, size: tuple[int, int]) -> None:
    async with shell("catalog", size) as here:
        await known(here)
        await on(here, "llama3.2:3b")
        await here.pilot.press("i")
        await shows(here, "Memory by context")
        assert_picture(here.app, "catalog-details")
        words = here.app.screen.query_one(Detail)
        told = "\n".join("".join(text for text, _ in line) for line in words._said or ())
        for part in ("Variants", "Settings it comes with", "stop", "Template", "Facts", "Licence", "128k"):
            assert part in told, part
        await here.pilot.press("escape")


async def test_what_was_measured_stands_in_the_details(shell: OpenShell) -> None:
    async with shell("catalog") as here:
        await known(here)
        await here.engine.models.note_answer("llama3.2:3b", 38.2)
        await here.engine.models.note_benchmark("llama3.2:3b", Benchmark(41.0, 40.5, 10))
        await loaded(here, "llama3.2:3b")
        await on(here, "llama3.2:3b")
        await here.pilot.press("enter")
        text = await shows(here, "Speed", "last answer")
        assert "38.2 tok/s" in text
        assert "41.0 tok/s" in text
        assert "40.5 tok/s on average of 10" in text


async def test_models_are_found_by_what_they_can_do(shell: OpenShell) -> None:
    async with shell("catalog") as here:
        page = await known(here)
        for ability, words in (("tools", "calls tools"), ("thinking", "thinks"), ("vision", "sees")):
            await here.pilot.press("a")
            await here.pilot.pause()
            assert page.rows.rows
            assert all(model.can(ability) for model in page.rows.rows)
            assert f"{words} ▾" in screen_text(here.app)
        await here.pilot.press("escape")
        await here.pilot.pause()
        assert len(page.rows.rows) == len(page.board.models)


async def test_a_model_is_made_from_a_file_by_key(shell: OpenShell, said: list[str], tmp_path: Path) -> None:
    recipe = tmp_path / "terse.modelfile"
    async with shell("catalog") as here:
        page = await known(here)
        await here.pilot.press("n", *str(recipe), "enter")
        await shows(here, "There is no file")
        recipe.write_text("FROM llama3.2:3b\nSYSTEM Be terse.\n")
        await here.pilot.press("enter")
        await shows(here, "What is it called?", "A Modelfile on top of llama3.2:3b.", "terse")
        await here.pilot.press("enter")
        await until(lambda: is_here(page, "terse:latest"))
        await until(lambda: "terse:latest is there." in said)
        assert (await here.engine.models.show("terse")).system == "Be terse."


async def test_what_cannot_be_made_is_said(shell: OpenShell, said: list[str], tmp_path: Path) -> None:
    recipe = tmp_path / "Modelfile"
    recipe.write_text("FROM nobody-has-this:1b\n")
    async with shell("catalog") as here:
        await known(here)
        await here.pilot.press("n", *str(recipe), "enter")
        await shows(here, "What is it called?")
        await here.pilot.press("enter")
        await until(lambda: len(said) == 2)
        assert "nobody-has-this" in said[1]


async def test_a_tier_is_chosen_and_left_to_the_model_again(shell: OpenShell, said: list[str]) -> None:
    async with shell("catalog") as here:
        page = await known(here)
        await on(here, "llama3.2:3b")
        await here.pilot.press("t")
        await shows(here, "The questions llama3.2:3b answers", "✓ as it follows from the model")
        await here.pilot.press("up", "enter")
        await until(lambda: page.board.models["llama3.2:3b"].tier == "heavy")
        await here.pilot.press("t")
        await shows(here, "✓ heavy")
        await here.pilot.press("end", "enter")
        await until(lambda: page.board.models["llama3.2:3b"].tier == "fast")
        assert said == ["llama3.2:3b: Its tier is heavy.", "llama3.2:3b: Its tier is fast."]


async def test_newer_versions_are_asked_for_by_key(shell: OpenShell, said: list[str]) -> None:
    async with shell("catalog") as here:
        await known(here)
        await here.pilot.press("N")
        await until(lambda: len(said) == 2)
        assert said[0] == "Asking the registry for newer versions…"


async def test_a_name_the_catalogue_does_not_know_is_fetched_as_it_was_typed(
    shell: OpenShell, said: list[str]
) -> None:
    async with shell("catalog") as here:
        await known(here)
        await here.pilot.press("slash", *"hf.co/me/own:Q4", "enter")
        await shows(here, "d asks the registry for hf.co/me/own:Q4.")
        await here.pilot.press("d")
        await until(lambda: said)
        assert "hf.co/me/own:Q4" in said[0]
        await here.pilot.press("escape", "slash", *"no such words", "enter")
        text = await shows(here, "No model is like that.")
        assert "asks the registry" not in text


async def test_the_key_line_offers_what_makes_sense_for_the_selected_model(shell: OpenShell) -> None:
    async with shell("catalog") as here:
        await known(here)

        def keys() -> str:
            return here.app.screen.query_one("#keys", Line).plain

        await on(here, "llama3.2:3b")
        assert "l load" in keys()
        assert "d download" not in keys()
        assert "u unload" not in keys()
        await loaded(here, "llama3.2:3b")
        assert "u unload" in keys()
        assert "l load" not in keys()
        await on(here, "qwen3.5:4b")
        assert "d download" in keys()
        assert "x delete" not in keys()


async def test_what_happens_elsewhere_appears_by_itself(shell: OpenShell) -> None:
    async with shell("catalog") as here:
        page = await known(here)
        await here.engine.server.client.delete("qwen3:8b")
        await here.pilot.press("r")
        await until(lambda: not is_here(page, "qwen3:8b"))


async def test_hostile_words_in_a_model_stay_words(shell: OpenShell, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "models.toml").write_text(
        '[[model]]\nname = "evil"\ndescription = "\\u001b]52;c;x\\u0007[b]bold[/b]"\n'
        'maker = "\\u202e[red]M"\nvariants = [{ tag = "1b" }]\n'
    )
    async with shell("catalog") as here:
        await known(here)
        await on(here, "evil:1b")
        text = screen_text(here.app)
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "␛]52;c;x␇[b]bold[/b]" in text
        assert "[red]M" in text


async def test_plain_signs_are_used_where_the_terminal_has_no_others(shell: OpenShell) -> None:
    async with shell("catalog", config='[ui]\nglyphs = "ascii"\n') as here:
        await known(here)
        await loaded(here, "llama3.2:3b")
        rows: Any = page_of(here).rows
        assert all(line[1:].isascii() for line in rows.plain_lines())
