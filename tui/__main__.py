"""The command `leitstand`: without a verb the screens, with one the command line."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from core.cli.main import Faces
from core.cli.main import main as command

if TYPE_CHECKING:
    # Only named here: a status line must not wait for the screens.
    from core.cli.context import Context
    from core.config.ui import Ui
    from core.health import Check


def main() -> int:
    """Run the command line of this process."""
    return command(sys.argv[1:], Faces(_screens, _terminal_checks, _far))


def _screens(context: Context) -> int:
    from tui.start import run

    values = context.values
    return run(
        context.options,
        screen=values["screen"],
        alone=values.get("alone", False),
        plain_output=values["plain_output"],
        opener=context.opener,
    )


def _terminal_checks(context: Context) -> list[Check]:
    from tui.terminal import probe, trip

    ui, far = _ui(context), trip.measured(context.environment)
    return probe.checks(context.environment, wish=ui.colours, trip=far)


def _far(context: Context) -> float | None:
    from tui.terminal import trip

    # A script, or a look every few seconds, must not take what somebody types meanwhile.
    return trip.measured(
        context.environment, asking=not (context.out.json or context.values.get("watch", False))
    )


def _ui(context: Context) -> Ui:
    from core.config import file

    return file.load(context.paths.config).config.ui


if __name__ == "__main__":
    sys.exit(main())
