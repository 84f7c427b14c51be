"""A tmux server of the test's own: no configuration of the person, no session of anybody else.

@needs_tmux
def test_it(tmp_path: Path) -> None:
    with Tmux(tmp_path, ["leitstand", "--demo"]) as tmux:
        tmux.until("Ask")
        tmux.keys("hello", "C-j")
        assert "hello" in tmux.capture()
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

import pytest

needs_tmux = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
"""Marks a test that runs only where tmux is."""


class Tmux:
    """One server, one session, one window; its pane runs the command."""

    def __init__(
        self,
        directory: Path,
        command: Sequence[str] = (),
        *,
        rows: int = 24,
        columns: int = 80,
        configuration: str = "",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.socket = str(directory / "tmux")
        config = directory / "tmux.conf"
        config.write_text(f"set -g status off\n{configuration}\n")
        self._config = str(config)
        self._environment = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": str(directory),
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
            **(environment or {}),
        }
        size = ["-x", str(columns), "-y", str(rows)]
        self("new-session", "-d", "-s", "main", *size, *command)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __call__(self, *arguments: str) -> str:
        """Run one tmux command on this server and return what it prints."""
        done = subprocess.run(
            [*self.command, *arguments],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        assert done.returncode == 0, f"tmux {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    @property
    def command(self) -> list[str]:
        """How to reach this server: for `attach` inside a `Terminal`."""
        return ["tmux", "-u", "-S", self.socket, "-f", self._config]

    def keys(self, *keys: str, literal: bool = False) -> None:
        """Press keys by tmux's names, or type a text as it is."""
        self("send-keys", "-t", "main", *(["-l"] if literal else []), *keys)

    def capture(self, *, escapes: bool = False) -> str:
        """What the pane shows; with *escapes*, its colours and attributes too."""
        return self("capture-pane", "-p", "-t", "main", *(["-e", "-N"] if escapes else []))

    def until(self, text: str, *, within: float = 15.0) -> None:
        """Wait until the pane shows a text."""
        deadline = time.monotonic() + within
        while text not in (shown := self.capture()):
            assert time.monotonic() < deadline, f"{text!r} never appeared; the pane was:\n{shown}"
            time.sleep(0.05)

    def settled(self, *, escapes: bool = False, quiet: float = 0.3, within: float = 15.0) -> str:
        """What the pane shows when it has not changed for a while."""
        deadline = time.monotonic() + within
        shown, since = self.capture(escapes=escapes), time.monotonic()
        while time.monotonic() - since < quiet:
            assert time.monotonic() < deadline, "the pane never rests"
            time.sleep(0.05)
            if (now := self.capture(escapes=escapes)) != shown:
                shown, since = now, time.monotonic()
        return shown

    def show(self, form: str) -> str:
        """One of tmux's formats, as `#{pane_width}`."""
        return self("display-message", "-p", "-t", "main", form).strip()

    def close(self) -> None:
        """End the server and everything in it."""
        subprocess.run([*self.command, "kill-server"], capture_output=True, timeout=20, check=False)
