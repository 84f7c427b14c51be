"""Copied text goes where this terminal can take it, and the person is told where that was.

Nothing tells whether a terminal obeyed OSC 52, so that way is never called known.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

import msgspec

from core.errors import LeitstandError, PermissionRefused
from core.numbers import grouped
from core.paths import make_private, open_private
from tui.terminal import process, tmux

Way = Literal["tmux", "osc52", "file"]
"""How text leaves: the buffer of tmux, an escape sequence to the terminal, or a file."""

OSC52_LIMIT = 74_000
"""Bytes of base64 that terminals are known to take."""

_NO_OSC52 = {"Apple_Terminal"}


class Copied(msgspec.Struct, frozen=True):
    """What was done with copied text, whether it is known to have worked, and the words for it."""

    way: Way
    known: bool
    sentence: str
    file: Path | None = None


def way_here(wish: Literal["auto", "tmux", "osc52", "file"], environment: Mapping[str, str]) -> Way:
    """The way that text will take here."""
    if wish != "auto":
        return wish
    if tmux.inside(environment):
        return "tmux"
    term = environment.get("TERM", "")
    # The console of Linux has no clipboard, and GNU screen keeps the sequence for itself.
    silent = term in {"", "dumb", "linux"} or bool(environment.get("STY"))
    return "file" if silent or environment.get("TERM_PROGRAM") in _NO_OSC52 else "osc52"


class Clipboard:
    """Copies text out of the program."""

    def __init__(
        self,
        *,
        wish: Literal["auto", "tmux", "osc52", "file"],
        environment: Mapping[str, str],
        cache: Path,
        write: Callable[[str], None],
        feed: process.Feed = process.feed,
    ) -> None:
        self._wish = wish
        self._environment = environment
        self._cache = cache
        self._write = write
        self._feed = feed

    async def copy(self, text: str) -> Copied:
        """Copy *text* as it is; raise when no way is left."""
        way = way_here(self._wish, self._environment)
        size = f"{grouped(len(text))} characters" if len(text) != 1 else "1 character"
        if way == "tmux":
            if (copied := await self._to_tmux(text, size)) is not None:
                return copied
            if self._wish == "tmux":
                return self._to_file(text, f"tmux did not take {size}")
            way = "osc52"
        if way == "osc52":
            encoded = base64.b64encode(text.encode("utf-8", "replace")).decode()
            if len(encoded) <= OSC52_LIMIT:
                self._write(f"\x1b]52;c;{encoded}\x07")
                said = f"Sent {size} to the terminal's clipboard; terminals do not say whether they took it."
                return Copied("osc52", False, said)
            return self._to_file(text, f"{size} are too much for the terminal's clipboard")
        return self._to_file(text, "")

    async def _to_tmux(self, text: str, size: str) -> Copied | None:
        data = text.encode("utf-8", "replace")
        if await self._feed(["tmux", "load-buffer", "-w", "-"], data) is not None:
            said = f"Copied {size} to the buffer of tmux (prefix ] pastes) and offered them to the terminal."
            return Copied("tmux", True, said)
        # Before 3.2 tmux had no -w.
        if await self._feed(["tmux", "load-buffer", "-"], data) is not None:
            return Copied("tmux", True, f"Copied {size} to the buffer of tmux; prefix ] pastes.")
        return None

    def _to_file(self, text: str, why: str) -> Copied:
        file = self._cache / "copied.txt"
        try:
            make_private(self._cache)
            file.unlink(missing_ok=True)  # a name somebody else left there is never written through
            with open(file, "w", encoding="utf-8", errors="replace", opener=_exclusive) as out:
                out.write(text)
        except (OSError, LeitstandError) as error:
            raise PermissionRefused(
                f"The text could not be copied: {file} cannot be written.",
                "Choose another way with the setting ui.clipboard, or free the disk.",
            ) from error
        saved = f"saved in {file}"
        return Copied("file", True, f"{why}; {saved}." if why else f"{saved[0].upper()}{saved[1:]}.", file)


def _exclusive(path: str, flags: int) -> int:
    return open_private(Path(path), flags | os.O_EXCL)
