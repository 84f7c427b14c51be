"""What happens before the first word: the server loads the model, then the model reads the prompt.

The server sends nothing until the first token, so its list of loaded models is all there is to see.
Only silence after loading counts as silence.
"""

from __future__ import annotations

from core.chat.asking import Ask
from core.chat.desk import Desk
from core.chat.recorder import Recorder
from core.errors import LeitstandError
from core.jobs.context import JobContext
from core.jobs.watchdog import Watchdog
from core.ollama.reading import Version

_EVERY = 2.0
_LISTS_WHAT_IS_READY = Version(0, 30)
"""Older servers list a model while it is still being loaded."""
_STALL = 300.0
"""How long a server itself lets a load stand still."""


async def watch_loading(
    desk: Desk, ctx: JobContext, recorder: Recorder, ask: Ask, dog: Watchdog, silence: float
) -> None:
    """Tell loading from reading until the first word comes; cancelled then."""
    model = ask.facts.name
    if ask.facts.cloud:
        recorder.enter("reading")
        dog.limit(silence)
        return
    await ctx.phase("loading")
    while not await _is_loaded(desk, model):
        await desk.clock.sleep(_EVERY)
    await ctx.phase("reading prompt")
    recorder.enter("reading")
    try:
        version = Version.parse(await desk.client().at(model).version())
    except LeitstandError:
        version = None
    sure = version is not None and version >= _LISTS_WHAT_IS_READY
    dog.limit(silence if sure else silence + _STALL)


async def _is_loaded(desk: Desk, model: str) -> bool:
    try:
        return await desk.facts.loaded(model) is not None
    except LeitstandError:
        return False  # a server that unloads another model answers late
