"""The loaded models drawn: what each holds, how long it stays, what it does, how fast, and at what cost."""

from __future__ import annotations

from core.guard import one_line
from core.telemetry.types import Alert, ModelUse, RunningJob
from tui import format as numbers
from tui.render.machine_line import PARTS, Row, fitted, flow, prose
from tui.render.machine_scene import Scene

MOST_ALERTS = 3


def lines(scene: Scene, width: int, *, heading: bool) -> list[Row]:
    """Draw the models, one line each."""
    drawn = [_line(scene, index, width) for index in range(len(_models(scene)))]
    drawn += [*_coming(scene, width), *_none(scene)]
    return [_heading(scene), *drawn] if heading else drawn


def _heading(scene: Scene) -> Row:
    heading: Row = [(" Models", "accent")]
    sample = scene.sample
    if sample is not None and not sample.models_here:
        heading.append(("  on another machine", "dim"))
    if scene.queue is not None and any(scene.queue):
        running, waiting = scene.queue
        heading.append((f"   queue: {running} running, {waiting} waiting", "dim"))
    return heading


def _models(scene: Scene) -> tuple[ModelUse, ...]:
    return () if scene.sample is None else scene.sample.models


def _arriving(scene: Scene) -> tuple[RunningJob, ...]:
    return () if scene.sample is None else scene.sample.arriving


def _coming(scene: Scene, width: int) -> list[Row]:
    """Draw the models that are on their way into memory."""
    return [
        [
            (f" {scene.glyphs.ready} ", "accent"),
            *fitted([(one_line(job.model, 80), "strong")], _name_width(width)),
            (f" {_words(job)}", "dim"),
        ]
        for job in _arriving(scene)
    ]


def _none(scene: Scene) -> list[Row]:
    if _models(scene) or _arriving(scene):
        return []
    if scene.away:
        return [[(f" {scene.glyphs.failed} ", "bad"), ("not known: the server does not answer", "dim")]]
    return [[(f" {scene.glyphs.ready} ", "dim"), ("none in memory; the next question loads one", "dim")]]


def _share(scene: Scene, model: ModelUse) -> Row:
    if model.gpu_share is None:
        return [(f"{numbers.UNKNOWN:>6} GPU ", "dim")]
    on_cpu = model.gpu_share < 99.5
    has_gpu = scene.sample is not None and any(gpu.memory_total for gpu in scene.sample.gpus)
    spilled = on_cpu and (has_gpu or model.gpu_share > 0)
    text = f"{numbers.percent(model.gpu_share)} GPU"
    return [(f"{text}{scene.glyphs.warning if spilled else ' '}", "warn" if spilled else "text")]


def _stays(model: ModelUse) -> str:
    if model.expires_in is None:
        return "stays"
    return "unloads now" if model.expires_in <= 0 else f"unloads in {numbers.duration(model.expires_in)}"


def _cost(model: ModelUse) -> str:
    cost = model.joules_per_token
    return " " * 13 if cost is None else f"{cost:>5.{1 if cost < 999 else 0}f} J/token"


def _doing(model: ModelUse) -> str:
    jobs = model.jobs
    if not jobs:
        return ""
    more = f" and {len(jobs) - 1} more" if len(jobs) > 1 else ""
    return _words(jobs[0]) + more


def _words(job: RunningJob) -> str:
    doing, title = one_line(job.doing, 60) or "answering", one_line(job.title, 60)
    return f'{doing} "{title}"' if title else doing


def _last(model: ModelUse) -> str:
    """What the last answer took, while there is no new one."""
    return f"last answer {numbers.energy(model.answer_joules).strip()}" if model.answer_joules else ""


def _name_width(width: int) -> int:
    return 26 if width >= 140 else 22 if width >= 100 else 20 if width >= 76 else max(width - 27, 8)


def _line(scene: Scene, index: int, width: int) -> Row:
    model = _models(scene)[index]
    working = bool(model.jobs)
    name = _name_width(width)
    line: Row = [
        (f" {scene.glyphs.live} ", PARTS[index % len(PARTS)]),
        *fitted([(one_line(model.name, 80), "strong" if working else "text")], name),
    ]
    if width >= 100:
        line.append((f" {numbers.memory(model.size)}", "text"))
    line += [(" ", "text"), *_share(scene, model)]
    if width >= 76:
        word = " context  " if width >= 160 else " ctx  "
        line += [(numbers.context(model.context), "text"), (word, "dim")]
        line.append((_stays(model).ljust(20), "dim"))
    if working or model.tokens_per_second is not None:
        line.append((f" {numbers.speed(model.tokens_per_second)}", "accent"))
    else:
        line.append((" " * 11, "text"))
    if width >= 120:
        line.append((f" {_cost(model)}", "text"))
        line.append((f"  {_doing(model) or _last(model)}", "dim"))
    return line


def one_liner(scene: Scene, width: int) -> list[Row]:
    """Draw the models in a single line: for a pane that has no other."""
    found = _models(scene)
    if not found:
        return [[(" models ", "dim"), *row[1:]] for row in (*_coming(scene, width), *_none(scene))][:1]
    first = next((model for model in found if model.jobs), found[0])
    more = f" +{len(found) - 1}" if len(found) > 1 else ""
    groups: list[Row] = [
        [(f"{scene.glyphs.live} ", "accent"), (one_line(first.name, 30), "strong"), (more, "dim")],
        _share(scene, first),
        [(numbers.speed(first.tokens_per_second), "accent")] if first.tokens_per_second is not None else [],
        [(_stays(first), "dim")],
        [(_doing(first), "dim")] if first.jobs else [],
    ]
    return flow(groups, width, 1)


# What needs attention ----------------------------------------------------------------------------


def alert_lines(scene: Scene, width: int, most: int = MOST_ALERTS) -> list[Row]:
    """Draw the alerts that stand, the gravest first; the log holds the rest."""
    alerts = () if scene.sample is None else scene.sample.alerts
    drawn = [_alert(scene, alert, width) for alert in alerts[:most]]
    if len(alerts) > most:
        drawn.append([(f"   and {len(alerts) - most} more: a shows them all", "dim")])
    return drawn


def _alert(scene: Scene, alert: Alert, width: int) -> Row:
    grave = alert.level == "error"
    mark = scene.glyphs.failed if grave else scene.glyphs.warning
    line: Row = [(f" {mark} ", "bad" if grave else "warn"), (one_line(alert.text, 200), "text")]
    if width >= 100:
        line.append((f"  {one_line(alert.hint, 200)}", "dim"))
    return line


def note_lines(scene: Scene, width: int) -> list[Row]:
    """Say why there is no GPU to see, or what is wrong with its driver."""
    sample = scene.sample
    if sample is None:
        return [[(" Looking at the machine…", "dim")]]
    if sample.gpu_note:
        return prose(one_line(sample.gpu_note, 400), width, "text")
    if not sample.gpus and sample.gpus_age is None:
        return [[(" Looking for GPUs…", "dim")]]
    return []
