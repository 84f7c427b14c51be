from __future__ import annotations

import csv
import io
from xml.etree import ElementTree

from core.telemetry.types import Gpu, History, Series
from tests.fakes.machine import CARD
from tests.tui.render.machines import FIRST, SECOND, history
from tui.render.machine_export import csv_text, subjects, svg_text

START = 1_767_268_800.0
SMALL = History(
    START,
    60.0,
    (
        Series("GPU-0", "busy", (10.0, None, 30.5), (12.0, None, 40.0)),
        Series("GPU-0", "memory_used", (2.0**31, None, 2.0**30), None),
        Series("host", "received", (None, None, None), None),
    ),
)
NAMES = subjects((CARD,))
SVG = "{http://www.w3.org/2000/svg}"


def table(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def test_the_table_has_a_line_a_moment_and_a_column_a_value() -> None:
    assert table(csv_text(SMALL, NAMES)) == [
        [
            "time",
            "GPU 0 NVIDIA GeForce RTX 5090 busy (%)",
            "GPU 0 NVIDIA GeForce RTX 5090 busy, peak (%)",
            "GPU 0 NVIDIA GeForce RTX 5090 memory used (GiB)",
        ],
        ["2026-01-01T12:00:00Z", "10", "12", "2"],
        ["2026-01-01T12:02:00Z", "30.5", "40", "1"],
    ]


def test_an_empty_history_is_an_empty_table_and_an_empty_picture() -> None:
    nothing = History(START, 1.0, ())
    assert table(csv_text(nothing, NAMES)) == [["time"]]
    assert ElementTree.fromstring(svg_text(nothing, NAMES, "Gauges")).tag == f"{SVG}svg"


def test_the_picture_has_a_panel_a_metric_and_names_its_lines() -> None:
    drawn = ElementTree.fromstring(
        svg_text(history((FIRST, SECOND)), subjects((FIRST, SECOND)), "Gauges of box")
    )
    words = [element.text for element in drawn.iter(f"{SVG}text")]
    for wanted in ("Gauges of box", "busy", "power", "100 %", "GPU 1 NVIDIA GeForce RTX 4090", "host"):
        assert wanted in words
    lines = [line for line in drawn.iter(f"{SVG}path") if line.get("fill") == "none"]
    assert len(lines) == len(history((FIRST, SECOND)).series)
    busy = [line.get("stroke-dasharray") for line in lines[:2]]
    assert len(set(busy)) == 2  # told apart without colours, too


def test_a_gap_is_a_gap_and_every_point_lies_on_the_picture() -> None:
    drawn = ElementTree.fromstring(svg_text(SMALL, NAMES, "x"))
    line = next(path for path in drawn.iter(f"{SVG}path") if path.get("fill") == "none")
    assert (line.get("d") or "").count("M") == 2
    width, height = map(float, (drawn.get("viewBox") or "").split()[2:])
    numbers = [float(word) for word in (line.get("d") or "").replace("h0.1", "").replace("M", " ").split()]
    assert all(0 <= x <= width for x in numbers[::2])
    assert all(0 <= y <= height for y in numbers[1::2])


def test_names_from_outside_are_text_in_both() -> None:
    evil = Gpu("GPU-0", 0, '</text><script>x</script>,"\x1b[2J')
    drawn = ElementTree.fromstring(svg_text(SMALL, subjects((evil,)), "<b>"))
    assert not list(drawn.iter(f"{SVG}script"))
    assert "\x1b" not in csv_text(SMALL, subjects((evil,)))
    assert len(table(csv_text(SMALL, subjects((evil,))))[0]) == 4
