"""Looks through what was given to be read: what is new, changed, as it was, or gone. For a thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from pathlib import Path
from typing import Protocol

import msgspec

from core.retrieval.documents import Known
from core.retrieval.extract.kinds import is_other
from core.retrieval.kept_out import mark_of

RECIPE = "3"
"""How documents are read and cut: those of another recipe are read again."""
_FRESH = 2.0
"""Seconds in which a file may change again without looking any different from outside."""


class Found(Protocol):
    """A file that was come across."""

    @property
    def path(self) -> Path:
        """Where it is."""
        ...

    @property
    def size(self) -> int:
        """Bytes."""
        ...

    @property
    def modified(self) -> float:
        """When it was changed last."""
        ...

    @property
    def reason(self) -> str:
        """Why it is passed over, as a sentence; empty when it is to be read."""
        ...


class Todo(msgspec.Struct, frozen=True, kw_only=True):
    """A file that is to be read."""

    source: str
    size: int
    modified: float
    seen: str
    digest: str
    reason: str = ""
    """Why it cannot be; then only that is noted."""
    fresh: bool = False
    """Nothing is known of it yet."""
    unread: bool = False
    """It was never looked into: it is fresh, or an earlier run ended before it was its turn."""


class Scan(msgspec.Struct, kw_only=True):
    """What was found."""

    todo: list[Todo] = []
    same: list[tuple[str, float, int]] = []
    """Files whose content is as it was and that look different from outside: (seen, modified, document)."""
    unchanged: int = 0
    unreadable: int = 0
    """What is as it was when it could not be read: looking into it again would tell nothing new."""
    passed: int = 0
    """What is no document by its name."""
    kept_out: int = 0
    """What somebody took out of the space."""
    gone: list[int] = []
    missing: list[str] = []
    """What was given to be read and is not there: nothing below it counts as gone."""


def look(
    roots: Sequence[Path],
    known: Mapping[str, Known],
    walk: Callable[[Sequence[Path]], Iterable[Found]],
    digest: Callable[[Path], str],
    *,
    now: float,
    again: bool = False,
    kept_out: Set[str] = frozenset(),
) -> Scan:
    """Compare what is there with what is known; *again* has everything read anew."""
    scan = Scan()
    there = []
    for root in roots:
        # A folder that is not mounted has not lost its documents.
        if _there(root):
            there.append(root)
        else:
            scan.missing.append(str(root))
    met: set[str] = set()
    for found in walk(there):
        source = str(found.path)
        if source in met:
            continue
        met.add(source)
        if kept_out and source not in known and mark_of(source) in kept_out:
            scan.kept_out += 1
            continue
        if found.reason and found.path not in there and is_other(found.path.name):
            # Pictures and programs between documents are no failures.
            scan.passed += 1
            continue
        if found.reason and _is_folder(found.path):
            scan.missing.append(source)
            if found.path not in there and not found.path.is_symlink():
                # Named among what could not be read; it goes from there once it can be entered.
                _compare(scan, found, source, known.get(source), digest, now=now, again=again)
            continue
        _compare(scan, found, source, known.get(source), digest, now=now, again=again)
    prefixes = tuple(f"{root}/" for root in there)
    exact = {str(root) for root in there}
    closed = tuple(f"{folder}/" for folder in scan.missing)
    scan.gone = [
        one.id
        for source, one in known.items()
        if source not in met
        and (source in exact or source.startswith(prefixes))
        and not source.startswith(closed)
    ]
    return scan


def _there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # it stands in a folder whose names may be read, and nothing else
        return False


def _compare(
    scan: Scan,
    found: Found,
    source: str,
    known: Known | None,
    digest: Callable[[Path], str],
    *,
    now: float,
    again: bool,
) -> None:
    # Of a file that was changed just now nobody knows whether it is changed once more in the same moment.
    settled = abs(now - found.modified) > _FRESH
    seen = f"{found.size}:{found.modified!r}" if settled else ""
    done = known is not None and known.state != "waiting" and known.recipe == RECIPE
    if found.reason:
        if known is None or not done or known.digest != found.reason:
            scan.todo.append(_todo(found, source, seen, found.reason, known))
        else:
            scan.unreadable += 1
        return
    if known is not None and done and not again and seen and known.seen == seen:
        _count(scan, known)
        return
    try:
        content = digest(found.path)
    except OSError as error:
        todo = _todo(found, source, "", "", known)
        reason = f"It cannot be read: {error.strerror or type(error).__name__}."
        scan.todo.append(msgspec.structs.replace(todo, reason=reason))
        return
    if known is not None and done and not again and known.digest == content:
        scan.same.append((seen, found.modified, known.id))
        _count(scan, known)
        return
    scan.todo.append(_todo(found, source, seen, content, known))


def _count(scan: Scan, known: Known) -> None:
    if known.state == "failed":
        scan.unreadable += 1
    else:
        scan.unchanged += 1


def _todo(found: Found, source: str, seen: str, digest: str, known: Known | None) -> Todo:
    return Todo(
        source=source,
        size=found.size,
        modified=found.modified,
        seen=seen,
        digest=digest,
        reason=found.reason,
        fresh=known is None,
        unread=known is None or (known.state == "waiting" and not known.revision),
    )
