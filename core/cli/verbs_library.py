"""The part of the command line's table that is about documents."""

from __future__ import annotations

from core.cli.arguments import Verb

LIBRARY_VERBS = (
    Verb(
        "spaces",
        "Show the spaces that documents are kept in.",
        "A space is a collection of documents that is searched on its own.\n\n"
        "With --json it is an array of {id, name, description, documents, waiting, failed, chunks, embedded, "
        "bytes, model, made_by, stale, language, colour, roots, note, chat}.",
        "core.cli.library_verbs:spaces",
        (),
        (
            ("leitstand spaces", "what there is"),
            ("leitstand spaces --json | jq -r '.[].name'", "their names, for a script"),
        ),
    ),
)
