"""What the status line says about the machine on every page: how full the memory is, and what is wrong."""

from __future__ import annotations

from core.telemetry.types import AlertKind, Sample
from tui.format import plain
from tui.glyphs import Glyphs
from tui.render.gauges import bar
from tui.render.pieces import Piece

_BAR = 10
_GIB = 2**30

_WORDS: dict[AlertKind, str] = {
    "gpu_memory": "GPU memory full",
    "gpu_temperature": "GPU hot",
    "gpu_throttled": "GPU slowed down",
    "gpu_lost": "GPU lost",
    "driver_silent": "GPU driver silent",
    "host_memory": "memory full",
    "disk": "disk full",
    "spill": "runs on the CPU",
}
"""In a word each; that the server is away stands in the line already."""


def memory_pieces(sample: Sample | None, glyphs: Glyphs) -> list[Piece]:
    """Draw how full the memory of all GPUs is, or the host's where no GPU has its own."""
    if sample is None:
        return []
    known = [
        (gpu.memory_used, gpu.memory_total)
        for gpu in sample.gpus
        if gpu.memory_used is not None and gpu.memory_total
    ]
    if known:
        used, total = sum(part for part, _ in known), sum(whole for _, whole in known)
        old = sample.is_stale(sample.gpus_age)
        return _memory("VRAM", used, total, glyphs, old=old)
    host = sample.host
    if host is None or host.memory_total is None or host.memory_available is None:
        return []
    old = sample.is_stale(sample.host_age)
    return _memory("RAM", host.memory_total - host.memory_available, host.memory_total, glyphs, old=old)


def _memory(label: str, used: int, total: int, glyphs: Glyphs, *, old: bool) -> list[Piece]:
    ascii_only = glyphs.live.isascii()
    drawn = bar(used / total, _BAR, ascii_only=ascii_only)
    full = drawn.rstrip(" .")
    digits = 0 if total >= 1000 * _GIB else 1
    whole = f"{total / _GIB:.{digits}f}"
    part = f"{used / _GIB:.{digits}f}".rjust(len(whole))
    pieces: list[Piece] = [
        (f"{label} ", "dim"),
        (full, "accent"),
        (("." if ascii_only else "░") * (_BAR - len(full)), "rule"),
        (f" {part}/{whole}", "dim" if old else "text"),
        (" GiB", "dim"),
    ]
    return [*pieces, (" stale", "warn")] if old else pieces


def alert_pieces(sample: Sample | None, glyphs: Glyphs) -> list[Piece]:
    """Say the gravest alert in a word, and how many stand beside it."""
    alerts = [alert for alert in sample.alerts if alert.kind in _WORDS] if sample is not None else []
    if not alerts:
        return []
    first = alerts[0]
    grave = first.level == "error"
    more = f" +{len(alerts) - 1}" if len(alerts) > 1 else ""
    mark = glyphs.failed if grave else glyphs.warning
    words = f"{mark} {_WORDS[first.kind]}{more}"
    return [(plain(words) if glyphs.live.isascii() else words, "bad" if grave else "warn")]
