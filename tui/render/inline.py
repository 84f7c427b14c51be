"""Inline Markdown as runs: emphasis, code, links, breaks, each with its place in the source.

The rules are CommonMark's plus strikethrough, footnote marks and bare addresses.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

from . import links
from .cells import Run, joined, runs_of
from .links import References
from .palette import INLINE_CODE, LINK, LINK_SHIFT
from .spans import BREAK, Parser


class Content:
    """The text of a leaf without its containers' marks, and where each of its lines stands in the source."""

    __slots__ = ("_places", "_starts", "text")

    def __init__(self, lines: list[tuple[int, str]]) -> None:
        self._starts: list[int] = []
        self._places = [source for source, _ in lines]
        at = 0
        for _, text in lines:
            self._starts.append(at)
            at += len(text) + 1
        self.text = "\n".join([text for _, text in lines])

    def at(self, position: int) -> int:
        """Return the place in the source of a position in the text."""
        if len(self._starts) == 1:
            return self._places[0] + position
        line = bisect_right(self._starts, position) - 1
        return self._places[line] + position - self._starts[line]


class Inline(NamedTuple):
    """A parsed stretch: its runs and the labels that were looked up in vain."""

    runs: list[Run]
    missing: set[str]
    settled: int
    """Position in the text up to which nothing that follows can change the result."""


def _addresses(text: str, start: int, targets: list[str]) -> list[tuple[str, int, int]]:
    """Split text at bare addresses; each becomes a link."""
    pieces: list[tuple[str, int, int]] = []
    done = 0
    for match in links.ADDRESS.finditer(text):
        end = match.start() + links.address_end(match[0])
        if match.start() > done:
            pieces.append((text[done : match.start()], start + done, 0))
        targets.append(text[match.start() : end])
        pieces.append((text[match.start() : end], start + match.start(), LINK | len(targets) << LINK_SHIFT))
        done = end
    pieces.append((text[done:], start + done, 0))
    return pieces


def parse(content: Content, style: int, references: References, targets: list[str], start: int = 0) -> Inline:
    """Parse the content from *start* on, which must be 0 or a settled position; links go to *targets*."""
    parser = Parser(content.text, start, references, targets)
    parser.run()
    pieces: list[Run] = []
    for node in parser.nodes:
        if text := node.text:
            begin = content.at(node.start)
            same = node.end - node.start == len(text) and text != " "
            pieces.append(
                (text, style | node.flags, begin, begin + len(text) if same else content.at(node.end))
            )
    runs: list[Run] = []
    for piece in joined(pieces):
        text, flags, begin, end = piece
        if end - begin != len(text):
            runs.extend(_special_run(piece))
        elif "://" in text and not flags & (LINK | INLINE_CODE):
            for address, at, link in _addresses(text, begin, parser.targets):
                runs.extend(runs_of(address, flags | link, at))
        else:
            runs.extend(runs_of(text, flags, begin))
    return Inline(runs, parser.missing, parser.settled())


def _special_run(run: Run) -> list[Run]:
    """Return what is shown for source of another length: an entity, an escape, a line break."""
    text, style, start, end = run
    if text == BREAK:
        return [run]
    return [(display, style, start, end) for display, _, _, _ in runs_of(text, style, 0)]
