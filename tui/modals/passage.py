"""A document to read, open at a passage: what was found in it is marked, pages and lines stand beside it."""

from __future__ import annotations

from collections.abc import Sequence

from textual import work
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll

from core.errors import LeitstandError
from core.guard import one_line
from core.retrieval.library import OpenDocument
from core.retrieval.types import Passage
from tui import keymap
from tui.modals.base import Dialog, frame
from tui.render.passages import Part, before_asked, section_parts
from tui.render.pieces import Pieces
from tui.widgets.detail import Detail

_SECTIONS = 40
_ABOVE = 2
"""Rows that are left above what was found."""


class Reading(Dialog[None]):
    """A document in its sections, as many at a time as a person scrolls through."""

    BINDINGS = [*keymap.bindings("modal"), *keymap.bindings("reading")]
    DEFAULT_CSS = "Reading .-found { border-left: outer $ink-accent; padding: 0 2 0 1; }"

    def __init__(
        self,
        document: str,
        *,
        section: str = "",
        needles: Sequence[str] = (),
        title: str = "",
        asked: str = "",
    ) -> None:
        super().__init__()
        self._document = document
        self._section = section
        self._needles = tuple(needles)
        self._title = title or "Document"
        self._asked = asked
        self._open: OpenDocument | None = None

    @classmethod
    def at(cls, passage: Passage, asked: str = "") -> Reading:
        """Open the document of a passage where it stands, with what was found and what was asked marked."""
        needles = [passage.text[start:end] for start, end in passage.found] or [passage.text]
        return cls(
            passage.document, section=passage.section, needles=needles, title=passage.title, asked=asked
        )

    def compose(self) -> ComposeResult:
        """Lay out one scrolling text."""
        with Vertical(classes="dialog -wide -tall", id="reading-box") as box:
            frame(box, self._title, "↑↓ read · n p section · y copy · esc back")
            yield Detail(id="about")
            yield VerticalScroll(id="pages")

    def on_mount(self) -> None:
        """Begin with the passage."""
        self.query_one("#pages").focus()
        self._tell([[("Opening…", "dim")]])
        self._load(0)

    @work(exclusive=True, exit_on_error=False)
    async def _load(self, skip: int) -> None:
        library = self.leitstand.engine.library
        try:
            try:
                found = await library.document(
                    self._document, section=self._section, skip=skip, limit=_SECTIONS
                )
            except LeitstandError:
                if not self._section:
                    raise
                # The passage was changed since: the document itself may still be there.
                self._section = ""
                found = await library.document(self._document, skip=skip, limit=_SECTIONS)
                self.leitstand.toast(
                    "info", "This passage was changed since; here is the document as it is now."
                )
        except LeitstandError as error:
            self._tell([[(error.message, "bad")], [(error.hint, "dim")]])
            return
        self._open = found
        await self._show(found)

    async def _show(self, found: OpenDocument) -> None:
        document = found.document
        first, last = found.skip + 1, found.skip + len(found.sections)
        of = f"sections {first}–{last} of {found.total}" if found.total > len(found.sections) else ""
        source = one_line(self.leitstand.short(document.source), 160)
        parts = [part for part in (found.space.name, source, of) if part]
        pages = self.query_one("#pages", VerticalScroll)
        await pages.remove_children()
        details: list[Detail] = []
        head = mark = None
        below = 0
        for section in found.sections:
            stretches = section_parts(
                section, self._needles if self._is_meant(section.key) else (), self._asked
            )
            pieces = [_said(part) for part in stretches]
            details += pieces
            if section.key == self._section:
                head = pieces[0]
                best = max(range(len(stretches)), key=lambda at: stretches[at].weight)
                mark, below = pieces[best], self._rows_before(stretches[best])
        await pages.mount(*details)
        self._tell([[("  ·  ".join(parts), "dim")], [("", "dim")]])
        if head is not None and mark is not None:
            self.call_after_refresh(self._go, pages, head, mark, below)

    def _tell(self, lines: Sequence[Pieces]) -> None:
        """Say what stands over the text."""
        self.query_one("#about", Detail).say(lines)
        self._fit_text()

    def on_resize(self) -> None:
        """The text may wrap otherwise now."""
        self._fit_text()

    def _fit_text(self) -> None:
        """Be as tall as what is shown, and never less tall than before."""
        self.grow(sum(each.rows_at(self.room()) for each in self.query(Detail)))

    def _rows_before(self, part: Part) -> int:
        """Rows of what was found above the place where most of what was asked stands."""
        before = _said(Part(part.found, before_asked(part, self._asked)))
        return max(before.rows_at(self.query_one("#pages").content_size.width) - 1, 0)

    def _go(self, pages: VerticalScroll, head: Detail, mark: Detail, below: int) -> None:
        """Scroll to the section; to what was asked for in it, where that stands far below its head."""
        top, found = head.virtual_region.y, mark.virtual_region.y + below
        near = found - top <= pages.size.height // 2
        pages.scroll_to(y=top if near else found - _ABOVE, animate=False)

    def _is_meant(self, key: str) -> bool:
        """Whether what was found may stand in this section: neighbours of it may be a part of the passage."""
        return bool(self._needles) and (not self._section or key == self._section or len(self._needles) > 1)

    def action_page(self, direction: int) -> None:
        """Show the sections before or after these."""
        found = self._open
        if found is None:
            return
        skip = found.skip + direction * _SECTIONS
        if 0 <= skip < found.total or (skip < 0 < found.skip):
            self._section = ""
            self._load(max(0, skip))

    async def action_copy_passage(self) -> None:
        """Copy the passage, or everything that is shown."""
        if self._needles:
            await self.leitstand.copy("\n\n".join(self._needles))
        elif self._open is not None:
            await self.leitstand.copy("\n\n".join(section.text for section in self._open.sections))


def _said(part: Part) -> Detail:
    detail = Detail()
    detail.set_class(part.found, "-found")
    detail.say(part.lines)
    return detail
