from __future__ import annotations

import pytest

from core.models.types import Model
from tui.glyphs import UNICODE
from tui.render import catalog
from tui.render.model_board import ModelBoard
from tui.render.pieces import width_of

MODEL = Model(
    name="a-model-with-quite-a-long-name:30b-instruct-q4_K_M",
    state="installed",
    size=18_600_000_000,
    quantization="Q4_K_M",
    context=262_144,
    capabilities=("completion", "tools", "thinking", "vision"),
)


@pytest.mark.parametrize("width", range(38, 200))
def test_columns_take_the_width_there_is_and_no_state_is_cut(width: int) -> None:
    board = ModelBoard()
    board.take([MODEL])
    row = catalog.row(MODEL, width, catalog.Look(board, UNICODE, 0.0))
    text = "".join(part for part, _ in row)
    assert width_of(row) <= width
    assert width_of(catalog.head(width)) <= width
    assert text.rstrip().endswith("○ installed" if width >= 60 else "○")
