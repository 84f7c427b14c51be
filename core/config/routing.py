"""The settings of the router: a section of the table in `schema.py`."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from core.config.fields import Section, about


class Router(Section, frozen=True):
    """Which model answers a question in a chat that names none."""

    enabled: Annotated[
        bool,
        about(
            "Choose the model",
            "Choose the model for every question of a chat that names none, while there is no default model: "
            "a fast one for small talk and short facts, one made for code, a heavy one for mathematics and "
            "analysis. Switched off, the default model or the one used last answers.",
        ),
    ] = True
    fast: Annotated[
        tuple[str, ...],
        about(
            "Fast models",
            "Who answers small talk and short questions; the first that can comes first. Left empty, a small "
            "one of the installed.",
            names="model",
        ),
    ] = ()
    code: Annotated[
        tuple[str, ...],
        about(
            "Models for code",
            "Who answers about programs, shells and queries. Left empty, the largest that fits of those "
            "made for code.",
            names="model",
        ),
    ] = ()
    heavy: Annotated[
        tuple[str, ...],
        about(
            "Heavy models",
            "Who answers mathematics, logic and analysis. Left empty, the largest that fits.",
            names="model",
        ),
    ] = ()
    close: Annotated[
        float,
        about(
            "Close",
            "Up to which difference in weight two kinds of question count as equally likely, so that a "
            "loaded model may stay.",
            ge=0,
            le=10,
        ),
    ] = 0.8
    sticky: Annotated[
        float,
        about(
            "Same model",
            "For how long after its last question a chat keeps its model. It changes before that only for a "
            "question that asks for more. 0 decides every question by itself.",
            ge=0,
            le=10080,
            unit="minutes",
        ),
    ] = 30.0
    patience: Annotated[
        float,
        about(
            "Patience",
            "How long switching to the first choice may take while a model of the same kind is loaded.",
            ge=0,
            le=3600,
            unit="seconds",
        ),
    ] = 30.0
    first_word: Annotated[
        float,
        about(
            "First word",
            "After how long without a word the next smaller model takes over. Loading and waiting do not "
            "count.",
            ge=1,
            le=3600,
            unit="seconds",
        ),
    ] = 90.0
    fallback: Annotated[
        Literal["routed", "always", "never"],
        about(
            "Fallback",
            "Whether the next smaller model answers when one fails, has no memory or says no word in time: "
            "routed only where the model was chosen for you, always also in the place of one you named, or "
            "never.",
        ),
    ] = "routed"
    on_cpu: Annotated[
        Literal["avoid", "allow", "never"],
        about(
            "On the processor",
            "What to do with a model that fits into GPU memory only in part: avoid takes another that fits "
            "if there is one, allow takes it, never leaves it out.",
        ),
    ] = "avoid"
    warn_at: Annotated[
        float,
        about(
            "Memory warning",
            "How full the GPU memory may become by loading a model before you are asked.",
            ge=1,
            le=100,
            unit="percent",
        ),
    ] = 90.0
    second_look: Annotated[
        bool,
        about(
            "Second look",
            "Compare a question that is hard to tell with known ones, by an embedding model. Only one that "
            "is loaded already is used; none is loaded for this.",
        ),
    ] = False
    keep_days: Annotated[
        int,
        about("Keep decisions", "How long decisions are kept; 0 keeps them.", ge=0, le=3650, unit="days"),
    ] = 90
    rules: Annotated[
        dict[str, str],
        about(
            "Rules",
            "Your own rules, one a line: words, phrases and patterns between slashes, an arrow, and where "
            "they lead: a tier, a model or both. With a weight such as +1.5 a rule is one reason among "
            'others. Example: cooking = "recipe, rezept, /dish [0-9]{1,3}/ -> fast llama3.2:3b"',
        ),
    ] = msgspec.field(default_factory=dict)
