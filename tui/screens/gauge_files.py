"""Writes the visible history beside the person's other files, never over one of them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from core.errors import UsageError

_MOST = 1000


def write_files(directory: Path, at: float, texts: Mapping[str, str]) -> list[Path]:
    """Write each text to a new file of one common name and its own ending; return where they are."""
    name = time.strftime("leitstand-gauges-%Y%m%d-%H%M%S", time.localtime(at))
    for number in range(1, _MOST):
        stem = name if number == 1 else f"{name}-{number}"
        paths = {directory / f"{stem}.{ending}": text for ending, text in texts.items()}
        if any(path.exists() for path in paths):
            continue
        try:
            for path, text in paths.items():
                with path.open("x", encoding="utf-8", newline="") as file:
                    file.write(text)
        except FileExistsError:
            continue
        except OSError as error:
            raise UsageError(
                f"The history cannot be written to {directory}: {error.strerror}.",
                "Start Leitstand in a directory where you may write.",
            ) from None
        return list(paths)
    raise UsageError(f"There are too many files called {name} in {directory}.", "Move some of them away.")
