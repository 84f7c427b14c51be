"""The settings of the gauges: how closely the machine is watched, and when something needs attention."""

from __future__ import annotations

from typing import Annotated

from core.config.fields import Section, about


class Gauges(Section, frozen=True):
    """Watching the machine: how often, and from where on something needs attention."""

    interval: Annotated[
        float,
        about(
            "Look every",
            "How often to look at the machine while its gauges are shown.",
            ge=0.25,
            le=60,
            unit="seconds",
        ),
    ] = 1.0
    background: Annotated[
        float,
        about(
            "Look, unseen, every",
            "How often to look while nobody does, for the history and for what needs attention.",
            ge=1,
            le=3600,
            unit="seconds",
        ),
    ] = 10.0
    history: Annotated[
        bool,
        about("History", "Go on looking while nobody does, so that the gauges know the last 24 hours."),
    ] = True
    alerts: Annotated[
        bool, about("Alerts", "Say when the machine needs attention: memory, heat, disk, a lost GPU.")
    ] = True
    gpu_memory: Annotated[
        float,
        about(
            "Full GPU memory", "From where on a GPU's memory counts as full.", ge=50, le=100, unit="percent"
        ),
    ] = 95.0
    temperature: Annotated[
        float,
        about(
            "Hot GPU",
            "From where on a GPU counts as hot that does not say itself where it begins to slow down; one "
            "that does counts as hot 5 degrees below that.",
            ge=40,
            le=120,
            unit="°C",
        ),
    ] = 87.0
    host_memory: Annotated[
        float,
        about(
            "Full host memory",
            "From where on this machine's memory counts as full.",
            ge=50,
            le=100,
            unit="percent",
        ),
    ] = 95.0
    disk_free: Annotated[
        float,
        about(
            "Full disk",
            "Below how much free space the models' disk counts as full.",
            ge=0,
            le=100_000,
            unit="GB",
        ),
    ] = 10.0
    away: Annotated[
        float,
        about(
            "Server away",
            "After how long without an answer of the server to say so.",
            ge=1,
            le=3600,
            unit="seconds",
        ),
    ] = 15.0
