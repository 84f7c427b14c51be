"""The configuration file: read without ever failing, written without losing a comment.

Reading keeps what is right: a wrong value costs its own key only. Nothing but `set_value` and `unset`
writes. They hold a lock on the directory, go through a second file and a rename, and check the new text
before it replaces anything: every other key must read as it did.
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from core.config.fields import plain
from core.config.schema import Config
from core.config.tree import WrongText, build, parse, same
from core.config.types import Keys, Problem, Setting, Value
from core.config.values import check, find
from core.config.values import parse as parse_value
from core.errors import ConfigError, DataDirectoryError, LeitstandError, NotFound
from core.guard import one_line
from core.paths import make_private

LARGEST = 1_000_000
"""Bytes a file may have: many times what a person writes, and read in an instant."""

_BOM = "\ufeff"
_BY_HAND = "Mend that in an editor first."
_FIRST_LINE = "# The settings of Leitstand. `leitstand config example` shows every one of them."


class Stamp(msgspec.Struct, frozen=True):
    """What changes when a file does."""

    modified: int
    changed: int
    size: int
    inode: int
    device: int


class Loaded(msgspec.Struct, frozen=True):
    """What a file says, and what is wrong with it."""

    config: Config = Config()
    problems: tuple[Problem, ...] = ()
    given: frozenset[str] = frozenset()
    stamp: Stamp | None = None


def stamp(path: Path) -> Stamp | None:
    """Return what to compare to learn of a change; None when there is no file to be seen."""
    try:
        found = path.stat()
    except OSError:
        return None
    return Stamp(found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino, found.st_dev)


def load(path: Path, before: Loaded | None = None) -> Loaded:
    """Read the file; what is wrong is a problem, and stays as it was *before* (else at its default)."""
    before = before or Loaded()
    seen = stamp(path)  # before reading: a change in between is noticed later
    try:
        text = _read(path).removeprefix(_BOM)
        config, problems, given = build(parse(text), text, before.config, before.given)
    except WrongText as wrong:
        return Loaded(before.config, (wrong.problem,), before.given, seen)
    return Loaded(config, problems, given, seen)


def set_value(path: Path, key: str, value: Value) -> None:
    """Write a setting, or an entry of one like keys.palette; a text is read as a person typed it."""
    setting, entry = find(key)
    if setting.kind == "map" and not entry:
        raise ConfigError(
            f"{setting.path} is a table and is set entry by entry.",
            f"Set {setting.path}.NAME, one at a time.",
        )
    raw = parse_value(setting, value) if isinstance(value, str) and not entry else value
    new = plain(check(setting, raw, entry))

    def change(text: str, parsed: dict[str, Any]) -> str:
        return _put(text, parsed, _keys(parsed, setting, entry), new)

    _edit(path, change)


def unset(path: Path, key: str) -> None:
    """Take a key out of the file: a setting, or one that nobody knows; the rest stays as it is."""

    def change(text: str, parsed: dict[str, Any]) -> str:
        try:
            keys = _keys(parsed, *find(key))
        except NotFound:
            if (unknown := _chain(parsed, key)) is None:
                raise
            keys = unknown
        return _take(text, parsed, keys)

    _edit(path, change)


def _keys(parsed: dict[str, Any], setting: Setting, entry: str) -> Keys:
    """Return the keys of a setting or of its entry, which the file may write as one key or as several."""
    keys = tuple(setting.path.split("."))
    if not entry:
        return keys
    inside: Any = parsed
    for key in keys:
        inside = inside.get(key) if isinstance(inside, dict) else None
    return (*keys, *((_chain(inside, entry) if isinstance(inside, dict) else None) or (entry,)))


def _chain(parsed: dict[str, Any], key: str) -> Keys | None:
    """Return the keys that lead to what a person calls *key*: any of them may have dots in it."""
    for name, value in parsed.items():
        if name == key:
            return (name,)
        if isinstance(value, dict) and key.startswith(name + "."):
            rest = _chain(value, key[len(name) + 1 :])
            if rest is not None:
                return (name, *rest)
    return None


def _put(text: str, parsed: dict[str, Any], keys: Keys, value: Value) -> str:
    """Return the text with a value at the keys, and set it in the parsed form as well."""
    import tomlkit  # slow to import, and needed by whoever writes only

    from core.config.lines import room_for

    *above, name = keys
    known, place = True, parsed
    for key in above:
        known = known and key in place
        place = place.setdefault(key, {})
        if not isinstance(place, dict):
            raise ConfigError(f"{'.'.join(above)} in the file is not a table.", _BY_HAND)
    if isinstance(place.get(name), dict):
        raise ConfigError(f"{'.'.join(keys)} in the file is a table, with keys of its own.", _BY_HAND)
    new, place[name] = name not in place, value
    line = f"{tomlkit.key(name).as_string()} = {tomlkit.item(value).as_string()}\n"
    if not known:
        header = ".".join(tomlkit.key(key).as_string() for key in above)
        return f"{_ended(text) or _FIRST_LINE + chr(10)}\n[{header}]\n{line}"
    if new and (room := room_for(text, tuple(above), name)) is not None:
        return _ended(text[:room]) + line + text[room:]
    document = tomlkit.parse(text)
    table: Any = document
    for key in above:
        table = table[key]
    table[name] = value
    return tomlkit.dumps(document)


def _take(text: str, parsed: dict[str, Any], keys: Keys) -> str:
    """Return the text without the keys, and take them out of the parsed form as well."""
    import tomlkit

    document = tomlkit.parse(text)
    table: Any = document
    for key in keys[:-1]:
        if not isinstance(parsed.get(key), dict):
            return text
        table, parsed = table[key], parsed[key]
    if keys[-1] not in parsed:
        return text  # what is not in the file has its default already
    del table[keys[-1]], parsed[keys[-1]]
    return tomlkit.dumps(document)


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else text + "\n"


def _edit(path: Path, change: Callable[[str, dict[str, Any]], str]) -> None:
    """Read, change, check, replace; once more when somebody else wrote in between."""
    real = Path(os.path.realpath(path))  # a link stays a link: what it leads to is replaced
    try:
        if not real.parent.is_dir():
            make_private(real.parent)
        with _locked(real.parent):
            for _ in range(5):
                seen = stamp(real)
                text = _read(real)
                new = _changed(text, change)
                if new == text or _replace(real, new, seen):
                    return
    except WrongText as wrong:
        hint = _BY_HAND if wrong.problem.line else wrong.problem.hint
        raise ConfigError(f"Nothing was written. {wrong.problem.sentence}", hint) from None
    except DataDirectoryError as error:
        raise ConfigError(error.message, "Check who owns it, or choose another file with --config.") from None
    except OSError as error:
        raise ConfigError(
            f"{one_line(str(path), 200)} cannot be written: {error.strerror}.",
            "Check the owner, the permissions and the free space of its directory.",
        ) from None
    raise ConfigError(
        "Nothing was written: another program keeps writing the file.", "Try again in a moment."
    )


def _changed(text: str, change: Callable[[str, dict[str, Any]], str]) -> str:
    """Return the new text, proved to say what it should and nothing else."""
    mark = _BOM if text.startswith(_BOM) else ""
    body = text.removeprefix(_BOM)
    expected = parse(body)
    try:
        new = change(body, expected)
        if body and "\n" not in body.replace("\r\n", ""):  # every line ends as Windows ends it
            new = new.replace("\r\n", "\n").replace("\n", "\r\n")
        sound = same(parse(new), expected)
    except LeitstandError:
        raise
    except Exception:  # noqa: BLE001 - tomlkit has several of its own for what it cannot change
        sound = False
    if not sound:
        raise ConfigError(
            "Nothing was written: this key cannot be changed without touching others.",
            "Change it in an editor.",
        )
    return mark + new


def _read(path: Path) -> str:
    """Return the text as it is, empty when there is no file."""
    name = one_line(str(path), 200)
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise WrongText(f"{name} is a directory, not a file.", "Give the file with --config.")
        if not stat.S_ISREG(mode):
            raise WrongText(f"{name} is not a regular file.", "Give a plain file with --config.")
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise WrongText(
            f"{name} cannot be read: {error.strerror}.", "Check its owner and its permissions."
        ) from None
    if len(content) > LARGEST:
        raise WrongText(
            f"{name} is larger than {LARGEST // 1000} kB and was not read.",
            "A configuration is a page of text: is this the right file?",
        )
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise WrongText(f"{name} is not UTF-8 text.", "Save it as UTF-8 in your editor.", line=line) from None


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """Keep other writers of ours out; the directory itself is the lock, so that none is left lying."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with suppress(OSError):  # some network file systems cannot; the stamp is compared all the same
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _replace(path: Path, text: str, seen: Stamp | None) -> bool:
    """Put a whole new file, private to the user, in place of the one that was seen; else do nothing."""
    import tempfile

    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".new")
    new = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        if stamp(path) != seen:
            new.unlink()
            return False
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
    return True
