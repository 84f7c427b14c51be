"""A stand-in for ssh: runs the command here, or forwards a socket, late or not at all.

Put on the PATH by `installed`; a folder says how the line is: `down` (nobody is reached), `delay` (seconds
for every piece on its way), `log` (a line of arguments a call).
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path


def installed(folder: Path, home: Path) -> Path:
    """Write the command into a folder for the PATH; what is run by it lives in *home*."""
    folder.mkdir(exist_ok=True)
    script = folder / "ssh"
    here = Path(__file__).resolve()
    script.write_text(
        f"#!/bin/sh\nexec env FAKE_SSH={folder} LEITSTAND_HOME={home} HOME={home} "
        f'{sys.executable} -P {here} "$@"\n'
    )
    script.chmod(0o755)
    return folder


def main(words: list[str]) -> int:
    """Be ssh."""
    folder = Path(os.environ["FAKE_SSH"])
    with (folder / "log").open("a") as log:
        log.write(" ".join(words) + "\n")
    if (folder / "down").exists():
        sys.stderr.write("ssh: connect to host there port 22: Connection refused\n")
        return 255
    behind = words[words.index("--") + 1 :]
    if "-L" in words:
        here, _, there = words[words.index("-L") + 1].partition(":")
        Path(here).unlink(missing_ok=True)
        asyncio.run(_forward(folder, here, there))
        return 255
    return subprocess.run(["/bin/sh", "-c", behind[1]], check=False).returncode


async def _forward(folder: Path, here: str, there: str) -> None:
    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                delay = folder / "delay"
                await asyncio.sleep(float(delay.read_text()) if delay.exists() else 0)
                writer.write(data)
        finally:
            writer.close()

    async def joined(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there_reader, there_writer = await asyncio.open_unix_connection(there)
        except OSError:
            writer.close()
            return
        await asyncio.gather(pump(reader, there_writer), pump(there_reader, writer), return_exceptions=True)

    left = asyncio.Event()
    loop = asyncio.get_running_loop()
    reading = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reading), sys.stdin)

    async def command() -> None:
        """`cat`: over when nobody holds its input any more."""
        await reading.read()
        left.set()

    server = await asyncio.start_unix_server(joined, here)
    async with server:
        running = asyncio.create_task(command())
        while not left.is_set() and not (folder / "down").exists():  # noqa: ASYNC110 - a file
            await asyncio.sleep(0.02)
        running.cancel()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
