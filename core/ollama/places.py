"""Where a server on this machine keeps its models."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

SERVICE = Path("/usr/share/ollama/.ollama/models")
"""Where the Linux package's service keeps them, under a user of its own."""


def models_directory(environment: Mapping[str, str]) -> Path | None:
    """Return the folder of the models when it can be seen from here; None when it is not known.

    OLLAMA_MODELS counts where it is set; it is the server's variable, so it may be missing here. Then the
    folder that exists is it, and where two exist nobody can say which.
    """
    named = environment.get("OLLAMA_MODELS", "").strip()
    if named:
        path = Path(named).expanduser()
        return path if path.is_dir() else None
    home = Path(environment.get("HOME") or "~").expanduser() / ".ollama" / "models"
    found = [path for path in (home, SERVICE) if path.is_dir()]
    return found[0] if len(found) == 1 else None
