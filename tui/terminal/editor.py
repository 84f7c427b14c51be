"""A text in the editor of the person, and back: nothing of it is readable by others, nothing is lost."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shlex
import shutil
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from core.errors import LeitstandError, NotFound, UsageError
from core.paths import make_private, open_private

_USUAL = ("sensible-editor", "nano", "vim", "vi")


def editor_command(
    environment: Mapping[str, str], which: Callable[[str], str | None] = shutil.which
) -> list[str]:
    """The editor to start: VISUAL, EDITOR, or one that is usually there."""
    for variable in ("VISUAL", "EDITOR"):
        value = environment.get(variable, "").strip()
        if not value:
            continue
        try:
            return shlex.split(value)
        except ValueError:
            raise UsageError(
                f"{variable} cannot be read as a command: {value}",
                f"Set it to the name of an editor, for example: export {variable}=nano",
            ) from None
    for name in _USUAL:
        if which(name):
            return [name]
    raise NotFound("No editor was found.", "Set one, for example: export EDITOR=nano")


async def edit(
    text: str,
    *,
    environment: Mapping[str, str],
    directory: Path,
    suspended: Callable[[], AbstractContextManager[None]],
    suffix: str = ".md",
) -> str | None:
    """Let the person edit *text*; None when the editor failed or said to discard.

    *suspended* gives the terminal away and takes it back, as `App.suspend` does. The event loop goes on
    all the while.
    """
    command = editor_command(environment)
    file = make_private(directory) / f"edit-{secrets.token_hex(6)}{suffix}"
    try:
        _write(file, text)
        with suspended():
            try:
                process = await asyncio.create_subprocess_exec(*command, str(file))
            except OSError as error:
                raise NotFound(
                    f"The editor {command[0]} could not be started: {error.strerror}.",
                    "Set another, for example: export EDITOR=nano",
                ) from error
            code = await _ended(process)
        return _read(file) if code == 0 else None
    finally:
        # An editor may have made it a new file, or taken it away.
        file.unlink(missing_ok=True)


async def _ended(process: asyncio.subprocess.Process) -> int:
    try:
        return await process.wait()
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()


def _write(file: Path, text: str) -> None:
    try:
        with open(file, "x", encoding="utf-8", errors="replace", opener=_private) as out:
            out.write(text)
    except OSError as error:
        raise LeitstandError(f"{file.parent} cannot be written: {error.strerror}.") from error


def _private(path: str, flags: int) -> int:
    return open_private(Path(path), flags)


def _read(file: Path) -> str | None:
    try:
        edited = file.read_bytes().decode("utf-8", "replace")
    except OSError:
        return None
    # Editors end a text with a line end that nobody typed.
    return edited.removesuffix(os.linesep)
