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
    if where is None and held(context.paths.lock) is None:
        raise NotFound(
            "No Leitstand runs on this data directory.",
            "`leitstand` opens the screens, `leitstand serve` runs without them.",
        )
    context.opener = _here(context)
    return context.screens(context)


def _here(context: Context) -> Callable[[], Face]:
    def opened() -> Face:
        from core.daemon.hosting import attached

        return attached(context.options)

    return opened
