"""`attach`: the screens of a Leitstand that runs somewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from core.cli.context import Context
from core.errors import NotFound, UsageError
from core.store.lock import held

if TYPE_CHECKING:
    from core.face import Face


def attach(context: Context) -> int:
    """Open the screens on one that runs."""
    if context.out.json:
        raise UsageError(
            "--json is not for the screens.", "Commands answer as JSON beside a running Leitstand."
        )
    if context.values["demo"]:
        raise UsageError("A demonstration cannot be attached to.", "Leave out --demo.")
    where: str | None = context.values["where"]
    if where is not None:
        context.opener = _there(context, where)
        return context.screens(context)
    if held(context.paths.lock) is None:
        raise NotFound(
            "No Leitstand runs on this data directory.",
            "`leitstand` opens the screens, `leitstand serve` runs without them.",
        )
    context.opener = _here(context)
    return context.screens(context)


def _there(context: Context, where: str) -> Callable[[], Face]:
    from core.daemon import remote

    if context.values["data"] or context.values["host"]:
        raise UsageError(
            "--data and --host are for a Leitstand of this machine.",
            "Write ssh://HOST/DIR for a data directory there.",
        )
    remote.target(where)

    def opened() -> Face:
        return remote.attached(context.options, where, command=context.values["command"])

    return opened


def _here(context: Context) -> Callable[[], Face]:
    def opened() -> Face:
        from core.daemon.hosting import attached

        return attached(context.options)

    return opened
