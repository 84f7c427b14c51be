"""How a field of the settings table becomes a setting: its limits, its words, its kind."""

from __future__ import annotations

from types import MappingProxyType
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from core.config.types import Kind, Names, Setting, Value


def about(
    title: str,
    description: str,
    *,
    ge: float | None = None,
    le: float | None = None,
    unit: str = "",
    restart: bool = False,
    secret: bool = False,
    names: Names = "",
) -> msgspec.Meta:
    """Say what people are told of a setting, and set its limits; *names* says of what it is a name."""
    return msgspec.Meta(
        title=title,
        description=description,
        ge=ge,
        le=le,
        extra={"unit": unit, "restart": restart, "secret": secret, "names": names},
    )


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of the file. Its docstring is the line above it in the example file."""


_KINDS: MappingProxyType[Any, Kind] = MappingProxyType(
    {
        bool: "switch",
        int: "integer",
        float: "number",
        str: "text",
        tuple[str, ...]: "list",
        dict[str, str]: "map",
    }
)


def plain(value: Any) -> Value:
    """Return a field's value as plain data that can be kept or changed."""
    kept: Value = list(value) if isinstance(value, tuple) else value
    return dict(kept) if isinstance(kept, dict) else kept


def flatten(
    section: type[msgspec.Struct], prefix: str = "", kept: dict[str, tuple[Setting, Any]] | None = None
) -> dict[str, tuple[Setting, Any]]:
    """Every setting below a section by its path, with the type that checks it."""
    kept = {} if kept is None else kept
    hints = get_type_hints(section, include_extras=True)
    defaults = section()
    for name in section.__struct_fields__:
        hint, path = hints[name], prefix + name
        if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
            flatten(hint, f"{path}.", kept)
        else:
            kept[path] = (_setting(path, hint, plain(getattr(defaults, name))), hint)
    return kept


def _setting(path: str, hint: Any, default: Value) -> Setting:
    if get_origin(hint) is not Annotated:
        raise TypeError(f"{path} needs Annotated[…, about(…)]")
    form, meta = get_args(hint)
    choices = tuple(get_args(form)) if get_origin(form) is Literal else ()
    kind = "choice" if choices else _KINDS.get(form)
    if kind is None:
        raise TypeError(f"{path} cannot be {form}: see core/config/schema.py for what it can be")
    assert isinstance(meta, msgspec.Meta)
    return Setting(
        path=path,
        kind=kind,
        title=meta.title or "",
        description=meta.description or "",
        default=default,
        choices=choices,
        minimum=meta.ge,
        maximum=meta.le,
        **(meta.extra or {}),
    )


def sections(section: type[msgspec.Struct], prefix: str = "") -> dict[str, str]:
    """Every table below a section by its path, with the sentence about it."""
    found: dict[str, str] = {}
    for name, hint in get_type_hints(section).items():
        if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
            found[prefix + name] = hint.__doc__ or ""
            found |= sections(hint, f"{prefix}{name}.")
    return found
