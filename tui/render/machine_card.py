"""A card: a title, a line a value at the left, graphs at the right. GPUs and the host are drawn alike."""

from __future__ import annotations

from typing import NamedTuple

from tui.render.machine_line import Row, bar, beside, graph, sides
from tui.render.machine_scene import Scene
from tui.theme import Ink

LABEL = 9
"""Cells of the labels at the left, the margin included."""
VALUE = 18
_SIDE_BY_SIDE = 76
"""From this width on, graphs stand beside the values."""


class Grid(NamedTuple):
    """How a card divides a line: values at the left, graphs at the right."""

    bar: int
    left: int
    graphs: int
    graph: int

    @classmethod
    def of(cls, width: int) -> Grid:
        """Divide a width."""
        length = 20 if width >= 100 else 10
        left = LABEL + length + VALUE
        right = width - left - 4
        count = 3 if right >= 132 else 2 if right >= 76 else 1
        return cls(length, left, count, (right - 2 * (count - 1)) // count)


class Graph(NamedTuple):
    """One value over time: what it is called, and the top of its scale in words and as a number."""

    title: str
    subject: str
    metric: str
    high: float | None
    scale: str
    ink: Ink = "accent"


def side_by_side(width: int) -> bool:
    """Whether graphs stand beside values on this width."""
    return width >= _SIDE_BY_SIDE


def card_of(
    scene: Scene, title: Row, rows: list[Row], shown: list[Graph], width: int, tall: int
) -> list[Row]:
    """Draw a card: a title, values at the left, graphs of *tall* lines at the right."""
    grid = Grid.of(width)
    shown = shown[: grid.graphs]
    blocks: list[list[Row]] = [[title, *rows[:tall]]]
    widths = [grid.left + 1]
    for one in shown:
        caption = sides([(f"{one.title} {scene.span.label}", "dim")], [(one.scale, "dim")], grid.graph)
        lines = _drawn(scene, one, grid.graph, tall)
        blocks.append([[("  ", "text"), *line] for line in ([caption, *lines] if tall > 1 else [[], *lines])])
        widths.append(grid.graph + 2)
    return beside(blocks, widths)


def _drawn(scene: Scene, one: Graph, width: int, tall: int) -> list[Row]:
    """The graph; it is drawn once for as long as the past stays the same."""
    past = scene.past

    def draw() -> list[Row]:
        return graph(
            past.columns(one.subject, one.metric, width),
            past.peaks(one.subject, one.metric, width),
            width,
            tall,
            high=one.high,
            ink=one.ink,
            ascii_only=scene.ascii_only,
        )

    return past.once((one, width, tall, scene.ascii_only), draw)


def meter(
    label: str, share: float | None, value: str, width: int, *, ink: Ink = "dim", ascii_only: bool = False
) -> Row:
    """Draw a label, a bar and a value: the line that everything on a card looks like."""
    drawn = bar(share, width, ink, ascii_only=ascii_only)
    return [(f" {label}".ljust(LABEL), "dim"), *drawn, (f" {value}", "text")]
