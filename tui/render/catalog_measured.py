"""Benchmarks of one model: the newest with its figures and conditions, the earlier ones in a line each."""

from __future__ import annotations

from core.benchmarks.figures import remark, worded
from core.benchmarks.types import Figure, Report, Reports
from core.guard import one_line
from tui import format as fmt
from tui.render.catalog import Look
from tui.render.chat_list import ago
from tui.render.gauges import bar
from tui.render.pieces import Piece, Pieces, column
from tui.theme import Ink

_BAR = 10
_CHANGE: dict[str, Ink] = {"faster": "good", "slower": "warn"}


def benchmarks(reports: Reports, look: Look) -> list[Pieces]:
    """Write down what was measured, the newest first."""
    newest, *earlier = reports
    lines = [*_figures(newest), _conditions(newest, look)]
    if words := worded(newest.change):
        words = one_line(words, 300)
        lines.append([(f"  {words[0].upper()}{words[1:]}.", _CHANGE.get(newest.change.verdict, "dim"))])
    if words := remark(newest.run):
        lines.append([(f"  {look.glyphs.warning} {words}", "warn")])
    if earlier:
        most = max((each.speed.median for each in reports if each.speed), default=0.0)
        lines += [_line(each, most, look) for each in reports]
    return lines


def _figures(report: Report) -> list[Pieces]:
    rows = (
        ("answers", fmt.speed(report.speed.median).strip() if report.speed else "", _spread(report.speed)),
        (
            "reads",
            fmt.speed(report.prompt_speed.median).strip() if report.prompt_speed else "",
            _spread(report.prompt_speed),
        ),
        (
            "first word after",
            fmt.duration(report.first_token.median).strip() if report.first_token else "",
            _between(report.first_token),
        ),
        (
            "loads in",
            fmt.duration(report.run.load_seconds).strip() if report.run.load_seconds is not None else "",
            "",
        ),
    )
    return [
        [(f"  {column(name, 20)} ", "dim"), (column(value, 12), "text"), (spread, "dim")]
        for name, value, spread in rows
        if value
    ]


def _spread(figure: Figure | None) -> str:
    if figure is None or figure.count == 1:
        return ""
    return f"{figure.low:.1f} to {figure.high:.1f} in {figure.count} rounds"


def _between(figure: Figure | None) -> str:
    if figure is None or figure.count == 1:
        return ""
    return f"{fmt.duration(figure.low).strip()} to {fmt.duration(figure.high).strip()}"


def _conditions(report: Report, look: Look) -> Pieces:
    setting = report.run.setting
    gpus = "" if setting.gpus is None else ", ".join(setting.gpus) or "no GPU"
    words = (
        ago(report.run.at, look.now),
        f"{fmt.context(setting.context).strip()} context",
        setting.quantization,
        "" if setting.gpu_percent is None else f"{setting.gpu_percent} % on the GPU",
        gpus,
        f"Ollama {setting.version}" if setting.version else "",
    )
    return [("  " + one_line(" · ".join(word for word in words if word), 300), "dim")]


def _line(report: Report, most: float, look: Look) -> Pieces:
    """One run beside the others."""
    speed = report.speed.median if report.speed else None
    ascii_only = look.glyphs.live.isascii()
    drawn = bar((speed or 0.0) / most if most else 0.0, _BAR, ascii_only=ascii_only)
    full = drawn.rstrip(" .")
    pieces: list[Piece] = [
        ("  ", "text"),
        (full, "accent"),
        (("." if ascii_only else "░") * (_BAR - len(full)), "rule"),
        (f"  {fmt.speed(speed)}", "text"),
        (f"  {fmt.context(report.run.setting.context)} context", "dim"),
        (f"  {ago(report.run.at, look.now)}", "dim"),
    ]
    if words := remark(report.run):
        pieces.append((f"  {words}", "warn"))
    return pieces
