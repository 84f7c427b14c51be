"""The seam to the private parts of Textual: the only place that knows them.

Textual draws strips and would write every dirty one whole. Its updates are taken here just before they
become bytes, whatever screen they come from: pages, dialogs, the command palette. The list below is all
that is used; `trouble` proves at start that it is as it was when this was written.
"""

# ruff: noqa: SLF001 - this file is where private parts are touched, so that no other has to
from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

import textual
from rich.color import ColorSystem
from rich.console import Console
from textual._compositor import ChopsUpdate, Compositor, LayoutUpdate
from textual.app import App
from textual.driver import Driver
from textual.drivers._writer_thread import WriterThread
from textual.geometry import Region
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from tui.terminal.cells import glyphs, only_narrow
from tui.terminal.paint import Painter

VERSION = "8.2.8"

# Methods that are overridden or called, with the arguments they must take.
_METHODS: tuple[tuple[Callable[..., Any], str], ...] = (
    (App._display, "self screen renderable"),
    (App._register_child, "self parent child before after"),
    (App._handle_exception, "self error"),
    (Screen._on_timer_update, "self"),
    (Screen._refresh_layout, "self size scroll"),
    (Widget._set_dirty, "self regions"),
    (LayoutUpdate.__init__, "self strips region"),
    (ChopsUpdate.__init__, "self chops spans chop_ends"),
    (Compositor.update_widgets, "self widgets"),
    (Compositor.render_update, "self full screen_stack simplify"),
    (Strip.render_ansi, "style color_system"),
    (Driver.process_message, "self message"),
    (Driver.write, "self data"),
    (WriterThread.__init__, "self file"),
    (WriterThread.write, "self text"),
)
# Names that methods must still set or read, as words in their source.
_NAMES: tuple[tuple[Callable[..., Any], str], ...] = (
    (App._display, "_batch_count _running _closed _driver cursor_position post_display_hook _end_update"),
    (App._end_update, "_sync_available SYNC_END"),
    (Screen._on_timer_update, "_update_timer _compositor_refresh _layout_required _scroll_required"),
    (Screen._on_timer_update, "_repaint_required _recompose_required _dirty_widgets"),
    (Screen._on_timer_update, "_callbacks _invoke_and_clear_callbacks"),
    (Screen._compositor_refresh, "_background_screens _dirty_regions"),
    (Screen._refresh_layout, "_compositor"),
    (Compositor._get_renders, "visible_widgets"),
    (WriterThread.__init__, "_queue"),
    (Strip.render, "_color_system _segments"),
    (Strip.render_style, "_ansi _link _link_id"),
)


def trouble() -> str:
    """Why Textual's private parts are not to be trusted; empty when all is as it should be."""
    if textual.__version__ != VERSION:
        return f"Textual is {textual.__version__}, not {VERSION}"
    for method, wanted in _METHODS:
        if " ".join(inspect.signature(method).parameters) != wanted:
            return f"{method.__qualname__} takes other arguments"
    for method, names in _NAMES:
        known = {*method.__code__.co_names, *method.__code__.co_varnames, *_attributes(method)}
        if missing := set(names.split()) - known:
            return f"{method.__qualname__} no longer uses {min(missing)}"
    return ""


def _attributes(method: Callable[..., Any]) -> set[str]:
    """Names used by functions inside a function."""
    inner = [code for code in method.__code__.co_consts if inspect.iscode(code)]
    return {name for code in inner for name in code.co_names}


def paint(painter: Painter, update: object, console: Console) -> bool:
    """Put what Textual wants to write on the picture; False when it is nothing we know."""
    colours = console._color_system or ColorSystem.TRUECOLOR
    if isinstance(update, LayoutUpdate):
        x, top, width, height = update.region
        if (width, height) != (painter.width, painter.height):
            painter.begin(x + width, top + height)
        for y, strips in enumerate(update.strips, top):
            _put(painter, y, x, list(filter(None, strips)), colours)
        return True
    if isinstance(update, ChopsUpdate):
        for y, first, last in update.spans:
            if y < len(update.chops):
                _put_chops(painter, y, first, last, update, colours)
        return True
    return False


def size_of(update: object) -> tuple[int, int] | None:
    """The width and height of the picture an update belongs to."""
    if isinstance(update, LayoutUpdate):
        return update.region.width, update.region.height
    if isinstance(update, ChopsUpdate) and update.chop_ends:
        return max(ends[-1] for ends in update.chop_ends if ends), len(update.chop_ends)
    return None


Places = dict[Widget, tuple[Region, Region]]
"""Where widgets are drawn: their region and the part of the screen they may draw on."""


def places(screen: Screen[Any]) -> Places:
    """Where the widgets of a screen are drawn; the same object as long as nothing moves."""
    return screen._compositor.visible_widgets


def left_behind(before: Places, now: Places) -> list[Region]:
    """Regions of widgets that are no more.

    Textual overlooks some: a rebuilt map of the screen takes a removed widget for one that never was, and
    its picture stays.
    """
    return [
        clip.intersection(region)
        for widget, (region, clip) in before.items()
        if widget not in now and not widget.is_attached
    ]


def _put_chops(
    painter: Painter, y: int, first: int, last: int, update: ChopsUpdate, colours: ColorSystem
) -> None:
    """Put the pieces of a line that a span touches: whole ones, since pieces end where widgets end."""
    strips: list[Strip] = []
    start = 0
    for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
        if strip is None or x >= last or end <= first:
            if strips:
                _put(painter, y, start, strips, colours)
                strips = []
            continue
        if not strips:
            start = x
        strips.append(strip)
        if strip.cell_length != end - x:
            # A strip that is not as long as its place: what follows must not slide.
            _put(painter, y, start, strips, colours)
            strips = []
    if strips:
        _put(painter, y, start, strips, colours)


def _put(painter: Painter, y: int, x: int, strips: list[Strip], colours: ColorSystem) -> None:
    cells: list[str] = []
    pens: list[int] = []
    strange = False
    number = painter.pens.number
    for strip in strips:
        for text, style, control in strip._segments:
            if control:
                continue
            if style is None:
                pen = 0
            else:
                codes = style._ansi
                if codes is None:
                    codes = Strip.render_ansi(style, colours)
                link = style._link
                pen = number(codes, _link(style._link_id, link)) if link else number(codes)
            if (text.isascii() and text.isprintable()) or only_narrow(text):
                cells += text
                pens += [pen] * len(text)
            else:
                split, disputed = glyphs(text)
                cells += split
                pens += [pen] * len(split)
                strange = strange or disputed
    painter.put(y, x, cells, pens, odd_ones=strange)


def _link(identity: str, target: str) -> str:
    """The parameters of a link as a terminal gets it; nothing when it could carry more than an address."""
    if not (target.isascii() and target.isprintable() and len(target) <= 2000):
        return ""
    return f"id={identity};{target}" if identity.isalnum() else f";{target}"


def pace(screen: Screen[Any], around: Callable[[Screen[Any], Callable[[], None]], None]) -> None:
    """Let *around* decide when a screen paints: it gets the screen and what its timer would have called."""
    # On the one object, since stock screens and the command palette are paced too.
    screen._on_timer_update = partial(around, screen, screen._on_timer_update)  # type: ignore[method-assign]  # see above


def behind(app: App[Any]) -> list[Screen[Any]]:
    """The screens that can be seen through the one on top, from the lowest."""
    return app._background_screens if len(app._screen_stack) > 1 else []


def put_off(screen: Screen[Any]) -> None:
    """Let a screen rest until somebody has what changed on it shown; what waits for a picture goes on."""
    screen._update_timer.pause()
    if screen._callbacks:
        screen.call_next(screen._invoke_and_clear_callbacks)


def show_through(app: App[Any]) -> None:
    """Have what changed behind a dialog painted there.

    Textual paints what lies behind one dialog as often as it changes, and forgets what lies behind two.
    """
    below = behind(app)
    for number, screen in enumerate(below):
        regions = _changed(screen)
        if regions:
            for between in below[number + 1 :]:
                between._set_dirty(*regions)
            app.screen.refresh(*regions)


def _changed(screen: Screen[Any]) -> set[Region]:
    """Lay a screen out anew where it has to be, and return what is different on it."""
    whole = screen._layout_required or screen._scroll_required or screen._repaint_required
    if screen._layout_required or screen._scroll_required:
        screen._refresh_layout(scroll=not screen._layout_required)
    else:
        screen._compositor.update_widgets(screen._dirty_widgets)
    if screen._recompose_required:
        screen.call_next(screen.recompose)
    regions = {screen.region} if whole else set(screen._compositor._dirty_regions)
    screen._compositor._dirty_regions.clear()
    screen._dirty_widgets.clear()
    screen._layout_required = screen._scroll_required = False
    screen._repaint_required = screen._recompose_required = False
    return regions


def waiting(driver: Driver | None) -> int:
    """How many writes the terminal has not taken yet."""
    writer = getattr(driver, "_writer_thread", None)
    return writer._queue.qsize() if isinstance(writer, WriterThread) else 0


def never_block(driver: Driver) -> None:
    """Let the queue to the terminal grow: a terminal that stalls must never stop the event loop."""
    writer = getattr(driver, "_writer_thread", None)
    if isinstance(writer, WriterThread):
        writer._queue.maxsize = 0


def end_writes(driver: Driver) -> None:
    """Tell the writing thread to end when it has written what waits."""
    writer = getattr(driver, "_writer_thread", None)
    if isinstance(writer, WriterThread):
        writer._queue.put(None)
