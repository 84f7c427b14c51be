"""What the library is put together from; tests put in their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.clock import Clock
from core.config.library import Library as Settings
from core.ollama.client import Ollama
from core.retrieval.desk import Maker
from core.retrieval.embed import Embedder as RealEmbedder
from core.retrieval.files import ALWAYS_IGNORED, Rules, digest, walk
from core.retrieval.frames import Limits
from core.retrieval.index import Index as RealIndex
from core.retrieval.ingest import Tools
from core.retrieval.sandbox import Reader
from core.retrieval.scan import Found
from core.retrieval.seams import Embedder, Index
from core.tasks import Tasks


@dataclass(frozen=True)
class Parts:
    """An index, who reads and cuts, and who makes vectors."""

    index: Callable[[Callable[[int], None]], Index]
    """Makes the index; it says which space was damaged and went back in time."""
    tools: Tools
    embedder: Callable[[Maker], Embedder]


def parts(
    directory: Path,
    tasks: Tasks,
    clock: Clock,
    *,
    client: Callable[[], Ollama],
    settings: Callable[[], Settings],
) -> Parts:
    """The real ones; nothing heavy is imported or started before it is needed."""

    def index(repaired: Callable[[int], None]) -> Index:
        return RealIndex(
            directory, in_thread=tasks.in_thread, on_repair=lambda repair: repaired(repair.space)
        )

    def found(roots: Sequence[Path]) -> Iterable[Found]:
        return walk(roots, rules_of(settings()))

    def embedder(maker: Maker) -> Embedder:
        return RealEmbedder(client, maker.model, digest=maker.digest, clock=clock)

    given = settings()
    limits = Limits(seconds=given.read_limit, bytes=given.largest_file * 2**20)
    return Parts(index, Tools(Reader(limits), found, digest), embedder)


def rules_of(settings: Settings) -> Rules:
    """What of a folder is passed over, by the settings."""
    return Rules(
        ignore=(*ALWAYS_IGNORED, *settings.ignore),
        hidden=settings.hidden,
        most_bytes=settings.largest_file * 2**20,
    )
