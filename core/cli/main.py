"""The command: reads the line, runs a verb, and turns how it ended into a number."""

from __future__ import annotations

import io
import os
import sys
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

from core.cli.arguments import Verb, flags, parse, topic
from core.cli.context import Context
from core.cli.exits import CANCELLED, DONE, FAILED, exit_code
from core.cli.output import Output, Unwritable
from core.cli.verbs import GLOBALS, VERBS
from core.errors import Cancelled, LeitstandError, UsageError

if TYPE_CHECKING:
    from core.health import Check


class Faces(NamedTuple):
    """What only the screens know; handed in, because the core cannot see them."""

    screens: Callable[[Context], int]
    """Opens the screens and returns when they are left."""
    terminal_checks: Callable[[Context], list[Check]]
    """What this terminal can do, for `doctor`."""
    far: Callable[[Context], float | None] = lambda _: None
    """How many seconds away the person is, there and back; None when here, or when it cannot be known."""


def main(argv: Sequence[str], faces: Faces) -> int:
    """Run the command in this process, with its streams and its environment."""
    return run(argv, faces, _stream(sys.stdout), _stream(sys.stderr), os.environ)


def run(argv: Sequence[str], faces: Faces, out: TextIO, err: TextIO, environment: Mapping[str, str]) -> int:
    """Run the command; nothing is raised, and every way it can end has a number."""
    words = list(argv)
    # Looked for before the line is read: a script wants to hear of wrong usage as JSON, too.
    output = Output(out, err, json="--json" in flags(words), environment=environment)
    context = Context(
        {argument.key: None for argument in GLOBALS},
        output,
        environment,
        faces.terminal_checks,
        faces.screens,
        faces.far,
    )
    try:
        return _answered(words, faces, context)
    except BrokenPipeError:
        # Whoever read it has had enough, which is no failure.
        _silence(out)
        return DONE
    except Unwritable as error:
        _silence(out)
        output.complain(LeitstandError(f"The answer cannot be written: {error}."))
        return FAILED


def _answered(words: list[str], faces: Faces, context: Context) -> int:
    out = context.out
    try:
        code = _do(words, faces, context)
        out.flush()
        return code
    except (BrokenPipeError, Unwritable):
        raise
    except LeitstandError as error:
        out.error(error)
        return exit_code(error)
    except KeyboardInterrupt:
        out.error(Cancelled("Cancelled."))
        return CANCELLED
    except Exception as error:
        if context.environment.get("LEITSTAND_DEBUG"):
            raise
        out.error(_fault(error, context))
        return FAILED


def _do(words: list[str], faces: Faces, context: Context) -> int:
    if words[:1] == ["__complete"]:
        from core.cli import completions

        return completions.answer(context, words[1:])
    if {"--help", "-h"} & set(flags(words)):
        from core.cli import help as manual

        manual.show(topic(words, VERBS, GLOBALS), context.out)
        return DONE
    asked = parse(words, VERBS, GLOBALS)
    context.values = asked.values
    if asked.values["version"] is True:
        return _version(context.out)
    if asked.verb is not None:
        return _perform(asked.verb, context)
    if asked.words:
        group = " ".join(asked.words)
        verbs = [verb.name.removeprefix(f"{group} ") for verb in VERBS if verb.name.startswith(f"{group} ")]
        raise UsageError(f"leitstand {group} needs a verb.", f"It has: {', '.join(verbs)}.")
    if context.out.json:
        raise UsageError("--json needs a verb: the screens are not JSON.", "See `leitstand --help`.")
    return faces.screens(context)


def _version(out: Output) -> int:
    from core.version import VERSION

    if out.json:
        out.value({"version": VERSION})
    else:
        out.line(f"leitstand {VERSION}")
    return DONE


def _perform(verb: Verb, context: Context) -> int:
    module, _, name = verb.function.partition(":")
    answer: int | Coroutine[Any, Any, int] = getattr(import_module(module), name)(context)
    if isinstance(answer, int):
        return answer
    from core.cli.loop import finish

    return finish(answer)


def _fault(error: BaseException, context: Context) -> LeitstandError:
    from core.cli import crash
    from core.tasks import place

    log = context.paths.log
    kept = crash.keep(error, log, time.time())
    return LeitstandError(
        f"Leitstand itself has a fault: {type(error).__name__} at {place(error)}.",
        f"{log} says where it happened." if kept else "LEITSTAND_DEBUG=1 shows where it happened.",
    )


def _stream(stream: TextIO | None) -> TextIO:
    if stream is None:  # closed by whoever started the command
        return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 - lives as long as the process
    if isinstance(stream, io.TextIOWrapper):
        # What the reader cannot take becomes a question mark instead of an error.
        stream.reconfigure(errors="replace")
    return stream


def _silence(stream: TextIO) -> None:
    """Let what is left in a broken stream go nowhere, so that the interpreter ends without complaint."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
