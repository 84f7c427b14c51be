"""Everything there is to know about one model, to be read from top to bottom."""

from __future__ import annotations

import msgspec

from core.benchmarks.types import Reports
from core.guard import harmless, one_line
from core.models.fit import slower_words, worded
from core.models.types import Fit, Fits, Model, ModelDetails
from tui import format as fmt
from tui.render import catalog_measured
from tui.render.catalog import Look, about, gib, verdict_sign
from tui.render.catalog_detail import below, narrow
from tui.render.gauges import bar
from tui.render.pieces import Piece, Pieces, column

_BAR = 10
MEASURED = 10
"""Benchmarks that are shown of a model."""
_LONGEST_TEXT = 20_000


def everything(details: ModelDetails, fits: Fits, measured: Reports, look: Look) -> list[Pieces]:
    """Write down all that is known, the most asked first."""
    return _written(details, below(details.model, look), fits, measured, look)


def beside(model: Model, details: ModelDetails, fits: Fits, measured: Reports, look: Look) -> list[Pieces]:
    """The same beside a list, in few columns; of the model as it is now."""
    return _written(msgspec.structs.replace(details, model=model), narrow(model, look), fits, measured, look)


def _written(
    details: ModelDetails, head: list[Pieces], fits: Fits, measured: Reports, look: Look
) -> list[Pieces]:
    model = details.model
    lines: list[Pieces] = [*head, []]
    if measured:
        lines += [_heading("Benchmarks"), *catalog_measured.benchmarks(measured, look), []]
    if any(fit.needed for fit in fits):
        sources = ", ".join(dict.fromkeys(worded(fit.source) for fit in fits))
        heading = [*_heading("Memory by context"), (f"   {sources}", "dim")]
        lines += [heading, *(_fit(fit, look) for fit in fits), []]
    if speeds := _speeds(model):
        lines += [_heading("Speed"), *speeds, []]
    if details.variants:
        lines += [_heading("Variants"), *(_variant(each, look) for each in details.variants), []]
    if details.parameters:
        lines.append(_heading("Settings it comes with"))
        lines += [
            [(f"  {column(one_line(name, 40), 20)} ", "dim"), (one_line("  ".join(values), 300), "text")]
            for name, values in details.parameters.items()
        ]
        lines.append([])
    for title, text in (("System prompt", details.system), ("Template", details.template)):
        if text.strip():
            lines += [_heading(title), *_paragraphs(text), []]
    facts = {"architecture": details.architecture, "needs Ollama": details.requires, **details.facts}
    known = {name: value for name, value in facts.items() if value not in ("", None)}
    if known:
        lines.append(_heading("Facts"))
        lines += [
            [(f"  {column(one_line(name, 60), 36)} ", "dim"), (one_line(str(value), 200), "text")]
            for name, value in known.items()
        ]
        lines.append([])
    if details.licence_text.strip():
        lines += [_heading("Licence"), *_paragraphs(details.licence_text), []]
    if look.glyphs.live.isascii():
        return [[(fmt.plain(text), ink) for text, ink in line] for line in lines]
    return lines


def _fit(fit: Fit, look: Look) -> Pieces:
    """One context: how much memory that takes, and whether it fits."""
    pieces: list[Piece] = [(f"  {fmt.context(fit.context)}  ", "text")]
    if fit.total and fit.needed is not None:
        drawn = bar(fit.needed / fit.total, _BAR, ascii_only=look.glyphs.live.isascii())
        full = drawn.rstrip(" .")
        ink = "accent" if fit.verdict == "fits" else verdict_sign(fit, look.glyphs)[1]
        track = "." if look.glyphs.live.isascii() else "░"
        pieces += [(full, ink), (track * (_BAR - len(full)), "rule"), ("  ", "text")]
    pieces.append((f"{about(fit)}{gib(fit.needed)} GiB".rjust(10), "text"))
    if fit.verdict == "unknown":
        return pieces
    mark, ink = verdict_sign(fit, look.glyphs)
    cpu = 100 - (fit.gpu_percent or 0)
    words = {
        "fits": "fits",
        "tight": "just fits",
        "spills": f"{cpu} % CPU, {slower_words(fit)}",
    }.get(fit.verdict, "too big")
    return [*pieces, (f"  {mark} ", ink), (words, "text")]


def _speeds(model: Model) -> list[Pieces]:
    """What was measured of it here."""
    benchmark = model.benchmark
    rows = [
        ("last answer", fmt.speed(model.last_speed).strip() if model.last_speed else ""),
        ("average answer", fmt.speed(model.average_speed).strip() if model.average_speed else ""),
        (
            "benchmarks",
            f"{fmt.speed(benchmark.average).strip()} on average of {benchmark.runs}" if benchmark else "",
        ),
        ("loading", fmt.duration(model.load_seconds).strip() if model.load_seconds is not None else ""),
        ("asked", f"{model.times_used} times" if model.times_used else ""),
    ]
    return [[(f"  {column(name, 20)} ", "dim"), (value, "text")] for name, value in rows if value]


def _variant(model: Model, look: Look) -> Pieces:
    fit = look.board.fits.get(model.name)
    mark, ink = verdict_sign(fit, look.glyphs) if fit is not None else (" ", "dim")
    return [
        (f"  {column(one_line(model.name, 60), 28)} ", "text"),
        (f"{fmt.size(model.size)}  ", "text"),
        (column(one_line(model.quantization, 20) or fmt.UNKNOWN, 8), "dim"),
        (f"  {mark}", ink),
        ("  here" if model.installed else "", "good"),
    ]


def _heading(title: str) -> Pieces:
    return [(title, "accent")]


def _paragraphs(text: str) -> list[Pieces]:
    return [[(f"  {line}", "text")] for line in harmless(text[:_LONGEST_TEXT]).splitlines()]
