"""Numbers as people read them, in cells of a fixed width so that nothing jumps while they change.

Every function returns text of one constant width, number right-aligned, unit after it; `strip()` it
for a sentence. What is not known is a dash, never a zero. `plain` turns any of it into ASCII.
"""

from __future__ import annotations

from math import isfinite

UNKNOWN = "—"
"""What stands where a value is not known."""

_DECIMAL = ("B", "kB", "MB", "GB", "TB", "PB")
_BINARY = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_PLAIN = str.maketrans(
    {"—": "-", "–": "-", "°": " ", "…": "~", "·": "|", "×": "x", "µ": "u", "↓": "v", "↑": "^"}
)


def plain(text: str) -> str:
    """Return *text* for a terminal that shows ASCII only; its width stays."""
    return text.translate(_PLAIN)


def _three(value: float) -> str:
    """Write three significant digits in four cells: 1.25, 12.5, 125."""
    if value < 9.995:
        return f"{value:4.2f}"
    return f"{value:4.1f}" if value < 99.95 else f"{value:4.0f}"


def _scaled(value: float | None, step: int, units: tuple[str, ...], suffix: str = "") -> str:
    width = 5 + max(map(len, units)) + len(suffix)
    if value is None or not isfinite(value):
        return UNKNOWN.rjust(4).ljust(width)
    sign, value = ("-" if value < 0 else ""), abs(value)
    rank = 0
    while rank < len(units) - 1 and value >= (999.5 if rank else step - 0.5):
        value /= step
        rank += 1
    digits = f"{value:.0f}" if rank == 0 else _three(value).strip()
    return f"{(sign + digits).rjust(4)} {units[rank]}{suffix}".ljust(width)


def size(count: float | None) -> str:
    """Bytes of files, disks and downloads, in powers of ten: `18.6 GB`."""
    return _scaled(count, 1000, _DECIMAL)


def memory(count: float | None) -> str:
    """Bytes of memory, in powers of two, as its makers count: `31.8 GiB`."""
    return _scaled(count, 1024, _BINARY)


def rate(per_second: float | None) -> str:
    """Bytes a second: `41.2 MB/s`."""
    return _scaled(per_second, 1000, _DECIMAL, "/s")


def memory_of(used: float | None, total: float | None) -> str:
    """A part of a whole in one unit, as wide as the whole: `18.2 of 31.8 GiB`."""
    if total is None or not isfinite(total):
        return f"{memory(used).strip()} of {UNKNOWN}"
    rank = 0
    while rank < len(_BINARY) - 1 and total >= 999.5 * 1024**rank:
        rank += 1
    decimals = 1 if rank else 0
    whole = f"{total / 1024**rank:.{decimals}f}"
    part = UNKNOWN if used is None or not isfinite(used) else f"{used / 1024**rank:.{decimals}f}"
    return f"{part.rjust(len(whole))} of {whole} {_BINARY[rank]}"


def count(number: float | None) -> str:
    """Things counted: ` 412`, `3.1k`, ` 12k`, `1.2M`."""
    if number is None or not isfinite(number):
        return UNKNOWN.rjust(4)
    sign, value = ("-" if number < 0 else ""), abs(number)
    if value < 999.5:
        return f"{sign}{value:.0f}".rjust(4)
    for unit in "kMGT":
        value /= 1000
        if value < 999.5 or unit == "T":
            break
    return f"{sign}{value:.1f}{unit}".rjust(4) if value < 9.95 else f"{sign}{value:.0f}{unit}".rjust(4)


def context(tokens: int | None) -> str:
    """A context length, in the powers of two it comes in: ` 32k`, `128k`."""
    if tokens is not None and tokens and tokens % 1024 == 0:
        thousands = tokens // 1024
        return (f"{thousands // 1024}M" if thousands % 1024 == 0 else f"{thousands}k").rjust(4)
    return count(tokens)


def duration(seconds: float | None) -> str:
    """How long: ` 42 ms`, `4.2 s`, `12 s`, `4 m 12 s`, `2 h 03 m`, `3 d 04 h`, `120 d`."""
    if seconds is None or not isfinite(seconds):
        return UNKNOWN.rjust(9)
    sign, value = ("-" if seconds < 0 else ""), abs(seconds)
    if value < 0.0995:
        text = f"{value * 1000:.0f} ms"
    elif value < 9.95:
        text = f"{value:.1f} s"
    else:
        text = _long(round(value))
    return (sign + text).rjust(9)


def _long(seconds: int) -> str:
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    if days:
        return f"{days} d {hour:02} h" if days < 100 else f"{days} d"
    if hours:
        return f"{hour} h {minute:02} m"
    return f"{minute} m {second:02} s" if minutes else f"{second} s"


def percent(value: float | None) -> str:
    """A share from 0 to 100: ` 94 %`."""
    return _whole(value, "%")


def watts(value: float | None) -> str:
    """Power: ` 480 W`."""
    return _whole(value, "W", digits=4)


def celsius(value: float | None) -> str:
    """A temperature: ` 71 °C`."""
    return _whole(value, "°C")


def _whole(value: float | None, unit: str, digits: int = 3) -> str:
    if value is None or not isfinite(value):
        return UNKNOWN.rjust(digits + 1 + len(unit))
    # Adding zero turns the -0 of a rounded small negative into 0.
    return f"{round(value) + 0:>{digits}} {unit}"


def frequency(megahertz: float | None) -> str:
    """A clock: `2.61 GHz`, ` 210 MHz`."""
    if megahertz is None or not isfinite(megahertz):
        return UNKNOWN.rjust(8)
    return f"{megahertz:4.0f} MHz" if megahertz < 999.5 else f"{_three(megahertz / 1000)} GHz"


def speed(tokens_per_second: float | None) -> str:
    """How fast a model writes: `38.2 tok/s`."""
    if tokens_per_second is None or not isfinite(tokens_per_second):
        return UNKNOWN.rjust(10)
    return (
        f"{tokens_per_second:4.1f} tok/s" if tokens_per_second < 99.95 else f"{tokens_per_second:4.0f} tok/s"
    )


def energy(joules: float | None) -> str:
    """Energy: ` 980 J `, `12.3 kJ`."""
    return _scaled(joules, 1000, ("J", "kJ", "MJ", "GJ"))
