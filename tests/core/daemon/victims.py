"""Faces that are killed, each a process of its own: it begins a download, asks, and in the middle it is gone.

python -m tests.core.daemon.victims COUNT    →    a line of JSON for each: {"turn", "download", "caught"}

They are forked from one process that has imported everything, so that a hundred of them cost little. One
that got going too late, so that its answer or its download had ended, was not *caught*; another one follows.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from typing import NoReturn

from core.bus import Resync
from core.chat.following import applied
from core.chat.types import Turn
from core.daemon import frames
from core.daemon.hosting import attached
from core.downloads.types import Download, DownloadChanged
from core.engine import Options

QUESTION = "Write 100 tokens"


def pulled(number: int) -> str:
    """The model that a face downloads."""
    return f"fetched{number}:latest"


async def live(number: int, tell: int) -> NoReturn:
    """Begin both, say so when both are on their way, and wait for the end."""
    face = attached(Options(environment=os.environ))
    await face.start()
    with face.bus.subscribe() as mailbox:
        download: Download = await face.downloads.pull(pulled(number), verify=False)
        turn: Turn = (await face.chat.send(None, QUESTION)).answer
        while not (turn.ended or turn.text) or (download.unfinished and not download.completed):
            for event in await mailbox.drain():
                if isinstance(event, DownloadChanged) and event.download.id == download.id:
                    download = event.download
                after = None if isinstance(event, Resync) else applied(turn, event)
                turn = after if after is not None else await face.chat.turn(turn.id)
    caught = not turn.ended and download.unfinished
    os.write(tell, json.dumps({"turn": turn.id, "download": download.id, "caught": caught}).encode())
    await asyncio.Event().wait()
    raise AssertionError("nobody sets it")


def sacrifice(number: int) -> bool:
    """Fork one, kill it in the middle, tell what it had begun."""
    hear, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(hear)
        try:
            asyncio.run(live(number, tell))
        finally:
            os._exit(1)
    os.close(tell)
    said = os.read(hear, 4096)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(hear)
    sys.stdout.write(f"{said.decode()}\n")
    sys.stdout.flush()
    return bool(json.loads(said)["caught"])


def main(count: int) -> None:
    """Go on until so many were killed in the middle."""
    frames.interface()  # imports every service, once for all
    caught = number = 0
    while caught < count and number < 3 * count:
        caught += sacrifice(number)
        number += 1


if __name__ == "__main__":
    main(int(sys.argv[1]))
