"""The part of the command line's table that is about documents."""

from __future__ import annotations

from core.cli.arguments import LASTING, Argument, Verb, whole

_SPACE = Argument("--space", "The name of the space.", "NAME", names="space")
_SPACES = Argument("--space", "Only this space; may come several times.", "NAME", many=True, names="space")
_NAMED = Argument("NAME", "The name of a space.", names="space")
NARROWING = (
    Argument(
        "--document",
        "Only this one: a title, a part of one, a path, a folder, or its number; may come several times.",
        "NAME",
        many=True,
        names="document",
    ),
    Argument(
        "--type",
        "Only such as pdf, markdown, code, html, word or mail; may come several times.",
        "TYPE",
        many=True,
        names="document type",
    ),
    Argument("--since", "Only what was changed since 2026-03-01, 2026-03, today or 7d ago.", "DAY"),
    Argument("--until", "Only what was changed up to the end of such a day.", "DAY"),
)
"""What keeps a search to some documents."""
_PROGRESS = (
    "With --json each step is a line {phase, space, documents, read, added, changed, unchanged, removed, "
    "failed, kept_out, chunks, percent, speed, eta, current}; the last one has done."
)

LIBRARY_VERBS = (
    Verb(
        "ingest",
        "Read files and folders into a space, so that questions are answered from them.",
        "Text, Markdown, source code, HTML, CSV, JSON, PDF, Word, PowerPoint, Excel, EPUB and mail are read, "
        "folders with everything in them. - reads a text from standard input. The space is made when it is "
        "missing. Without a PATH everything that was read into the space before is looked through again.\n\n"
        "Only what is new or changed is read, and what is gone is removed. A document that cannot be read is "
        "named with the reason and the rest goes on; the command fails when none could be read. ctrl+c "
        "stops, unless another Leitstand runs the work: then it goes on there, and it is said how to end it. "
        "What was read stays, and the same command goes on.\n\n"
        f"{_PROGRESS} Documents that cannot be read are lines {{document, error}}.",
        "core.cli.library_verbs:ingest",
        (
            Argument("PATH", "A file, a folder, or - for standard input.", optional=True, many=True),
            _SPACE,
            Argument("--name", "What the text from standard input is called.", "NAME"),
            Argument("--model", "Who makes the vectors of a space that is made.", "NAME", names="model"),
            Argument("--watch", "Let a running Leitstand look through the folders again and again."),
            Argument("--again", "Read what is unchanged, too."),
            *LASTING,
        ),
        (
            ("leitstand ingest ~/manuals --space manuals", "a folder"),
            ("git log | leitstand ingest - --space work --name history", "what another command prints"),
            ("leitstand ingest --space manuals", "what is new in it"),
            ("leitstand ingest ~/archive --space archive --detach", "much of it, in the background"),
        ),
    ),
    Verb(
        "search",
        "Find passages in the documents.",
        "Searches by meaning and by words, in one space, in several, or without --space in all of them; "
        "--space auto takes those that match the question. Each line says how well a passage fits, where it "
        "stands and what it says: near 0.62 is the likeness of its meaning, up to 1; words, that only its "
        "words were found.\n\n"
        "With --json it is an array of {document, title, text, score, page, line, space, heading, id, "
        "section, cosine, bm25}; score compares it with the others of this search only. "
        "--explain answers with an object instead: the passages, the spaces with their shares, and "
        "every candidate with the scores of both ways and why it was left out.\n\n"
        "--document, --type, --since and --until keep to some documents; what is let through is said by "
        "--explain.",
        "core.cli.search_verb:search",
        (
            Argument("TEXT", "What to look for."),
            _SPACES._replace(help="Only this space; may come several times; auto takes what matches."),
            *NARROWING,
            Argument("--limit", "At most so many passages; 5 when not given.", "N", whole),
            Argument("--method", "How both ways are put together.", "METHOD", choices=("score", "rank")),
            Argument(
                "--rerank",
                "Who puts the best passages in order; none: nobody. Otherwise the settings say.",
                "MODEL",
                names="model",
            ),
            Argument("--explain", "Say how it came to that."),
        ),
        (
            ('leitstand search "notice period" --space contracts', "in one space"),
            ("leitstand search pump --rerank llama3.2:3b --explain", "put in order by a model, and how"),
            ("leitstand search pump --type pdf --since 7d", "in the PDFs of this week"),
            (
                'leitstand search "Kündigungsfrist" --json | jq -r ".[0].text"',
                "the best passage, for a script",
            ),
        ),
    ),
    Verb(
        "spaces",
        "Show the spaces that documents are kept in.",
        "A space is a collection of documents that is searched on its own.\n\n"
        "With --json it is an array of {id, name, description, documents, waiting, failed, chunks, embedded, "
        "bytes, model, made_by, stale, language, colour, roots, note, chat}.",
        "core.cli.space_verbs:spaces",
        (),
        (
            ("leitstand spaces", "what there is"),
            ("leitstand spaces --json | jq -r '.[].name'", "their names, for a script"),
        ),
    ),
    Verb(
        "spaces create",
        "Make a space.",
        "Reading into a space that does not exist makes it, too.",
        "core.cli.space_verbs:create",
        (
            _NAMED._replace(names=""),
            Argument("--description", "What is in it.", "TEXT"),
            Argument("--model", "Who makes its vectors; otherwise the settings say.", "NAME", names="model"),
            Argument("--language", "What its words are searched in, like german.", "NAME"),
        ),
        (("leitstand spaces create contracts --model bge-m3", "with a model for many languages"),),
    ),
    Verb(
        "spaces change",
        "Change a space: its name, its description, its colour, its language, its model.",
        "Of another language the words are taken apart anew, in the background; another model asks for a "
        "`reindex`.",
        "core.cli.space_verbs:change",
        (
            _NAMED,
            Argument("--rename", "What it is called from now on.", "NAME"),
            Argument("--description", "What is in it.", "TEXT"),
            Argument(
                "--colour",
                "What marks it.",
                "COLOUR",
                choices=("none", "red", "orange", "yellow", "green", "teal", "blue", "violet", "pink"),
            ),
            Argument("--language", "What its words are searched in, like german; auto finds out.", "NAME"),
            Argument("--model", "Who is to make its vectors.", "NAME", names="model"),
        ),
        (
            ("leitstand spaces change contracts --rename leases", "another name"),
            ("leitstand spaces change leases --description 'All of them' --colour teal", "what lists show"),
        ),
    ),
    Verb(
        "spaces delete",
        "Delete a space; its files stay.",
        "For some days `spaces restore` takes that back.",
        "core.cli.space_verbs:delete",
        (_NAMED,),
        (("leitstand spaces delete contracts", "this one"),),
    ),
    Verb(
        "spaces restore",
        "Take the deletion of a space back.",
        "That goes for as many days as library.keep_deleted_days says.",
        "core.cli.space_verbs:restore",
        (_NAMED._replace(names=""),),
        (("leitstand spaces restore contracts", "the one that was deleted last under that name"),),
    ),
    Verb(
        "sources",
        "Show the documents of the spaces.",
        "With --json it is an array of {id, space, document, title, kind, media, state, error, notes, size, "
        "pages, chunks, embedded, modified}; document is the path, state is ready, waiting or failed, and "
        "error says why it failed.",
        "core.cli.library_verbs:sources",
        (
            _SPACES,
            Argument("--failed", "Only those that could not be read."),
            Argument("--find", "Only those with this in their path or title.", "TEXT"),
        ),
        (
            ("leitstand sources --space contracts", "what is in it"),
            ("leitstand sources --failed", "what could not be read, and why"),
        ),
    ),
    Verb(
        "sources remove",
        "Take documents out of a space; their files stay.",
        "A document is named by its path, its name, or its number as `sources --json` has it. A folder takes "
        "everything below it.",
        "core.cli.library_verbs:remove",
        (
            Argument("DOCUMENT", "Which ones.", many=True, names="document"),
            _SPACE,
            Argument("--purge", "Overwrite what was kept of them, so that no byte is left."),
        ),
        (("leitstand sources remove ~/manuals/old.pdf --space manuals --purge", "without a trace"),),
    ),
    Verb(
        "reindex",
        "Build the index of a space anew.",
        "Needed after its embedding model was changed. It is searched meanwhile as it is. ctrl+c stops, and "
        f"the same command goes on.\n\n{_PROGRESS}",
        "core.cli.library_verbs:reindex",
        (_SPACE, Argument("--model", "Who makes its vectors from now on.", "NAME", names="model"), *LASTING),
        (("leitstand reindex --space manuals --model bge-m3", "with another model"),),
    ),
    Verb(
        "optimize",
        "Clean up the index of a space.",
        f"Done by itself after every ingest.\n\n{_PROGRESS}",
        "core.cli.library_verbs:optimize",
        (_SPACE, Argument("--purge", "Overwrite what was deleted, so that no byte of it is left."), *LASTING),
        (("leitstand optimize --space manuals --purge", "erase for good"),),
    ),
)
