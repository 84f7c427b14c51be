"""What the numbers and texts in a reply mean. Pure."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import Literal

import msgspec

from core.errors import UsageError
from core.guard import one_line
from core.ollama.wire import Answer, KeepAlive

_FOR_EVER = 100 * 365 * 86400.0


def per_second(count: int | None, nanoseconds: int | None) -> float | None:
    """Tokens a second, or None when the server said too little to tell."""
    if not count or not nanoseconds or count < 0 or nanoseconds < 0:
        return None
    return count * 1e9 / nanoseconds


def speed(answer: Answer) -> float | None:
    """How fast the answer was written; thinking and tool calls count."""
    return per_second(answer.eval_count, answer.eval_duration)


def prompt_speed(answer: Answer) -> float | None:
    """How fast the prompt was read; far too high when the server had it in its cache."""
    return per_second(answer.prompt_eval_count, answer.prompt_eval_duration)


def gpu_percent(size: int, size_vram: int | None) -> int | None:
    """The share of a loaded model that is on the GPU, as `ollama ps` shows it; None when unknown."""
    if size_vram is None or size <= 0 or not 0 <= size_vram <= size:
        return None
    # Half a percent is rounded away from zero, on the CPU's share: that is how the server's tool does it.
    return 100 - math.floor((size - size_vram) / size * 100 + 0.5)


CPU_SLOWER = 10.0
"""About how much slower the part of a model runs that lies on the processor: a token reads every weight
once, and a graphics card's memory is read about ten times as fast as a host's."""


def slowdown(gpu_percent: int, ratio: float = CPU_SLOWER) -> float:
    """About how many times slower a model runs that lies on the GPU with that share only."""
    cpu = (100 - gpu_percent) / 100
    return 1 - cpu + cpu * ratio


def slower(times: float) -> str:
    """Say how much slower that is: `about 3 times slower`."""
    return f"about {times:.1f} times slower" if times < 1.95 else f"about {times:.0f} times slower"


class Stay(msgspec.Struct, frozen=True):
    """How long a loaded model stays: until a time, for ever, about to go (or busy), or not known."""

    kind: Literal["until", "forever", "ending", "unknown"]
    until: float | None = None


def stay(expires_at: str, now: float) -> Stay:
    """Read expires_at; a time in the past means busy or stopping, never a negative rest."""
    moment = timestamp(expires_at)
    if moment is None:
        return Stay("unknown")
    if moment - now >= _FOR_EVER:
        return Stay("forever")
    return Stay("until", moment) if moment > now else Stay("ending")


def timestamp(text: str) -> float | None:
    """Seconds since the epoch of a time the server sent; None for its zero time and for what is none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.year <= 1:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


_DURATION = re.compile(r"[+-]?(0|(\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+")


def keep_alive(text: str) -> KeepAlive:
    """Read a keep-alive time as people write it: 5m, 1h30m, 300 (seconds), -1 or "forever"."""
    cleaned = text.strip().lower()
    if cleaned in {"forever", "for ever", "always"}:
        return -1
    try:
        seconds = float(cleaned)
    except ValueError:
        pass
    else:
        # The server takes a number only as a number; as a text it wants a unit.
        if math.isfinite(seconds):
            return int(seconds) if seconds.is_integer() else seconds
    if _DURATION.fullmatch(cleaned) is None:
        raise UsageError(
            f"“{one_line(text, 40)}” is not a keep-alive time.",
            "Write it like 5m, 1h30m, 300 (seconds), 0 (unload at once) or forever.",
        )
    return cleaned


class Version(msgspec.Struct, frozen=True, order=True):
    """A server's version; a hint about what it can do, never the proof."""

    major: int
    minor: int
    patch: int = 0
    # A candidate comes before its release.
    candidate: float = math.inf

    @classmethod
    def parse(cls, text: str) -> Version | None:
        """Read a version; a build from source says 0.0.0 and is newest; None for what is none."""
        found = re.match(r"\s*v?(\d{1,6})\.(\d{1,6})(?:\.(\d{1,6}))?(?:-rc\.?(\d{1,6}))?", text)
        if found is None:
            return None
        major, minor, patch, candidate = (int(part) if part else None for part in found.groups())
        if not (major or minor or patch):
            return NEWEST
        return cls(major or 0, minor or 0, patch or 0, math.inf if candidate is None else candidate)


NEWEST = Version(10**9, 0)
"""A build from source: probe what it can do."""


def parameters(text: str | None) -> dict[str, list[str]]:
    """The lines of show's `parameters`, by key; a key such as stop may come more than once."""
    found: dict[str, list[str]] = {}
    for line in (text or "").split("\n"):
        key, _, value = line.strip().partition(" ")
        value = value.strip()
        if len(value) > 1 and value[0] == value[-1] == '"':
            try:
                value = msgspec.json.decode(value, type=str)
            except msgspec.DecodeError:
                value = value[1:-1]
        if key and value:
            found.setdefault(key, []).append(value)
    return found
