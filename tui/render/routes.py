"""Why a model answers, in as many words as there is room for."""

from __future__ import annotations

from core.chat.routing import CHOSEN
from core.guard import one_line

_ARROW = " → "


def wordings(route: str) -> tuple[str, ...]:
    """A route from its longest wording to its shortest; without any when a person named the model.

    code: ps, grep, python · 0.40 → qwen3-coder:30b, loaded, 18.2 of 31 GiB
    code: ps, grep, python · 0.40 → loaded, 18.2 of 31 GiB
    code: ps, grep, python · 0.40
    code · 0.40
    """
    route = one_line(route, 300)
    if not route or route == CHOSEN:
        return ()
    question, arrow, answer = route.partition(_ARROW)
    if not arrow:
        return (route,)
    _, comma, place = answer.partition(", ")
    kind = question.partition(":")[0].split(" ")[0]
    degree = question.rpartition(" · ")[2].rstrip(")")
    found = (route, f"{question}{_ARROW}{place}" if comma else route, question, f"{kind} · {degree}")
    return tuple(dict.fromkeys(found))
