"""`pull`: downloads from the command line, told as they go; ctrl+c pauses them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from core.bus import Resync
from core.cli.context import Context
from core.cli.exits import DONE, exit_code
from core.cli.following import following, goes_on
from core.cli.model_verbs import knowing, verdict
from core.cli.output import Output, Piece, bold, dim, green, red
from core.downloads.types import Download, DownloadChanged, Plan
from core.errors import LeitstandError, from_code
from core.models.fit import gigabytes

if TYPE_CHECKING:
    from core.face import Face

_STEP = 10
"""Percent between two lines where nobody watches."""


async def pull(context: Context) -> int:
    """Download models."""
    names: Sequence[str] = context.values["name"]
    detach = context.detach
    async with knowing(context, outlives=detach) as engine:
        if context.values["plan"]:
            return _show_plans(context.out, [await engine.downloads.plan(name) for name in names])
        verify = False if context.values["no_verify"] else None
        insecure = bool(context.values["insecure"])
        downloads = [await engine.downloads.pull(name, insecure=insecure, verify=verify) for name in names]
        if detach:
            return _left(context.out, downloads)
        try:
            ended = await _follow(engine, downloads, Printer(context.out))
        except BaseException:
            if engine.link.phase == "here":
                # ctrl+c, a closed terminal: what came stays, and does not go on by itself at the next start.
                await _pause(engine, downloads, context.out)
            else:
                for download in downloads:
                    goes_on(engine, context.out, download.name, download.id)
            raise
    return _result(context.out, ended)


def _left(out: Output, downloads: Sequence[Download]) -> int:
    """Say that they are on their way."""
    for download in downloads:
        if out.json:
            out.event({**line(download), "detached": True, "job": download.id})
        else:
            out.line(bold(download.name), f" is on its way, job {download.id}")
    return DONE


async def _follow(engine: Face, downloads: Sequence[Download], printer: Printer) -> list[Download]:
    """Print until all of them are over."""
    left = {download.id for download in downloads}
    ended: dict[int, Download] = {}
    async with following(engine, DownloadChanged) as facts:
        fresh = await facts.read(lambda: _all(engine, left))
        while True:
            for download in fresh:
                printer.show(download)
                if not download.unfinished:
                    ended[download.id] = download
            if left == ended.keys():
                break
            events = await facts.next()
            fresh = [
                event.download
                for event in events
                if isinstance(event, DownloadChanged) and event.download.id in left - ended.keys()
            ]
            if any(isinstance(event, Resync) for event in events):
                fresh = await facts.read(lambda: _all(engine, left - ended.keys()))
    return [ended[download.id] for download in downloads]


async def _all(engine: Face, ids: Iterable[int]) -> list[Download]:
    return [await engine.downloads.get(id) for id in sorted(ids)]


async def _pause(engine: Face, downloads: Sequence[Download], out: Output) -> None:
    names = []
    for download in downloads:
        now = await engine.downloads.get(download.id)
        if now.unfinished and now.state != "proving":
            await engine.downloads.pause(now.id)
            names.append(now.name)
    if names and not out.json:
        out.passing("")
        out.aside(f"Paused. leitstand pull {' '.join(names)} goes on where it stopped.\n")


def _result(out: Output, ended: Sequence[Download]) -> int:
    errors = [error for download in ended if (error := _failure(download)) is not None]
    for error in errors if not out.json else ():
        out.error(error)
    return exit_code(errors[0]) if errors else DONE


def _failure(download: Download) -> LeitstandError | None:
    if download.state == "done":
        return None
    if download.error is None:
        return from_code("cancelled", f"The download of {download.name} was cancelled.")
    return from_code(download.error.code, download.error.message, download.error.hint)


class Printer:
    """Tells how downloads go: a line that is drawn anew for people, lines for a log, objects for scripts."""

    def __init__(self, out: Output) -> None:
        self._out = out
        self._latest: dict[int, Download] = {}
        self._told: dict[int, tuple[str, int]] = {}

    def show(self, download: Download) -> None:
        """Tell how far one is."""
        self._latest[download.id] = download
        if self._out.json:
            self._out.event(line(download))
        elif not download.unfinished:
            self._out.passing("")
            self._out.line(*_ending(download))
            self._out.flush()
        elif self._out.watched:
            self._out.passing(self._moving())
        else:
            self._log(download)

    def _log(self, download: Download) -> None:
        mark = (download.state, int(download.percent or 0) // _STEP)
        if self._told.get(download.id) != mark:
            self._told[download.id] = mark
            self._out.line(f"{download.name}: {_words(download)}")
            self._out.flush()

    def _moving(self) -> str:
        moving = [download for download in self._latest.values() if download.unfinished]
        first = max(moving, key=lambda download: (download.state == "downloading", -download.id))
        others = f"  (+{len(moving) - 1} more)" if len(moving) > 1 else ""
        return f"{first.name} {_bar(first.percent, ascii_only=not self._out.unicode)} {_words(first)}{others}"


def line(download: Download) -> dict[str, Any]:
    """A download as scripts get it; null is not known."""
    told = {
        "name": download.name,
        "state": download.state,
        "percent": None if download.percent is None else round(download.percent, 2),
        "completed": download.completed,
        "total": download.total,
        "speed": None if download.speed is None else round(download.speed),
        "eta": None if download.eta is None else round(download.eta, 1),
    }
    if download.state == "done":
        proof = None if download.proof is None else msgspec.to_builtins(download.proof)
        return {**told, "proof": proof, "done": True}
    if not download.unfinished and (failure := _failure(download)) is not None:
        error = {"code": failure.code, "message": failure.message, "hint": failure.hint}
        return {**told, "error": error}
    return told


def _words(download: Download) -> str:
    parts: list[str] = [download.state]
    if download.percent is not None:
        parts.append(f"{int(download.percent)} %")  # a hundred is the end, and nothing before it
    if download.total is not None:
        parts.append(f"{gigabytes(download.completed)} of {gigabytes(download.total)}")
    if download.speed is not None:
        parts.append(f"{download.speed / 1e6:.1f} MB/s")
    if download.eta is not None:
        minutes, seconds = divmod(round(download.eta), 60)
        parts.append(f"{minutes}:{seconds:02} left")
    if download.error is not None:
        parts.append(download.error.message)
    elif download.text:
        parts.append(download.text)
    return "  ".join(parts)


def _bar(percent: float | None, *, ascii_only: bool, width: int = 20) -> str:
    full, empty = ("#", "-") if ascii_only else ("█", "░")
    done = int((percent or 0.0) / 100 * width)
    return full * done + empty * (width - done)


def _ending(download: Download) -> tuple[Piece, ...]:
    if download.state != "done":
        return (bold(download.name), " ", red(download.state))
    size = "" if download.total is None else f", {gigabytes(download.total)}"
    proof = download.proof
    if proof is None:
        works = ""
    elif proof.speed is not None:
        works = f"; it works, {proof.speed:.0f} tok/s"
    else:
        works = "; it works"
    return (bold(download.name), " ", green("done"), f"{size}{works}")


def _show_plans(out: Output, plans: Sequence[Plan]) -> int:
    if out.json:
        out.value([_plan(plan) for plan in plans])
        return DONE
    for plan in plans:
        rows: list[tuple[Piece, ...]] = [(bold(plan.name), _to_fetch(plan))]
        if plan.disk is not None and plan.wanted is not None:
            room = f"{gigabytes(plan.disk.free)} free, {gigabytes(plan.wanted)} wanted"
            rows.append((dim("disk"), room if plan.enough else red(f"too little: {room}")))
        if plan.fit is not None:
            rows.append((dim("memory"), f"{plan.fit.verdict}: {plan.fit.reason}"))
        if plan.note:
            rows.append((dim("note"), plan.note))
        out.table(rows)
    return DONE


def _to_fetch(plan: Plan) -> str:
    if plan.current:
        return "is here, and nothing of it is missing"
    if plan.total is None or plan.missing is None:
        return "size unknown"
    return f"{gigabytes(plan.missing)} to fetch of {gigabytes(plan.total)}"


def _plan(plan: Plan) -> dict[str, Any]:
    return {
        "name": plan.name,
        "total": plan.total,
        "missing": plan.missing,
        "wanted": plan.wanted,
        "free": None if plan.disk is None else plan.disk.free,
        "enough": plan.enough,
        "installed": plan.installed,
        "current": plan.current,
        "fit": None if plan.fit is None else verdict(plan.fit),
        "note": plan.note,
    }
