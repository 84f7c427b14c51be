"""Names of models, as the server reads them: host/namespace/model:tag, most of it optional. Pure.

A model of another server of the settings is named with that: qwen3:8b@box. No server ever sees the
ending, and names of the main server have none.
"""

from __future__ import annotations

import re

import msgspec

from core.errors import UsageError
from core.guard import one_line

DEFAULT_HOST = "registry.ollama.ai"
DEFAULT_NAMESPACE = "library"
DEFAULT_TAG = "latest"

_HOST = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,349}")
_NAMESPACE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,79}")
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}")
_SERVER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")


class ModelName(msgspec.Struct, frozen=True):
    """A complete name."""

    host: str
    namespace: str
    model: str
    tag: str
    server: str = ""
    """Which of the other servers has it, by its name in the settings; empty: the main one."""

    @property
    def shown(self) -> str:
        """As the server lists it: defaults left out, the tag always there."""
        return at(self._on_its_server, self.server)

    @property
    def _on_its_server(self) -> str:
        name = f"{self.model}:{self.tag}"
        if self.host.lower() != DEFAULT_HOST:
            return f"{self.host}/{self.namespace}/{name}"
        return name if self.namespace.lower() == DEFAULT_NAMESPACE else f"{self.namespace}/{name}"

    @property
    def key(self) -> str:
        """Equal for equal names: the server does not tell upper from lower case."""
        return at(f"{self.host}/{self.namespace}/{self.model}:{self.tag}", self.server).lower()

    @property
    def cloud(self) -> bool:
        """Whether it runs in Ollama's cloud, not on the server."""
        return self.tag.lower() == "cloud" or self.tag.lower().endswith("-cloud")


def parse(text: str) -> ModelName:
    """Complete a name; raise UsageError when the server would refuse it."""
    rest, server = split(text.strip())
    tag = DEFAULT_TAG
    if rest.rfind(":") > rest.rfind("/"):
        rest, _, tag = rest.rpartition(":")
    rest, slash, model = rest.rpartition("/")
    rest, deeper, namespace = rest.rpartition("/") if slash else ("", "", DEFAULT_NAMESPACE)
    host = rest.rpartition("://")[2] if deeper else DEFAULT_HOST
    valid = _HOST.fullmatch(host) and _NAMESPACE.fullmatch(namespace)
    if not valid or not _PART.fullmatch(model) or not _PART.fullmatch(tag):
        raise UsageError(
            f"“{one_line(text, 80)}” is not a valid name of a model.",
            "Names look like llama3.2, llama3.2:3b or hf.co/user/repository:Q4_K_M.",
        )
    return ModelName(host, namespace, model, tag, server.lower())


def same(one: str, other: str) -> bool:
    """Whether two names mean the same model; names the server would refuse are equal only to themselves."""
    try:
        return parse(one).key == parse(other).key
    except UsageError:
        return one == other


def is_server(name: str) -> bool:
    """Whether a server can be called that."""
    return _SERVER.fullmatch(name) is not None


def split(name: str) -> tuple[str, str]:
    """Part a name into what its server calls it, and which server that is: empty for the main one."""
    model, mark, server = name.rpartition("@")
    return (model, server) if mark and is_server(server) else (name, "")


def at(name: str, server: str) -> str:
    """Name a model together with its server."""
    return f"{name}@{server}" if server else name


def server_of(name: str) -> str:
    """Which of the other servers has a model; empty: the main one."""
    return split(name)[1].lower()
