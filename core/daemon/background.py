"""A Leitstand without screens, started from another one and left alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import LeitstandError

if TYPE_CHECKING:
    from core.engine import Options


_LEFT_ALONE = '"$@" &'
"""The shell ends at once, and what it started is nobody's child: no zombie, no hang-up, no waiting."""

_PATIENCE = 10.0


def command(options: Options, *, until_idle: bool = True) -> list[str]:
    """The command line of such a Leitstand."""
    # -P: a folder called tui where somebody stands must not be taken for ours.
    words = [sys.executable, "-P", "-m", "tui", "serve"]
    for name, path in (("--data", options.data), ("--config", options.config)):
        if path:
            words.append(f"{name}={Path(path).expanduser().absolute()}")
    if options.host:
        words.append(f"--host={options.host}")
    return [*words, "--until-idle"] if until_idle else words


def start(options: Options, *, until_idle: bool = True) -> None:
    """Start one that outlives this process and its terminal; blocking, and soon done."""
    try:
        subprocess.run(
            ["/bin/sh", "-c", _LEFT_ALONE, "leitstand", *command(options, until_idle=until_idle)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env=dict(options.environment) or None,
            cwd="/",
            check=True,
            timeout=_PATIENCE,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise LeitstandError(f"A Leitstand in the background cannot be started: {error}.") from error
