"""The catalogue: well-known models and their variants, as a file says; pure but for reading it.

What the server says about a model always counts more than what stands here.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import msgspec

from core.errors import ConfigError, UsageError
from core.guard import one_line
from core.models.types import Use
from core.ollama import names

OWN = Path(__file__).with_name("catalog.toml")


class Variant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One tag of a model."""

    tag: str
    parameters: str = ""
    """As people write it: 8.2B."""
    size: float | None = None
    """Gigabytes to download, about."""
    quantization: str = "Q4_K_M"
    context: int | None = None
    capabilities: tuple[str, ...] | None = None
    """Where they differ from the other variants'."""
    latest: bool = False
    """It is what the name without a tag means."""

    @property
    def bytes(self) -> int | None:
        """Its size in bytes, about."""
        return None if self.size is None else int(self.size * 1e9)

    @property
    def parameter_count(self) -> int | None:
        """Its parameters as a number, about; None where they are written in another way."""
        return counted(self.parameters)


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One model with its variants."""

    name: str
    description: str
    maker: str = ""
    released: str = ""
    licence: str = ""
    uses: tuple[Use, ...] = ()
    capabilities: tuple[str, ...] | None = None
    context: int | None = None
    variants: tuple[Variant, ...] = ()


class Hit(msgspec.Struct, frozen=True):
    """What the catalogue has on a name: its entry, and its variant where the tag is one of them."""

    entry: Entry
    variant: Variant | None = None


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    model: tuple[Entry, ...] = ()


class Catalog:
    """Entries by name; later files add entries or replace those of the same name."""

    def __init__(self, *files: tuple[Entry, ...]) -> None:
        self.entries = {_key(entry.name): entry for entries in files for entry in entries}

    def __len__(self) -> int:
        return len(self.entries)

    def find(self, name: str) -> Hit | None:
        """Look up a name with its tag; None when nothing is known of it."""
        try:
            model = names.parse(name)
        except UsageError:
            return None
        entry = self.entries.get(_without_tag(model))
        if entry is None:
            return None
        tag = model.tag.lower()
        for variant in entry.variants:
            if variant.tag.lower() == tag or (tag == names.DEFAULT_TAG and variant.latest):
                return Hit(entry, variant)
        return Hit(entry)

    def names(self) -> list[tuple[str, Entry, Variant]]:
        """Every variant with the name to pull it by."""
        return [
            (names.parse(f"{entry.name}:{variant.tag}").shown, entry, variant)
            for entry in self.entries.values()
            for variant in entry.variants
        ]


def load(own: Path = OWN, users: Path | None = None) -> tuple[Catalog, ConfigError | None]:
    """Read the catalogue, and over it the user's own file where there is one; say what is wrong with that."""
    entries = read(own)
    if users is None:
        return Catalog(entries), None
    try:
        return Catalog(entries, read(users)), None
    except FileNotFoundError:
        return Catalog(entries), None
    except ConfigError as error:
        return Catalog(entries), error


def read(path: Path) -> tuple[Entry, ...]:
    """Read one file; raise ConfigError, with its place, for what cannot be meant."""
    try:
        entries = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _File).model
        for entry in entries:
            _check(entry)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ConfigError(f"The catalogue {path} cannot be read: {error.strerror}.") from None
    except (ValueError, UsageError, msgspec.ValidationError) as error:
        raise ConfigError(
            f"The catalogue {path} has an error: {one_line(str(error), 200)}.",
            "Correct it; until then only the built-in catalogue is used.",
        ) from None
    return entries


def _check(entry: Entry) -> None:
    if names.parse(entry.name).tag != names.DEFAULT_TAG or ":" in entry.name:
        raise UsageError(f"the name {entry.name} has a tag; tags belong to its variants")
    for variant in entry.variants:
        names.parse(f"{entry.name}:{variant.tag}")


def counted(text: str) -> int | None:
    """Read a number of parameters: 8.2B, 137M; of 8x7B the product."""
    scale = {"B": 1e9, "M": 1e6, "K": 1e3, "T": 1e12}.get(text[-1:].upper())
    if scale is None:
        return None
    product = 1.0
    for factor in text[:-1].lower().split("x"):
        try:
            product *= float(factor)
        except ValueError:
            return None
    return round(product * scale) or None


def _key(name: str) -> str:
    return _without_tag(names.parse(name))


def _without_tag(model: names.ModelName) -> str:
    return f"{model.host}/{model.namespace}/{model.model}".lower()
