"""Pictures of screens: one SVG a state and size in snapshots/, beside a text one can assert on.

`LEITSTAND_SNAPSHOTS=write` (make snapshots) writes them anew; otherwise they are compared, and a
difference is told as text, because nobody reads the difference of two SVGs.
"""

from __future__ import annotations

import difflib
import os
import re
from pathlib import Path
from typing import Any

from textual._context import visible_screen_stack
from textual.app import App

SNAPSHOTS = Path(__file__).resolve().parents[1] / "snapshots"
_FONT = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def screen_text(app: App[Any]) -> str:
    """What a person reads on the whole screen, without colours."""
    width, height = app.size
    console = app.console
    options = console.options.update(width=width, height=height)
    # As when a picture is painted: a window that finds no page behind it would keep a blank one.
    visible_screen_stack.set(app._background_screens)
    lines = console.render_lines(app.screen._compositor, options, pad=False)
    return "\n".join("".join(segment.text for segment in line).rstrip() for line in lines)


def _svg(app: App[Any]) -> str:
    drawn = app.export_screenshot(title="Leitstand")
    # The fonts would come from elsewhere; any monospaced one shows the same.
    drawn = _FONT.sub("", drawn).replace("Fira Code", "DejaVu Sans Mono")
    return drawn.replace("<svg ", '<svg xml:space="preserve" ', 1)


def _words(svg: str) -> list[str]:
    return [re.sub(r"&#160;", " ", text) for text in re.findall(r"<text[^>]*>([^<]*)</text>", svg)]


def assert_picture(app: App[Any], name: str) -> None:
    """Compare the screen with its picture, or draw it when asked to."""
    width, height = app.size
    path = SNAPSHOTS / f"{name}-{width}x{height}.svg"
    svg = _svg(app)
    if os.environ.get("LEITSTAND_SNAPSHOTS") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(svg, encoding="utf-8")
        return
    assert path.exists(), f"{path.name} is missing: draw it with `make snapshots` and look at it"
    before = path.read_text(encoding="utf-8")
    if svg != before:
        changed = "\n".join(
            difflib.unified_diff(_words(before), _words(svg), "before", "now", lineterm="", n=1)
        )
        what = changed or "only colours or styles"
        raise AssertionError(f"{path.name} looks different (`make snapshots` draws it anew):\n{what}")
