"""Several answers to one question beside each other, or below each other where it is narrow."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Container

from tui.render.types import Part, Turn
from tui.widgets.transcript import Transcript


class Column(Container):
    """The place of one answer."""

    def __init__(self, view: Transcript) -> None:
        super().__init__()
        self._view = view

    def compose(self) -> ComposeResult:
        """Lay out the answer."""
        yield self._view


class Comparison(Container):
    """A column for each answer; what is said streams into its own."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._views: dict[int, Transcript] = {}
        self.display = False

    def __contains__(self, turn_id: int) -> bool:
        return turn_id in self._views

    @property
    def shown(self) -> bool:
        """Whether it is on the page."""
        return bool(self._views)

    @property
    def chosen(self) -> int | None:
        """The answer whose column has the focus."""
        return next((id for id, view in self._views.items() if view.has_focus), None)

    @property
    def view(self) -> Transcript | None:
        """The column that has the focus."""
        return self._views.get(self.chosen or -1)

    async def put(self, turns: Sequence[Turn], like: Transcript, chosen: int) -> None:
        """Show these answers, drawn like another view."""
        self.close()
        for turn in turns:
            self._views[turn.id] = _twin(like)
        self.display = True
        await self.mount(*(Column(view) for view in self._views.values()))
        for turn in turns:
            self._views[turn.id].load([turn])
            if turn.phase == "ended":
                self._views[turn.id].action_first()
        # The place of the cursor is known once the answers are laid out.
        self.call_after_refresh(self.go_to, chosen)

    def close(self) -> None:
        """Show nothing."""
        if self._views:
            self._views = {}
            self.display = False
            self.remove_children()

    def update_turn(self, turn: Turn) -> None:
        """Show how an answer is now."""
        if turn.id in self._views:
            self._views[turn.id].update_turn(turn)

    def extend(self, turn_id: int, part: Part, offset: int, text: str) -> bool:
        """Add a piece to an answer; False when something before it is missing."""
        return self._views[turn_id].extend(turn_id, part, offset, text)

    def go_to(self, turn_id: int) -> None:
        """Go to an answer's column."""
        if (view := self._views.get(turn_id) or next(iter(self._views.values()), None)) is not None:
            view.focus()

    def step(self, step: int) -> None:
        """Go to the next column, or the one before."""
        ids = list(self._views)
        at = ids.index(self.chosen) if self.chosen in ids else 0
        self.go_to(ids[(at + step) % len(ids)])


def _twin(like: Transcript) -> Transcript:
    """A view that draws and moves like another one."""
    view = Transcript(hint=like.hint, clock=like.clock)
    view.frames_per_second, view.until_paint, view.still = (
        like.frames_per_second,
        like.until_paint,
        like.still,
    )
    view.mode, view.glyphs = like.mode, like.glyphs
    return view
