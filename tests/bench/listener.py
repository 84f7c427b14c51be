"""A face without a screen: follows the last answer to its end and says what it heard.

python -m tests.bench.listener   →   "ready", then a line of JSON when the answer has ended
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import time

from core.bus import Resync
from core.chat.following import applied
from core.chat.types import Turn, TurnChanged, TurnDelta
from core.daemon.hosting import attached
from core.engine import Options


async def main() -> None:
    """Attach, follow, count."""
    face = attached(Options(environment=os.environ))
    await face.start()
    turn: Turn | None = None
    batches = resyncs = 0
    with face.bus.subscribe(TurnChanged, TurnDelta) as mailbox:
        print("ready", flush=True)
        while turn is None or not turn.ended:
            events = await mailbox.drain()
            batches += 1
            for event in events:
                if isinstance(event, TurnChanged) and turn is None and event.turn.role == "assistant":
                    turn = event.turn
                elif isinstance(event, Resync) and turn is not None:
                    resyncs += 1
                    turn = await face.chat.turn(turn.id)
                elif turn is not None:
                    turn = applied(turn, event) or await face.chat.turn(turn.id)
    spent = resource.getrusage(resource.RUSAGE_SELF)
    told = {"text": len(turn.text), "batches": batches, "resyncs": resyncs, "at": time.monotonic()}
    print(json.dumps(told | {"cpu": spent.ru_utime + spent.ru_stime}), flush=True)
    await face.close()


asyncio.run(main())
