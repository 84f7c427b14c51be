"""Tells how an ingest goes: a line that is drawn anew for people, lines for a log, objects for scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.bus import Resync
from core.cli.following import Following, following, goes_on
from core.cli.output import Output, bold, green, plural, red
from core.errors import Cancelled, LeitstandError, from_code
from core.numbers import grouped
from core.retrieval.library import DocumentChanged, Ingest, IngestProgress, LibraryDocument, Space

if TYPE_CHECKING:
    from core.face import Face

_STEP = 10
"""Percent between two lines where nobody watches."""


async def followed(
    engine: Face, out: Output, space: Space, job: Ingest, said: str = "nothing to do", *, quiet: bool = False
) -> Ingest:
    """Print until a job of the library is over; when that is cut off, it stops, and what was read stays.

    *said* tells what was done where no document was read; *quiet* work is shown only while it goes on.
    """
    teller = _Quiet(out, space, said) if quiet else _Teller(out, space, said)
    async with following(engine, IngestProgress, DocumentChanged) as facts:
        try:
            ended = await _until_over(engine, facts, job, teller)
        except BaseException:
            if engine.link.phase == "here":
                await engine.jobs.cancel(job.job)
                if not out.json:
                    out.passing("")
                    out.aside("Stopped. What was read stays; the same command goes on.\n")
            else:
                goes_on(engine, out, space.name, job.job)
            raise
    teller.end(ended)
    if ended.phase == "cancelled":
        raise Cancelled("It was cancelled.")
    if ended.phase == "failed":
        error = (await engine.jobs.get(ended.job)).error
        if error is not None:
            raise from_code(error.code, error.message, error.hint)
        raise LeitstandError("It failed.")
    return ended


async def _until_over(engine: Face, facts: Following, job: Ingest, teller: _Teller) -> Ingest:
    found = await facts.read(lambda: _look(engine, job))
    while found.unfinished:
        teller.show(found)
        if found.phase == "held":
            raise Cancelled("It was set aside.", "Release it on the page Queue.")
        for event in await facts.next():
            if isinstance(event, DocumentChanged):
                teller.document(event.document)
            elif isinstance(event, IngestProgress) and event.ingest.job == job.job:
                found = event.ingest
            elif isinstance(event, Resync):
                found = await facts.read(lambda: _look(engine, job))
    return found


async def _look(engine: Face, job: Ingest) -> Ingest:
    return next((one for one in await engine.library.ingests(limit=1000) if one.job == job.job), job)


class _Teller:
    def __init__(self, out: Output, space: Space, said: str) -> None:
        self._said = said
        self._out = out
        self._space = space
        self._told: tuple[str, int] = ("", -1)
        self._failed: set[str] = set()

    def show(self, ingest: Ingest) -> None:
        """Tell how far it is."""
        if self._out.json:
            self._out.event(self._line(ingest))
        elif self._out.watched:
            self._out.passing(_words(ingest))
        else:
            mark = (ingest.phase, int(_percent(ingest) or 0) // _STEP)
            if mark != self._told:
                self._told = mark
                self._out.line(_words(ingest))
                self._out.flush()

    def document(self, document: LibraryDocument) -> None:
        """Name a document that cannot be read."""
        if document.space != self._space.id or document.state != "failed" or document.id in self._failed:
            return
        self._failed.add(document.id)
        if self._out.json:
            self._out.event({"document": document.source, "error": document.error})
        else:
            self._out.passing("")
            self._out.line(red("not read"), f" {document.source}: {document.error}")

    def end(self, ingest: Ingest) -> None:
        """Tell what came of it."""
        if ingest.phase != "done":
            return
        if self._out.json:
            self._out.event({**self._line(ingest), "done": True})
            return
        self._out.passing("")
        one = "it" if ingest.kept_out == 1 else "a file"
        counts = [
            f"{grouped(number)} {what}"
            for number, what in (
                (ingest.added, "read"),
                (ingest.changed, "replaced"),
                (ingest.unchanged, "unchanged"),
                (ingest.removed, "removed"),
                (ingest.failed, "not read"),
                (
                    ingest.kept_out,
                    f"taken out before and so left out (name {one} to read it again)",
                ),
            )
            if number
        ]
        self._out.line(bold(self._space.name), " ", green("done"), f"  {', '.join(counts) or self._said}")
        if ingest.failed > len(self._failed):
            self._out.aside("What was not read before is named by `leitstand sources --failed`.\n")
        if ingest.words_only:
            self._out.aside(f"{ingest.words_only}\n")

    def _line(self, ingest: Ingest) -> dict[str, Any]:
        percent = _percent(ingest)
        return {
            "phase": ingest.phase,
            "space": self._space.name,
            "documents": ingest.documents,
            "read": ingest.done,
            "added": ingest.added,
            "changed": ingest.changed,
            "unchanged": ingest.unchanged,
            "removed": ingest.removed,
            "failed": ingest.failed,
            "kept_out": ingest.kept_out,
            "chunks": ingest.chunks,
            "percent": None if percent is None else round(percent, 1),
            "speed": None if ingest.speed is None else round(ingest.speed),
            "eta": None if ingest.eta is None else round(ingest.eta, 1),
            "current": ingest.current,
            "words_only": ingest.words_only,
        }


class _Quiet(_Teller):
    """Shows people that something goes on, and leaves nothing where an answer is to stand."""

    def show(self, ingest: Ingest) -> None:
        """Tell it whoever looks on."""
        if self._out.watched and not self._out.json:
            self._out.passing(_words(ingest))

    def document(self, document: LibraryDocument) -> None:
        """Leave it to the caller."""

    def end(self, ingest: Ingest) -> None:
        """Leave no trace."""
        if not self._out.json:
            self._out.passing("")


def _percent(ingest: Ingest) -> float | None:
    if ingest.phase == "done":
        return 100.0
    if ingest.total_bytes:
        return 100 * min(ingest.bytes / ingest.total_bytes, 1.0)
    return 100 * ingest.done / ingest.documents if ingest.documents else None


def _words(ingest: Ingest) -> str:
    parts: list[str] = [ingest.phase]
    percent = _percent(ingest)
    if percent is not None:
        parts.append(f"{int(percent)} %")
    if ingest.documents:
        parts.append(f"{grouped(ingest.done)} of {plural(ingest.documents, 'document')}")
    if ingest.chunks:
        parts.append(plural(ingest.chunks, "chunk"))
    if ingest.speed is not None:
        parts.append(f"{ingest.speed / 1e6:.2f} MB/s")
    if ingest.eta is not None:
        minutes, seconds = divmod(round(ingest.eta), 60)
        parts.append(f"{minutes}:{seconds:02} left")
    if ingest.current:
        parts.append(ingest.current)
    return "  ".join(parts)
