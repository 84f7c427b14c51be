"""The real app on an engine, in the terminal this process has: until it is closed."""

from __future__ import annotations

import asyncio
import os

from core.engine import Engine
from tui.terminal import probe


def stay(engine: Engine, page: str) -> None:
    """Open a page and stay."""
    here = probe.look(os.environ)
    probe.prepare(os.environ, here)
    from tui.app import LeitstandApp
    from tui.terminal.options import TerminalOptions

    app = LeitstandApp(engine, start=page, terminal_options=TerminalOptions.here(here))

    async def run() -> None:
        try:
            await app.run_async()
        finally:
            await engine.close()

    asyncio.run(run())
