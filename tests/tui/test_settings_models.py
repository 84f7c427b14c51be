"""Settings that are the name of a model are chosen from the models there are."""

from __future__ import annotations

from tests.pictures import screen_text
from tests.tui.conftest import OpenShell, Shell
from tests.waiting import until
from tui.modals.choose import Choose
from tui.widgets.row_list import RowList


async def opened(here: Shell, path: str) -> None:
    """Open the picker of a setting."""
    rows = here.app.screen.query_one(RowList)
    await until(lambda: rows.select(path))
    await here.pilot.press("enter")
    await until(lambda: isinstance(here.app.screen, Choose))
    await here.pilot.pause()


async def models_known(here: Shell) -> None:
    await until(lambda: any(model.installed for model in here.engine.models.roster.all))


async def test_the_default_model_is_picked_and_given_up_again(shell: OpenShell) -> None:
    async with shell("settings") as here:
        await models_known(here)
        await opened(here, "chat.model")
        text = screen_text(here.app)
        assert "llama3.2:3b" in text
        assert "nomic-embed-text" not in text
        await here.pilot.press(*"l323", "enter")
        await until(lambda: here.engine.config.current.chat.model == "llama3.2:3b")
        await opened(here, "chat.model")
        await here.pilot.press(*"none", "enter")
        await until(lambda: here.engine.config.current.chat.model == "")


async def test_models_are_put_into_a_list_and_taken_out(shell: OpenShell) -> None:
    async with shell("settings", config='[router]\ncode = ["gone:7b"]\n') as here:
        await models_known(here)
        await opened(here, "router.code")
        assert "not installed" in screen_text(here.app)
        await here.pilot.press(*"qwen3-coder", "enter")
        await until(lambda: here.engine.config.current.router.code == ("gone:7b", "qwen3-coder:30b"))
        await opened(here, "router.code")
        await here.pilot.press(*"gone", "enter")
        await until(lambda: here.engine.config.current.router.code == ("qwen3-coder:30b",))


async def test_where_vectors_are_wanted_only_such_models_are_offered(shell: OpenShell) -> None:
    async with shell("settings") as here:
        await models_known(here)
        await opened(here, "library.model")
        text = screen_text(here.app)
        assert "nomic-embed-text" in text
        assert "llama3.2:3b" not in text
