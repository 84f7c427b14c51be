"""What the server says about a model's files, reduced to what is worth keeping. Pure."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from core.models.sizing import Shape, shape_of
from core.ollama.wire import ShowReply

_FROM = re.compile(r"^FROM\s+(\S.*?)\s*$", re.MULTILINE)
_BLOB = re.compile(r"^(.*)[/\\]blobs[/\\]sha256-([0-9a-f]{64})$")


class Facts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One digest's facts; they never change, only an older server says less."""

    capabilities: tuple[str, ...] | None = None
    architecture: str = ""
    parameter_count: int | None = None
    context: int | None = None
    default_context: int | None = None
    """The context its own settings ask for."""
    quantization: str = ""
    requires: str = ""
    licence: str = ""
    remote: str = ""
    weights: str = ""
    """The digest of its weights: models that share them share one place in memory."""
    directory: str = ""
    """Where the server keeps its models, as it said."""
    shape: Shape | None = None


def facts_of(show: ShowReply) -> Facts:
    """Reduce a reply of /api/show."""
    directory, weights = _blob(show.modelfile or "")
    info = show.model_info or {}
    details = show.details
    return Facts(
        capabilities=show.capabilities,
        architecture=show.architecture,
        parameter_count=_count(info.get("general.parameter_count")),
        context=show.trained_context,
        default_context=_default_context(show.parameters or ""),
        quantization=details.quantization_level if details else "",
        requires=show.requires or "",
        licence=_title(show.license or ""),
        remote=show.remote_host or "",
        weights=weights,
        directory=directory,
        shape=shape_of(show),
    )


def _blob(modelfile: str) -> tuple[str, str]:
    """The directory and the digest in the first FROM line that names a file of the store."""
    for found in _FROM.finditer(modelfile):
        if (blob := _BLOB.fullmatch(found[1].strip('"'))) is not None:
            return blob[1], blob[2]
    return "", ""


def _default_context(parameters: str) -> int | None:
    for line in parameters.split("\n"):
        key, _, value = line.strip().partition(" ")
        if key == "num_ctx" and value.strip().isdigit():
            return int(value) or None
    return None


def _title(licence: str) -> str:
    """The first line of a licence that says something."""
    return next((line.strip()[:100] for line in licence.split("\n") if line.strip()), "")


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and value > 0 else None
