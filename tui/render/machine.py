"""The whole picture of the machine: the richest arrangement that fits, from 200 by 60 down to 40 by 10."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Literal, NamedTuple

import msgspec

from core.guard import one_line
from tui import format as numbers
from tui.render import machine_gpu as gpu_cards
from tui.render import machine_gpus as gpus
from tui.render import machine_host as host
from tui.render import machine_models as models
from tui.render.machine_card import side_by_side
from tui.render.machine_line import Row, beside, fitted, sides
from tui.render.machine_past import NOTHING, ZOOMS, Past
from tui.render.machine_scene import Scene

_COLUMNS_FROM = 160
_MOST_CARDS = 8
_SMALLEST = 13
_PROCESSES_SEEN = 6
"""So many processes have to be on the screen at once; the others are scrolled to."""


class Plan(NamedTuple):
    """How much of everything is shown."""

    gpus: Literal["cards", "rows", "cells"]
    tall: int = 0
    """Lines of the graphs on a card."""
    columns: int = 1
    host: int = 0
    """Lines of the host's graphs; 0 where it has none."""
    host_lines: int = 2
    listed: bool = True
    """A line a model; otherwise one line for all."""
    airy: bool = True
    """With a headline, and room between the sections."""
    headed: bool = True
    """With headings over what is listed."""


def _plans(width: int, count: int) -> list[Plan]:
    """Every arrangement for a width and a number of GPUs, the richest first."""
    found: list[Plan] = []
    wide = side_by_side(width)
    if 0 < count <= _MOST_CARDS:
        found = _cards(width, count) if wide else _narrow_cards()
    tallest = (8, 7, 6, 5, 4) if count else (18, 16, 14, 12, 10, 9, 8, 7, 6, 5, 4)
    found += [Plan("rows", host=tall) for tall in (tallest if wide else ())]
    tight = Plan("rows", airy=False)
    return [
        *found,
        Plan("rows"),
        tight,
        tight._replace(headed=False),
        tight._replace(headed=False, host_lines=1),
        tight._replace(headed=False, host_lines=1, listed=False),
        *(
            Plan("cells", columns=columns, host_lines=1, listed=False, airy=False, headed=False)
            for columns in range(1, max(1, min(width // _SMALLEST, count)) + 1)
        ),
    ]


def _cards(width: int, count: int) -> list[Plan]:
    found: list[Plan] = []
    for columns in (1, 2) if width >= _COLUMNS_FROM and count > 1 else (1,):
        tallest = (18, 16, 14, 12, 10, 9, 8, 7, 6, 5, 4)
        found += [Plan("cards", tall, columns, max(5, min(tall, 8))) for tall in tallest]
        found += [Plan("cards", tall, columns, 4) for tall in (4, 3)]
    found += [Plan("cards", tall) for tall in (4, 3, 2)]
    tight = Plan("cards", airy=False)
    found += [tight._replace(tall=tall) for tall in (4, 3, 2, 1)]
    found += [
        tight._replace(tall=tall, headed=False, host_lines=lines) for tall in (2, 1) for lines in (2, 1)
    ]
    return found


def _narrow_cards() -> list[Plan]:
    tight = Plan("cards", airy=False, headed=False)
    found = [Plan("cards", tall, host_lines=lines) for tall in (6, 5, 4, 3, 2) for lines in (4, 3)]
    return [
        *found,
        *(tight._replace(tall=tall, host_lines=lines) for tall in (3, 2, 1, 0) for lines in (4, 3, 2)),
    ]


def shape(scene: Scene) -> Hashable:
    """What the choice of an arrangement depends on, apart from the size."""
    sample = scene.sample
    if sample is None:
        return None
    return (
        tuple((gpu.key, gpu.state, gpu.memory_total is None) for gpu in sample.gpus),
        len(sample.models) + len(sample.arriving),
        len(sample.alerts),
        len(sample.gpu_note),
        sample.host is None,
        sample.volume is None,
        scene.processes,
        scene.traffic,
    )


def choose(scene: Scene, width: int, height: int) -> Plan:
    """Return the richest arrangement that fits; the plainest when none does."""
    told = sum(not gpu_cards.still(gpu) for gpu in scene.gpus)
    plans = [
        plan
        for plan in _plans(width, len(scene.gpus))
        if plan.gpus != "cards" or -(-told // plan.columns) * (plan.tall + 2) <= height
    ]
    # How high a graph is does not depend on what it shows.
    empty = msgspec.structs.replace(scene, past=Past(NOTHING.history, scene.span.seconds))
    return next((plan for plan in plans if len(_sections(empty, plan, width, cut=True)) <= height), plans[-1])


def draw(scene: Scene, plan: Plan, width: int) -> list[Row]:
    """Draw every line, each in exactly *width* cells."""
    drawn = [fitted(line, width) for line in _sections(scene, plan, width, cut=False)]
    if not scene.ascii_only:
        return drawn
    return [[(numbers.plain(text), hue) for text, hue in line] for line in drawn]


def _sections(scene: Scene, plan: Plan, width: int, *, cut: bool) -> list[Row]:
    blank: list[Row] = [[]] if plan.airy else []
    lines: list[Row] = [_headline(scene, width)] if plan.airy else []
    lines += models.alert_lines(scene, width, models.MOST_ALERTS if plan.airy else 1)
    noted = models.note_lines(scene, width)
    lines += [*noted, *(blank if noted else [])]
    drawn = _gpus(scene, plan, width)
    lines += [*drawn, *(blank if drawn and plan.gpus != "cards" else [])]
    if scene.sample is None:
        return lines
    lines += (
        models.lines(scene, width, heading=plan.headed) if plan.listed else models.one_liner(scene, width)
    )
    lines += blank
    if scene.processes:
        listed = host.process_lines(scene, width)
        lines += [*(listed[: _PROCESSES_SEEN + 2] if cut else listed), *blank]
    lines += host.card(scene, width, plan.host) if plan.host else host.lines(scene, width, plan.host_lines)
    return lines


def _gpus(scene: Scene, plan: Plan, width: int) -> list[Row]:
    if not scene.gpus:
        return []
    if plan.gpus == "rows":
        return gpus.rows(scene, width, heading=plan.headed)
    if plan.gpus == "cells":
        return gpus.cells(scene, width, plan.columns)
    room = width // plan.columns
    below: list[Row] = [[]] if plan.airy else []
    cards = [[*gpu_cards.card(scene, gpu, room, plan.tall), *below] for gpu in scene.gpus]
    lines: list[Row] = []
    for start in range(0, len(cards), plan.columns):
        group = cards[start : start + plan.columns]
        lines += beside(group, [room] * len(group))
    return lines


def _headline(scene: Scene, width: int) -> Row:
    """What this is a picture of, and how far back it looks."""
    left: Row = [(" ", "text")]
    sample = scene.sample
    if scene.frozen:
        left += [(f"{scene.glyphs.default} frozen", "accent"), ("  space goes on   ", "dim")]
    if sample is not None and sample.simulated:
        left.append((f"{scene.glyphs.known} simulated   ", "dim"))
    left.append((_summary(scene), "dim"))
    right: Row = []
    for index, zoom in enumerate(ZOOMS):
        chosen = index == scene.zoom
        right.append((f"[{zoom.label}]" if chosen else f" {zoom.label} ", "mark" if chosen else "dim"))
    if width < 60:
        right = [right[scene.zoom]]
    return sides(left, [*right, (" ", "text")], width)


def _summary(scene: Scene) -> str:
    """The machine in a few words, and all GPUs added up where each of them says it."""
    found = scene.gpus
    words = [one_line(scene.host.name, 30)] if scene.host is not None and scene.host.name else []
    if len(found) > 1:
        order = "" if scene.gpu_order == "number" else f" by {scene.gpu_order}"
        words.append(f"{len(found)} GPUs{order}")
        used = [gpu.memory_used for gpu in found if gpu.memory_used is not None]
        total = [gpu.memory_total for gpu in found if gpu.memory_total is not None]
        if used and len(used) == len(total):
            words.append(numbers.memory_of(sum(used), sum(total)))
        watts = [gpu.power for gpu in found if gpu.power is not None]
        if watts:
            words.append(numbers.watts(sum(watts)))
    drivers = {facts.driver for facts in scene.facts.values() if facts.driver}
    if len(drivers) == 1:
        words.append(f"driver {one_line(drivers.pop(), 20)}")
    return "   ".join(words)
