"""Finding the documents in folders: what is ignored, what is too large, and what leads out of them."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from core.retrieval.extract.kinds import is_other, kind_of
from core.retrieval.extract.reading import MOST_BYTES
from core.retrieval.ignore import Ignore, Patterns

ALWAYS_IGNORED: tuple[str, ...] = (
    ".git/", ".hg/", ".svn/", "node_modules/", "__pycache__/", "*.pyc", ".venv/", "venv/", "site-packages/",
    ".mypy_cache/", ".ruff_cache/", ".pytest_cache/", ".tox/", ".idea/", ".vscode/", "*.egg-info/",
    ".DS_Store", "Thumbs.db", "desktop.ini", "~$*", "*~", ".#*", "*.swp", "*.part", "*.crdownload", "*.tmp",
    "package-lock.json", "yarn.lock", "pnpm-lock.yaml", "*.min.js", "*.min.css", "*.map",
)  # fmt: skip
"""What nobody wants to ask about, in the syntax of .gitignore."""

IGNORE_FILES = (".gitignore", ".leitstandignore")
"""Files in a folder that say what of it is passed over."""

_DEEPEST = 60


class Rules(msgspec.Struct, frozen=True):
    """What of a folder is passed over."""

    ignore: tuple[str, ...] = ALWAYS_IGNORED
    hidden: bool = False
    """Whether names that begin with a dot are read, too."""
    files: tuple[str, ...] = IGNORE_FILES
    most_bytes: int = MOST_BYTES


class Found(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file that was come across."""

    path: Path
    size: int = 0
    modified: float = 0.0
    media: str = ""
    """What its name says it is; empty when that says nothing."""
    reason: str = ""
    """Why it is passed over, as one sentence; empty when it is to be read."""


def walk(roots: Iterable[str | Path], rules: Rules = Rules()) -> Iterator[Found]:  # noqa: B008 - a frozen value
    """Every file below *roots*, each once, in the order of their names; blocking."""
    seen: set[tuple[int, int]] = set()
    for root in roots:
        place = Path(root).expanduser()
        try:
            real = place.resolve(strict=True)
            is_folder = real.is_dir()
        except (OSError, RuntimeError):
            yield Found(place.absolute(), reason="It is not there, or may not be seen by this user.")
            continue
        if is_folder:
            yield from _Walk(real, rules, seen).folder(real, (), 0)
        else:
            # Somebody named this very file: it is read whatever it is called.
            yield from _Walk(real.parent, rules, seen).file(place.absolute(), named=True)


def digest(path: Path) -> str:
    """The hash of a file's content; blocking."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def spelled(path: str) -> str:
    """A path as it can be written down: bytes that are no letters in UTF-8 stand as their numbers."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return os.fsencode(path).decode("utf-8", "backslashreplace")
    return path


class _Walk:
    """Goes through one root."""

    def __init__(self, root: Path, rules: Rules, seen: set[tuple[int, int]]) -> None:
        self._root = root
        self._prefix = str(root).rstrip("/") + "/"
        self._rules = rules
        self._seen = seen
        self._always = Patterns.of(rules.ignore)

    def folder(self, path: Path, above: Sequence[Ignore], depth: int) -> Iterator[Found]:
        """Everything in a folder that is not ignored."""
        try:
            with os.scandir(path) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
            about = path.stat()
        except OSError as error:
            yield Found(path, reason=f"The folder cannot be opened: {error.strerror}.")
            return
        if depth > _DEEPEST or (about.st_dev, about.st_ino) in self._seen:
            return
        self._seen.add((about.st_dev, about.st_ino))
        ignores = self._ignores(path, entries, above)
        for entry in entries:
            if entry.name.startswith(".") and not self._rules.hidden:
                continue
            linked = entry.is_symlink()
            try:
                is_folder = entry.is_dir()
            except OSError:
                # A link in a circle, or to where nobody lets us in: it gets its sentence below.
                is_folder = False
            if self._ignored(entry, ignores, is_folder=is_folder):
                continue
            if (said := spelled(entry.path)) != entry.path:
                yield Found(Path(said), reason="Its name is not in UTF-8. Rename it.")
                continue
            if linked and (reason := self._leaves(entry.path)):
                yield Found(Path(entry.path), reason=reason)
            elif is_folder:
                yield from self.folder(Path(entry.path), ignores, depth + 1)
            else:
                yield from self.file(Path(entry.path), entry=entry)

    def file(
        self, path: Path, *, entry: os.DirEntry[str] | None = None, named: bool = False
    ) -> Iterator[Found]:
        """One file, unless it was come across before."""
        try:
            about = path.stat() if entry is None else entry.stat()
        except OSError as error:
            yield Found(path, reason=f"It cannot be looked at: {error.strerror}.")
            return
        if (about.st_dev, about.st_ino) in self._seen:
            return
        self._seen.add((about.st_dev, about.st_ino))
        kind = kind_of(path.name)
        yield Found(
            path,
            about.st_size,
            about.st_mtime,
            kind.name if kind is not None else "",
            self._reason(path.name, about, named=named),
        )

    def _reason(self, name: str, about: os.stat_result, *, named: bool) -> str:
        if about.st_mode & 0o170000 != 0o100000:
            return "It is a device or a pipe, not a document."
        if about.st_size > self._rules.most_bytes:
            most = self._rules.most_bytes // 2**20
            return f"It has {about.st_size // 2**20} MB, and {most} MB is the most. Split it."
        if about.st_size == 0:
            return "It is empty."
        if not named and is_other(name):
            return "It is no document by its name."
        return ""

    def _ignores(
        self, path: Path, entries: list[os.DirEntry[str]], above: Sequence[Ignore]
    ) -> Sequence[Ignore]:
        """The rules that hold in a folder: those from above and those of the files in it."""
        base = str(path).rstrip("/") + "/"
        named = [entry for entry in entries if entry.name in self._rules.files]
        return [*above, *(Ignore(base, patterns) for entry in named if (patterns := _read(entry)))]

    def _ignored(self, entry: os.DirEntry[str], ignores: Sequence[Ignore], *, is_folder: bool) -> bool:
        """Whether a rule passes an entry over; the last that speaks of it decides."""
        verdict = self._always.verdict(entry.path[len(self._prefix) :], entry.name, is_folder=is_folder)
        for ignore in ignores:
            said = ignore.patterns.verdict(entry.path[len(ignore.base) :], entry.name, is_folder=is_folder)
            verdict = verdict if said is None else said
        return bool(verdict)

    def _leaves(self, path: str) -> str:
        """Why a link is not followed; empty when it stays inside the folder that was chosen."""
        closed = False
        try:
            target = os.path.realpath(path, strict=True)
        except OSError as error:
            if error.errno == errno.ELOOP:
                return "It is a link that leads in a circle."
            closed = error.errno == errno.EACCES
            target = os.path.realpath(path)
        if target != str(self._root) and not target.startswith(self._prefix):
            return "It is a link that leads out of the folder."
        if closed:
            return "It is a link to where this user may not look."
        if not os.path.exists(target):  # noqa: PTH110 - the string is at hand, thousands of times
            return "It is a link that leads nowhere."
        return ""


def _read(entry: os.DirEntry[str]) -> Patterns | None:
    try:
        if not entry.is_file() or entry.stat().st_size > 2**18:
            return None
        lines = Path(entry.path).read_text("utf-8", "replace").splitlines()
    except OSError:
        return None
    return Patterns.of(lines)
