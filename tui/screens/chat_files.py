"""Files that a person names on the chat page: to send along, to write a chat to, to take chats from."""

from __future__ import annotations

import os
import re
from pathlib import Path

from core.chat import imports
from core.chat.attachments import MOST_FILES
from core.chat.types import Export
from core.errors import UsageError
from core.guard import one_line
from core.paths import open_private
from tui.widgets.offers import Offer


def file_offer(name: str, mark: str = "@") -> Offer:
    """A file or folder to complete, shown by its own name."""
    own = one_line(name.rstrip("/").rpartition("/")[2], 200)
    return Offer(f"{mark}{name}", "folder" if name.endswith("/") else "file", own)


def files_starting(beginning: str) -> list[str]:
    """Names of files and folders that a path may become, folders with a slash."""
    path = Path(beginning).expanduser()
    folder, start = (path, "") if beginning.endswith("/") or not beginning else (path.parent, path.name)
    prefix = beginning[: len(beginning) - len(start)]
    try:
        found = sorted(folder.iterdir())
    except OSError:
        return []
    return [
        prefix + entry.name + ("/" if entry.is_dir() else "")
        for entry in found
        if entry.name.casefold().startswith(start.casefold())
        and (start.startswith(".") or not entry.name.startswith("."))
    ][:50]


def write_new(name: str, made: Export) -> str:
    """Write a file that does not exist yet, into a folder under its own name, and return where it is."""
    path = Path(name).expanduser().absolute()
    path = path / made.name if path.is_dir() else path
    try:
        # Like everything that was said, it is its owner's alone.
        with os.fdopen(
            open_private(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "w", encoding="utf-8", errors="replace"
        ) as file:
            file.write(made.text)
    except FileExistsError:
        raise UsageError(f"{path} exists already.", "Give another name: /export PATH") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.") from None
    return str(path)


def read_export(name: str) -> bytes:
    """Read a file of conversations."""
    path = Path(name).expanduser()
    try:
        if path.is_file() and path.stat().st_size > imports.LARGEST:
            raise UsageError(f"{path.name} is larger than {imports.LARGEST // 2**20} MiB.", "Split it.")
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from None


def expanded(path: str) -> str:
    """Write a path out whole, as a shell would: the engine may stand in another folder."""
    return str(Path(path).expanduser().absolute())


def named(text: str) -> list[str]:
    """The files that a question names after an @, as they are written, each once; blocking."""
    found = dict.fromkeys(re.findall(r"(?<!\S)@(\S+)", text))
    return [name for name in found if _is_file(name)][:MOST_FILES]


def _is_file(name: str) -> bool:
    try:
        return Path(name).expanduser().is_file()
    except (OSError, ValueError, RuntimeError):  # too long, a null character, nobody's home
        return False


def without_marks(text: str, names: list[str]) -> str:
    """A question with each of these files by its own name only; nothing when it was nothing else."""
    rest = text
    for name in names:
        written = re.compile(rf"(?<!\S)@{re.escape(name)}(?!\S)")
        rest = "".join(written.split(rest))
        text = Path(name).name.join(written.split(text))
    return text if rest.strip() else ""
