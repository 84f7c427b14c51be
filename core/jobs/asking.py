"""Looks at what is asked of the queue before anything is written. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite

import msgspec

from core.errors import UsageError
from core.guard import one_line
from core.jobs.store import Accepted
from core.jobs.track import Kind
from core.jobs.types import NewJob

_MOST_ATTEMPTS = 100
_LONGEST_TITLE = 500
_LARGEST_PAYLOAD = 32 * 2**20


def checked(new: NewJob, kinds: Mapping[str, Kind], attempts: int) -> Accepted:
    """Return what is to be written, or say what is wrong with it."""
    kind = kinds.get(new.kind)
    if kind is None:
        raise UsageError(f"Nobody runs jobs of the kind “{one_line(new.kind, 40)}”.")
    if new.max_attempts is not None:
        attempts = new.max_attempts
    if not 1 <= attempts <= _MOST_ATTEMPTS:
        raise UsageError(f"A job is tried 1 to {_MOST_ATTEMPTS} times.")
    if not (isfinite(new.delay) and new.delay >= 0):
        raise UsageError("A job cannot be put off by that long.")
    if len(bytes(new.payload)) > _LARGEST_PAYLOAD:
        raise UsageError("That is too much for one job.", "Keep it in a file, and name the file.")
    try:
        msgspec.json.decode(new.payload)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise UsageError("The payload of a job is JSON.") from None
    title = new.title if len(new.title) <= _LONGEST_TITLE else new.title[: _LONGEST_TITLE - 1] + "…"
    return Accepted(msgspec.structs.replace(new, title=title), kind.lane, attempts)
