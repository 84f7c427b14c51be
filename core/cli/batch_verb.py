"""`batch`: a file of questions, answered overnight, the results line by line in another file."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from core.batches import MOST, BatchAnswer, BatchAsk
from core.bus import Resync
from core.cli.context import Context
from core.cli.exits import DONE
from core.cli.following import Following, following
from core.cli.hosting import hosted
from core.errors import LeitstandError, UsageError
from core.guard import one_line
from core.jobs.types import FINISHED, Job, JobChanged

if TYPE_CHECKING:
    from core.face import Face


class _Line(msgspec.Struct):
    """A line of a file of questions; whatever else stands there is left alone."""

    prompt: str
    model: str = ""
    system: str = ""
    options: dict[str, Any] = {}


class _Result(msgspec.Struct, omit_defaults=True):
    """A line of the file of results."""

    line: int
    model: str
    prompt: str
    answer: str | None = None
    thinking: str = ""
    error: dict[str, str] | None = None
    tokens: int | None = None
    prompt_tokens: int | None = None
    speed: float | None = None
    seconds: float | None = None


class _Question(msgspec.Struct, frozen=True):
    """A question and the line it stands on."""

    line: int
    ask: BatchAsk

    @property
    def key(self) -> tuple[int, str]:
        """What tells it from the others; whoever the router chose may answer."""
        return self.line, "" if self.ask.routed else self.ask.model


async def batch(context: Context) -> int:
    """Answer a file of questions; what the file of results has already is not asked again."""
    if not context.values["out"]:
        raise UsageError("Where are the results to go?", "Name a file with --out.")
    file, out = Path(context.values["file"]), Path(context.values["out"])
    lines = _questions(file)
    if not lines:
        raise UsageError(f"{one_line(file.name, 80)} holds no question.")
    name = _name(out)
    detach = context.detach
    async with hosted(context, outlives=detach) as engine, following(engine, JobChanged) as facts:
        questions = await _with_models(engine, lines, context.values["model"] or ())
        done = _resume(out, questions)
        left = [one for one in questions if one.key not in done]
        jobs = await _submitted(engine, name, left)
        _say(context, len(questions), len(done))
        if detach:
            return _left(context, len(left))
        try:
            failed = await _collect(context, facts, engine, out, left, jobs)
        except BaseException:
            context.out.passing("")
            context.out.aside("What is not answered yet stays in the queue; the same command goes on.\n")
            raise
    if failed:
        raise LeitstandError(
            f"{failed} of {len(questions)} questions could not be answered.",
            "The reasons stand in the results; the same command tries them again.",
        )
    if context.out.json:
        context.out.event({"done": True, "questions": len(questions), "out": str(out)})
    return DONE


def _name(out: Path) -> str:
    """What the batch is called in the queue: its results, and where they are."""
    return f"batch {out.name} {blake2b(str(out.absolute()).encode(), digest_size=4).hexdigest()}"


def _questions(file: Path) -> list[tuple[int, _Line]]:
    """Read JSON lines with a prompt each, or one question a line."""
    try:
        rows = [row.strip() for row in file.read_bytes().split(b"\n")]
    except OSError as error:
        raise UsageError(f"{one_line(str(file), 200)} cannot be read: {error.strerror}.") from None
    there = [(number, row) for number, row in enumerate(rows, 1) if row]
    as_json = bool(there) and there[0][1].startswith(b"{")
    return [(number, _line(row, number, file.name, as_json=as_json)) for number, row in there]


def _line(row: bytes, number: int, name: str, *, as_json: bool) -> _Line:
    try:
        line = msgspec.json.decode(row, type=_Line) if as_json else _Line(row.decode())
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise UsageError(
            f"Line {number} of {one_line(name, 80)} is not an object with a prompt.",
            'A line looks like {"prompt": "How do I list files?"}, or is the question itself.',
        ) from None
    if not line.prompt.strip():
        raise UsageError(f"Line {number} of {one_line(name, 80)} has an empty prompt.")
    return line


async def _with_models(
    engine: Face, lines: Sequence[tuple[int, _Line]], named: Sequence[str]
) -> list[_Question]:
    """Every question with every model that is to answer it; where none is named the router chooses."""
    found = []
    for number, line in lines:
        models = (line.model,) if line.model else tuple(named)
        routed = not models
        if routed:
            models = ((await engine.router.explain(line.prompt)).model,)
        if not all(models):
            raise UsageError("There is no model to answer with.", "Name one with --model.")
        for model in models:
            ask = BatchAsk(
                model=model, prompt=line.prompt, system=line.system, options=line.options, routed=routed
            )
            found.append(_Question(number, ask))
    return found


async def _submitted(engine: Face, name: str, left: Sequence[_Question]) -> dict[int, list[_Question]]:
    """The jobs of the questions by number; what failed before is tried again."""
    jobs: dict[int, list[_Question]] = {}
    for start in range(0, len(left), MOST):
        part = left[start : start + MOST]
        for job, question in zip(
            await engine.batches.submit(name, tuple(one.ask for one in part)), part, strict=True
        ):
            # The same question on two lines is one job.
            if job.id not in jobs and job.state in ("failed", "cancelled"):
                await engine.jobs.retry(job.id)
            jobs.setdefault(job.id, []).append(question)
    return jobs


async def _collect(
    context: Context,
    facts: Following,
    engine: Face,
    out: Path,
    left: Sequence[_Question],
    jobs: Mapping[int, list[_Question]],
) -> int:
    """Write down every answer as it comes; return how many failed."""
    waiting, failed = set(jobs), 0
    with out.open("ab") as results:
        ended = await facts.read(lambda: _ended(engine, sorted(waiting)))
        while True:
            for job in ended:
                if job.id not in waiting:
                    continue
                waiting.discard(job.id)
                failed += len(jobs[job.id]) * (job.state != "done")
                for question in jobs[job.id]:
                    results.write(msgspec.json.encode(_result(question, job)) + b"\n")
                results.flush()
                os.fsync(results.fileno())
                _tell(context, len(jobs) - len(waiting), len(jobs))
            if not waiting:
                context.out.passing("")
                return failed
            events = await facts.next()
            ended = [
                event.job
                for event in events
                if isinstance(event, JobChanged) and event.job.id in waiting and event.job.state in FINISHED
            ]
            if any(isinstance(event, Resync) for event in events):
                ended = await facts.read(lambda: _ended(engine, sorted(waiting)))


async def _ended(engine: Face, ids: Sequence[int]) -> list[Job]:
    return [job for job in [await engine.jobs.get(id) for id in ids] if job.state in FINISHED]


def _result(question: _Question, job: Job) -> _Result:
    result = _Result(question.line, job.model, question.ask.prompt)
    if job.state == "done":
        answer = msgspec.json.decode(job.result, type=BatchAnswer)
        for field in answer.__struct_fields__:
            setattr(result, field, getattr(answer, field))
    elif job.error is not None:
        result.error = {"code": job.error.code, "message": job.error.message, "hint": job.error.hint}
    else:
        result.error = {"code": "cancelled", "message": "It was cancelled.", "hint": ""}
    return result


def _resume(out: Path, questions: Sequence[_Question]) -> set[tuple[int, str]]:
    """What was answered before; a torn last line and failed questions are taken out of the file."""
    wanted = {one.key: one.ask.prompt for one in questions}
    kept = list(_answered(out, wanted))
    content = b"".join(row + b"\n" for row, _ in kept)
    try:
        if not out.exists() or out.read_bytes() != content:
            fresh = out.with_name(out.name + ".new")
            fresh.write_bytes(content)
            fresh.replace(out)
    except OSError as error:
        raise UsageError(f"{one_line(str(out), 200)} cannot be written: {error.strerror}.") from None
    return {key for _, key in kept}


def _answered(out: Path, wanted: Mapping[tuple[int, str], str]) -> Iterator[tuple[bytes, tuple[int, str]]]:
    if not out.exists():
        return
    seen: set[tuple[int, str]] = set()
    *whole, _torn = out.read_bytes().split(b"\n")
    for row in whole:
        try:
            result = msgspec.json.decode(row, type=_Result)
        except (msgspec.DecodeError, UnicodeDecodeError):
            result = None
        key = (result.line, result.model) if result is not None else (0, "")
        key = key if key in wanted else (key[0], "")
        if result is None or wanted.get(key) != result.prompt:
            raise UsageError(
                f"{one_line(out.name, 80)} holds something else than results of these questions.",
                "Name another file with --out.",
            )
        if result.answer is not None and key not in seen:
            seen.add(key)
            yield row, key


def _tell(context: Context, answered: int, total: int) -> None:
    if context.out.json:
        context.out.event({"answered": answered, "total": total})
    else:
        context.out.passing(f"{answered} of {total} answered")


def _left(context: Context, count: int) -> int:
    """Say that they are in the queue."""
    if context.out.json:
        context.out.event({"detached": True, "questions": count})
    else:
        context.out.line(f"{count} in the queue. The same command without --detach collects the answers.")
    return DONE


def _say(context: Context, total: int, done: int) -> None:
    plural = "question" if total == 1 else "questions"
    before = f", {done} answered before" if done else ""
    if not context.out.json:
        context.out.aside(f"{total} {plural}{before}\n")
