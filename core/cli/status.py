"""`status`: what is true now."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from core.cli.context import Context
from core.errors import UsageError

EVERY = 2.0
"""Seconds between two answers of --watch, when nothing else is said."""


def status(context: Context) -> int | Coroutine[Any, Any, int]:
    """Answer in one line, or in full."""
    values = context.values
    if values["every"] and not values["watch"]:
        raise UsageError("--every goes with --watch.")
    every = (values["every"] or EVERY) if values["watch"] else None
    if values["oneline"]:
        if context.out.json:
            raise UsageError("--oneline is a plain line; leave out --json.")
        if values["demo"]:
            raise UsageError("--oneline shows a real server; leave out --demo.")
        from core.cli import oneline

        return oneline.show(context) if every is None else oneline.follow(context, every)
    if values["format"] or values["ascii"]:
        raise UsageError("--format and --ascii go with --oneline.")
    from core.cli.overview import show

    return show(context, every=every)
