"""How downloads flow, seen at all times: for the status line, and for graphs that begin before one looks."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

import msgspec

from core.downloads.types import MOVING, Download
from tui.facts import DownloadFacts
from tui.format import duration

_LENGTH = 120
"""So many speeds are kept: a minute of them."""
_TROUBLES = 20
STILL = 5.0
"""After so many seconds without a byte a download stands still."""


class Trouble(msgspec.Struct, frozen=True):
    """What went wrong on the way, and when."""

    at: float
    text: str


class Flow:
    """Keeps what downloads said of themselves while they run."""

    def __init__(self) -> None:
        self.downloads: dict[int, Download] = {}
        """Those that have not ended."""
        self.speeds: dict[int, deque[float]] = {}
        self.troubles: dict[int, deque[Trouble]] = {}
        self._moved: dict[int, tuple[int, float]] = {}

    def take(self, downloads: Iterable[Download]) -> None:
        """Begin with what is there."""
        self.downloads = {each.id: each for each in downloads if each.unfinished}

    def see(self, download: Download, now: float) -> None:
        """Take note of a download's new state."""
        before = self.downloads.get(download.id)
        if download.unfinished:
            self.downloads[download.id] = download
        else:
            self.downloads.pop(download.id, None)
        if download.state == "downloading" and download.speed is not None:
            self.speeds.setdefault(download.id, deque(maxlen=_LENGTH)).append(download.speed)
        self._note_stall(download, now)
        error = download.error
        if error is not None and (before is None or before.error != error):
            self._note(download, Trouble(now, error.message))

    def still_for(self, download: Download, now: float) -> float | None:
        """For how many seconds nothing came, when that is long enough to say so."""
        _, since = self._moved.get(download.id, (0, now))
        return now - since if now - since >= STILL else None

    def _note_stall(self, download: Download, now: float) -> None:
        """A stall is told when it is over, with its length."""
        moving = download.state == "downloading"
        completed, since = self._moved.get(download.id, (download.completed, now))
        if moving and download.completed == completed:
            self._moved[download.id] = (completed, since)
            return
        # What ended an attempt is told as its error.
        if now - since >= STILL and (moving or download.error is None):
            length = duration(now - since).strip()
            after = "then went on" if moving else "then it was connected anew"
            self._note(download, Trouble(since, f"It stood still for {length}, {after}."))
        if moving:
            self._moved[download.id] = (download.completed, now)
        else:
            self._moved.pop(download.id, None)

    def _note(self, download: Download, trouble: Trouble) -> None:
        self.troubles.setdefault(download.id, deque(maxlen=_TROUBLES)).append(trouble)

    @property
    def facts(self) -> DownloadFacts:
        """What the status line says: what moves, together."""
        moving = [each for each in self.downloads.values() if each.state in MOVING]
        known = [each for each in moving if each.total]
        total = sum(each.total or 0 for each in known)
        speeds = [each.speed for each in moving if each.speed is not None]
        return DownloadFacts(
            moving=len(moving),
            waiting=len(self.downloads) - len(moving),
            # Rounded down: it is complete when it is complete.
            percent=int(100 * sum(each.completed for each in known) / total) if total else None,
            speed=sum(speeds) if speeds else None,
        )
