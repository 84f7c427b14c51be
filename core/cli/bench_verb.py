"""`bench`: measure models, or show what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from core.benchmarks.figures import remark, worded
from core.benchmarks.types import Figure, Report
from core.cli.context import Context
from core.cli.exits import DONE
from core.cli.following import following, left
from core.cli.model_verbs import followed, knowing
from core.cli.output import Output, Piece, bold, dim, green, yellow
from core.errors import UsageError
from core.face import Face
from core.jobs.types import FINISHED, Job, JobChanged
from core.models.fit import gibibytes


async def bench(context: Context) -> int:
    """Measure the models that are named; without a name, or with --history, show what was measured."""
    values = context.values
    names: Sequence[str] = values["name"] or ()
    history, detach = bool(values["history"]), context.detach
    if detach and (history or not names):
        raise UsageError("Only a benchmark can go on in the background: name a model.")
    async with knowing(context, outlives=detach) as engine:
        if history:
            found = [report for name in names or ("",) for report in await engine.benchmarks.list(name)]
            return _show(context.out, found)
        if not names:
            return _show(context.out, await engine.benchmarks.latest(), compared=True)
        # All of them must be there before the first is measured.
        models = [(await engine.models.get(name)).name for name in names]
        for name in dict.fromkeys(models):
            await _measure(context, engine, name, detach=detach)
    return DONE


async def _measure(context: Context, engine: Face, name: str, *, detach: bool) -> None:
    values, out = context.values, context.out
    repeats = {} if values["repeats"] is None else {"repeats": values["repeats"]}
    job = await engine.benchmarks.run(name, context=values["context"], **repeats)
    if detach:
        left(out, job.id, job.title, job.state)
        return
    try:
        job = await followed(engine, job, out)
    except BaseException:
        if engine.link.phase == "here":
            # Nobody would finish it: what was measured is kept, and it does not begin anew by itself.
            await _end(engine, job, name, out)
        raise
    report = msgspec.json.decode(job.result, type=Report)
    if out.json:
        out.event({**_plain(report), "done": True})
    else:
        _tell(out, report)
        out.flush()


async def _end(engine: Face, job: Job, name: str, out: Output) -> None:
    """Cancel a benchmark, and tell what was measured so far."""
    async with following(engine, JobChanged) as facts:
        job = await engine.jobs.cancel(job.id)
        while job.state not in FINISHED:
            for event in await facts.next():
                if isinstance(event, JobChanged) and event.job.id == job.id:
                    job = event.job
    kept = await engine.benchmarks.list(name, 1)
    if kept and job.state == "cancelled" and job.started and kept[0].run.at >= job.started:
        if out.json:
            out.event(_plain(kept[0]))
        else:
            _tell(out, kept[0])
            out.flush()


def _show(out: Output, reports: Sequence[Report], *, compared: bool = False) -> int:
    if out.json:
        out.value([_plain(report) for report in reports])
        return DONE
    if not reports:
        out.line("Nothing was measured yet.", dim("  leitstand bench NAME measures a model"))
        return DONE
    lightest = _lightest(reports) if compared else None
    rows: list[tuple[Piece, ...]] = []
    for at, report in enumerate(reports):
        marks = ["fastest"] if compared and at == 0 and len(reports) > 1 and report.speed else []
        marks += ["lightest"] if report is lightest else []
        run = report.run
        rows.append(
            (
                bold(run.model),
                _number(report.speed, " tok/s"),
                dim(f"{_number(report.prompt_speed)} read"),
                dim(f"{_seconds(report.first_token)} to the first word"),
                "" if run.setting.size is None else gibibytes(run.setting.size),
                _share(report),
                dim(f"{run.setting.context // 1024}k context"),
                dim(_moment(run.at)),
                green(", ".join(marks)) if compared else dim(remark(report.run)),
            )
        )
    out.table(rows, right=(1, 2, 3, 4))
    return DONE


def _tell(out: Output, report: Report) -> None:
    """Describe one run."""
    run, setting = report.run, report.run.setting
    gpus = "" if setting.gpus is None else ", ".join(setting.gpus) or "no GPU"
    conditions = (
        setting.quantization,
        f"context {setting.context}",
        _share(report),
        "" if setting.size is None else gibibytes(setting.size),
        gpus,
        f"Ollama {setting.version}" if setting.version else "",
    )
    out.line(bold(run.model), f"  {', '.join(each for each in conditions if each)}")
    rows: list[tuple[Piece, ...]] = [
        (dim(label), value, dim(spread))
        for label, value, spread in (
            ("answers", _number(report.speed, " tok/s"), _spread(report.speed)),
            ("reads", _number(report.prompt_speed, " tok/s"), _spread(report.prompt_speed)),
            ("first word", _seconds(report.first_token), _spread(report.first_token, 1000, " ms")),
            ("loading", "" if run.load_seconds is None else f"{run.load_seconds:.1f} s", ""),
        )
        if value
    ]
    out.table(rows, right=(1,))
    if words := worded(report.change):
        colour = {"faster": green, "slower": yellow}.get(report.change.verdict, dim)
        out.line(colour(words[0].upper() + words[1:] + "."))
    if words := remark(report.run):
        out.line(yellow(words[0].upper() + words[1:] + "."))


def _lightest(reports: Sequence[Report]) -> Report | None:
    """The one that says most for the memory it takes."""
    known = [
        (report.speed.median / report.run.setting.size, at)
        for at, report in enumerate(reports)
        if report.speed and report.run.setting.size
    ]
    return reports[max(known)[1]] if len(known) > 1 else None


def _share(report: Report) -> str:
    share = report.run.setting.gpu_percent
    return "" if share is None else "CPU" if share == 0 else f"{share} % on the GPU"


def _number(figure: Figure | None, unit: str = "") -> str:
    return "–" if figure is None else f"{figure.median:.1f}{unit}"


def _seconds(figure: Figure | None) -> str:
    if figure is None:
        return ""
    return f"{figure.median * 1000:.0f} ms" if figure.median < 1 else f"{figure.median:.1f} s"


def _spread(figure: Figure | None, times: float = 1, unit: str = "") -> str:
    if figure is None or figure.count == 1:
        return ""
    low, high = figure.low * times, figure.high * times
    digits = 0 if times > 1 else 1
    return f"{low:.{digits}f} to {high:.{digits}f}{unit} in {figure.count} rounds"


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M")


def _plain(report: Report) -> dict[str, Any]:
    """A benchmark as scripts get it; null is not known."""
    run, setting = report.run, report.run.setting
    change = report.change
    return {
        "name": run.model,
        "at": datetime.fromtimestamp(run.at).astimezone().isoformat(timespec="seconds"),
        "speed": _figure(report.speed),
        "prompt_speed": _figure(report.prompt_speed),
        "first_token": _figure(report.first_token),
        "load_seconds": run.load_seconds,
        "context": setting.context,
        "size": setting.size,
        "gpu_percent": setting.gpu_percent,
        "gpus": None if setting.gpus is None else list(setting.gpus),
        "quantization": setting.quantization or None,
        "digest": setting.digest,
        "ollama": setting.version or None,
        "rounds": len(run.repeats),
        "wanted": run.wanted,
        "shared": run.shared,
        "repeats": [msgspec.to_builtins(each) for each in run.repeats],
        "change": {
            "verdict": change.verdict,
            "percent": change.percent,
            "before": change.before,
            "differs": list(change.differs),
        },
    }


def _figure(figure: Figure | None) -> dict[str, float] | None:
    return None if figure is None else msgspec.to_builtins(figure)
