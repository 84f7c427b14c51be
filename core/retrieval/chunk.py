"""From a document to sections and units, cut where it has joints of its own.

The blocks are first broken at their joints into pieces: sentences, items, rows, lines. A joint has a
strength (a heading is stronger than a paragraph, a paragraph stronger than a sentence), and a section ends
at the strongest joint within its bounds; of equal ones at that whose words have the smallest hash. That
choice looks at the text alone, so an edit moves the joints around it and not those of the whole rest.
Units are cut inside their section in the same way.
"""

from __future__ import annotations

from hashlib import blake2b

from core.retrieval.pieces import BLOCK, HEADING, NEVER, Piece, TokenCount, context, estimate, pieces
from core.retrieval.types import Cut, Document, Place, Section, Unit

__all__ = ["cut", "estimate"]

_HARD = 1.25
"""A unit may be this much longer than aimed at, a section a little less: nothing is cut off, ever."""
_MOST_CONTEXT = 0.3


def cut(
    document: Document,
    *,
    document_id: str,
    tokens: TokenCount = estimate,
    unit: int = 200,
    section: int = 500,
) -> Cut:
    """Cut a document; *unit* and *section* are the tokens aimed at."""
    most_unit = int(unit * _HARD)
    # Small enough for a unit that carries its headings.
    all_pieces = pieces(document, tokens, int(unit * (_HARD - _MOST_CONTEXT)) - 2)
    keys = _Keys(document_id)
    sections: list[Section] = []
    units: list[Unit] = []
    start = 0
    for end in _ends(all_pieces, least=int(section * 0.8), most=int(section * 1.2), soft=int(section * 0.4)):
        group = all_pieces[start:end]
        start = end
        text, spans = _joined(group)
        path = _common(group)
        plain = _is_plain(text)
        key = keys.of("s", path, text, plain=plain)
        sections.append(Section(key, len(sections), path, text, _place(group), tokens(text)))
        _units(document.title, group, text, spans, key, units, keys, tokens, unit, most_unit, plain=plain)
    return Cut(tuple(sections), tuple(units))


def _units(
    title: str,
    group: list[Piece],
    text: str,
    spans: list[tuple[int, int]],
    section: str,
    units: list[Unit],
    keys: _Keys,
    tokens: TokenCount,
    unit: int,
    most: int,
    *,
    plain: bool,
) -> None:
    """Cut one section into units; what stands before a unit's text counts as a part of it."""
    heads: dict[tuple[tuple[str, ...], str], tuple[str, int]] = {}

    def headed(path: tuple[str, ...], head: str = "") -> tuple[str, int]:
        if (path, head) not in heads:
            line = context(title, path, int(unit * _MOST_CONTEXT), tokens, head=head)
            heads[path, head] = line, tokens(line) if line else 0
        return heads[path, head]

    above = headed(_common(group))
    room = most - above[1]
    begin = 0
    for end in _ends(group, least=min(int(unit * 0.6), room - 1), most=room, soft=int(unit * 0.3)):
        part = group[begin:end]
        low, high = spans[begin][0], spans[end - 1][1]
        path = _common(part)
        words = text[low:high]
        before = headed(path, _head(part, path))
        key = keys.of("u", path, words, plain=plain)
        count = tokens(words)
        if count + before[1] > most:
            # A deeper path or a table's head may not fit beside a unit that is full already.
            before = above
        place = _place(part)
        units.append(Unit(key, section, len(units), words, low, high, before[0], place, count + before[1]))
        begin = end


def _head(part: list[Piece], path: tuple[str, ...]) -> str:
    """The head of the table that a unit's rows belong to, when the unit does not begin with it."""
    head = part[0].head
    return head if head and head not in path and all(piece.head == head for piece in part) else ""


def _ends(all_pieces: list[Piece], *, least: int, most: int, soft: int) -> list[int]:
    """Where to cut: the numbers of the pieces that stretches end before."""
    ends: list[int] = []
    count = len(all_pieces)
    sizes = [piece.tokens for piece in all_pieces]
    rest = sum(sizes)
    begin = 0
    while begin < count:
        if rest <= most:
            ends.append(count)
            break
        end = _end(all_pieces, begin, rest, least, most, soft)
        rest -= sum(sizes[begin:end])
        ends.append(end)
        begin = end
    return ends


def _end(all_pieces: list[Piece], begin: int, rest: int, least: int, most: int, soft: int) -> int:
    """The best place to end the stretch that starts at *begin*."""
    best = NEVER
    chosen = last = block = block_size = 0
    size = all_pieces[begin].tokens
    at = begin + 1
    while size <= most and at < len(all_pieces):
        piece = all_pieces[at]
        strength = piece.strength
        if strength >= 0:
            last = at
            if strength >= BLOCK:
                block, block_size = at, size
            # A heading is worth a stretch that is a little short; the rest must not become a scrap.
            early = soft if strength >= HEADING else least
            better = best < strength or (best == strength and piece.digest < all_pieces[chosen].digest)
            if better and size >= early and rest - size >= soft:
                best, chosen = strength, at
        size += piece.tokens
        at += 1
    if best >= BLOCK:
        return chosen
    if block and (block_size >= soft or _stays(all_pieces[block], most)):
        return block
    # Without any joint that may be used: as much as fits.
    return chosen or last or max(begin + 1, at - 1)


def _stays(piece: Piece, most: int) -> bool:
    """Whether what begins here is better kept whole than broken to fill the stretch before it."""
    return 0 < piece.whole <= most and piece.kind in ("code", "table")


def _joined(group: list[Piece]) -> tuple[str, list[tuple[int, int]]]:
    """The text of a section and where each piece stands in it, without the white space behind it."""
    parts: list[str] = []
    spans: list[tuple[int, int]] = []
    at = end = 0
    before = ""
    for piece in group:
        if piece.first and spans:
            # What stood behind the last piece is not kept before a break.
            parts.append(before.rstrip() + "\n\n")
            at = end + 2
        elif before:
            parts.append(before)
        before = piece.text
        end = at + len(before.rstrip())
        spans.append((at, end))
        at += len(before)
    parts.append(before.rstrip())
    return "".join(parts), spans


def _common(group: list[Piece]) -> tuple[str, ...]:
    """The headings that all words stand under; those that only open the way to them do not count."""
    below = [piece for piece in group if piece.kind != "heading"] or group
    first = below[0].path
    # Every heading makes a path of its own: between two pieces of one path there are none, and what
    # stands in a class or a function only goes deeper.
    if first is below[-1].path:
        return first
    paths = [piece.path for piece in below]
    low, high = min(paths), max(paths)
    for number, name in enumerate(low):
        if number >= len(high) or high[number] != name:
            return low[:number]
    return low


def _place(group: list[Piece]) -> Place:
    """Where a stretch begins and ends in its source."""
    line = line_end = page = page_end = None
    for piece in group:
        if piece.line is not None and piece.line_end is not None:
            if line is None or piece.line < line:
                line = piece.line
            if line_end is None or piece.line_end > line_end:
                line_end = piece.line_end
        if piece.page is not None:
            if page is None or piece.page < page:
                page = piece.page
            if page_end is None or piece.page > page_end:
                page_end = piece.page
    return Place(page, page_end, line, line_end)


_PLAIN = bytes(range(32, 127))


def _is_plain(text: str) -> bool:
    """Whether a text is words with one blank between them but for its line breaks; most are."""
    if not text.isascii():
        return False
    flat = _broken_up(text.encode())
    return b"  " not in flat and not flat.translate(None, _PLAIN)


def _broken_up(text: bytes) -> bytes:
    return text.replace(b"\n\n", b" ").replace(b"\n", b" ").strip()


def _flat(text: str, *, plain: bool) -> bytes:
    """The words of a text with one blank between them; *plain* says that it is a part of a plain one."""
    return _broken_up(text.encode()) if plain else " ".join(text.split()).encode("utf-8", "surrogatepass")


class _Keys:
    """Stable names: of the same words under the same headings of a document, the first stays the first."""

    def __init__(self, document_id: str) -> None:
        self._base = blake2b(document_id.encode(), digest_size=16)
        self._seen: dict[str, int] = {}

    def of(self, kind: str, path: tuple[str, ...], text: str, *, plain: bool) -> str:
        """The key of a stretch of text."""
        digest = self._base.copy()
        digest.update("\0".join((kind, *path, "", "")).encode("utf-8", "surrogatepass"))
        digest.update(_flat(text, plain=plain))
        name = digest.hexdigest()
        times = self._seen.get(name, 0)
        self._seen[name] = times + 1
        if not times:
            return name
        digest.update(b"\0%d" % times)
        return digest.hexdigest()
