"""What the known embedding models want: words before the text, and how much of it they really read. Pure.

The server adds no words of its own, and for some models it accepts more than they were trained to read.
"""

from __future__ import annotations

from typing import NamedTuple

_SEARCH = "Given a web search query, retrieve relevant passages that answer the query"
_REPRESENT = "Represent this sentence for searching relevant passages: "


class Manner(NamedTuple):
    """How texts are put to a model."""

    window: int
    """Tokens it reads; what stands behind them would be as if it were not there."""
    query: str = ""
    document: str = ""
    """What stands before a question and before a text that may answer it."""
    english: bool = False
    """Whether it knows no other language."""

    @property
    def scheme(self) -> str:
        """A short name of the prefixes: vectors made with others are not comparable."""
        return "bare" if not self.query and not self.document else f"{len(self.query)}-{len(self.document)}"


UNKNOWN = Manner(512)
"""The smallest usual window, for a model nobody has told us of."""

# The first counts that a name begins with, or a part of it: makers put their own names before.
_MANNERS: tuple[tuple[str, Manner], ...] = (
    ("nomic-embed-text-v2", Manner(512, "search_query: ", "search_document: ")),
    ("nomic-embed-text", Manner(2048, "search_query: ", "search_document: ", english=True)),
    ("nomic-embed-code", Manner(8192, "Represent this query for searching relevant code: ")),
    ("all-minilm", Manner(256, english=True)),
    ("mxbai-embed-large", Manner(512, _REPRESENT, english=True)),
    ("snowflake-arctic-embed2", Manner(8192, "query: ")),
    ("snowflake-arctic-embed", Manner(512, _REPRESENT, english=True)),
    ("bge-m3", Manner(8192)),
    ("bge-large", Manner(512, _REPRESENT, english=True)),
    ("bge-base", Manner(512, _REPRESENT, english=True)),
    ("bge-small", Manner(512, _REPRESENT, english=True)),
    ("multilingual-e5-large-instruct", Manner(512, f"Instruct: {_SEARCH}\nQuery: ")),
    ("e5-mistral", Manner(4096, f"Instruct: {_SEARCH}\nQuery: ")),
    ("multilingual-e5", Manner(512, "query: ", "passage: ")),
    ("e5-", Manner(512, "query: ", "passage: ", english=True)),
    ("qwen3-embedding", Manner(8192, f"Instruct: {_SEARCH}\nQuery:")),
    ("embeddinggemma", Manner(2048, "task: search result | query: ", "title: none | text: ")),
    ("granite-embedding", Manner(512)),
    ("paraphrase-multilingual", Manner(128)),
    ("jina-embeddings-v2", Manner(8192)),
    ("gte-", Manner(512)),
)


def manner_of(model: str, context: int | None = None) -> Manner:
    """How texts are put to a model; *context* is what the server says it reads, for one that is not known."""
    name = model.rpartition("/")[2].partition(":")[0].lower().replace("_", "-")
    for beginning, manner in _MANNERS:
        if name.startswith(beginning) or f"-{beginning}" in name:
            return manner
    return UNKNOWN if context is None else Manner(max(context, 128))
