"""The keys of the page of gauges."""

from __future__ import annotations

from tui.key import Key

GAUGE_KEYS: tuple[Key, ...] = (
    Key("gauges.processes", "p", "processes", "processes", "Show or hide the processes", footer=True),
    Key("gauges.sort", "s", "sort", "sort", "Sort the processes, or else the GPUs", footer=True),
    Key("gauges.closer", "left_square_bracket", "zoom(-1)", "closer", "Look less far back", footer=True),
    Key("gauges.further", "right_square_bracket", "zoom(1)", "further", "Look further back", footer=True),
    Key("gauges.freeze", "space", "freeze", "freeze", "Hold the picture, or let it go on", footer=True),
    Key("gauges.export", "e", "export", "export", "Write the visible history as CSV and SVG", footer=True),
    Key("gauges.traffic", "i", "traffic", "pcie", "Show or hide the traffic on the PCIe bus"),
    Key("gauges.alerts", "a", "alerts", "alerts", "What needs attention, and what needed it"),
    Key("gauges.leave", "q", "leave_alone", "leave", "Leave, when only the gauges were opened"),
)
