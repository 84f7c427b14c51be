"""From the command line to the first picture: everything that must be known before Textual is imported."""

from __future__ import annotations

import asyncio
import contextlib
import os
from typing import TYPE_CHECKING

from core.engine import Engine, Options
from core.errors import LeitstandError, UsageError
from tui.terminal import probe

if TYPE_CHECKING:
    from tui.app import LeitstandApp


def run(options: Options, *, screen: str = "", plain_output: bool = False) -> int:
    """Open the screens and stay until the person leaves; the number is the process's exit code."""
    engine = Engine.prepare(options)
    try:
        ui = engine.config.current.ui
        here = probe.look(os.environ, wish=ui.colours, clipboard=ui.clipboard)
        said = probe.verdict(here)
        if not said.can_run:
            raise UsageError(said.sentence, said.hint)
        probe.prepare(os.environ, here)
    except BaseException:
        asyncio.run(engine.close())
        raise

    from tui.app import LeitstandApp  # only now: it reads the environment while it is imported

    app = LeitstandApp(engine, start=screen or ui.start_screen)
    asyncio.run(_run(app, mouse=ui.mouse))
    if app.failure is not None:
        raise app.failure
    return app.return_code or 0


async def _run(app: LeitstandApp, *, mouse: bool) -> None:
    try:
        await app.run_async(mouse=mouse)
    finally:
        with contextlib.suppress(LeitstandError):
            await app.engine.close()
