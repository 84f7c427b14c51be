"""`completions`: the few lines that teach a shell to complete, and the answers it asks for.

The scripts know nothing: for every TAB they ask `leitstand __complete WORDS…`, which answers from the
table of verbs. So what is offered is always what the installed version has.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing, suppress
from typing import Any

from core.cli.completing import Candidate, offer
from core.cli.context import Context
from core.cli.exits import DONE
from core.errors import LeitstandError
from core.guard import one_line

ASKED = "__complete"
"""The first word of a question from a shell."""

_PATIENCE = 0.5
"""Seconds that names from the server may take: somebody holds the TAB key."""

_BASH = r"""# Completion of leitstand for bash.
_leitstand() {
    local typed=${COMP_LINE:0:COMP_POINT} line kind="" words
    # From the line itself: bash would cut names at their colons.
    read -ra words <<< "$typed"
    [[ $typed == *" " ]] && words+=("")
    local begun=${words[${#words[@]}-1]}
    # What stands before the last : or = bash keeps, and does not want again.
    local kept=${begun%"${begun##*[:=]}"}
    COMPREPLY=()
    while read -r line; do
        case $line in
            :files) kind=file ;;
            :directories) kind=directory ;;
            *) line=${line%%$'\t'*}; line=${line#"$kept"}
                [[ $line == *[[:space:]]* ]] && printf -v line %q "$line"
                COMPREPLY+=("$line") ;;
        esac
    done < <(leitstand __complete "${words[@]:1}" 2>/dev/null)
    if [[ -n $kind ]]; then
        compopt -o filenames 2>/dev/null
        while read -r line; do COMPREPLY+=("$line"); done < <(compgen -A "$kind" -- "${begun#"$kept"}")
    fi
}
complete -F _leitstand leitstand
"""

_ZSH = r"""#compdef leitstand
# Completion of leitstand for zsh.
_leitstand() {
    local -a found plain
    local line kind
    for line in "${(@f)$(leitstand __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
        case $line in
            '') ;;
            :files) kind=files ;;
            :directories) kind=directories ;;
            *$'\t'*) found+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}") ;;
            *) plain+=("$line") ;;
        esac
    done
    (( $#found )) && _describe leitstand found
    (( $#plain )) && compadd -- "${plain[@]}"
    case $kind in
        files) _files ;;
        directories) _files -/ ;;
    esac
}
if [ "$funcstack[1]" = _leitstand ]; then
    _leitstand "$@"
else
    compdef _leitstand leitstand
fi
"""

_FISH = r"""# Completion of leitstand for fish.
function __leitstand_complete
    set -l words (commandline -opc)[2..-1]
    for line in (leitstand __complete $words (commandline -ct) 2>/dev/null)
        switch $line
            case :files
                __fish_complete_path (commandline -ct)
            case :directories
                __fish_complete_directories (commandline -ct)
            case '*'
                echo $line
        end
    end
end
complete -c leitstand -f -a '(__leitstand_complete)'
"""

SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}
SHELLS = tuple(SCRIPTS)


def completions(context: Context) -> int:
    """Print the script for a shell."""
    script = SCRIPTS[context.values["shell"]]
    if context.out.json:
        context.out.value({"shell": context.values["shell"], "script": script})
        return DONE
    context.out.text(script)
    return DONE


def answer(context: Context, words: list[str]) -> int:
    """Print what may come next, a line each: the word, a tab, what it means."""
    from core.cli.verbs import GLOBALS, GROUPS, VERBS

    found = offer(words, VERBS, GLOBALS, GROUPS, lambda kind: _names(context, kind))
    for word, meaning in found.candidates:
        # A tab parts them, which `line` would not leave alone.
        told = f"\t{one_line(meaning, 100)}" if meaning else ""
        context.out.text(f"{one_line(word)}{told}\n")
    if found.files:
        context.out.text(f":{found.files}\n")
    return DONE


def _names(context: Context, kind: str) -> Iterable[Candidate]:
    """Return the names of a kind; what cannot be had in a moment is left out, nothing is complained of."""
    try:
        return list(_SOURCES[kind](context))
    except (LeitstandError, OSError, sqlite3.Error):
        return ()


def _settings(_: Context) -> Iterable[Candidate]:
    from core.config.schema import settings

    return [Candidate(setting.path, setting.title) for setting in settings()]


def _lanes(context: Context) -> Iterable[Candidate]:
    from core.cli.reach import settings
    from core.cli.verbs_queue import LANES
    from core.ollama.hosts import read

    others = [f"inference@{name}" for name in read(settings(context).hosts)[0]]
    return [Candidate(name, "") for name in (*LANES, *others)]


def _chats(context: Context) -> Iterable[Candidate]:
    query = "SELECT id, title FROM chat WHERE deleted_at IS NULL ORDER BY updated DESC LIMIT 50"
    return [Candidate(str(number), title) for number, title in _rows(context, query)]


def _jobs(context: Context) -> Iterable[Candidate]:
    query = "SELECT id, title FROM job ORDER BY finished IS NOT NULL, id DESC LIMIT 50"
    return [Candidate(str(number), title) for number, title in _rows(context, query)]


def _spaces(context: Context) -> Iterable[Candidate]:
    query = "SELECT name, description FROM space WHERE deleted_at IS NULL AND chat_id IS NULL ORDER BY key"
    return [Candidate(name, description) for name, description in _rows(context, query)]


def _documents(context: Context) -> Iterable[Candidate]:
    query = (
        "SELECT document.source, document.title FROM document JOIN space ON space.id = space_id "
        "WHERE deleted_at IS NULL AND revision ORDER BY document.updated DESC LIMIT 200"
    )
    # The shell offers what is short; a name that two have means both.
    return [Candidate(source.rpartition("/")[2], title) for source, title in _rows(context, query)]


def _types(_: Context) -> Iterable[Candidate]:
    from core.retrieval.narrowing import TYPES

    return [Candidate(name, each.shown) for name, each in TYPES.items()]


def _rows(context: Context, query: str) -> list[Any]:
    from core.cli.queue_glance import location

    if not context.paths.database.exists():
        return []
    with closing(sqlite3.connect(location(context.paths.database), uri=True, timeout=0.2)) as connection:
        return connection.execute(query).fetchall()


def _installed(context: Context) -> Iterable[Candidate]:
    import asyncio

    from core.cli.reach import elsewhere, server
    from core.ollama.names import at

    async def asked() -> list[Candidate]:
        async with server(context) as ollama:
            found = [Candidate(model.name, _size(model.size)) for model in await ollama.tags()]
        async for name, other in elsewhere(context):
            with suppress(LeitstandError):
                found += [Candidate(at(model.name, name), _size(model.size)) for model in await other.tags()]
        return found

    try:
        return asyncio.run(asyncio.wait_for(asked(), _PATIENCE))
    except TimeoutError:
        return ()


def _known(_: Context) -> Iterable[Candidate]:
    from core.models.catalog import load

    catalog, _wrong = load()
    return [Candidate(name, entry.description) for name, entry, _variant in catalog.names()]


def _size(size: int | None) -> str:
    return "" if size is None else f"{size / 1e9:.1f} GB"


_SOURCES = {
    "model": _installed,
    "known model": _known,
    "setting": _settings,
    "chat": _chats,
    "job": _jobs,
    "lane": _lanes,
    "space": _spaces,
    "document": _documents,
    "document type": _types,
}
