"""The machine and the settings of a simulated server."""

from __future__ import annotations

import msgspec

from core.simulator.models import GIB, INSTALLED, PULLABLE, Spec


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """What the environment of a real server would say."""

    version: str = "0.32.15"
    installed: tuple[Spec, ...] = INSTALLED
    pullable: tuple[Spec, ...] = PULLABLE
    vram: int = 24 * GIB
    """Bytes of all GPUs together; 0 for a machine without one."""
    ram: int = 64 * GIB
    gpus: int = 1
    disk: int | None = None
    """Bytes for models; None for a disk that never fills."""
    context: int = 0
    """OLLAMA_CONTEXT_LENGTH; 0 lets the version and the memory decide."""
    keep_alive: float = 300.0
    slots: int = 0
    """OLLAMA_NUM_PARALLEL; 0 lets the version decide."""
    max_queue: int = 512
    max_loaded: int = 0
    """OLLAMA_MAX_LOADED_MODELS; 0 is three for each GPU."""
    loopback: bool = True
    """Bound to a loopback address, thus strict about the Host header."""
    fill: bool = False
    """Every answer is mixed Markdown as long as was asked for: for measuring clients."""
    store: str = "/root/.ollama/models"
    """Where the models would lie, for error texts."""
