"""One GPU drawn as a card: every value, the graphs, and who holds its memory."""

from __future__ import annotations

from core.guard import one_line
from core.telemetry.types import Gpu
from tui import format as numbers
from tui.render.machine_card import LABEL, Graph, Grid, card_of, meter, side_by_side
from tui.render.machine_line import (
    PARTS,
    Dab,
    Row,
    bar,
    fitted,
    graph,
    prose,
    sides,
    stack,
    width_of,
)
from tui.render.machine_scene import (
    GIB,
    LEVELS,
    TOO_HOT,
    Part,
    Scene,
    heat,
    memory_share,
    name_of,
    parts,
    sign,
)
from tui.theme import Ink

STATES: dict[str, tuple[str, Ink]] = {
    "asleep": ("asleep", "dim"),
    "resting": ("resting", "dim"),
    "lost": ("lost", "bad"),
    "silent": ("silent", "warn"),
    "unified": ("shared memory", "dim"),
}
_HARMLESS_THROTTLE = frozenset({"power cap", "display", "sync boost"})


def _name(gpu: Gpu) -> Row:
    return [(f" GPU {gpu.index}  ", "accent"), (name_of(gpu), "strong")]


def remarks(scene: Scene, gpu: Gpu) -> Row:
    """What there is to say about a GPU in a word: its state, why it is slowed down, how old this is."""
    said: Row = []
    word, ink = STATES.get(gpu.state, ("", "dim"))
    if word:
        mark = {"asleep": scene.glyphs.known, "resting": scene.glyphs.ready, "unified": ""}.get(
            gpu.state, scene.glyphs.failed if ink == "bad" else scene.glyphs.warning
        )
        said.append((f"  {mark} {word}".replace("   ", "  "), ink))
    for reason in gpu.throttle or ():
        fine = reason in _HARMLESS_THROTTLE
        said.append((f"  {'' if fine else scene.glyphs.warning + ' '}{reason}", "dim" if fine else "warn"))
    if scene.stale is not None:
        said.append((f"  {scene.glyphs.warning} stale {numbers.duration(scene.stale).strip()}", "warn"))
    return said


def still(gpu: Gpu) -> bool:
    """Whether a GPU is in a state in which it tells nothing."""
    return gpu.state in {"asleep", "resting", "lost", "silent"} and gpu.busy is None


def card(scene: Scene, gpu: Gpu, width: int, tall: int) -> list[Row]:
    """Draw one GPU with everything that is known of it."""
    title = [*_name(gpu), *remarks(scene, gpu)]
    if still(gpu):
        return [title, *prose(one_line(gpu.says, 300), width, "dim")]
    if not side_by_side(width):
        return _narrow(scene, gpu, title, width, tall)
    grid = Grid.of(width)
    if tall == 1:
        right = _figures(scene, gpu)
        rows = [_busy(scene, gpu, grid.bar)]
        drawn = card_of(scene, [], rows, _graphs(scene, gpu), width, 1)
        drawn[0] = sides(title, [*right, (" ", "text")], width)
    else:
        drawn = card_of(scene, title, _meters(scene, gpu, grid, tall), _graphs(scene, gpu), width, tall)
    return [*drawn, *_memory(scene, gpu, width), *traffic_lines(scene, gpu)]


def _graphs(scene: Scene, gpu: Gpu) -> list[Graph]:
    shown = [Graph("busy", gpu.key, "busy", 100.0, "100 %")]
    if gpu.memory_total:
        scale = numbers.memory(gpu.memory_total).strip()
        shown.append(Graph("memory", gpu.key, "memory_used", float(gpu.memory_total), scale, "key"))
    if gpu.power_limit:
        shown.append(
            Graph("power", gpu.key, "power", gpu.power_limit, numbers.watts(gpu.power_limit).strip(), "dim")
        )
    return shown


def _busy(scene: Scene, gpu: Gpu, length: int) -> Row:
    share = None if gpu.busy is None else gpu.busy / 100
    value = f" {numbers.percent(gpu.busy)}"
    return meter("busy", share, value, length, ink="accent", ascii_only=scene.ascii_only)


def heat_dab(scene: Scene, gpu: Gpu) -> Row:
    """The temperature, with a sign where it is high."""
    state = heat(gpu, scene.facts.get(gpu.key))
    return [(f"{numbers.celsius(gpu.temperature)}{sign(state, scene.glyphs)}", LEVELS[state])]


def fan_dabs(gpu: Gpu) -> Row:
    """The fan in percent, or in turns where that is all one knows."""
    if gpu.fan is None and gpu.fan_rpm is not None:
        return [("fan ", "dim"), (f"{gpu.fan_rpm:>4.0f} rpm", "text")]
    return [("fan ", "dim"), (numbers.percent(gpu.fan), "text")] if gpu.fan is not None else []


def _figures(scene: Scene, gpu: Gpu, *, power: bool = True) -> Row:
    """Power, heat, clock and fan in one line."""
    groups: list[Row] = [
        [(numbers.watts(gpu.power), "text")] if power and gpu.power is not None else [],
        heat_dab(scene, gpu),
        [(numbers.frequency(gpu.clock), "text")] if gpu.clock is not None else [],
        fan_dabs(gpu),
    ]
    line: Row = []
    for group in groups:
        line += [("  ", "text"), *group] if line and group else group
    return line


def _meters(scene: Scene, gpu: Gpu, grid: Grid, tall: int) -> list[Row]:
    if tall < 4:
        rows = [_busy(scene, gpu, grid.bar)]
        if tall == 3:
            rows.append(_power(scene, gpu, grid.bar))
        return [*rows, [(" ", "text"), *_figures(scene, gpu, power=tall < 3)]]
    facts = scene.facts.get(gpu.key)
    rows = [_busy(scene, gpu, grid.bar)]
    if gpu.power is not None or gpu.power_limit is not None:
        rows.append(_power(scene, gpu, grid.bar))
    if gpu.temperature is not None:
        state = heat(gpu, facts)
        slows = facts.temperature_limit if facts is not None else None
        ink: Ink = LEVELS[state] if state in {"warn", "bad"} else "dim"
        warmth = gpu.temperature / (slows or TOO_HOT)
        warm = meter("heat", warmth, " ", grid.bar, ink=ink, ascii_only=scene.ascii_only)
        rows.append([*warm, *heat_dab(scene, gpu), (" ", "text"), *fan_dabs(gpu)])
    if gpu.clock is not None:
        top = facts.clock_max if facts is not None else None
        value = numbers.frequency(gpu.clock)
        if top:
            rows.append(meter("clock", gpu.clock / top, value, grid.bar, ascii_only=scene.ascii_only))
        else:
            rows.append([(" clock".ljust(LABEL + grid.bar), "dim"), (f" {value}", "text")])
    if gpu.memory_clock is not None:
        rows.append(
            [(" mem clk".ljust(LABEL + grid.bar), "dim"), (f" {numbers.frequency(gpu.memory_clock)}", "text")]
        )
    return rows


def _power(scene: Scene, gpu: Gpu, length: int) -> Row:
    limit = gpu.power_limit
    share = gpu.power / limit if gpu.power is not None and limit else None
    value = numbers.watts(gpu.power) + (f" of {limit:.0f}" if limit else "")
    return meter("power", share, value, length, ascii_only=scene.ascii_only)


def _memory(scene: Scene, gpu: Gpu, width: int) -> list[Row]:
    """The stacked bar of who holds the memory, and its legend beside or below it."""
    if gpu.memory_total is None:
        return prose(one_line(gpu.says, 300), width, "dim") if gpu.says else []
    value = numbers.memory_of(gpu.memory_used, gpu.memory_total) + (" about" if gpu.approximate else "")
    legend = _legend(_held(scene, gpu), ascii_only=scene.ascii_only)
    aside = side_by_side(width) and width >= 120
    length = width // 3 if aside else width - LABEL - len(value) - 3
    drawn = held_bar(scene, gpu, length)
    line: Row = [(" memory".ljust(LABEL), "dim"), *drawn, (f" {value}", "text")]
    if aside:
        return [[*line, *fitted([("   ", "text"), *legend], width - width_of(line))]]
    return [line, [(" " * LABEL, "text"), *legend]]


def _held(scene: Scene, gpu: Gpu) -> list[Part]:
    return [] if scene.sample is None else parts(gpu, scene.sample)


def held_bar(scene: Scene, gpu: Gpu, length: int) -> Row:
    """Draw how full its memory is, and who fills it."""
    held = _held(scene, gpu)
    if not held or not gpu.memory_total:
        return bar(memory_share(gpu), length, "dim", ascii_only=scene.ascii_only)
    shares = [(part.size / gpu.memory_total, _ink_of(part)) for part in held]
    return stack(shares, length, ascii_only=scene.ascii_only)


def _ink_of(part: Part) -> Ink:
    return "dim" if part.model is None else PARTS[part.model % len(PARTS)]


def _legend(held: list[Part], *, ascii_only: bool) -> Row:
    line: Row = []
    for index, part in enumerate(held):
        mark = chr(ord("A") + index % 26) + " " if ascii_only else "▌"
        size: Dab = (f"{part.size / GIB:>5.1f}   ", "dim")
        line += [(mark, _ink_of(part)), (one_line(part.name, 40).removesuffix(":latest"), "text"), size]
    return line


def traffic_lines(scene: Scene, gpu: Gpu) -> list[Row]:
    """What goes over its bus, while somebody looks at that."""
    if not scene.traffic:
        return []
    down, up = numbers.rate(gpu.pcie_received), numbers.rate(gpu.pcie_sent)
    return [[(" pcie".ljust(LABEL), "dim"), (f"↓ {down}  ↑ {up}", "text"), ("  to and from the GPU", "dim")]]


def _narrow(scene: Scene, gpu: Gpu, title: Row, width: int, tall: int) -> list[Row]:
    """A card for a column of a pane: bars one below the other, the graph under them."""
    room = width - 6 - 8
    short: Row = [(f" GPU {gpu.index}  ", "accent"), (name_of(gpu, short=True), "strong"), *title[2:]]
    figures: Row = [*heat_dab(scene, gpu), (numbers.watts(gpu.power), "text"), (" ", "text")]
    busy, full = None if gpu.busy is None else gpu.busy / 100, memory_share(gpu)
    meters = (
        ("busy", busy, bar(busy, room, "accent", ascii_only=scene.ascii_only)),
        ("mem", full, held_bar(scene, gpu, room)),
    )
    lines = [sides(short, figures, width)]
    for label, share, drawn in meters:
        percent = numbers.percent(None if share is None else share * 100)
        lines.append([(f" {label}".ljust(6), "dim"), *drawn, (f"  {percent}", "text")])
    values = scene.past.columns(gpu.key, "busy", width - 2)
    drawn_past = graph(values, None, width - 2, tall, high=100.0, ink="accent", ascii_only=scene.ascii_only)
    return [*lines, *([(" ", "text"), *line] for line in drawn_past), *traffic_lines(scene, gpu)]
