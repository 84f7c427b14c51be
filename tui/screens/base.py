"""What every page has in common: tabs above, status and keys below, a snapshot and then the facts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, ClassVar, TypeVar, cast

from textual import events, on
from textual.app import ComposeResult
from textual.screen import Screen
from textual.widget import Widget

from core.bus import Event
from core.errors import LeitstandError
from tui import keymap
from tui.facts import (
    Facts,
    download_pieces,
    join,
    link_pieces,
    model_pieces,
    notice_pieces,
    place_pieces,
    queue_pieces,
    server_pieces,
    trip_pieces,
)
from tui.forgiving import Forgiving
from tui.pages import PAGES
from tui.render.key_line import key_pieces
from tui.render.pieces import Piece, width_of
from tui.render.small import small_rows
from tui.render.status import alert_pieces, memory_pieces
from tui.terminal.lean import LeanCompositor
from tui.terminal.options import LEAST
from tui.widgets.line import Line
from tui.widgets.small import Small

if TYPE_CHECKING:
    from core.face import Face
    from tui.app import LeitstandApp

E = TypeVar("E", bound=Event)

NARROW = 100
SHORT = 14
"""Rows below which a list keeps what there is, and what is said about a row has little."""


_NAME: Piece = (" Leitstand  ", "strong")


class EngineScreen(Forgiving, Screen[None]):
    """A page: follows the engine while it is visible, owns no work."""

    PAGE: str = ""
    SCOPES: ClassVar[tuple[str, ...]] = ()
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (NARROW, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (SHORT, "-high")]

    def __init__(self) -> None:
        super().__init__()
        self._compositor = LeanCompositor()

    @property
    def leitstand(self) -> LeitstandApp:
        """The app, by its own type."""
        return cast("LeitstandApp", self.app)

    @property
    def engine(self) -> Face:
        """The engine whose face this is."""
        return self.leitstand.engine

    def compose(self) -> ComposeResult:
        """Lay out the chrome around the page's own body."""
        yield Line(id="tabs")
        yield from self.body()
        yield Line(id="status")
        yield Line(id="keys")
        yield Small()

    def body(self) -> Iterable[Widget]:
        """The page itself."""
        return ()

    def follow(self, kind: type[E], handler: Callable[[E], Awaitable[None] | None]) -> None:
        """Hear about facts of this kind while the page is visible."""
        self.leitstand.bridge.follow(self, kind, handler)

    # Life ---------------------------------------------------------------------------------------

    async def on_mount(self) -> None:
        """Draw the chrome at once; the snapshot follows when the engine is up."""
        self.follow_facts()
        self.show_chrome()

    def follow_facts(self) -> None:
        """Say which facts this page follows."""

    def shows_chat(self, chat_id: int) -> bool:
        """Whether this page shows that chat."""
        return False

    async def open_chat(self, chat_id: int) -> None:
        """Show a chat, on the page that can."""

    @property
    def keeps_words(self) -> bool:
        """Whether something that was sent here waits for the engine."""
        return False

    async def put_away(self) -> None:
        """Keep what was typed: the page is left, or the program."""

    @on(events.ScreenSuspend)
    async def _left(self) -> None:
        """Keep what was typed while another page is looked at."""
        if self.leitstand.engine_ready:
            await self.put_away()

    async def on_screen_resume(self) -> None:
        """Read again what happened while the page was hidden."""
        self.show_chrome()
        await self.resync()

    async def resync(self) -> None:
        """Read the snapshot; what goes wrong is said on the page, never raised."""
        if not self.leitstand.engine_ready:
            return
        try:
            await self.read()
        except LeitstandError as error:
            self.leitstand.say_error(error)

    async def read(self) -> None:
        """Read the page's snapshot from the engine and show it."""

    def on_resize(self) -> None:
        """Lay the chrome out for the new width; a window too small for the page is told in short."""
        self.show_chrome()

    def least_size(self) -> tuple[int, int]:
        """Columns and rows from which this page makes sense."""
        return LEAST

    def _show_small(self, facts: Facts) -> None:
        small, size, least = self.query_one(Small), self.size, self.least_size()
        small.display = size.width < least[0] or size.height < least[1]
        # What lies below may be longer than the window; its scroll bar would stand beside the short words.
        self.styles.overflow_y = "hidden" if small.display else "auto"
        if small.display:
            small.put([*small_rows(facts, self.leitstand.glyphs, (size.width, size.height), least)])

    # Chrome -------------------------------------------------------------------------------------

    def show_chrome(self) -> None:
        """Draw tabs, status and keys."""
        if not self.is_mounted or not self.query("#tabs"):
            return
        self.query_one("#tabs", Line).put(self._tabs(), self._corner())
        self.show_facts(self.leitstand.facts)
        self.query_one("#keys", Line).put(self._keys())

    def show_facts(self, facts: Facts) -> None:
        """Draw the status line, and the server in the corner of the tab line."""
        if not self.query("#status"):
            return
        self._show_small(facts)
        self.query_one("#tabs", Line).put(self._tabs(), self._corner())
        self.query_one("#status", Line).put(join(self.status_groups(facts), self.size.width))

    def status_groups(self, facts: Facts) -> list[list[Piece]]:
        """The parts of the status line, most important first."""
        glyphs = self.leitstand.glyphs
        first: list[Piece] = [(facts.away_note, "warn")] if facts.away_note else []
        if not first and self.size.width < NARROW:
            first = server_pieces(facts.server, glyphs)
        return [
            link_pieces(facts.link, glyphs),
            first,
            model_pieces(facts.loaded, glyphs),
            memory_pieces(facts.sample, glyphs),
            queue_pieces(facts.queue, glyphs, narrow=self.size.width < NARROW),
            download_pieces(facts.downloads, glyphs, brief=self.size.width < NARROW),
            alert_pieces(facts.sample, glyphs),
            trip_pieces(facts.trip, glyphs, slow=facts.slow_line, brief=self.size.width < NARROW),
            notice_pieces(facts.notices, glyphs),
        ]

    def scopes(self) -> tuple[str, ...]:
        """Whose keys the key line shows, the nearest first."""
        return (*self.SCOPES, self.PAGE, "app")

    def labels(self) -> Mapping[str, str]:
        """Other words for what a key does at this moment, by its command."""
        return {}

    def offers(self, id: str) -> bool:
        """Whether a command makes sense at this moment: the key line leaves out those that do not."""
        return True

    def show_keys(self) -> None:
        """Draw the keys anew: others make sense now."""
        self.query_one("#keys", Line).put(self._keys())

    def _tabs(self) -> list[Piece]:
        """The pages by name; where that has no room, the name of this one and the numbers of the others."""
        room = self.size.width - width_of(self._corner())
        numbers = self._tabs_of(gap=" ", short=True)
        # The way to every page is worth more than the name of the program.
        ways = [[_NAME, *self._tabs_of(gap=" ")], self._tabs_of(), [_NAME, *numbers]]
        return next((way for way in ways if width_of(way) <= room), numbers)

    def _tabs_of(self, *, gap: str = "", short: bool = False) -> list[Piece]:
        pieces: list[Piece] = []
        for page in PAGES:
            if page.name == self.PAGE:
                pieces += [(f" {page.number} ", "accent"), (f"{page.title}{gap}", "mark")]
            else:
                pieces.append((f" {page.number} {'' if short else page.title + gap}", "dim"))
        return pieces

    def _corner(self) -> list[Piece]:
        place = place_pieces(self.leitstand.facts.link)
        if self.size.width < NARROW:
            return place
        return [*place, *server_pieces(self.leitstand.facts.server, self.leitstand.glyphs), (" ", "text")]

    def _keys(self) -> list[Piece]:
        keys = keymap.footer(
            self.scopes(),
            self.leitstand.key_overrides,
            self.offers,
            ascii_only=self.leitstand.glyphs.live.isascii(),
            labels=self.labels(),
        )
        return key_pieces(keys, self.size.width)


def opened(app: LeitstandApp) -> list[EngineScreen]:
    """Every page that was opened so far."""
    screens = [screen for stack in app._screen_stacks.values() for screen in stack]  # noqa: SLF001 - whether shown or not
    return [screen for screen in screens if isinstance(screen, EngineScreen)]
