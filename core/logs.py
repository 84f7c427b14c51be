"""The log file: what happened, never what was said."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from core.paths import open_private

LARGEST = 2_000_000
"""Bytes after which the log starts anew, keeping the one before."""


def begin(path: Path, level: str) -> None:
    """Write this process's log entries to a private file, rotated at the start when it has grown."""
    root = logging.getLogger("leitstand")
    for old in list(root.handlers):
        root.removeHandler(old)
        old.close()
    root.setLevel(level.upper())
    root.propagate = False
    try:
        if path.exists() and path.stat().st_size > LARGEST:
            path.replace(path.with_suffix(".log.1"))
        stream = os.fdopen(open_private(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT), "a", encoding="utf-8")
    except OSError:
        # A log that cannot be written must not keep anybody from working.
        root.addHandler(logging.NullHandler())
        return
    handler = _OwnStream(stream)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root.addHandler(handler)


class _OwnStream(logging.StreamHandler):  # type: ignore[type-arg]  # generic only in the stubs
    """Closes the stream it was given."""

    def close(self) -> None:
        """Close the file with the handler."""
        self.stream.close()
        super().close()


def end() -> None:
    """Close the log file."""
    root = logging.getLogger("leitstand")
    for handler in list(root.handlers):
        root.removeHandler(handler)
        handler.close()
