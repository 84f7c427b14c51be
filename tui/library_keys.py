"""The keys of the library's page and its windows."""

from __future__ import annotations

from tui.key import Key

LIBRARY_KEYS: tuple[Key, ...] = (
    Key("library.search", "slash", "search", "search", "Find passages while you type", footer=True),
    Key("library.add", "a", "add", "add", "Read files or a folder into the space", footer=True),
    Key("library.new", "n", "new", "new space", "Make a space", footer=True),
    Key("library.pause", "space", "pause", "pause", "Set reading aside, or let it go on", footer=True),
    Key("library.stop", "s", "stop", "stop", "End reading; what was read stays"),
    Key(
        "library.again", "r", "again", "read again", "Read what is new or changed in its folders", footer=True
    ),
    Key("library.reindex", "R", "reindex", "re-index", "Build the space's index anew with its model"),
    Key("library.tidy", "t", "tidy", "tidy", "Clean up the space's index"),
    Key("library.change", "e", "change", "change", "Give the space another name or description", footer=True),
    Key("library.colour", "c", "colour", "colour", "Mark the space with a colour"),
    Key("library.delete", "x", "delete", "delete", "Delete the selected one; u takes that back", footer=True),
    Key("library.undo", "u", "undo", "undo", "Take the last deletion back"),
    Key("library.filter", "f", "filter", "filter", "Show only documents with these words in their names"),
    Key("library.which", "w", "which", "which", "All documents, or only those that could not be read"),
    Key(
        "library.other",
        "tab,left,right",
        "other",
        "documents",
        "To the documents, or to the spaces",
        footer=True,
    ),
    Key("library.back", "escape", "back", "back", "All documents again, and back to the spaces"),
    Key("library.copy", "y", "copy_path", "copy", "Copy the path of the document, or why it was not read"),
    Key("reading.next", "n", "page(1)", "next sections", "The sections after these"),
    Key("reading.before", "p", "page(-1)", "sections before", "The sections before these"),
    Key("reading.copy", "y", "copy_passage", "copy", "Copy the passage, or what is shown"),
    Key("spaces.mark", "space", "mark", "mark", "Take the space in, or leave it out"),
    Key("find.where", "tab", "where", "where", "Search every space, or only this one", priority=True),
    Key("find.inspect", "alt+i", "inspect", "how found", "Show how the passages were found", priority=True),
)
