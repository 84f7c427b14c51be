"""The gauges alone, in a real terminal as small as a pane gets."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.fakes.terminal import Terminal

LEITSTAND = str(Path(sys.executable).with_name("leitstand"))


@pytest.mark.parametrize(("columns", "rows"), [(40, 10), (80, 10), (120, 40)])
def test_top_fills_the_pane_with_gauges_and_q_leaves(tmp_path: Path, columns: int, rows: int) -> None:
    environment = {"LEITSTAND_HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    with Terminal(
        [LEITSTAND, "top", "--demo"], environment=environment, rows=rows, columns=columns
    ) as terminal:
        terminal.until("cpu")
        lines = terminal.screen.text.splitlines()
        assert len(lines) == rows
        assert not any("Leitstand" in line for line in lines)
        assert any("RTX 5090" in line for line in lines)
        terminal.send("q")
        assert terminal.wait() == 0
        assert b"\x1b[?1049l" in terminal.output
