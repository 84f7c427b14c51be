"""Finding models in a long list: filters and orders. Pure, and quick enough for every key that is pressed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec

from core.models.types import Model, Models, Scope, Use, Verdict, ranked

Order = Literal["usual", "name", "size", "context", "speed", "used", "released", "fit"]
ORDERS: tuple[Order, ...] = ("usual", "name", "size", "context", "speed", "used", "released", "fit")

Verdicts = Mapping[str, Verdict]
"""Whether models fit, by name."""

_BEST_FIRST: dict[Verdict, int] = {"fits": 0, "tight": 1, "spills": 2, "unknown": 3, "too big": 4}


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which models are wanted; what is empty does not restrict."""

    text: str = ""
    """Every word of it is somewhere in what is known of the model."""
    scope: Scope = "all"
    capabilities: tuple[str, ...] = ()
    uses: tuple[Use, ...] = ()
    fitting: bool = False
    """Only what fits on the GPU of this machine."""
    favourites: bool = False


EVERYTHING = Filter()


def browse(
    models: Models,
    wanted: Filter = EVERYTHING,
    order: Order = "usual",
    *,
    verdicts: Verdicts | None = None,
    reverse: bool = False,
) -> Models:
    """Return the models that are wanted, in an order; what has no value for it comes last."""
    words = wanted.text.casefold().split()
    found = tuple(
        model
        for model in models
        if _is_in(model, wanted.scope)
        and (not wanted.favourites or model.favourite)
        and all(model.can(capability) for capability in wanted.capabilities)
        and all(use in model.uses for use in wanted.uses)
        and (not wanted.fitting or (verdicts or {}).get(model.name) in ("fits", "tight"))
        and (not words or _says(model, words))
    )
    if order == "usual":
        return _nearest_first(ranked(found), words)
    value = _values(verdicts or {})[order]
    known = [(value(model), model.name, model) for model in found]
    some = sorted((each for each in known if each[0] is not None), key=lambda each: each[:2], reverse=reverse)
    return (*(each[2] for each in some), *(each[2] for each in known if each[0] is None))


def _is_in(model: Model, scope: Scope) -> bool:
    match scope:
        case "here":
            return model.installed
        case "memory":
            return model.memory is not None
        case _:
            return True


def _says(model: Model, words: list[str]) -> bool:
    capabilities = " ".join(model.capabilities or ())
    text = (
        f"{model.name} {model.maker} {model.family} {model.parameters} {model.quantization} "
        f"{capabilities} {' '.join(model.uses)} {model.licence} {model.description}"
    ).casefold()
    return all(word in text for word in words)


def _nearest_first(models: Models, words: list[str]) -> Models:
    """Who is called so comes before who is only described so."""
    if not words:
        return models
    return tuple(sorted(models, key=lambda model: not all(word in model.name.casefold() for word in words)))


def _values(verdicts: Verdicts) -> dict[str, Callable[[Model], Any]]:
    """What is compared; large and recent come first where that is what one looks for."""
    return {
        "name": lambda model: model.name.casefold(),
        "size": lambda model: model.size,
        "context": lambda model: _descending(model.context),
        "speed": lambda model: _descending(model.last_speed),
        "used": lambda model: _descending(model.last_used),
        "released": lambda model: _descending(_month(model.released)),
        "fit": lambda model: _BEST_FIRST[verdicts.get(model.name, "unknown")],
    }


def _descending(value: float | None) -> float | None:
    return None if value is None else -value


def _month(released: str) -> int | None:
    digits = released.replace("-", "")
    return int(digits[:6]) if digits[:6].isdigit() else None
