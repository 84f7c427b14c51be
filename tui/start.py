"""From the command line to the first picture: everything that must be known before Textual is imported."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING

from core import heap
from core.daemon import background
from core.daemon.hosting import opened
from core.engine import Options
from core.errors import ConfigError, LeitstandError, UsageError
from core.face import Face
from tui.pages import PAGES, page
from tui.terminal import probe

if TYPE_CHECKING:
    from tui.app import LeitstandApp

_HUNG_UP = 128 + signal.SIGHUP


def run(
    options: Options,
    *,
    screen: str = "",
    alone: bool = False,
    plain_output: bool = False,
    opener: Callable[[], Face] | None = None,
) -> int:
    """Open the screens and stay until the person leaves; the number is the process's exit code.

    Without an *opener* this process hosts the data directory, or attaches to whoever does.
    """
    if screen and page(screen) is None:
        names = ", ".join(found.name for found in PAGES)
        raise UsageError(f"There is no screen called {screen}.", f"There are: {names}.")
    if options.host:
        _check_address(options.host)
    here = probe.look(os.environ)
    said = probe.verdict(here)
    if not said.can_run:
        raise UsageError(said.sentence, said.hint)
    heap.hold()
    engine = opener() if opener is not None else opened(options)
    ui = engine.config.current.ui
    if ui.colours != "auto" or ui.clipboard != "auto":
        here = probe.look(os.environ, wish=ui.colours, clipboard=ui.clipboard)
    probe.prepare(os.environ, here)

    # Only now: Textual reads the environment while it is imported.
    from textual.worker import WorkerFailed

    from tui.app import LeitstandApp
    from tui.terminal.lifecycle import end_process, given_back
    from tui.terminal.options import TerminalOptions

    terminal = TerminalOptions.here(
        here,
        frames_local=ui.frames_local,
        frames_ssh=ui.frames_ssh,
        low_bandwidth=ui.low_bandwidth,
        plain_output=plain_output,
        show_cursor=ui.show_cursor,
    )
    app = LeitstandApp(engine, start=screen or ui.start_screen, alone=alone, terminal_options=terminal)
    with given_back():
        asyncio.run(_run(app, mouse=ui.mouse))
    if app.crash is not None:
        raise app.crash.error if isinstance(app.crash, WorkerFailed) else app.crash
    if app.failure is not None:
        raise app.failure
    if app.hands_over:
        background.start(options)
    if code := app.return_code:
        # Stopped by a signal: the number says which, and a stalled terminal must not keep the process.
        end_process(code)
    return 0


def _check_address(text: str) -> None:
    """Refuse an address that is none before anything is drawn."""
    from core.ollama.address import parse

    try:
        parse(text)
    except ConfigError as error:
        raise UsageError(error.message, error.hint) from None


async def _run(app: LeitstandApp, *, mouse: bool) -> None:
    keeper = app.engine.tasks.spawn("memory", heap.keep(app.engine.clock))
    try:
        await app.run_async(mouse=mouse)
    finally:
        keeper.cancel()
        # A terminal that was lost asks nobody: what runs goes on.
        if app.return_code == _HUNG_UP and await app.company.is_needed():
            app.hands_over = True
        with contextlib.suppress(LeitstandError):
            await app.engine.close(goes_on=app.hands_over)
