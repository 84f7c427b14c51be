from __future__ import annotations

import pytest

from tests.tui.terminal.sessions import Session, quick


@pytest.mark.parametrize("seed", range(20))
async def test_a_random_session_shows_what_a_full_drawing_would(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = Session(seed)
    with quick(monkeypatch):
        await session.run(steps=12)
    assert session.compared > 50
