"""What which version of Ollama can do: features appear and disappear by this table."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

Feature = Literal[
    "head_version",
    "show_tensors",
    "show_capabilities",
    "context_4096",
    "think",
    "ps_context",
    "one_slot",
    "think_levels",
    "dimensions",
    "account",
    "short_keep_alive",
    "think_by_default",
    "think_short_error",
    "early_status",
    "truncate_shift",
    "call_index",
    "call_id",
    "logprobs",
    "embed_truncation",
    "whole_model",
    "context_by_memory",
    "status",
    "cloud",
    "partial_grace",
    "think_max",
    "subprocess_engine",
    "shift_reloads",
]

FIRST: dict[Feature, tuple[int, int, int]] = {
    "head_version": (0, 5, 12),
    "show_tensors": (0, 6, 1),
    "show_capabilities": (0, 6, 4),
    "context_4096": (0, 6, 7),
    "think": (0, 9, 0),
    "ps_context": (0, 10, 0),
    "one_slot": (0, 10, 0),
    "think_levels": (0, 11, 0),
    "dimensions": (0, 11, 11),
    "account": (0, 12, 0),
    "short_keep_alive": (0, 12, 4),
    "think_by_default": (0, 12, 4),
    "think_short_error": (0, 12, 5),
    "early_status": (0, 12, 6),
    "truncate_shift": (0, 12, 6),
    "call_index": (0, 12, 6),
    "call_id": (0, 12, 10),
    "logprobs": (0, 12, 11),
    "embed_truncation": (0, 13, 3),
    "whole_model": (0, 14, 0),
    "context_by_memory": (0, 15, 5),
    "status": (0, 16, 2),
    "cloud": (0, 17, 6),
    "partial_grace": (0, 21, 0),
    "think_max": (0, 22, 0),
    "subprocess_engine": (0, 30, 0),
    "shift_reloads": (0, 30, 9),
}
"""The first release that has it."""


class Version(msgspec.Struct, frozen=True):
    """A version string; 0.0.0 and what cannot be read are builds from source, thus the newest."""

    text: str

    @property
    def number(self) -> tuple[int, int, int]:
        """The three numbers of a release."""
        found = re.match(r"v?(\d+)\.(\d+)\.(\d+)", self.text)
        number = tuple(int(part) for part in found.groups()) if found else (0, 0, 0)
        return (number[0], number[1], number[2]) if any(number) else (999, 0, 0)

    def has(self, feature: Feature) -> bool:
        """Whether this version can do it."""
        if feature == "short_keep_alive" and (0, 11, 8) <= self.number < (0, 12, 0):
            return True  # it was lost again for a few releases
        return self.number >= FIRST[feature]

    def before(self, *number: int) -> bool:
        """Whether this version is older than that release."""
        return self.number < number
