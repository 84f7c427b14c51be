"""The full-screen program: pages, keys, notices, and the engine behind them."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import msgspec
from textual import constants, events
from textual.command import Provider
from textual.dom import DOMNode
from textual.worker import WorkerFailed

from core.bus import Level, Notice, Resync
from core.config.types import ConfigChanged
from core.errors import LeitstandError
from core.face import Face
from core.guard import one_line
from core.health import Check
from core.presence import LinkChanged
from tui import keymap
from tui.bridge import Bridge
from tui.company import Company
from tui.facts import Facts
from tui.forgiving import Forgiving
from tui.glyphs import Glyphs, glyphs
from tui.knowledge import Knowledge
from tui.looks import Looks
from tui.pages import PAGES, page
from tui.render.option import Option
from tui.screens.base import EngineScreen, opened
from tui.screens.opening import OpeningScreen
from tui.terminal import attention, probe
from tui.terminal.clipboard import Clipboard
from tui.terminal.diff import DifferentialOutput
from tui.terminal.options import TerminalOptions
from tui.terminal.pace import LinkState as LineState
from tui.theme import DEFAULT_THEME, SIXTEEN, THEMES
from tui.typed_ahead import TypedAhead

if TYPE_CHECKING:
    from tui.flow import Flow

Severity = Literal["information", "warning", "error"]
SEVERITY: dict[Level, Severity] = {
    "info": "information",
    "good": "information",
    "warning": "warning",
    "error": "error",
}


def _commands() -> type[Provider]:
    """Import the palette when somebody opens it."""
    from tui.commands import Commands

    return Commands


class LeitstandApp(Forgiving, TypedAhead, DifferentialOutput[int]):
    """A face of the engine: it shows and asks; the engine does."""

    TITLE = "Leitstand"
    ENABLE_COMMAND_PALETTE = True
    CSS_PATH: ClassVar[list[Path]] = [Path(__file__).parents[1] / "styles" / "app.tcss"]  # type: ignore[assignment]  # a list of paths is a CSSPathType
    MODES = {"opening": OpeningScreen, **{found.name: found.build for found in PAGES}}
    DEFAULT_MODE = "opening"
    BINDINGS = keymap.bindings("app")
    COMMANDS = {_commands}

    def __init__(
        self,
        engine: Face,
        *,
        start: str = "",
        alone: bool = False,
        terminal_checks: Callable[[], list[Check]] | None = None,
        terminal_options: TerminalOptions | None = None,
    ) -> None:
        super().__init__(terminal_options=terminal_options)
        self.stylesheet = Looks(variables=self.get_css_variables())
        for theme in THEMES:
            self.register_theme(theme)
        self.engine = engine
        self.engine_ready = False
        self.start_page = start if page(start) else PAGES[0].name
        self.typed_ahead = ""
        """What was typed before there was anything to type into."""
        self.alone = alone
        """One page was asked for and fills the window; the others are a key away."""
        self.bridge = Bridge(
            self,
            engine.bus,
            frames=lambda: self.frames,
            until_paint=self.until_paint,
            failed=self.say_error,
        )
        self.facts = Facts(link=engine.link)
        self.company = Company(self)
        self.knowledge = Knowledge(self)
        self.notices: deque[Notice] = deque(maxlen=200)
        self.key_overrides: dict[str, str] = {}
        self.failure: LeitstandError | None = None
        self.hands_over = False
        """Somebody in the background is to go on when the screens are left."""
        self.terminal_checks = terminal_checks or self._terminal_checks
        self.looked_at = True
        """Whether this terminal has the focus; one that does not tell counts as looked at."""
        self._slow_line = False
        self._over_ssh = "SSH_CONNECTION" in engine.options.environment
        self._apply_looks()

    def _get_dom_base(self) -> DOMNode:
        # A query on the app means the page that is shown, not the opening that was the first one.
        return self.screen

    @property
    def flow(self) -> Flow | None:
        """How downloads flow, once the engine has started."""
        return self.knowledge.flow

    @property
    def glyphs(self) -> Glyphs:
        """The signs that this terminal can show."""
        return glyphs(self.engine.config.current.ui.glyphs)

    # Start and end --------------------------------------------------------------------------------

    def on_mount(self) -> None:
        """Paint first; everything slow begins after the first picture."""
        self._apply_keys()
        self.bridge.follow_always(Notice, self._on_notice)
        self.bridge.follow_always(ConfigChanged, self._on_config)
        self.knowledge.follow()
        self.bridge.follow_always(LinkChanged, self._on_link)
        self.bridge.follow_always(Resync, self._on_resync)
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        self.run_worker(self.bridge.pump(), name="bridge", group="bridge")
        self.run_worker(self._start_engine(), name="engine", group="engine")
        self.run_worker(self._open_first_page(), name="first page", group="opening")

    async def _open_first_page(self) -> None:
        """Import the page beside the first picture, then show it."""
        first = page(self.start_page)
        assert first is not None
        await self.engine.tasks.in_thread(first.load)
        if self.current_mode == "opening":
            await self.switch_mode(first.name)

    async def _start_engine(self) -> None:
        try:
            await self.engine.start()
        except LeitstandError as error:
            self.failure = error
            self.exit(1)
            return
        self.knowledge.follow_downloads()
        self._follow_answers()
        self.engine_ready = True
        await self.knowledge.read()
        for screen in opened(self):
            if screen is self.screen or screen.keeps_words:
                await screen.resync()

    async def action_leave(self) -> None:
        """Leave; where this process does work for others or for later, ask what becomes of it."""
        if self.company.would_lose_words():
            return
        if await self.company.is_needed():
            self.company.ask_before_leaving()
        else:
            await self.leave()

    async def leave(self) -> None:
        """Leave; what was typed is kept."""
        if self.engine_ready:
            for screen in opened(self):
                with contextlib.suppress(LeitstandError):
                    await screen.put_away()
        self.exit(0)

    # What the engine says -----------------------------------------------------------------------

    def _on_notice(self, notice: Notice) -> None:
        self.notices.appendleft(notice)
        self.know(notices=self.facts.notices + 1)
        self.toast(notice.level, notice.text, notice.hint)
        if notice.level in {"warning", "error"}:
            self.call_attention(notice.text)

    async def _on_resync(self, _: Resync) -> None:
        if self.engine_ready:
            await self.knowledge.read()

    def _on_link(self, event: LinkChanged) -> None:
        slower = event.state.slow != self.facts.link.slow
        self.know(link=event.state)
        if slower:
            self._apply_looks()
        self.company.follow(event.state)

    def _follow_answers(self) -> None:
        """Tell of answers that end where nobody looks; imported late, too."""
        from core.chat.types import TurnChanged
        from tui.answers import Answers

        self.bridge.follow_always(TurnChanged, Answers(self).seen)

    def _on_config(self, event: ConfigChanged) -> None:
        if any(key.startswith("ui.") for key in event.keys):
            self._apply_looks()
        if any(key.startswith("keys") for key in event.keys):
            self._apply_keys()
        self._chrome()

    def know(self, **changes: Any) -> None:
        """Take note of facts, and show them on the status line."""
        self.facts = msgspec.structs.replace(self.facts, **changes)
        for screen in self.screen_stack:
            if isinstance(screen, EngineScreen):
                screen.show_facts(self.facts)

    def _chrome(self) -> None:
        for screen in self.screen_stack:
            if isinstance(screen, EngineScreen):
                screen.show_chrome()

    def toast(self, level: Level, text: str, hint: str = "") -> None:
        """Show a sentence for a moment; text from outside stays text."""
        words = one_line(text, 300) + (f"\n{one_line(hint, 300)}" if hint else "")
        self.notify(
            words, severity=SEVERITY[level], markup=False, timeout=4 if level in {"info", "good"} else 8
        )

    def call_attention(self, words: str) -> None:
        """Ring, and show it on the desktop, as far as the settings ask for that."""
        ui = self.engine.config.current.ui
        self._write(
            attention.call(words, self.engine.options.environment, bell=ui.bell, desktop=ui.desktop_notices)
        )

    def short(self, text: str) -> str:
        """Write the home directory as ~, as people do."""
        home = self.engine.options.environment.get("HOME", "").rstrip("/")
        return text.replace(f"{home}/", "~/") if len(home) > 1 else text

    async def copy(self, text: str) -> None:
        """Copy text out of the program and say what is known of it."""
        clipboard = Clipboard(
            wish=self.engine.config.current.ui.clipboard,
            environment=self.engine.options.environment,
            cache=self.engine.paths.cache,
            write=self._write,
        )
        try:
            copied = await clipboard.copy(text)
        except LeitstandError as error:
            self.say_error(error)
            return
        self.toast("good" if copied.known else "info", copied.sentence)

    def _write(self, sequence: str) -> None:
        if self._driver is not None and sequence:
            self._driver.write(sequence)

    def _terminal_checks(self) -> list[Check]:
        """What this terminal can do, for the health page."""
        ui = self.engine.config.current.ui
        return probe.checks(self.engine.options.environment, wish=ui.colours, trip=self.link.round_trip)

    def say_error(self, error: LeitstandError) -> None:
        """Tell the person at the screen what went wrong and what to do."""
        self.toast("error", error.message, error.hint)

    def _handle_exception(self, error: Exception) -> None:
        inner = error.error if isinstance(error, WorkerFailed) else error
        if isinstance(inner, LeitstandError):
            # What a verb says no to is told and ends nothing, wherever it was called from.
            self.say_error(inner)
        else:
            super()._handle_exception(error)

    # Settings that change how it looks ----------------------------------------------------------

    def _apply_looks(self) -> None:
        ui = self.engine.config.current.ui
        known = {theme.name for theme in THEMES}
        self.theme = ui.theme if ui.theme in known else DEFAULT_THEME
        if constants.COLOR_SYSTEM == "standard":
            # Sixteen colours that came nearest to others may hide a word; these were chosen as sixteen.
            self.theme = SIXTEEN
        self.animation_level = (
            "none" if ui.reduced_motion or self._slow_line or self.facts.link.slow else "full"
        )
        if self.is_running:
            self.set_pace(
                msgspec.structs.replace(
                    self.terminal_options,
                    frames=ui.frames_ssh if self._over_ssh else ui.frames_local,
                    low_bandwidth=ui.low_bandwidth,
                )
            )

    def _apply_keys(self) -> None:
        self.key_overrides, problems = keymap.check(self.engine.config.current.keys)
        self.set_keymap(self.key_overrides)
        for problem in problems:
            text = f"keys.{one_line(problem.id, 80)}: {problem.message}"
            # Not over the bus: at the start nobody listens to it yet.
            self._on_notice(Notice("warning", text, "The usual key stays.", at=self.engine.clock.now()))

    # Actions ------------------------------------------------------------------------------------

    async def action_go(self, name: str) -> None:
        """Go to a page."""
        if len(self.screen_stack) == 1 and page(name):
            await self.switch_mode(name)

    def action_go_menu(self) -> None:
        """Offer the pages: works in every terminal."""
        from tui.modals.go import GoMenu

        if not isinstance(self.screen, GoMenu):
            self.push_screen(GoMenu(), self._gone)

    async def _gone(self, name: str | None) -> None:
        if name == "help":
            self.action_help()
        elif name == "notices":
            self.action_notices()
        elif name == "demo":
            await self.action_start_demo()
        elif name == "retry":
            await self.action_retry_server()
        elif name == "quit":
            await self.action_leave()
        elif name:
            await self.action_go(name)

    def action_help(self) -> None:
        """Show every key of this page."""
        from tui.modals.help import HelpScreen

        screen = self.screen
        if isinstance(screen, EngineScreen):
            self.push_screen(HelpScreen((*screen.SCOPES, screen.PAGE)))

    def action_notices(self) -> None:
        """Show what was reported, newest first."""
        from tui.modals.notices import NoticesScreen

        if not isinstance(self.screen, NoticesScreen):
            self.know(notices=0)
            self.push_screen(NoticesScreen(tuple(self.notices)))

    def action_routing(self) -> None:
        """Show which model answers what, why, and how that went."""
        from tui.modals.routing import RoutingView

        if not self.engine_ready:
            self.toast("info", "One moment: Leitstand is still starting.")
        elif not isinstance(self.screen, RoutingView):
            self.push_screen(RoutingView())

    async def action_start_demo(self) -> None:
        """Start the built-in demonstration in place of a server that is away."""
        state = self.facts.server
        if state is not None and state.phase == "online":
            self.toast("info", "A server is connected; the demonstration is for when there is none.")
            return
        try:
            await self.engine.server.start_demo()
        except LeitstandError as error:
            self.say_error(error)

    async def action_retry_server(self) -> None:
        """Try the server again now."""
        if self.facts.link.phase == "gone":
            await self.company.revive()
        elif self.engine_ready:
            await self.engine.server.retry()

    @property
    def frames(self) -> int:
        """Pictures a second, at most: fewer over SSH and on a slow line."""
        return self.link.frames

    def low_bandwidth_changed(self, low: bool) -> None:  # noqa: FBT001 - as the terminal layer calls it
        """Rest from motion while the line is slow."""
        if low != self._slow_line:
            self._slow_line = low
            self.know(slow_line=low, trip=self.link.round_trip)
            self._apply_looks()

    def line_changed(self, state: LineState) -> None:
        """Show how far away the person is."""
        self.know(trip=state.round_trip)

    async def model_options(self, *, embedding: bool = False, documents: bool = False) -> list[Option]:
        """What there is to choose a model from, as rows: those that answer, or those that embed.

        With *documents* each row says whether the model is recommended for answers from documents.
        """
        from tui.render.models import option

        found = [one for one in await self.engine.models.list() if bool(one.can("embedding")) is embedding]
        return [option(model, self.glyphs, documents=documents) for model in found]

    def shows_chat(self, chat_id: int) -> bool:
        """Whether this chat is the one on the screen."""
        screen = self.screen_stack[0]
        return isinstance(screen, EngineScreen) and screen.shows_chat(chat_id)

    async def action_answered(self) -> None:
        """Go to the answer that ended last and was not looked at."""
        if not self.engine_ready or len(self.screen_stack) > 1:
            return
        unread = [chat for chat in (await self.engine.chat.list()).chats if chat.unread]
        if not unread:
            self.toast("info", "Every answer has been looked at.")
            return
        newest = max(unread, key=lambda chat: chat.updated)
        await self.switch_mode("chat")
        if isinstance(self.screen, EngineScreen):
            # After the page has read what it shows by itself.
            self.screen.call_later(self.screen.open_chat, newest.id)

    def action_redraw(self) -> None:
        """Paint the whole screen anew."""
        self.repaint()

    def on_app_blur(self, event: events.AppBlur) -> None:
        """Keep the focus where it is: a pane that loses focus need not be painted anew."""
        self.looked_at = False
        self.rest(resting=True)
        event.prevent_default()

    def on_app_focus(self, event: events.AppFocus) -> None:
        """Nothing was taken away, nothing is given back."""
        self.looked_at = True
        self.rest(resting=False)
        event.prevent_default()
