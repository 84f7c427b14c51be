"""A model as the registry keeps it: layers, a config, and the manifest that names them."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from core.simulator.models import Spec
from core.simulator.names import Name

_MEDIA = "application/vnd.ollama.image."
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


class Layer(msgspec.Struct, frozen=True):
    """One blob of a model."""

    kind: str
    digest: str
    size: int
    data: bytes = b""
    """The content, where it is small enough to exist."""

    @property
    def short(self) -> str:
        """The part of the digest that progress lines show."""
        return self.digest.removeprefix("sha256:")[:12]


class Package(msgspec.Struct, frozen=True):
    """Everything a manifest stands for."""

    spec: Spec
    layers: tuple[Layer, ...]
    config: Layer
    manifest: bytes
    template: str = ""
    system: str = ""
    license: str = ""
    parameters: dict[str, Any] = {}
    messages: tuple[dict[str, str], ...] = ()
    parent: str = ""

    @property
    def blobs(self) -> tuple[Layer, ...]:
        """The layers and the config, in the order in which they are fetched."""
        return (*self.layers, self.config)

    @property
    def digest(self) -> str:
        """SHA-256 of the manifest."""
        return hashlib.sha256(self.manifest).hexdigest()

    @property
    def size(self) -> int:
        """Bytes of all its blobs."""
        return sum(layer.size for layer in self.blobs)

    @property
    def weights(self) -> Layer:
        """The blob that a runner loads: what makes two names one."""
        return self.layers[0]


class Model(msgspec.Struct, frozen=True):
    """A package under a name on a server."""

    name: Name
    package: Package
    modified: float

    @property
    def spec(self) -> Spec:
        """What it is."""
        return self.package.spec


def digest_of(data: bytes) -> str:
    """The digest of a blob with that content."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _text_layer(kind: str, text: str) -> Layer:
    data = text.encode()
    return Layer(_MEDIA + kind, digest_of(data), len(data), data)


def template_of(spec: Spec) -> str:
    """A chat template of the model's family, with a place for what the model can do."""
    if spec.embeds:
        return ""
    tools = "{{- if .Tools }}\n# Tools\n{{ .Tools }}\n{{- end }}\n" if "tools" in spec.capabilities else ""
    thinks = "{{- if .Thinking }}<think>{{ .Thinking }}</think>{{ end }}\n" if spec.thinking else ""
    insert = "{{- if .Suffix }}<|prefix|>{{ .Prompt }}<|suffix|>{{ .Suffix }}{{ end }}\n"
    return (
        "{{- if .System }}<|system|>{{ .System }}<|end|>\n{{ end }}"
        + tools
        + (insert if "insert" in spec.capabilities else "")
        + "{{- range .Messages }}<|{{ .Role }}|>"
        + thinks
        + "{{ .Content }}<|end|>\n{{ end }}<|assistant|>"
    )


def build(
    spec: Spec,
    *,
    weights: Layer | None = None,
    template: str | None = None,
    system: str | None = None,
    license: str | None = None,
    parameters: dict[str, Any] | None = None,
    messages: tuple[dict[str, str], ...] = (),
    adapters: tuple[Layer, ...] = (),
    parent: str = "",
) -> Package:
    """Make the layers and the manifest of a model; what is not given comes from its spec."""
    template = template_of(spec) if template is None else template
    system = spec.system if system is None else system
    license = spec.license if license is None else license
    parameters = spec.parameters if parameters is None else parameters
    source = (spec.base or spec.name).encode()
    layers = [weights or Layer(_MEDIA + "model", digest_of(b"weights of " + source), spec.weights), *adapters]
    for kind, text in (("template", template), ("system", system), ("license", license)):
        if text:
            layers.append(_text_layer(kind, text))
    if parameters:
        layers.append(_text_layer("params", msgspec.json.encode(parameters, order="sorted").decode()))
    if messages:
        layers.append(_text_layer("messages", msgspec.json.encode(messages).decode()))
    config = _config(spec, layers)
    return Package(
        spec, tuple(layers), config, _manifest(layers, config),
        template, system, license, parameters, messages, parent,
    )  # fmt: skip


def _config(spec: Spec, layers: list[Layer]) -> Layer:
    content = {
        "model_format": spec.format,
        "model_family": spec.family,
        "model_families": list(spec.families or (spec.family,)),
        "model_type": spec.size_label,
        "file_type": spec.quantization,
        "architecture": "amd64",
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": [layer.digest for layer in layers]},
    }
    data = msgspec.json.encode(content)
    return Layer("application/vnd.docker.container.image.v1+json", digest_of(data), len(data), data)


def _manifest(layers: list[Layer], config: Layer) -> bytes:
    def entry(layer: Layer) -> dict[str, Any]:
        return {"mediaType": layer.kind, "digest": layer.digest, "size": layer.size}

    return msgspec.json.encode(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": entry(config),
            "layers": [entry(layer) for layer in layers],
        }
    )
