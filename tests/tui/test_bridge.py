"""What carries facts to the screens."""

from __future__ import annotations

import pytest

from core.chat.types import TurnDelta
from tests.tui.conftest import OpenShell


async def test_a_page_that_follows_a_fact_twice_is_told_so(shell: OpenShell) -> None:
    async with shell("chat") as here:
        page = here.app.screen
        with pytest.raises(RuntimeError, match="ChatScreen follows TurnDelta already"):
            here.app.bridge.follow(page, TurnDelta, lambda event: None)
