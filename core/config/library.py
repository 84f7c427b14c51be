"""The settings of the library: a section of the table in `schema.py`."""

from __future__ import annotations

from typing import Annotated, Literal

from core.config.fields import Section, about


class Library(Section, frozen=True):
    """Documents: how they are read and searched, and what of them goes along with a question."""

    model: Annotated[
        str,
        about(
            "Embedding model",
            "Who makes the vectors of a space that names nobody. When the server does not have it, another "
            "embedding model that is installed; without any, documents are found by their words.",
            names="embedding model",
        ),
    ] = "nomic-embed-text"
    chats: Annotated[
        Literal["auto", "none"],
        about(
            "In chats",
            "What a chat looks up that was not told: with auto the spaces that match the question, with none "
            "nothing. Small talk looks nothing up.",
        ),
    ] = "auto"
    passages: Annotated[
        int,
        about("Passages", "How many passages go along with a question at most.", ge=1, le=20),
    ] = 5
    share: Annotated[
        int,
        about(
            "Share of the context",
            "How much of a model's context the passages may take.",
            ge=5,
            le=80,
            unit="percent",
        ),
    ] = 40
    method: Annotated[
        Literal["score", "rank"],
        about(
            "Fusion",
            "How what was found by meaning and by words is put together: by scores, or by ranks.",
        ),
    ] = "score"
    rerank: Annotated[
        str,
        about(
            "Rerank with",
            "A chat model that puts the ten best passages into a better order before they are used; empty: "
            "none. It is asked once for every question, so a small and fast one is best, or the one that "
            "answers.",
            names="model",
        ),
    ] = ""
    rerank_limit: Annotated[
        float,
        about(
            "Time for reranking",
            "After how long the order stays as it was found.",
            ge=1,
            le=120,
            unit="seconds",
        ),
    ] = 8.0
    ignore: Annotated[
        tuple[str, ...],
        about(
            "Leave out",
            "Names and patterns of files and folders that are passed over when a folder is read, beside what "
            "its .gitignore says.",
        ),
    ] = ()
    hidden: Annotated[
        bool, about("Hidden files", "Read files and folders whose name begins with a dot, too.")
    ] = False
    largest_file: Annotated[
        int,
        about("Largest file", "Larger files are passed over, and it is said.", ge=1, le=4096, unit="MB"),
    ] = 50
    read_limit: Annotated[
        float,
        about(
            "Time for a document",
            "After how long a document that is still being read is given up.",
            ge=1,
            le=3600,
            unit="seconds",
        ),
    ] = 60.0
    watch_every: Annotated[
        float,
        about(
            "Look again",
            "How often watched folders are looked through for what is new, changed or gone; 0 never.",
            ge=0,
            le=86400,
            unit="seconds",
        ),
    ] = 60.0
    keep_deleted_days: Annotated[
        int,
        about("Keep deleted", "For how long a deleted space can be taken back.", ge=0, le=3650, unit="days"),
    ] = 7
