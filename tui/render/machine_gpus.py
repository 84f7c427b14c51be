"""Many GPUs drawn: a row each, or a cell each in a pane."""

from __future__ import annotations

from core.guard import one_line
from core.telemetry.types import Gpu
from tui import format as numbers
from tui.render import gauges
from tui.render.machine_gpu import fan_dabs, heat_dab, held_bar, remarks, still, traffic_lines
from tui.render.machine_line import Row, bar, beside, fitted
from tui.render.machine_scene import GIB, Scene, memory_share, name_of

_CELL = 24
"""From this width on, a small cell shows the memory, too."""


def rows(scene: Scene, width: int, *, heading: bool) -> list[Row]:
    """Draw all GPUs, one row each."""
    named = width >= 60
    figures = width >= 76
    more = width >= 120
    fixed = (
        4
        + (17 if named else 0)
        + 6
        + 2
        + (10 if figures else 6)
        + 8
        + (7 if figures else 0)
        + (22 if more else 0)
    )
    rest = max(width - fixed, 8)
    length = min(rest // (3 if figures else 2), 22)
    spark = rest - 2 * length - 1 if figures else 0
    lines: list[Row] = []
    if heading:
        titles = "  # " + ("name".ljust(17) if named else "") + "busy".ljust(length + 6 + spark + 2)
        titles += "memory".ljust(length + (10 if figures else 6)) + "    heat"
        titles += ("  power" if figures else "") + ("     clock       fan" if more else "")
        lines.append([(titles, "dim")])
    for gpu in scene.gpus:
        lines.append(_row(scene, gpu, width, length, spark))
        lines += traffic_lines(scene, gpu)
    return lines


def _row(scene: Scene, gpu: Gpu, width: int, length: int, spark: int) -> Row:
    line: Row = [(f"{gpu.index:>3} ", "accent")]
    if width >= 60:
        line += [*fitted([(name_of(gpu, short=True), "text")], 16), (" ", "text")]
    if still(gpu):
        return [*line, *remarks(scene, gpu)[:1], ("  ", "text"), (one_line(gpu.says, 200), "dim")]
    ascii_only = scene.ascii_only
    busy = None if gpu.busy is None else gpu.busy / 100
    line += [*bar(busy, length, "accent", ascii_only=ascii_only), (f" {numbers.percent(gpu.busy)}", "text")]
    if spark > 0:
        values = scene.past.columns(gpu.key, "busy", spark)
        line.append((" " + gauges.sparkline(values, spark, high=100.0, ascii_only=ascii_only), "accent"))
    line += [("  ", "text"), *held_bar(scene, gpu, length)]
    if width >= 76:
        line.append((f" {_pair(gpu)}", "text"))
    else:
        share = memory_share(gpu)
        line.append((f" {numbers.percent(None if share is None else share * 100)}", "text"))
    line += [(" ", "text"), *heat_dab(scene, gpu)]
    if width >= 76:
        line.append((f" {numbers.watts(gpu.power)}", "text"))
    if width >= 120:
        line += [(f"  {numbers.frequency(gpu.clock)}  ", "text"), *fan_dabs(gpu)]
    return line


def _pair(gpu: Gpu) -> str:
    """Memory as two numbers in nine cells: ` 18.2/31.8`."""
    if gpu.memory_total is None:
        return numbers.UNKNOWN.rjust(9)
    used = numbers.UNKNOWN if gpu.memory_used is None else f"{gpu.memory_used / GIB:.{_digits(gpu)}f}"
    return f"{used}/{gpu.memory_total / GIB:.{_digits(gpu)}f}".rjust(9)


def _digits(gpu: Gpu) -> int:
    return 0 if (gpu.memory_total or 0) >= 100 * GIB else 1


def cells(scene: Scene, width: int, columns: int) -> list[Row]:
    """Draw all GPUs in columns: how busy and how full each is, and nothing else."""
    room = width // columns
    blocks: list[list[Row]] = [[] for _ in range(columns)]
    height = -(-len(scene.gpus) // columns)
    for index, gpu in enumerate(scene.gpus):
        blocks[index // height].append(_small(scene, gpu, room))
    return beside(blocks, [room] * columns)


def _small(scene: Scene, gpu: Gpu, width: int) -> Row:
    line: Row = [(f"{gpu.index:>2} ", "accent")]
    if still(gpu):
        return [*line, *remarks(scene, gpu)[:1]]
    busy, share = None if gpu.busy is None else gpu.busy / 100, memory_share(gpu)
    full = numbers.percent(None if share is None else share * 100)
    both = width >= _CELL
    line += bar(busy, width - (16 if both else 9), "accent", ascii_only=scene.ascii_only)
    line.append((f" {numbers.percent(gpu.busy)}", "text"))
    return [*line, (f"  {full}" if both else "", "dim")]
