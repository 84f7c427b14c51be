from __future__ import annotations

from typing import cast

import pytest

from core.bus import Notice
from core.health import Check, HealthService
from tests.pictures import assert_picture, screen_text
from tests.tui.conftest import NARROW, WIDE, OpenShell
from tests.waiting import until

SIZES = pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])


@SIZES
async def test_settings_list_every_setting_with_its_value_and_meaning(
    shell: OpenShell, size: tuple[int, int]
) -> None:
    async with shell("settings", size) as here:
        text = screen_text(here.app)
        assert "Address" in text
        assert "leitstand-dark" in text
        assert "server.url" in text
        assert "change" in text.splitlines()[-1]
        await here.pilot.press("down", "down", "down")
        assert "ui.theme" in screen_text(here.app)
        assert_picture(here.app, "settings")


async def test_a_theme_chosen_in_settings_is_saved_and_seen_at_once(shell: OpenShell) -> None:
    async with shell("settings") as here:
        await here.pilot.press("down", "down", "down", "enter")
        await here.pilot.pause()
        assert "leitstand-light" in screen_text(here.app)
        assert_picture(here.app, "settings-choice")
        await here.pilot.press("down", "enter")
        await until(lambda: here.app.theme == "leitstand-light")
        assert "leitstand-light" in (here.home / "config.toml").read_text()


@SIZES
async def test_health_lists_the_troubles_first_with_the_line_that_mends_them(
    shell: OpenShell, size: tuple[int, int]
) -> None:
    async with shell("health", size, faults=("refuse@version:times=0",)) as here:
        await until(lambda: "configuration" in screen_text(here.app))
        text = screen_text(here.app)
        assert text.splitlines()[1].startswith("▌ ✗ server")
        assert "ollama serve" in text
        assert "AI temporarily unavailable" in text


class KnownHealth:
    """Health with the same words on every machine."""

    async def checks(self) -> list[Check]:
        return [
            Check("server", "ok", "Ollama 0.33.0 answers at http://gpubox:11434."),
            Check("disk", "fail", "Only 0.4 GB free on the volume of /data.", "Free some space."),
            Check("configuration ui.theme", "warn", "Line 3: ui.theme must be one of four.", "Edit it."),
        ]


@SIZES
async def test_health_looks_calm_and_names_the_trouble(shell: OpenShell, size: tuple[int, int]) -> None:
    async with shell("settings", size) as here:
        here.engine.health = cast("HealthService", KnownHealth())
        await here.pilot.press("f9")
        await until(lambda: "gpubox" in screen_text(here.app))
        assert "✗ disk" in screen_text(here.app).splitlines()[1]
        assert "Free some space." in screen_text(here.app)
        assert_picture(here.app, "health")


async def test_a_page_is_reached_by_its_function_key_by_alt_and_by_the_go_menu(shell: OpenShell) -> None:
    async with shell("settings") as here:
        await here.pilot.press("f9")
        await until(lambda: here.app.current_mode == "health")
        await here.pilot.press("alt+8")
        await until(lambda: here.app.current_mode == "settings")
        await here.pilot.press("ctrl+g")
        await here.pilot.pause()
        assert "Go to" in screen_text(here.app)
        assert_picture(here.app, "go-menu")
        await here.pilot.press("9")
        await until(lambda: here.app.current_mode == "health")


async def test_the_help_lists_every_key_of_the_page_from_the_table(shell: OpenShell) -> None:
    async with shell("settings", config='[keys]\n"settings.reset" = "d"\n') as here:
        await here.pilot.press("question_mark")
        await here.pilot.pause()
        text = screen_text(here.app)
        assert "settings.change" in text
        assert "Back to its default  (changed)" in text
        assert_picture(here.app, "help")


async def test_an_override_that_cannot_work_is_named_and_the_usual_key_stays(shell: OpenShell) -> None:
    async with shell("settings", config='[keys]\n"app.help" = "ctrl+b"\n"app.quitt" = "x"\n') as here:
        await until(lambda: len(here.app.notices) == 2)
        told = " ".join(notice.text for notice in here.app.notices)
        assert "never arrives in many terminals" in told
        assert "keys.app.quitt" in told
        await here.pilot.press("question_mark")
        await here.pilot.pause()
        assert "Everywhere" in screen_text(here.app)


async def test_notices_are_kept_and_counted_until_they_are_read(shell: OpenShell) -> None:
    async with shell("settings") as here:
        here.engine.bus.publish(
            Notice("warning", "[red]Hot[/] \x1b]52;c;x\x07 GPU", "Open a [@click=app.quit]window[/].")
        )
        await until(lambda: here.app.facts.notices == 1)
        await here.pilot.pause()
        assert "▲ 1" in screen_text(here.app)
        await here.pilot.press("alt+n")
        await here.pilot.pause()
        text = screen_text(here.app)
        assert "[red]Hot[/] ␛]52;c;x␇ GPU" in text
        assert "[@click=app.quit]window[/]" in text
        assert "\x1b" not in text
        assert here.app.facts.notices == 0


async def test_the_demonstration_starts_in_place_when_no_server_answers(shell: OpenShell) -> None:
    async with shell("settings", faults=("refuse@version:times=0",)) as here:
        assert "AI temporarily unavailable" in screen_text(here.app)
        await here.pilot.press("alt+d")
        await until(lambda: here.app.facts.server is not None and here.app.facts.server.demo)
        await until(lambda: "demonstration" in screen_text(here.app))


async def test_a_wrong_value_in_the_file_is_shown_with_its_line_and_left_alone(shell: OpenShell) -> None:
    text = "# mine\n[ui]\ntheme = 'purple'\n"
    async with shell("settings", config=text) as here:
        await until(lambda: "wrong in the file" in screen_text(here.app))
        await here.pilot.press("down", "down", "down")
        assert "Line 3" in screen_text(here.app)
        assert (here.home / "config.toml").read_text() == text


async def test_the_palette_finds_commands_of_the_page_and_runs_them(shell: OpenShell) -> None:
    async with shell("settings") as here:
        await here.pilot.press("ctrl+p")
        await here.pilot.pause()
        await here.pilot.press(*"health")
        await until(lambda: "Go to Health" in screen_text(here.app))
        await here.pilot.press("enter")
        await until(lambda: here.app.current_mode == "health")


@pytest.mark.parametrize("size", [(60, 14), (40, 10)])
async def test_a_small_window_still_says_where_one_is_and_what_is_selected(
    shell: OpenShell, size: tuple[int, int]
) -> None:
    async with shell("settings", size) as here:
        await until(lambda: "Address" in screen_text(here.app))
        lines = screen_text(here.app).splitlines()
        assert "8 Settings" in lines[0]
        assert lines[0].rstrip().endswith("9")
        assert "Address" in lines[1]
        assert "Check every" in lines[3], "a list keeps some rows whatever is said about one of them"


async def test_keys_typed_in_quick_succession_close_a_dialog_once(shell: OpenShell) -> None:
    async with shell("health") as here:
        here.app.action_go_menu()
        await here.pilot.pause()
        menu = here.app.screen
        menu.dismiss("settings")
        menu.dismiss("queue")
        await until(lambda: here.app.current_mode == "settings")
        assert len(here.app.screen_stack) == 1
