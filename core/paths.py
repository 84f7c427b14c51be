"""Where things live: private to the user, movable as one, never asked of the environment twice."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from core.errors import DataDirectoryError


class Paths(NamedTuple):
    """The folders and files of one installation."""

    # Not a dataclass: importing those costs more than anything else a status line does.

    data: Path
    config: Path
    cache: Path
    runtime: Path

    @classmethod
    def find(
        cls,
        environment: Mapping[str, str],
        *,
        data: str | None = None,
        config: str | None = None,
    ) -> Paths:
        """Follow --data and --config, then LEITSTAND_HOME, then XDG, then the home directory."""
        home = Path(environment.get("HOME") or "~").expanduser()

        def xdg(variable: str, fallback: str) -> Path:
            value = environment.get(variable, "")
            # The XDG specification asks to ignore relative paths.
            return Path(value) if value.startswith("/") else home / fallback

        own = environment.get("LEITSTAND_HOME", "").strip()
        if own:
            root = Path(own).expanduser().absolute()
            found = cls(root / "data", root / "config.toml", root / "cache", root / "run")
        else:
            runtime = environment.get("XDG_RUNTIME_DIR", "")
            found = cls(
                xdg("XDG_DATA_HOME", ".local/share") / "leitstand",
                xdg("XDG_CONFIG_HOME", ".config") / "leitstand" / "config.toml",
                xdg("XDG_CACHE_HOME", ".cache") / "leitstand",
                Path(runtime) / "leitstand"
                if runtime.startswith("/")
                else xdg("XDG_STATE_HOME", ".local/state") / "leitstand" / "run",
            )
        return cls(
            Path(data).expanduser().absolute() if data else found.data,
            Path(config).expanduser().absolute() if config else found.config,
            found.cache,
            found.runtime,
        )

    @property
    def database(self) -> Path:
        """Everything said, queued and measured."""
        return self.data / "leitstand.db"

    @property
    def library(self) -> Path:
        """What documents are searched by; can be built anew from the database."""
        return self.data / "library"

    @property
    def lock(self) -> Path:
        """Held by the process that hosts the engine."""
        return self.data / "lock"

    @property
    def log(self) -> Path:
        """What happened, without private text."""
        return self.data / "leitstand.log"


def make_private(directory: Path) -> Path:
    """Make a directory that only its owner can enter; say clearly when that cannot be.

    One that holds other things already (a home directory, /etc) keeps its permissions.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if directory.stat().st_mode & 0o077 and _is_ours(directory):
            directory.chmod(0o700)
        if not os.access(directory, os.R_OK | os.W_OK | os.X_OK):
            raise PermissionError
    except FileExistsError:
        raise DataDirectoryError(f"{directory} is a file, not a directory.") from None
    except PermissionError:
        raise DataDirectoryError(
            f"The directory {directory} cannot be read and written by this user."
        ) from None
    except OSError as error:
        raise DataDirectoryError(f"The directory {directory} cannot be used: {error.strerror}.") from error
    return directory


def _is_ours(directory: Path) -> bool:
    return directory.name == "leitstand" or next(directory.iterdir(), None) is None


def open_private(path: str | Path, flags: int) -> int:
    """Open a file so that only its owner can read it; usable as the opener of `open`."""
    return os.open(path, flags | os.O_CLOEXEC, 0o600)
