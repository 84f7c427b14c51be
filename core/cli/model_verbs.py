"""The verbs that begin with `models`: what there is, what fits, and what is done with models."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from core.bus import Resync
from core.cli.context import Context
from core.cli.exits import DONE
from core.cli.following import following, goes_on, left
from core.cli.hosting import hosted
from core.cli.output import Output, Piece, bold, dim, green, red, yellow
from core.errors import Cancelled, ModelNotFound, NotFound, UsageError, from_code
from core.guard import one_line
from core.jobs.types import FINISHED, Job, JobChanged
from core.models.browse import Filter, Order, browse
from core.models.fit import gibibytes, gigabytes, worded
from core.models.loading import Loaded
from core.models.types import Fit, InMemory, Model, ModelDetails, Tier, Verdict, WhenTight
from core.models.updates import Checked
from core.ollama.reading import keep_alive

if TYPE_CHECKING:
    from core.face import Face

_COLOURS = {"fits": green, "tight": yellow, "spills": yellow, "too big": red, "unknown": dim}


@asynccontextmanager
async def knowing(context: Context, *, outlives: bool = False) -> AsyncIterator[Face]:
    """An engine that has just asked the server what it has."""
    async with hosted(context, outlives=outlives) as engine:
        await engine.models.sync()
        yield engine


async def list_(context: Context) -> int:
    """Print models."""
    values = context.values
    wanted = Filter(
        text=values["text"] or "",
        scope="all" if values["all"] else "memory" if values["loaded"] else "here",
        capabilities=values["can"],
        uses=values["use"],
        fitting=bool(values["fits"]),
        favourites=bool(values["favourites"]),
    )
    order: Order = values["sort"] or "usual"
    verdicts: dict[str, Verdict] = {}
    async with knowing(context) as engine:
        if wanted.fitting or order == "fit":
            verdicts = {fit.name: fit.verdict for fit in await engine.models.fits("all")}
        models = browse(await engine.models.list("all"), wanted, order, verdicts=verdicts)
    if context.out.json:
        context.out.value([summary(model) for model in models])
    else:
        context.out.table([_row(model) for model in models], right=(2,))
    return DONE


async def show(context: Context) -> int:
    """Print everything about one model."""
    async with knowing(context) as engine:
        details = await engine.models.show(context.values["name"])
        fit = await engine.models.fit(context.values["name"])
    if context.out.json:
        context.out.value(
            {
                **summary(details.model),
                "architecture": details.architecture or None,
                "parameters_set": details.parameters,
                "template": details.template,
                "system": details.system,
                "licence_text": details.licence_text,
                "modelfile": details.modelfile,
                "requires": details.requires or None,
                "facts": details.facts,
                "fit": verdict(fit),
                "variants": [model.name for model in details.variants],
            }
        )
    else:
        _describe(context.out, details, fit)
    return DONE


async def fit(context: Context) -> int:
    """Say whether a model fits."""
    async with knowing(context) as engine:
        found = await engine.models.fit(context.values["name"], context.values["context"])
    if context.out.json:
        context.out.value(verdict(found))
        return DONE
    colour = _COLOURS[found.verdict]
    rows: list[tuple[Piece, ...]] = [(bold(found.name), colour(found.verdict), found.reason)]
    if found.largest_context:
        rows.append(("", dim("context"), f"up to {found.largest_context} tokens stay on the GPU"))
    context.out.table(rows)
    return DONE


async def load(context: Context) -> int:
    """Load a model and wait until it is in memory."""
    values = context.values
    if values["make_room"] and values["anyway"]:
        raise UsageError("--make-room and --anyway contradict each other.")
    when: WhenTight = "make room" if values["make_room"] else "anyway" if values["anyway"] else "refuse"
    stay = keep_alive(values["keep_alive"]) if values["keep_alive"] else None
    async with knowing(context, outlives=context.detach) as engine:
        job = await engine.models.load(values["name"], values["context"], stay, when)
        if context.detach:
            return left(context.out, job.id, job.title, job.state)
        found = msgspec.json.decode((await followed(engine, job, context.out)).result, type=Loaded)
    if context.out.json:
        context.out.event({**msgspec.to_builtins(found), "done": True})
    else:
        share = "" if found.gpu_percent is None else f", {found.gpu_percent} % on the GPU"
        size = "" if found.size is None else f", {gibibytes(found.size)}"
        context.out.line(bold(found.name), f" is loaded: {found.seconds:.1f} s{size}{share}")
    return DONE


async def unload(context: Context) -> int:
    """Free memory."""
    values = context.values
    if bool(values["all"]) == bool(values["name"]):
        raise UsageError("Name the models to unload, or say --all.")
    absent: list[str] = []
    async with knowing(context) as engine:
        if values["all"]:
            busy = await engine.models.unload_all()
        else:
            models = [await engine.models.get(name) for name in values["name"]]
            absent = [model.name for model in models if model.memory is None]
            unloaded = [await engine.models.unload(name) for name in values["name"]]
            busy = tuple(model for model in unloaded if model.memory is not None)
    if context.out.json:
        context.out.value([summary(model) for model in busy])
    for model in busy if not context.out.json else ():
        context.out.line(bold(model.name), " answers still; it is unloaded after that.")
    for name in absent if not context.out.json else ():
        context.out.line(bold(name), " was not in memory.")
    return DONE


async def remove(context: Context) -> int:
    """Delete models."""
    async with knowing(context) as engine:
        # All of them must be there before the first is gone.
        wanted = [await _installed(engine, name) for name in context.values["name"]]
        removed = [await engine.models.delete(name, at_once=True) for name in dict.fromkeys(wanted)]
    if context.out.json:
        context.out.value([model.name for model in removed])
    for model in removed if not context.out.json else ():
        context.out.line(bold(model.name), " is deleted")
    return DONE


async def copy(context: Context) -> int:
    """Give a model a second name."""
    values = context.values
    async with knowing(context) as engine:
        model = await engine.models.copy(
            values["source"], values["destination"], replace=bool(values["replace"])
        )
    _tell(context.out, model, f" is a copy of {values['source']}")
    return DONE


async def favourite(context: Context) -> int:
    """Put a model on top of every list, or no longer."""
    async with knowing(context) as engine:
        wanted = not context.values["off"]
        model = await engine.models.set_favourite(context.values["name"], favourite=wanted)
    _tell(context.out, model, " is a favourite" if wanted else " is no favourite any more")
    return DONE


async def default(context: Context) -> int:
    """Print or change who answers in new chats."""
    name, none = context.values["name"], context.values["none"]
    if name and none:
        raise UsageError("--none and a name contradict each other.")
    async with knowing(context) as engine:
        if name or none:
            await engine.models.set_default(name or "")
        model = next((model for model in await engine.models.list("all") if model.default), None)
    if context.out.json:
        context.out.value(None if model is None else summary(model))
    elif model is None:
        context.out.line("No model is the default: the one used last answers.")
    else:
        context.out.line(bold(model.name))
    return DONE


async def tier(context: Context) -> int:
    """Print or change the tier a model belongs to."""
    name, wanted, none = (context.values[key] for key in ("name", "tier", "none"))
    async with knowing(context) as engine:
        if wanted or none:
            chosen: Tier | None = wanted
            await engine.models.set_tier(name, chosen)
        model = await engine.models.get(name)
    why = "chosen" if model.tier_chosen else "follows from the model"
    _tell(context.out, model, f": {model.tier or 'none'} ({why})")
    return DONE


async def create(context: Context) -> int:
    """Make a model from a Modelfile or from a GGUF file."""
    values = context.values
    file = Path(values["file"]) if values["file"] else None
    text, directory = ("", "") if file is None else _read(file)
    gguf = _absolute(values["gguf"]) if values["gguf"] else ""
    async with knowing(context, outlives=context.detach) as engine:
        job = await engine.models.create(values["name"], text, gguf, directory, values["quantize"] or "")
        if context.detach:
            return left(context.out, job.id, job.title, job.state)
        await followed(engine, job, context.out)
        model = await engine.models.get(values["name"])
    _tell(context.out, model, " is made", done=True)
    return DONE


async def updates(context: Context) -> int:
    """Ask the registry for newer versions."""
    async with knowing(context) as engine:
        job = await engine.models.check_updates(context.values["name"])
        found = msgspec.json.decode((await followed(engine, job, context.out)).result, type=Checked)
    if context.out.json:
        context.out.event({**msgspec.to_builtins(found), "done": True})
        return DONE
    rows: list[tuple[Piece, ...]] = [
        *((bold(name), yellow("outdated"), f"leitstand pull {name}") for name in found.outdated),
        *((bold(name), green("current")) for name in found.current),
        *((bold(name), dim("unknown"), dim("the registry does not say")) for name in found.unknown),
    ]
    context.out.table(rows)
    return DONE


async def followed(engine: Face, job: Job, out: Output) -> Job:
    """Show a job's progress until it is over; raise what it failed with."""
    id = job.id
    try:
        async with following(engine, JobChanged) as facts:
            job = await facts.read(lambda: engine.jobs.get(id))
            while job.state not in FINISHED:
                _progress(out, job)
                for event in await facts.next():
                    if isinstance(event, JobChanged) and event.job.id == job.id:
                        job = event.job
                    elif isinstance(event, Resync):
                        job = await facts.read(lambda: engine.jobs.get(id))
    except BaseException:
        if engine.link.phase != "here":
            goes_on(engine, out, job.title, job.id)
        raise
    finally:
        out.passing("")
    if job.state == "cancelled":
        raise Cancelled(f"{job.title} was cancelled.")
    if job.error is not None and job.state == "failed":
        raise from_code(job.error.code, job.error.message, job.error.hint)
    return job


def _progress(out: Output, job: Job) -> None:
    progress = job.progress
    if out.json:
        if job.state == "running":
            line = {"state": progress.phase or "running", "percent": progress.percent, **progress.numbers}
            out.event({"name": job.title, **line})
        return
    if job.state == "waiting":
        out.passing(f"{job.title}: {job.reason or 'waits'}")
    elif job.state == "running":
        percent = "" if progress.percent is None else f" {progress.percent:.0f} %"
        elapsed = progress.numbers.get("elapsed")
        since = "" if elapsed is None else f" {elapsed:.0f} s"
        text = f" ({progress.text})" if progress.text else ""
        out.passing(f"{job.title}: {progress.phase}{since}{percent}{text}")


def summary(model: Model) -> dict[str, Any]:
    """A model as scripts get it; null is not known."""
    held = model.memory
    return {
        "name": model.name,
        "server": model.server or None,
        "state": model.state,
        "size": model.size,
        "parameters": model.parameters or None,
        "quantization": model.quantization or None,
        "family": model.family or None,
        "context": model.context,
        "capabilities": None if model.capabilities is None else list(model.capabilities),
        "uses": list(model.uses),
        "favourite": model.favourite,
        "default": model.default,
        "tier": model.tier,
        "memory": None if held is None else _memory(held),
        "load_seconds": model.load_seconds,
        "speed": model.last_speed,
        "average_speed": model.average_speed,
        "times_used": model.times_used,
        "last_used": _moment(model.last_used),
        "version": model.version,
        "digest": model.digest or None,
        "modified": _moment(model.modified),
        "remote": model.remote or None,
        "description": model.description,
        "licence": model.licence or None,
        "fault": None if model.fault is None else msgspec.to_builtins(model.fault),
    }


def verdict(fit: Fit) -> dict[str, Any]:
    """Whether a model fits, as scripts get it; null is not known."""
    return {
        "name": fit.name,
        "needed": fit.needed,
        "free": fit.free,
        "verdict": fit.verdict,
        "source": fit.source,
        "margin": fit.margin,
        "context": fit.context,
        "gpu_percent": fit.gpu_percent,
        "slower": fit.slower,
        "slower_source": fit.slower_source,
        "largest_context": fit.largest_context,
        "could_unload": list(fit.could_unload),
        "reason": fit.reason,
    }


def _memory(held: InMemory) -> dict[str, Any]:
    return {
        "size": held.size,
        "vram": held.vram,
        "gpu_percent": held.gpu_percent,
        "context": held.context,
        "stays": held.stays,
        "until": _moment(held.until),
    }


def _moment(at: float | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


def _row(model: Model) -> tuple[Piece, ...]:
    mark = "*" if model.favourite else ">" if model.default else ""
    state = {"active": green, "loaded": green, "loading": yellow}.get(model.state, dim)
    speed = "" if model.last_speed is None else f"{model.last_speed:.0f} tok/s"
    about = model.fault.message if model.fault else ", ".join(model.capabilities or ())
    return (
        bold(model.name),
        mark,
        "" if model.size is None else gigabytes(model.size),
        model.parameters,
        model.quantization,
        "" if model.context is None else f"{model.context // 1024}k",
        state(model.state),
        speed,
        red(about) if model.fault else dim(about),
    )


def _describe(out: Output, details: ModelDetails, fit: Fit) -> None:
    model = details.model
    facts = (
        ("state", model.state),
        ("description", model.description),
        ("from", ", ".join(part for part in (model.maker, model.released) if part)),
        ("licence", model.licence),
        ("size", "" if model.size is None else gigabytes(model.size)),
        ("parameters", " ".join(part for part in (model.parameters, model.quantization) if part)),
        ("family", details.architecture or model.family),
        ("context", "" if model.context is None else f"{model.context} tokens"),
        ("can", ", ".join(model.capabilities or ())),
        ("good for", ", ".join(model.uses)),
        ("tier", model.tier or ""),
        ("fits", f"{fit.verdict}: {fit.reason}"),
        ("needs", "" if fit.needed is None else f"{gibibytes(fit.needed)}, {worded(fit.source)}"),
        ("settings", "  ".join(f"{name} {' '.join(each)}" for name, each in details.parameters.items())),
        ("variants", ", ".join(variant.name for variant in details.variants)),
        ("wrong", "" if model.fault is None else f"{model.fault.message} {model.fault.hint}"),
    )
    out.line(bold(model.name))
    out.table([(dim(label), text) for label, text in facts if text])


async def _installed(engine: Face, name: str) -> str:
    with suppress(NotFound):
        model = await engine.models.get(name)
        if model.installed:
            return model.name
    raise ModelNotFound(f"The server does not have {one_line(name, 80)}.")


def _tell(out: Output, model: Model, what: str, *, done: bool = False) -> None:
    if not out.json:
        out.line(bold(model.name), what)
    elif done:
        out.event({**summary(model), "done": True})
    else:
        out.value(summary(model))


def _absolute(path: str) -> str:
    """A path as the engine can use it, which may stand in another folder."""
    return str(Path(path).expanduser().absolute())


def _read(file: Path) -> tuple[str, str]:
    try:
        return file.read_text(encoding="utf-8"), str(file.absolute().parent)
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        raise UsageError(f"{file} cannot be read: {why}.") from None
