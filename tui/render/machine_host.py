"""The machine around the GPUs drawn: processors, memory, disk, network, and the processes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from core.guard import one_line
from core.telemetry.types import Host, Sample
from tui import format as numbers
from tui.render import gauges
from tui.render.machine_card import LABEL, Graph, Grid, card_of, meter, side_by_side
from tui.render.machine_line import Row, bar, flow, sides
from tui.render.machine_scene import Scene

_QUIET_NETWORK = 1e6
"""Bytes a second: below that the graph of the network does not grow."""


def used_memory(host: Host) -> int | None:
    """Return the memory that cannot be had."""
    if host.memory_total is None or host.memory_available is None:
        return None
    return host.memory_total - host.memory_available


def cores(values: Sequence[float], width: int, *, ascii_only: bool) -> str:
    """Draw a column a core; with more cores than cells a column is the busiest of its few."""
    return gauges.sparkline(values, min(len(values), width), high=100.0, ascii_only=ascii_only)


def card(scene: Scene, width: int, tall: int) -> list[Row]:
    """Draw the host with a line a resource and graphs beside them."""
    sample = scene.sample
    if sample is None or sample.host is None:
        return [[(" Host", "accent"), ("  not looked at yet", "dim")]]
    host = sample.host
    title: Row = [(" Host  ", "accent"), *_name(scene)]
    grid = Grid.of(width)
    rows = _rows(scene, sample, host, grid.bar)
    return card_of(scene, title, rows, _graphs(scene, host, grid), width, tall)


def _name(scene: Scene) -> Row:
    facts = scene.host
    if facts is None:
        return []
    words = [one_line(word, 60) for word in (facts.name, facts.processor) if word]
    return [(words[0], "strong"), *((f"  {word}", "dim") for word in words[1:])] if words else []


def _graphs(scene: Scene, host: Host, grid: Grid) -> list[Graph]:
    received = [value or 0.0 for value in scene.past.columns("host", "received", grid.graph)]
    peak = max([_QUIET_NETWORK, *received])
    shown = [Graph("cpu", "host", "cpu", 100.0, "100 %", "text")]
    if host.memory_total:
        scale = numbers.memory(host.memory_total).strip()
        shown.append(Graph("ram", "host", "memory_used", float(host.memory_total), scale, "dim"))
    return [*shown, Graph("net ↓", "host", "received", peak, numbers.rate(peak).strip(), "dim")]


def _rows(scene: Scene, sample: Sample, host: Host, length: int) -> list[Row]:
    ascii_only = scene.ascii_only
    warm = "" if host.cpu_temperature is None else f"  {numbers.celsius(host.cpu_temperature)}"
    rows = [
        [
            (" cpu".ljust(LABEL), "dim"),
            *_processors(host, length, ascii_only=ascii_only),
            (f"  {numbers.percent(host.cpu)}{warm}", "text"),
        ]
    ]
    used, total = used_memory(host), host.memory_total
    share = used / total if used is not None and total else None
    rows.append(meter("ram", share, numbers.memory_of(used, total), length, ascii_only=ascii_only))
    volume = sample.volume
    if volume is not None and volume.free is not None:
        full = 1 - volume.free / volume.total if volume.total else None
        rows.append(meter("disk", full, f"{numbers.size(volume.free)} free", length, ascii_only=ascii_only))
    rows.append(_two(" net", "↓", host.received, " ↑", host.sent))
    if volume is not None and volume.read is not None:
        rows.append(_two(" disk io", "r", volume.read, " w", volume.written))
    if host.swap_total:
        share = None if host.swap_used is None else host.swap_used / host.swap_total
        value = numbers.memory_of(host.swap_used, host.swap_total)
        rows.append(meter("swap", share, value, length, ascii_only=ascii_only))
    return [*rows, [(" load".ljust(LABEL), "dim"), (_load(host), "text")]]


def _processors(host: Host, length: int, *, ascii_only: bool) -> Row:
    if not host.cores:
        return bar(None if host.cpu is None else host.cpu / 100, length, "text", ascii_only=ascii_only)
    return [(cores(host.cores, length, ascii_only=ascii_only).ljust(length), "text")]


def _two(label: str, one: str, first: float | None, other: str, second: float | None) -> Row:
    return [
        (label.ljust(LABEL), "dim"),
        (f"{one} ", "dim"),
        (numbers.rate(first), "text"),
        (f"{other} ", "dim"),
        (numbers.rate(second), "text"),
    ]


def _load(host: Host) -> str:
    return " ".join(f"{value:5.2f}" for value in host.load) if host.load else numbers.UNKNOWN.rjust(5)


def lines(scene: Scene, width: int, count: int) -> list[Row]:
    """Draw the host in *count* lines, the most important first."""
    sample = scene.sample
    if sample is None or sample.host is None:
        return [[(" host ", "dim"), ("not looked at yet", "dim")]]
    host, volume = sample.host, sample.volume
    processors = min(len(host.cores or ()), 6 if width < 60 else 16)
    used, total = used_memory(host), host.memory_total
    groups: list[Row] = [
        [
            ("cpu ", "dim"),
            *(_processors(host, processors, ascii_only=scene.ascii_only) if processors else []),
            (numbers.percent(host.cpu), "text"),
        ],
        [("ram ", "dim"), (numbers.memory_of(used, total), "text")],
    ]
    if volume is not None and volume.free is not None:
        groups.append([("disk ", "dim"), (numbers.size(volume.free), "text"), (" free", "dim")])
    if scene.queue is not None and any(scene.queue):
        groups.append([("queue ", "dim"), (f"{sum(scene.queue)}", "text")])
    net: Row = [("↓ ", "dim"), (numbers.rate(host.received), "text")]
    if width >= 60:
        net += [(" ↑ ", "dim"), (numbers.rate(host.sent), "text")]
    groups.append(net)
    if host.load:
        groups.append([("load", "dim"), (_load(host), "text")])
    if host.swap_total:
        groups.append([("swap ", "dim"), (numbers.memory_of(host.swap_used, host.swap_total), "text")])
    return flow(groups, width, count)


# Processes ---------------------------------------------------------------------------------------


class Process(NamedTuple):
    """A process that works for a model or holds memory of a GPU."""

    pid: int
    name: str
    gpu: str
    memory: int | None
    cpu: float | None
    ram: int | None
    about: str


def processes(scene: Scene) -> list[Process]:
    """Join what the GPUs and the host know of processes, in the order that was asked for."""
    sample = scene.sample
    if sample is None:
        return []
    known = {one.pid: one for one in (sample.host.ollama or () if sample.host is not None else ())}
    found: list[Process] = []
    for gpu in sample.gpus:
        for one in gpu.processes or ():
            here = known.get(one.pid)
            name = one.name or (here.name if here is not None else "") or numbers.UNKNOWN
            about = one.model or ("graphics" if one.kind == "graphics" else "")
            found.append(
                Process(
                    one.pid,
                    name,
                    str(gpu.index),
                    one.memory,
                    here.cpu if here is not None else None,
                    here.memory if here is not None else None,
                    about,
                )
            )
    shown = {one.pid for one in found}
    listed = any(gpu.processes is not None for gpu in sample.gpus) or not sample.gpus
    for other in known.values():
        if other.pid not in shown:
            # Only where the processes of the GPUs are known is this one known not to be among them.
            where = " on the CPU" if listed else ""
            about = f"runs a model{where}" if other.runs_model else "the server"
            found.append(Process(other.pid, other.name, "", None, other.cpu, other.memory, about))
    if scene.process_order == "name":
        return sorted(found, key=lambda one: (one.name, one.pid))
    if scene.process_order == "cpu":
        return sorted(found, key=lambda one: (-(one.cpu or 0.0), one.pid))
    return sorted(found, key=lambda one: (-(one.memory or 0), -(one.ram or 0), one.pid))


def process_lines(scene: Scene, width: int) -> list[Row]:
    """Draw the processes, one line each."""
    found = processes(scene)
    order: Row = [(f"by {scene.process_order} ", "dim")]
    lines = [sides([(" Processes", "accent")], order, width)]
    if not found:
        said = (
            "Looking…"
            if scene.sample is None or scene.sample.gpus_age is None
            else "None holds memory of a GPU, as far as this system says."
        )
        return [*lines, [(f" {said}", "dim")]]
    roomy = side_by_side(width)
    heading = "     pid  name             gpu   memory"
    lines.append([(heading + ("     cpu        ram  for" if roomy else ""), "dim")])
    for one in found:
        line: Row = [
            (f"{one.pid:>8}  ", "dim"),
            (one_line(one.name, 16).ljust(16), "text"),
            (f"{one.gpu:>4}", "accent"),
            (f"{numbers.memory(one.memory) if one.memory is not None else numbers.UNKNOWN:>9}", "text"),
        ]
        if roomy:
            line += [
                (f"{numbers.percent(one.cpu)}".rjust(8), "text"),
                (f"{numbers.memory(one.ram) if one.ram is not None else numbers.UNKNOWN:>11}", "text"),
                (f"  {one_line(one.about, 60)}", "dim"),
            ]
        lines.append(line)
    return lines
