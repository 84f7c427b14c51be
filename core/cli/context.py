"""What a verb is given: its values, where to write, and the way to everything it may need."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from core.cli.output import Output
from core.errors import UsageError

if TYPE_CHECKING:
    # Only named here: importing them costs more than a status line may.
    from core.engine import Options
    from core.face import Face
    from core.health import Check
    from core.paths import Paths


def _no_screens(context: Context) -> int:
    raise UsageError("The screens cannot be opened from here.")


class Context:
    """One run of one verb."""

    def __init__(
        self,
        values: Mapping[str, Any],
        out: Output,
        environment: Mapping[str, str],
        terminal_checks: Callable[[Context], list[Check]],
        screens: Callable[[Context], int] = _no_screens,
        far: Callable[[Context], float | None] = lambda _: None,
    ) -> None:
        self.values = values
        self.out = out
        self.environment = environment
        self.terminal_checks = terminal_checks
        self.screens = screens
        """Opens the screens on what `values` say, for a verb that is one of them."""
        self.far = far
        """Measures how far away the person is."""
        self.opener: Callable[[], Face] | None = None
        """Makes the engine that the screens are to show; by default that of the data directory."""

    @cached_property
    def paths(self) -> Paths:
        """Where this installation lives; nothing is made or opened by asking."""
        from core.paths import Paths

        return Paths.find(self.environment, data=self.values["data"], config=self.values["config"])

    @cached_property
    def detach(self) -> bool:
        """Whether the work goes on without the verb that starts it."""
        if self.values["wait"] and self.values["detach"]:
            raise UsageError("--wait and --detach contradict each other.")
        return bool(self.values["detach"])

    @cached_property
    def options(self) -> Options:
        """What an engine is prepared with."""
        from core.engine import Options

        return Options(
            data=self.values["data"],
            config=self.values["config"],
            host=self.values["host"],
            demo=self.values["demo"],
            environment=self.environment,
        )
