"""Calls as data: marks the verbs of a service and derives their message from the signature."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar, get_type_hints

import msgspec

F = TypeVar("F", bound=Callable[..., Any])

_MARK = "__exposed__"


def exposed(method: F) -> F:
    """Mark an async method as a verb: callable from any face, in this process or another."""
    if not (inspect.iscoroutinefunction(method) or inspect.isasyncgenfunction(method)):
        raise TypeError(f"{method.__qualname__} must be async to be exposed")
    setattr(method, _MARK, True)
    return method


@dataclass(frozen=True)
class Verb:
    """One exposed method: its name, its arguments as a struct, and what it returns."""

    name: str
    params: type[msgspec.Struct]
    returns: Any
    streams: bool
    doc: str


@cache
def verbs(service: type) -> dict[str, Verb]:
    """Every verb of a service class, by name."""
    found: dict[str, Verb] = {}
    for name, function in inspect.getmembers(service, inspect.isfunction):
        if not getattr(function, _MARK, False):
            continue
        hints = get_type_hints(function)
        fields: list[Any] = []
        for parameter in list(inspect.signature(function).parameters.values())[1:]:
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                raise TypeError(
                    f"{function.__qualname__} takes *{parameter.name}: a verb names its arguments"
                )
            default = () if parameter.default is parameter.empty else (parameter.default,)
            fields.append((parameter.name, hints[parameter.name], *default))
        streams = inspect.isasyncgenfunction(function)
        returns = hints["return"].__args__[0] if streams else hints["return"]
        # By keyword only, so that a required argument may stand behind one with a default.
        params = msgspec.defstruct(
            f"{service.__name__}_{name}", fields, frozen=True, kw_only=True, forbid_unknown_fields=True
        )
        found[name] = Verb(name, params, returns, streams, inspect.getdoc(function) or "")
    return found
