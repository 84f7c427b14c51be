"""Tables and records: CSV row by row, JSON flattened to "key: value" lines, notebooks cell by cell."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from core.errors import Unreadable
from core.retrieval.extract.build import Builder, row
from core.retrieval.extract.html import fenced
from core.retrieval.extract.markdown import markdown
from core.retrieval.extract.plain import paragraphs
from core.retrieval.extract.text import clean, decode

_DEEPEST = 60
_MOST_OUTPUT = 2_000
"""Letters of one answer in a notebook: what follows is a table of numbers or a log."""


def read_csv(data: bytes, builder: Builder) -> None:
    """Read rows of cells; a cell that holds line breaks is put on one line."""
    text, note = decode(data)
    builder.note(note)
    text = clean(text)
    csv.field_size_limit(2**31 - 1)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    gathered: list[str] = []
    began = 1
    head = ""
    try:
        before = 0
        for cells in reader:
            line, before = before + 1, reader.line_num
            if line != began + len(gathered):
                # Lines are counted from where a piece begins: after a cell of several lines begins another.
                _rows(builder, gathered, began, head)
                gathered, began = [], line
            gathered.append(row(cells))
            head = head or gathered[0]
    except csv.Error:
        raise Unreadable("It is damaged: its rows cannot be told apart.") from None
    _rows(builder, gathered, began, head)


def _rows(builder: Builder, rows: list[str], began: int, head: str) -> None:
    while rows and not rows[0]:
        del rows[0]
        began += 1
    within = () if not builder.blocks else (head[:120],)
    builder.add("table", "\n".join(rows).rstrip(), line=began, within=within, cleaned=True)


def _delimiter(text: str) -> str:
    """The separator that most of the first lines use the same number of times."""
    lines = [line for line in text[:20_000].split("\n")[:40] if line.strip()]
    best, most = ",", (0, 0)
    for mark in (",", ";", "\t", "|"):
        counts = Counter(count for line in lines if (count := line.count(mark)))
        usual, times = counts.most_common(1)[0] if counts else (0, 0)
        if (times, usual) > most:
            best, most = mark, (times, usual)
    return best


def read_json(data: bytes, builder: Builder) -> None:
    """Read JSON, JSON lines or a notebook."""
    text, note = decode(data)
    builder.note(note)
    value, lines = _parsed(text)
    if isinstance(value, dict) and isinstance(value.get("cells"), list) and "nbformat" in value:
        _notebook(value, builder)
    elif isinstance(value, list):
        for number, one in enumerate(value):
            _record(one, builder, lines[number] if lines else None)
    else:
        if isinstance(value, dict) and isinstance(value.get("title"), str):
            builder.title = value["title"]
        _record(value, builder, None)


def _parsed(text: str) -> tuple[Any, list[int]]:
    """The value, and for JSON lines the line each record stands on."""
    try:
        return _load(text), []
    except RecursionError:
        raise Unreadable("Its JSON nests too deeply.") from None
    except ValueError:
        records, numbers = [], []
        for number, line in enumerate(text.split("\n"), 1):
            if line.strip():
                try:
                    records.append(_load(line))
                except (ValueError, RecursionError):
                    raise Unreadable(
                        f"It is damaged: its JSON is broken at line {number}."
                        if len(records) > 0
                        else "It is damaged: its JSON is broken."
                    ) from None
                numbers.append(number)
        return records, numbers


def _load(text: str) -> Any:
    # Numbers stay as they were written: a long one is no integer to compute with.
    return json.loads(text, parse_int=str, parse_float=str, parse_constant=str)


def _record(value: Any, builder: Builder, line: int | None) -> None:
    lines = list(_flat(value, "", 0))
    if line is not None:
        lines = [" · ".join(lines)]
    builder.add("list", "\n".join(lines), line=line)


def _flat(value: Any, path: str, depth: int) -> Iterator[str]:
    """One line a value, named by the way to it."""
    if depth > _DEEPEST:
        raise Unreadable("Its JSON nests too deeply.")
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(inner, f"{path}.{key}" if path else str(key), depth + 1)
    elif isinstance(value, list):
        if all(not isinstance(one, dict | list) for one in value):
            words = ", ".join(_word(one) for one in value)
            if words:
                yield f"{path}: {words}" if path else words
        else:
            for number, inner in enumerate(value, 1):
                yield from _flat(inner, f"{path}[{number}]", depth + 1)
    else:
        word = _word(value)
        if word:
            yield f"{path}: {word}" if path else word


def _word(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return " ".join(str(value).split())


def _notebook(value: dict[str, Any], builder: Builder) -> None:
    spec = value.get("metadata", {})
    info = spec.get("language_info", {}) if isinstance(spec, dict) else {}
    language = str(info.get("name", "python")) if isinstance(info, dict) else "python"
    builder.media = "notebook"
    for cell in value["cells"]:
        if not isinstance(cell, dict):
            continue
        source = cell.get("source") or ""
        text = clean("".join(map(str, source)) if isinstance(source, list) else str(source))
        kind = cell.get("cell_type")
        if kind in ("markdown", "raw"):
            before = len(builder.blocks)
            (markdown if kind == "markdown" else paragraphs)(text, builder)
            # Lines inside a cell are no lines of the file.
            builder.blocks[before:] = [
                type(block)(block.kind, block.text, block.level, language=block.language)
                for block in builder.blocks[before:]
            ]
        elif text.strip():
            builder.add("code", fenced(text.strip("\n"), language[:30]), language=language[:30])
        for said in _outputs(cell):
            builder.add("code", fenced(said), cleaned=True)


def _outputs(cell: dict[str, Any]) -> Iterator[str]:
    """What a cell of a notebook answered, as far as that is text and somebody would read it."""
    outputs = cell.get("outputs")
    for output in outputs if isinstance(outputs, list) else ():
        if not isinstance(output, dict):
            continue
        data = output.get("data")
        said = output.get("text") or (data.get("text/plain") if isinstance(data, dict) else None) or ""
        if output.get("ename"):
            said = f"{output['ename']}: {output.get('evalue', '')}"
        words = "".join(map(str, said)) if isinstance(said, list) else said if isinstance(said, str) else ""
        text = clean(words).strip("\n")
        if text.strip() and not text.startswith("<"):
            yield text if len(text) <= _MOST_OUTPUT else f"{text[:_MOST_OUTPUT]} …"
