"""Everything the server says about one model, in the order people read it. Pure."""

from __future__ import annotations

from core.models.types import Model, ModelDetails, Models
from core.ollama import reading
from core.ollama.wire import ShowReply


def details(model: Model, show: ShowReply, variants: Models) -> ModelDetails:
    """Put a reply of /api/show together with what else is known."""
    facts = {key: value for key, value in (show.model_info or {}).items() if _tells(value)}
    return ModelDetails(
        model=model,
        architecture=show.architecture,
        parameters=reading.parameters(show.parameters),
        template=show.template or "",
        system=show.system or "",
        licence_text=show.license or "",
        modelfile=show.modelfile or "",
        requires=show.requires or "",
        facts=facts,
        variants=variants,
    )


def _tells(value: object) -> bool:
    """The long lists of a vocabulary tell nobody anything."""
    return value is not None and not (isinstance(value, list) and len(value) > 64)
