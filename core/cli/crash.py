"""What is kept of a fault in Leitstand itself: where it happened, and nothing anybody wrote."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from core.errors import LeitstandError
from core.paths import make_private, open_private
from core.version import VERSION


def keep(error: BaseException, log: Path, at: float) -> bool:
    """Append a report to the log file; tell whether that worked."""
    try:
        make_private(log.parent)
        descriptor = open_private(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        with os.fdopen(descriptor, "a", encoding="utf-8") as file:
            file.write("\n".join(report(error, at)) + "\n")
    except (OSError, LeitstandError):
        return False
    return True


def report(error: BaseException, at: float) -> Iterator[str]:
    """The type and the place of an error and of what led to it; never its text, never a local value."""
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at))
    python = ".".join(str(part) for part in sys.version_info[:3])
    yield f"{when} UTC ERROR leitstand.crash: Leitstand {VERSION}, Python {python}, {sys.platform}"
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield from _stack(cause, "  ")
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)


def _stack(error: BaseException, indent: str) -> Iterator[str]:
    yield indent + type(error).__qualname__
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        yield f"{indent}  {_place(code.co_filename)}:{trace.tb_lineno} {code.co_name}"
        trace = trace.tb_next
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _stack(inner, indent + "  ")


def _place(filename: str) -> str:
    # The last folders say enough; the first ones name the person.
    return str(Path(*Path(filename).parts[-3:]))
