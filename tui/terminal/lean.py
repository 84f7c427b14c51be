"""Rendering only what is dirty: the compositor asks no widget that is not in the changed part.

Textual's own asks every widget whose *container* touches the changed part, for all of its rows, and
the containers behind them as well, although nothing of those can be seen. While an answer streams that
is most of the cost of a frame.
"""

from __future__ import annotations

from collections.abc import Iterable

from textual._compositor import Compositor
from textual.geometry import Region
from textual.strip import Strip


def without(regions: list[Region], taken: Region) -> list[Region]:
    """Return what is left of some regions when another covers a part of them."""
    left: list[Region] = []
    for region in regions:
        shared = region.intersection(taken)
        if not shared:
            left.append(region)
            continue
        x, y, width, height = region
        sx, sy, s_width, s_height = shared
        pieces = (
            Region(x, y, width, sy - y),
            Region(x, sy + s_height, width, y + height - sy - s_height),
            Region(x, sy, sx - x, s_height),
            Region(sx + s_width, sy, x + width - sx - s_width, s_height),
        )
        left += [piece for piece in pieces if piece.width > 0 and piece.height > 0]
    return left


class LeanCompositor(Compositor):
    """Front to back, as far as something can be seen, and no further."""

    def _get_renders(self, crop: Region | None = None) -> Iterable[tuple[Region, Region, list[Strip]]]:
        seen_through = [crop or self.size.region]
        for widget, (region, clip) in self.visible_widgets.items():
            shown = region.intersection(clip)
            if crop:
                shown = shown.intersection(crop)
            if not shown or not any(gap.overlaps(shown) for gap in seen_through):
                continue
            # Whole rows of the widget, only those that are needed: caches are kept by row.
            rows = Region(region.x, shown.y, region.width, shown.height).intersection(clip)
            yield region, rows, widget.render_lines(rows.translate(-region.offset))
            seen_through = without(seen_through, shown)
            if not seen_through:
                return
