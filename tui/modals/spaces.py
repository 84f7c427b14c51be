"""Choose what the questions of a chat are looked up in: what matches, some spaces, nothing."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical

from core.errors import UsageError
from core.guard import one_line
from core.retrieval.library import Choice, Space
from core.retrieval.narrowing import in_line, in_words, parsed
from tui import keymap
from tui.modals.ask import Ask
from tui.modals.base import Dialog, frame
from tui.render.library import COLOUR_INKS, plural
from tui.render.pieces import Piece, Pieces, column, spread
from tui.widgets.detail import Detail
from tui.widgets.row_list import RowList

Row = str | Space


class ChooseSpaces(Dialog[Choice | None]):
    """Two ways above, the spaces below; space marks some of them, Enter takes what is marked or selected."""

    BINDINGS = [*keymap.bindings("modal"), *keymap.bindings("spaces")]

    def __init__(self, spaces: Sequence[Space], choice: Choice) -> None:
        super().__init__()
        self._spaces = spaces
        self._choice = choice
        self._narrow = choice.narrow
        self._marked: set[int] = set(choice.spaces if choice.mode == "chosen" else ())

    def compose(self) -> ComposeResult:
        """Lay out the list."""
        with Vertical(classes="dialog -wide") as box:
            frame(box, "Look questions up in", "space mark · f only some · enter take it · esc back")
            rows: RowList[Row] = RowList(self._paint, key=lambda row: row if isinstance(row, str) else row.id)
            rows.styles.height = min(2 + max(len(self._spaces), 1), 16)
            yield rows
            yield Detail(id="only")

    def on_mount(self) -> None:
        """Start on what holds now."""
        rows = self.query_one(RowList)
        rows.put(("auto", "none", *self._spaces))
        first = next(iter(self._marked), self._choice.mode)
        rows.select(first)
        rows.focus()
        self._say()

    def _paint(self, row: Row, width: int) -> list[Pieces]:
        glyphs = self.leitstand.glyphs
        if isinstance(row, str):
            on_ = not self._marked and self._choice.mode == row
            words, about = {
                "auto": ("what matches", "the spaces that fit the question; small talk uses none"),
                "none": ("nothing", "the model answers from what it knows"),
            }[row]
            return [
                [
                    (f" {glyphs.done if on_ else ' '} ", "good"),
                    (column(words, 28), "text"),
                    (f"  {about}", "dim"),
                ]
            ]
        marked = row.id in self._marked
        left: list[Piece] = [
            (f" {glyphs.done if marked else ' '} ", "good"),
            (f"{glyphs.live} ", COLOUR_INKS.get(row.colour, "dim")),
            (column(one_line(row.name, 80), 26), "strong" if marked else "text"),
            (f"  {one_line(row.description, 200)}", "dim"),
        ]
        return [spread(left, [(f"{plural(row.documents, 'document')} ", "dim")], width)]

    def action_mark(self) -> None:
        """Take a space in, or leave it out."""
        rows = self.query_one(RowList)
        row: Row | None = rows.selected
        if isinstance(row, Space):
            self._marked ^= {row.id}
            rows.repaint()

    def action_only(self) -> None:
        """Ask which documents of them are meant."""

        async def take(text: str) -> None:
            words, narrow = parsed(text, self.leitstand.engine.clock.now())
            if words:
                raise UsageError(
                    f"“{one_line(words, 40)}” says of no document which it is.",
                    "Like type:pdf, in:handbook, since:2026-01 or until:7d.",
                )
            self._narrow = narrow
            self._say()

        about = "By type:pdf, in:handbook, since:2026-01 or until:7d. An empty line means all of them."
        self.app.push_screen(Ask("Only some documents", about, in_line(self._narrow), take))

    def _say(self) -> None:
        """Which documents of them are meant."""
        only = in_words(self._narrow)
        pieces: list[Piece] = [("all their documents", "dim")]
        if only:
            pieces = [("only ", "dim"), (only, "accent")]
        self.query_one("#only", Detail).say([[("", "text")], [("  ", "text"), *pieces]])

    @on(RowList.Opened)
    def _taken(self, event: RowList.Opened) -> None:
        row: Row = event.row
        if isinstance(row, Space):
            self.dismiss(Choice("chosen", tuple(sorted(self._marked or {row.id})), self._narrow))
        elif row == "auto":
            self.dismiss(Choice("auto", (), self._narrow))
        else:
            self.dismiss(Choice("none"))
