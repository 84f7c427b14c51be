"""The log: what happened, never what was said. A private file, or the journal of a service."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from core.paths import open_private

LARGEST = 2_000_000
"""Bytes after which the log starts anew, keeping the one before."""

# The journal knows the time and the process itself, and reads the <n> as the entry's importance.
_IMPORTANCE = {"DEBUG": 7, "INFO": 6, "WARNING": 4, "ERROR": 3, "CRITICAL": 2}


def begin(path: Path, level: str, environment: Mapping[str, str] | None = None) -> None:
    """Write this process's log entries to the journal where stderr leads there, else to *path*."""
    root = logging.getLogger("leitstand")
    for old in list(root.handlers):
        root.removeHandler(old)
        old.close()
    root.setLevel(level.upper())
    root.propagate = False
    if _is_journal(sys.stderr, environment or {}):
        journal = logging.StreamHandler(sys.stderr)
        journal.setFormatter(_ForJournal())
        root.addHandler(journal)
        return
    try:
        handler: logging.Handler = _Rotating(path)
    except OSError:
        # A log that cannot be written must not keep anybody from working.
        handler = logging.NullHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root.addHandler(handler)


class _Rotating(logging.StreamHandler[TextIO]):
    """Appends to a private file; when that has grown it becomes the one before."""

    def __init__(self, path: Path) -> None:
        self._path = path
        if path.exists() and path.stat().st_size > LARGEST:
            path.replace(_before(path))
        super().__init__(_opened(path))

    def emit(self, record: logging.LogRecord) -> None:
        """Write, and begin anew when it is long enough."""
        super().emit(record)
        with suppress(OSError):  # a full disk is no reason to stop working
            if os.fstat(self.stream.fileno()).st_size > LARGEST:
                self._path.replace(_before(self._path))
                self.setStream(_opened(self._path))

    def setStream(self, stream: TextIO) -> TextIO | None:  # noqa: N802 - the standard library's name
        """Take another file, and close the one before."""
        before = super().setStream(stream)
        if before is not None:
            before.close()
        return before

    def close(self) -> None:
        """Close the file with the handler."""
        self.stream.close()
        super().close()


class _ForJournal(logging.Formatter):
    """One line an entry, with its importance in front."""

    def format(self, record: logging.LogRecord) -> str:
        """Write an entry as the journal reads it."""
        return f"<{_IMPORTANCE.get(record.levelname, 6)}>{record.name} {record.getMessage()}"


def _opened(path: Path) -> TextIO:
    return os.fdopen(open_private(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT), "a", encoding="utf-8")


def _before(path: Path) -> Path:
    return path.with_suffix(".log.1")


def _is_journal(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Whether what is written here goes to the journal: systemd names the device and file it handed over."""
    try:
        found = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return environment.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"


def end() -> None:
    """Close the log file."""
    root = logging.getLogger("leitstand")
    for handler in list(root.handlers):
        root.removeHandler(handler)
        handler.close()
