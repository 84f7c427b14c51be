"""Model names as Ollama reads them: `[scheme://][host[:port]/][namespace/]model[:tag]`."""

from __future__ import annotations

import re

import msgspec

HOST = "registry.ollama.ai"
NAMESPACE = "library"
TAG = "latest"

_HOST = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,349}")
_NAMESPACE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,79}")
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}")


class Name(msgspec.Struct, frozen=True):
    """One name with everything filled in."""

    model: str
    tag: str = TAG
    namespace: str = NAMESPACE
    host: str = HOST

    @property
    def key(self) -> str:
        """What look-ups compare: upper and lower case are the same."""
        return self.full.casefold()

    @property
    def full(self) -> str:
        """With the host and the namespace."""
        return f"{self.host}/{self.namespace}/{self.model}:{self.tag}"

    @property
    def shown(self) -> str:
        """Without the parts that everybody knows; the tag always stays."""
        if self.host != HOST:
            return self.full
        if self.namespace != NAMESPACE:
            return f"{self.namespace}/{self.model}:{self.tag}"
        return f"{self.model}:{self.tag}"


def parse(text: str) -> Name | None:
    """Read a name; None when it is not one."""
    text = text.strip()
    if "://" in text:
        text = text.split("://", 1)[1]
    *where, last = text.split("/")
    if len(where) > 2:
        return None
    model, colon, tag = last.partition(":")
    host, namespace = HOST, NAMESPACE
    if where:
        namespace = where.pop()
    if where:
        host = where.pop()
    name = Name(model, tag if colon else TAG, namespace, host)
    return name if _valid(name) else None


def _valid(name: Name) -> bool:
    return bool(
        _HOST.fullmatch(name.host)
        and _NAMESPACE.fullmatch(name.namespace)
        and _PART.fullmatch(name.model)
        and _PART.fullmatch(name.tag)
    )
