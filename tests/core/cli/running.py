"""The command run inside the test, with streams the test can read."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.cli.context import Context
from core.cli.main import Faces, run
from core.health import Check


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@dataclass
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one value on stdout."""
        [line] = self.out.splitlines()
        return json.loads(line)


def no_screens(context: Context) -> int:
    raise AssertionError("the screens were opened")


def no_checks(context: Context) -> list[Check]:
    return []


def leitstand(
    *argv: str,
    home: Path | None = None,
    environment: Mapping[str, str] | None = None,
    screens: Callable[[Context], int] = no_screens,
    checks: Callable[[Context], list[Check]] = no_checks,
    terminal: bool = False,
    far: float | None = None,
) -> Ended:
    """Run a command line; *home* keeps it away from the files of whoever runs the tests."""
    out, err = (Terminal(), Terminal()) if terminal else (io.StringIO(), io.StringIO())
    environment = {
        "LEITSTAND_HOME": str(home or "/nonexistent"),
        "HOME": "/nonexistent",
        **(environment or {}),
    }
    code = run(argv, Faces(screens, checks, lambda _: far), out, err, environment)
    return Ended(code, out.getvalue(), err.getvalue())
