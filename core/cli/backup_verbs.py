"""`backup`, `backup verify`, `restore`: everything that is kept, copied, proved and brought back."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from core.backup import making, restoring
from core.backup.inventory import INVENTORY
from core.backup.service import Progress
from core.cli.context import Context
from core.cli.exits import DONE
from core.cli.hosting import hosted, running
from core.cli.loop import finish
from core.cli.output import dim
from core.clock import SystemClock
from core.errors import NotFound, UsageError
from core.store.lock import held

_NOBODY = -1
"""Whoever worked on the data directory has ended meanwhile."""


def backup(context: Context) -> int:
    """Make a backup, and remove old ones when asked to."""
    out, count = context.out, context.values["keep"]
    if count is not None and count < 1:
        raise UsageError("--keep needs at least 1.")
    target = _target(context)

    def say(step: str, done: int) -> None:
        if out.json:
            out.event({"step": step, "bytes": done})
        else:
            out.passing(f"{step}  {done / 1e6:.1f} MB")

    def ended(made: Progress) -> int:
        out.passing("")
        if out.json:
            told: dict[str, Any] = {"done": True, "path": made.path, "files": made.files}
            out.event(told | {"bytes": made.bytes, "removed": list(made.removed)})
        else:
            out.line(f"{made.path}: {made.files} files, {made.bytes / 1e6:.1f} MB.")
            for each in made.removed:
                out.line(f"{each} is removed.")
        return DONE

    async def there() -> int:
        async with running(context) as engine:
            if engine is not None:
                async for step in engine.backups.make(str(target), count):
                    if step.step == "done":
                        return ended(step)
                    say(step.step, step.bytes)
        return _NOBODY

    async def left() -> int:
        async with hosted(context, outlives=True) as engine:
            await engine.backups.begin(str(target), count)
        if out.json:
            out.event({"detached": True, "directory": str(target)})
        else:
            out.line(f"A backup is being made in {target}", dim("  leitstand backup verify proves it"))
        return DONE

    if context.detach:
        return finish(left())
    if held(context.paths.lock) is not None and (code := finish(there())) != _NOBODY:
        return code
    folder, inventory = making.make(context.paths, target, SystemClock().now(), say)
    gone = making.keep(target, count) if count is not None else []
    removed = tuple(str(each) for each in gone)
    return ended(Progress("done", inventory.size, str(folder), len(inventory.files), removed))


def verify(context: Context) -> int:
    """Read every byte of a backup."""
    folder = _folder(context)
    inventory = restoring.proved(folder)
    if context.out.json:
        told = {"done": True, "path": str(folder), "made": inventory.made, "files": len(inventory.files)}
        context.out.event(told | {"bytes": inventory.size})
    else:
        context.out.line(
            f"{folder} is sound: {len(inventory.files)} files, {inventory.size / 1e6:.1f} MB, "
            f"made {_when(inventory.made)}."
        )
    return DONE


def restore(context: Context) -> int:
    """Bring a backup back."""
    folder = _folder(context)
    back = restoring.restore(folder, context.paths, SystemClock().now())
    if context.out.json:
        context.out.event({"done": True, "path": str(folder), "kept": back.kept, "files": back.files})
    else:
        context.out.line(f"The state of {_when(back.made)} is back: {back.files} files.")
        context.out.line(f"What was there before is in {back.kept}.")
        if back.kept_config:
            context.out.line(f"The settings from before are in {back.kept_config}.")
    return DONE


def _target(context: Context) -> Path:
    given: str | None = context.values["dir"]
    return Path(given).expanduser().absolute() if given else making.beside(context.paths)


def _folder(context: Context) -> Path:
    """The backup that is meant: itself, or the latest in a folder of backups."""
    given = _target(context)
    if (given / INVENTORY).exists():
        return given
    found = making.backups(given)
    if not found:
        raise NotFound(f"There is no backup in {given}.", "leitstand backup makes one.")
    return found[-1]


def _when(at: float) -> str:
    return f"{datetime.fromtimestamp(at).astimezone():%Y-%m-%d %H:%M}"
