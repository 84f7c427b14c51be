"""How a command ended, as a number scripts can rely on. Errors know nothing of this."""

from __future__ import annotations

from core import errors

DONE, FAILED, USAGE, SERVER, REFUSED, CANCELLED = 0, 1, 2, 3, 4, 130

MEANINGS = (
    (DONE, "done"),
    (FAILED, "failed, or a check failed"),
    (USAGE, "wrong usage; nothing was done"),
    (SERVER, "the Ollama server is not available"),
    (REFUSED, "refused: disk, memory, permission, or a data directory that must not be touched"),
    (CANCELLED, "cancelled, for instance with ctrl+c"),
)

# The first class an error belongs to decides.
_CODES: tuple[tuple[type[errors.LeitstandError], int], ...] = (
    (errors.UsageError, USAGE),
    (errors.ServerUnavailable, SERVER),
    (errors.ServerBusy, SERVER),
    (errors.NotOllama, SERVER),
    (errors.Refused, REFUSED),
    (errors.DataDirectoryError, REFUSED),
    (errors.DataDirectoryBusy, REFUSED),
    (errors.StoreNewer, REFUSED),
    (errors.WrongVersion, REFUSED),
    (errors.Cancelled, CANCELLED),
    (errors.LeitstandError, FAILED),
)


def exit_code(error: errors.LeitstandError) -> int:
    """The number for an error."""
    return next(code for kind, code in _CODES if isinstance(error, kind))
