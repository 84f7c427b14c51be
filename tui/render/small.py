"""What a window shows that is too small for a page: where one is, what goes on, and the way on. Pure."""

from __future__ import annotations

from tui.facts import Facts, download_pieces, link_pieces, model_pieces, queue_pieces, server_pieces
from tui.glyphs import Glyphs
from tui.render.pieces import Piece, cut
from tui.render.status import alert_pieces, memory_pieces


def small_rows(
    facts: Facts, glyphs: Glyphs, size: tuple[int, int], least: tuple[int, int]
) -> list[list[Piece]]:
    """Return as many rows as there are, the most important kept: one row says both state and way on."""
    width, height = size
    by = "x" if glyphs.live.isascii() else "×"
    asks = f"{width}{by}{height}; pages from {least[0]}{by}{least[1]}"
    state = link_pieces(facts.link, glyphs) or server_pieces(facts.server, glyphs)
    work = _beside(
        queue_pieces(facts.queue, glyphs, narrow=True),
        download_pieces(facts.downloads, glyphs, brief=True),
        alert_pieces(facts.sample, glyphs),
    )
    rows: list[tuple[int, list[Piece]]] = [
        (3, [("Leitstand", "strong")]),
        (0, state),
        (5, model_pieces(facts.loaded, glyphs)),
        (1, work),
        (6, memory_pieces(facts.sample, glyphs)),
        (2, [(asks, "dim")]),
        (4, [("ctrl+q", "key"), (" quits", "dim")]),
    ]
    kept = sorted((rank, at) for at, (rank, row) in enumerate(rows) if row)[:height]
    return [cut([(" ", "text"), *rows[at][1]], width) for at in sorted(at for _, at in kept)]


def _beside(*groups: list[Piece]) -> list[Piece]:
    row: list[Piece] = []
    for group in groups:
        row += [("  ", "text"), *group] if row and group else group
    return row
