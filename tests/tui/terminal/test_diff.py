from __future__ import annotations

import os
import re
import time
from itertools import pairwise
from typing import Any

import pytest
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Input, Static

from tests.tui.terminal.sample import Box, Sample, word
from tests.tui.terminal.sessions import Session, Watched, quick
from tests.waiting import until
from tui.terminal import probe, seam
from tui.terminal.diff import DifferentialOutput
from tui.terminal.options import TerminalOptions
from tui.terminal.paint import Painter

OURS = re.compile(
    r"\x1b\[\d*(?:;\d+)?[HCDGKXr]|\x1b\[[\d;]*m|\x1bM|\x1b\[\?2026[hl]|\r\n|\n|\r|\x1b\]8;[!-~]*\x1b\\|\x1b\[6n"
)
"""Every sequence that frames are made of."""

HOSTILE = (
    "\x1b[31m",
    "\x1b]52;c;aGk=\x07",
    "\x1b]0;title\x1b\\",
    "\x1b]8;;http://x\x1b\\y\x1b]8;;\x1b\\",
    "\x1b]777;notify;a;b\x07",
    "\x1b]1337;File=:AAAA\x07",
    "\x1bP+q544e\x1b\\",
    "\x1b_Gf=100;AAAA\x1b\\",
    "\x1b]52;c;\x1b]0;nested\x07\x07",
    "\x1bc",
    "\x9b2J",
    "\x9d0;c1\x9c",
    "\x90q\x9c",
    "\x00\x07\x08\x0b\x0c\x0e\x0f\x7f",
    "\N{RIGHT-TO-LEFT OVERRIDE}gpj.exe",
    "\N{RIGHT-TO-LEFT ISOLATE}x\N{POP DIRECTIONAL ISOLATE}",
    "\N{TAG LATIN SMALL LETTER A}\N{CANCEL TAG}",
    "a\ud800b",
    "line\u2028separator",
    "[@click=app.quit]x[/] [red]",
    "\x1b",
    "[2J",
)


async def in_the_app(person: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a function of a fresh session inside its app."""
    session = Session(0)
    failure: list[BaseException] = []

    async def pilot(_: Pilot[Any]) -> None:
        try:
            session.emulator.feed("\x1b[?7l")
            await session.compare("start")
            await person(session)
        except BaseException as error:  # noqa: BLE001 - raised again outside the app
            failure.append(error)
        session.app.exit()

    with quick(monkeypatch):
        await session.app.run_async(size=(60, 18), mouse=False, auto_pilot=pilot)
    if failure:
        raise failure[0]


async def test_nothing_is_written_when_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    async def person(session: Session) -> None:
        session.app.refresh(layout=True)
        session.app.screen.refresh()
        await session.settle()
        assert session.driver.output == []

    await in_the_app(person, monkeypatch)


async def test_dialogs_and_the_command_palette_are_drawn_by_difference_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def person(session: Session) -> None:
        for opened in (lambda: session.app.push_screen(Box()), session.app.action_command_palette):
            opened()
            await session.compare("opened")
            await session.app.pop_screen()
            await session.settle()
            closing = "".join(session.driver.output)
            assert 0 < len(closing) < 6_000
            await session.compare("closed")

    await in_the_app(person, monkeypatch)


async def test_what_changes_behind_a_dialog_is_seen_there_a_few_times_a_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown: list[float] = []
    through = seam.show_through

    def watched(app: App[Any]) -> None:
        shown.append(time.monotonic())
        through(app)

    monkeypatch.setattr(seam, "show_through", watched)

    async def person(session: Session) -> None:
        app = session.app

        def says(text: str) -> bool:
            session.deliver()
            return text in session.emulator.text

        app.push_screen(Box())
        await session.compare("opened")
        for batch in range(20):
            app.words.say([word(number) for number in range(batch * 40, batch * 40 + 40)])
            await session.settle()
        await until(lambda: says("w00720"))
        await session.compare("said behind a dialog")
        assert all(later - before > 0.2 for before, later in pairwise(shown))
        # Through a dialog over a dialog, too, and where something behind takes another place.
        app.push_screen(Box())
        await session.compare("opened another")
        app.words.say([word(number) for number in range(900, 1_000)])
        await until(lambda: says("w009"))
        await session.compare("said behind two dialogs")
        side = app.screen_stack[0].query_one("#side")
        side.display = False
        await until(lambda: not says("chat 0"))
        await session.compare("moved behind two dialogs")
        quiet = len(shown)
        await session.settle()
        session.driver.output.clear()
        app.screen.refresh()
        await session.settle()
        assert (session.driver.output, len(shown)) == ([], quiet)
        for _ in range(2):
            await app.pop_screen()
        await session.compare("closed")

    await in_the_app(person, monkeypatch)


async def test_a_frame_is_skipped_while_the_terminal_is_busy_and_nothing_is_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def person(session: Session) -> None:
        session.driver.busy = True
        for number in range(5):
            session.app.words.say([word(n) for n in range(number * 20, number * 20 + 20)])
            await session.app.animator.wait_for_idle()
        session.app.query_one(Input).value = "typed meanwhile"
        assert session.driver.output == []
        session.driver.busy = False
        await session.compare("busy")
        assert "typed meanwhile" in session.emulator.text

    await in_the_app(person, monkeypatch)


async def test_what_happens_in_a_batch_is_drawn_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async def person(session: Session) -> None:
        app = session.app
        with app.batch_update():
            app.words.say([word(n) for n in range(40)])
            app.screen._compositor._dirty_regions.add(app.screen.region)
            app.screen._compositor_refresh()
            assert app._painter is not None
            assert app._painter.pending
            assert session.driver.output == []
        await session.compare("batch")
        assert "w00036" in session.emulator.text

    await in_the_app(person, monkeypatch)


async def test_a_widget_of_which_textual_forgot_that_it_was_there_is_drawn_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def person(session: Session) -> None:
        app = session.app
        label = Static("a label that goes away", markup=False)
        app.screen.set_styles("layers: default above;")
        label.styles.layer = "above"
        label.styles.dock = "top"
        await app.screen.mount(label)
        await session.compare("mounted")
        assert "goes away" in session.emulator.text
        removal = label.remove()
        # As a rebuilt map of the screen does: what is not in it any more was never there.
        app.screen._compositor._full_map.pop(label)
        await removal
        await session.compare("removed")
        assert "goes away" not in session.emulator.text
        assert session.overlooked == 0

    await in_the_app(person, monkeypatch)


@pytest.mark.parametrize("where", ["transcript", "label", "prompt", "notice", "placeholder"])
async def test_hostile_text_arrives_as_text_or_not_at_all(
    where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def person(session: Session) -> None:
        app = session.app
        for text in (*HOSTILE, "".join(HOSTILE), "x" * 10_000):
            match where:
                case "transcript":
                    app.words.say([(text, 0), *((character, 1) for character in text[:40])])
                case "label":
                    app.query(Static).first().update(text)
                case "prompt":
                    app.query_one(Input).value = text
                case "placeholder":
                    app.query_one(Input).placeholder = text
                case _:
                    app.notify(text, markup=False, timeout=10)
            await session.settle()
            written = "".join(session.driver.output)
            session.driver.output.clear()
            shown = OURS.sub("", written)
            assert shown.isprintable(), f"{text!r} left {shown!r}"
            shown.encode()

    await in_the_app(person, monkeypatch)


async def test_a_link_of_which_the_address_is_hostile_is_no_link() -> None:
    assert seam._link("1", "https://example.org/a") == "id=1;https://example.org/a"
    assert seam._link("1", "https://x\x1b\\\x1b]52;c;aGk=\x07") == ""
    assert seam._link("1", "https://x/" + "a" * 5000) == ""
    assert seam._link("a;b:c", "https://x") == ";https://x"


async def test_drawing_that_fails_steps_aside_and_the_screen_is_right(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def person(session: Session) -> None:
        def fail(*_: object) -> str:
            raise RuntimeError("the words on the screen")

        session.deliver()
        monkeypatch.setattr(Painter, "frame", fail)
        session.app.words.say([word(n) for n in range(40)])
        await session.compare("failure")
        assert session.app.output_note == "drawing failed: RuntimeError"
        assert "w00036" in session.emulator.text
        session.app.query_one(Input).value = "still here"
        await session.compare("failure")
        assert "still here" in session.emulator.text

    await in_the_app(person, monkeypatch)


async def test_another_textual_is_left_to_draw_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seam, "VERSION", "8.2.9")

    async def person(session: Session) -> None:
        assert session.app.output_note == "Textual is 8.2.8, not 8.2.9"
        assert session.app._painter is None
        session.app.query_one(Input).value = "drawn all the same"
        await session.compare("start")
        assert "drawn all the same" in session.emulator.text

    await in_the_app(person, monkeypatch)


def test_no_name_of_ours_hides_one_of_textual_s() -> None:
    meant = {
        "get_driver_class",
        "_handle_exception",
        "_register_child",
        "_display",
        "_on_resize",
        "get_line_filters",
    }
    made_by_textual = {name for name in vars(Sample) if name in vars(DifferentialOutput)}
    ours = {name for name in vars(DifferentialOutput) if not name.startswith("__")} - made_by_textual
    assert {name for name in ours if hasattr(App, name)} == meant
    app = DifferentialOutput[None]()
    assert not [name for name in vars(app) if name not in vars(App()) and hasattr(App, name)]


def test_the_private_parts_of_textual_are_as_they_were() -> None:
    assert seam.trouble() == ""


def test_a_private_part_that_changed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def display(self: object, screen: object) -> None:
        """Another signature."""

    monkeypatch.setattr(seam, "_METHODS", ((display, "self screen renderable"),))
    assert "takes other arguments" in seam.trouble()
    monkeypatch.setattr(seam, "_METHODS", ())
    monkeypatch.setattr(seam, "_NAMES", ((display, "_batch_count"),))
    assert seam.trouble().endswith("no longer uses _batch_count")


async def test_without_a_terminal_an_app_is_tested_as_ever() -> None:
    app = Sample()
    async with app.run_test(size=(60, 18)) as pilot:
        await pilot.press("h", "i")
        app.words.say([("hello", 0)])
        await pilot.pause()
        assert app.query_one(Input).value == "hi"
        assert "hello" in app.export_screenshot()
        assert app.output_note == ""


async def test_an_update_of_an_unknown_kind_makes_the_copy_worthless(monkeypatch: pytest.MonkeyPatch) -> None:
    async def person(session: Session) -> None:
        app: Watched = session.app
        session.emulator.spoil()
        app._display(app.screen, "a renderable of Rich")
        app.updates.clear()
        app.refresh(layout=True)
        await session.compare("foreign drawing")

    await in_the_app(person, monkeypatch)


@pytest.mark.parametrize(
    ("environment", "options"),
    [
        ({}, TerminalOptions(frames=20)),
        ({"SSH_TTY": "/dev/pts/1"}, TerminalOptions(frames=10, acknowledged=True, remote=True)),
        (
            {"TMUX": "x,1,0", "SSH_TTY": "/dev/pts/1"},
            TerminalOptions(frames=10, extended_keys=True, scroll_regions=False, erases=False, remote=True),
        ),
    ],
)
def test_options_follow_from_the_terminal(environment: dict[str, str], options: TerminalOptions) -> None:
    here = probe.look(
        {"TERM": "xterm-256color"} | environment,
        run=lambda _: "3.4\t\txterm\t60\t120",
        window=os.terminal_size((120, 40)),
        interactive=True,
        encoding="utf-8",
    )
    assert TerminalOptions.here(here) == options
    assert TerminalOptions.here(here, plain_output=True, frames_local=7, frames_ssh=3).frames in {7, 3}
