"""The settings of the backups that Leitstand makes by itself."""

from __future__ import annotations

from typing import Annotated

from core.config.fields import Section, about


class Backup(Section, frozen=True):
    """Backups that are made while Leitstand runs, by itself."""

    every_hours: Annotated[
        int,
        about(
            "Back up every",
            "How old the latest backup may become before another one is made; 0 makes none. What was missed "
            "while Leitstand did not run is made up for after its start.",
            ge=0,
            le=8760,
            unit="hours",
        ),
    ] = 0
    directory: Annotated[
        str,
        about(
            "Directory",
            "The folder of the backups, best on another disk. Left empty, it is beside the data, where the "
            "command leitstand backup makes them, too.",
        ),
    ] = ""
    keep: Annotated[
        int,
        about(
            "Keep",
            "How many of the latest backups stay in that folder; older ones are removed after a new one is "
            "made.",
            ge=1,
            le=1000,
            unit="backups",
        ),
    ] = 7
