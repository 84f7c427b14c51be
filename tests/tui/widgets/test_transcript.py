from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple, TypeVar

import msgspec
import pytest
from textual import events, on
from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Static

from tests.tui.render.documents import DOCUMENTS
from tests.tui.render.turns import answer, question
from tests.waiting import until
from tui.render.palette import CURRENT, FOUND
from tui.render.think import LONGEST_ROLL, WINDOW
from tui.render.types import Notice, Part, Turn
from tui.widgets.transcript import Transcript

M = TypeVar("M", bound=Message)
LONG = "\n\n".join(f"Paragraph {number} of the answer." for number in range(40))
THOUGHTS = "\n\n".join(f"Thought {number}." for number in range(9))


class Page(App[None]):
    """A transcript between two lines of chrome."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[Message] = []

    def compose(self) -> ComposeResult:
        yield Static("above")
        yield Transcript(id="talk")
        yield Static("below")

    @on(Transcript.CopyRequested)
    @on(Transcript.LinkOpened)
    @on(Transcript.FollowChanged)
    @on(Transcript.NeedEarlier)
    @on(Transcript.ThinkToggled)
    def hear(self, message: Message) -> None:
        self.heard.append(message)


class Stage(NamedTuple):
    app: Page
    pilot: Pilot[None]
    talk: Transcript

    def rows(self) -> list[str]:
        """What stands on the screen between the chrome."""
        return [strip.text[:-1].rstrip() for strip in self.talk.render_lines(self.talk.size.region)]

    def bar(self) -> str:
        """The column of the scroll bar."""
        return "".join(strip.text[-1] for strip in self.talk.render_lines(self.talk.size.region))

    async def said(self) -> list[str]:
        """What stands there once everything that came is painted."""
        self.talk.flush()
        await self.pilot.pause()
        return self.rows()

    def follows(self) -> bool:
        return self.talk.following

    def heard(self, kind: type[M]) -> list[M]:
        return [message for message in self.app.heard if isinstance(message, kind)]


@asynccontextmanager
async def stage(*turns: Turn, size: tuple[int, int] = (62, 22), more: bool = False) -> AsyncIterator[Stage]:
    app = Page()
    async with app.run_test(size=size) as pilot:
        talk = app.query_one(Transcript)
        talk.still = True
        talk.load(turns, more=more)
        await pilot.pause()
        yield Stage(app, pilot, talk)


def stream(talk: Transcript, turn: int, text: str, part: Part = "answer", at: int = 0) -> None:
    assert talk.extend(turn, part, at, text)


async def test_a_conversation_opens_at_its_end() -> None:
    async with stage(question(1), answer(2, LONG)) as now:
        rows = now.rows()
        assert rows[-2:] == ["  Paragraph 39 of the answer.", ""]
        assert now.follows()


async def test_text_appears_as_it_comes_and_the_end_is_followed() -> None:
    async with stage(question(1), answer(2, "", phase="answering")) as now:
        stream(now.talk, 2, "One **bo")
        await until(lambda: "  One **bo" in now.rows())
        stream(now.talk, 2, "ld** word.\n\n" + LONG, at=8)
        assert "  Paragraph 39 of the answer." in await now.said()
        now.talk.go_to(0)
        assert "  One bold word." in await now.said()


async def test_what_is_known_is_skipped_and_a_gap_is_refused() -> None:
    async with stage(answer(1, "One two", phase="answering")) as now:
        assert now.talk.extend(1, "answer", 4, "two three")
        assert now.talk.extend(1, "answer", 0, "One")
        assert not now.talk.extend(1, "answer", 99, "later")
        assert not now.talk.extend(77, "answer", 0, "unknown turn")
        assert "  One two three" in await now.said()


async def test_a_person_who_scrolls_ends_the_following_and_the_end_brings_it_back() -> None:
    async with stage(answer(1, LONG, phase="answering")) as now:
        await now.pilot._post_mouse_events([events.MouseScrollUp], widget=now.talk)
        assert not now.follows()
        before = now.rows()
        stream(now.talk, 1, "\n\nMore at the end.\n\nAnd more.", at=len(LONG))
        assert await now.said() == before
        now.talk.page(1)
        assert now.follows()
        assert "  And more." in await now.said()
        assert [message.following for message in now.heard(Transcript.FollowChanged)] == [False, True]


async def test_a_resize_ends_no_following_and_moves_no_reader() -> None:
    async with stage(answer(1, LONG)) as now:
        await now.pilot.resize_terminal(40, 12)
        assert now.follows()
        assert "  Paragraph 39 of the answer." in now.rows()
        now.talk.go_to(10)
        top = now.rows()[0]
        await now.pilot.resize_terminal(70, 30)
        assert not now.follows()
        assert now.rows()[0] == top


async def test_the_scroll_bar_shows_where_one_is_and_can_be_dragged() -> None:
    async with stage(answer(1, LONG)) as now:
        window, height = now.talk.window, now.talk.stack.height
        size = window * window // height
        assert now.bar() == " " * (window - size) + "▐" * size
        at = now.talk.size.width - 1
        await now.pilot.mouse_down(now.talk, offset=(at, window - 1))
        await now.pilot.hover(now.talk, offset=(at, 0))
        assert now.talk.top == 0
        assert now.bar() == "▐" * size + " " * (window - size)
        assert not now.follows()
        await now.pilot.hover(now.talk, offset=(at, window))
        await now.pilot.mouse_up(now.talk, offset=(at, window - 1))
        assert now.follows()
        assert now.app.screen.get_selected_text() is None
        await now.pilot.hover(now.talk, offset=(at, 0))
        assert now.follows()


async def test_what_fits_needs_no_scroll_bar() -> None:
    async with stage(answer(1, "Short.")) as now:
        assert now.bar().strip() == ""


async def test_a_frame_marks_only_the_rows_that_changed() -> None:
    async with stage(answer(1, "First.\n\nSecond.\n\nThird", phase="answering")) as now:
        marked: list[int] = []
        now.talk.refresh = lambda *regions, **_: marked.extend(region.y for region in regions)  # type: ignore[method-assign, assignment]  # seen, not done
        stream(now.talk, 1, " goes on", at=len("First.\n\nSecond.\n\nThird"))
        now.talk.flush()
        assert marked == [5]


async def test_a_frame_that_changes_nothing_in_view_paints_nothing() -> None:
    async with stage(answer(1, LONG, phase="answering")) as now:
        now.talk.go_to(0)
        await now.pilot.pause()
        marked: list[object] = []
        now.talk.refresh = lambda *regions, **_: marked.append(regions)  # type: ignore[method-assign, assignment]  # seen, not done
        stream(now.talk, 1, "\n\nFar below.", at=len(LONG))
        now.talk.flush()
        assert marked == []
        assert now.talk.virtual_size.height == now.talk.stack.height


async def test_growing_never_starts_a_layout_of_the_screen() -> None:
    async with stage(answer(1, "", phase="answering")) as now:
        layouts: list[object] = []
        now.app.screen.screen_layout_refresh_signal.subscribe(now.app, layouts.append)
        for number in range(30):
            stream(now.talk, 1, f"Line {number}.\n\n", at=now.talk.stack.block(0).length("answer"))
            await now.said()
        assert layouts == []
        assert "  Line 29." in now.rows()


async def test_a_hidden_transcript_works_nothing_in_until_it_is_seen() -> None:
    async with stage(answer(1, "", phase="answering")) as now:
        await now.app.push_screen(Screen())
        stream(now.talk, 1, "Said meanwhile.")
        now.talk.flush()
        assert now.talk.stack.block(0).body.height == 0
        now.app.pop_screen()
        await until(lambda: "  Said meanwhile." in now.rows())


async def test_thoughts_stream_in_a_window_and_roll_up_when_the_answer_begins() -> None:
    async with stage(question(1), answer(2, "", phase="thinking")) as now:
        now.talk.still = False
        now.app.animation_level = "full"
        stream(now.talk, 2, THOUGHTS, "thinking")
        rows = await now.said()
        assert "  ▾ Thinking… 0 s · 26 tokens" in rows
        assert [row for row in rows if row][-3:] == ["    Thought 6.", "    Thought 7.", "    Thought 8."]
        seen: set[tuple[str, ...]] = set()
        stream(now.talk, 2, "The answer.")
        block = now.talk.stack.block(1)
        assert block.think is not None

        def rolled() -> bool:
            seen.add(tuple(now.rows()))
            return block.think is not None and not block.think.body_rows

        await until(rolled)
        assert len(seen) >= 6
        assert await now.said() == [
            "  You  14:02",
            "  Why is the sky blue?",
            "",
            "  qwen3:8b  14:02",
            "  ▸ Thought for 0 s",
            "",
            "  The answer.",
            *[""] * 13,
        ]
        assert now.follows()


async def test_a_picture_that_comes_late_skips_no_row_of_a_thought_and_the_way_still_ends() -> None:
    async with stage(question(1), answer(2, "", phase="thinking")) as now:
        now.talk.still = False
        now.app.animation_level = "full"
        stream(now.talk, 2, THOUGHTS, "thinking")
        await now.said()
        loop = asyncio.get_running_loop()
        think = now.talk.stack.block(1).think
        assert think is not None
        with now.app.batch_update():  # no picture is made
            began = loop.time()
            stream(now.talk, 2, "The answer.")
            await until(lambda: loop.time() > began + 0.3)  # four steps are due
            assert think.body_rows == WINDOW - 1
            await until(lambda: not think.body_rows)
            assert 0.3 < loop.time() - began < LONGEST_ROLL + 0.5


async def test_with_reduced_motion_the_thought_is_gone_in_one_step() -> None:
    async with stage(answer(1, "", phase="thinking")) as now:
        stream(now.talk, 1, THOUGHTS, "thinking")
        await now.said()
        stream(now.talk, 1, "The answer.")
        assert (await now.said())[:4] == ["  qwen3:8b  14:02", "  ▸ Thought for 0 s", "", "  The answer."]


async def test_following_outlives_the_roll_up() -> None:
    async with stage(answer(1, LONG), answer(2, "", phase="thinking")) as now:
        stream(now.talk, 2, THOUGHTS, "thinking")
        await now.said()
        stream(now.talk, 2, LONG)
        rows = await now.said()
        assert now.follows()
        assert rows[-2] == "  Paragraph 39 of the answer."


async def test_the_readers_rows_do_not_move_when_a_thought_above_them_ends() -> None:
    async with stage(answer(1, LONG), answer(2, "", phase="thinking"), answer(3, LONG)) as now:
        stream(now.talk, 2, THOUGHTS, "thinking")
        await now.said()
        now.talk.go_to(now.talk.stack.top_of(2) + 5)
        now.talk.go_to(now.talk.stack.top_of(2) + 5)
        before = await now.said()
        now.talk.update_turn(answer(2, "", THOUGHTS))
        assert await now.said() == before


async def test_a_thought_somebody_reads_stays_open_until_they_go_on() -> None:
    async with stage(answer(1, LONG), answer(2, "", phase="thinking"), answer(3, "short")) as now:
        stream(now.talk, 2, THOUGHTS, "thinking")
        await now.said()
        now.talk.go_to(now.talk.top - 2)
        before = await now.said()
        stream(now.talk, 2, "Answer.")
        after = await now.said()
        header = next(index for index, row in enumerate(before) if "Thinking" in row)
        assert after[:header] == before[:header]
        assert after[header + 1 : header + 1 + WINDOW] == before[header + 1 : header + 1 + WINDOW]
        now.talk.follow()
        assert not [row for row in await now.said() if "Thought 8." in row]


async def test_a_thought_is_opened_and_closed_from_anywhere_in_it() -> None:
    async with stage(question(1), answer(2, "The answer.", THOUGHTS)) as now:
        await now.pilot.click(now.talk, offset=(5, 4))
        rows = await now.said()
        assert rows[4] == "  ▾ Thought for 12 s · 640 tokens"
        assert rows[5] == "    Thought 0."
        await now.pilot.click(now.talk, offset=(9, 8))
        assert (await now.said())[4:7] == ["  ▸ Thought for 12 s · 640 tokens", "", "  The answer."]
        assert [message.opened for message in now.heard(Transcript.ThinkToggled)] == [True, False]


async def test_a_choice_made_while_it_thinks_is_kept_when_it_ends() -> None:
    async with stage(answer(1, "", phase="thinking")) as now:
        stream(now.talk, 1, THOUGHTS, "thinking")
        await now.said()
        now.talk.toggle_think(1)
        assert not [row for row in await now.said() if "Thought" in row]
        now.talk.toggle_think(1)
        stream(now.talk, 1, "Answer.")
        now.talk.go_to(0)
        assert "    Thought 0." in await now.said()


async def test_modes_change_every_thought_nobody_chose() -> None:
    async with stage(answer(1, "One.", "first thought"), answer(2, "Two.", "second thought")) as now:
        now.talk.toggle_think(1)
        now.talk.toggle_think(1)
        now.talk.set_mode("open")
        rows = await now.said()
        assert "    first thought" not in rows
        assert "    second thought" in rows


async def test_seconds_run_on_while_a_model_thinks_in_silence() -> None:
    app = Page()
    async with app.run_test(size=(60, 12)) as pilot:
        passed = [0.0]
        talk = Transcript(clock=lambda: passed[0])
        await app.mount(talk)
        await pilot.pause()
        talk.load([answer(1, "", "hm", "thinking")])
        passed[0] = 7.5
        talk._count_on()
        talk.flush()
        await pilot.pause()
        assert "Thinking… 7 s" in talk.stack.block(0).rows(1, 2)[0].text


@pytest.mark.parametrize(("turns", "asked"), [(6, []), (1, [10])], ids=["full", "room left"])
async def test_a_view_that_was_never_laid_out_asks_for_earlier_turns_only_when_it_has_room(
    turns: int, asked: list[int]
) -> None:
    app = Page()
    async with app.run_test(size=(62, 22)) as pilot:
        talk = Transcript()
        talk.load([answer(number, LONG[:100]) for number in range(10, 10 + turns)], more=True)
        await pilot.pause()
        assert app.heard == []
        await app.mount(talk)
        await until(lambda: talk.pictures)
        await pilot.pause()
        heard = [one.turn_id for one in app.heard if isinstance(one, Transcript.NeedEarlier)]
        assert heard == asked


async def test_earlier_turns_are_asked_for_once_and_come_in_above() -> None:
    async with stage(*[answer(number, LONG) for number in range(10, 13)], more=True) as now:
        assert now.heard(Transcript.NeedEarlier) == []
        now.talk.go_to(3)
        now.talk.go_to(1)
        await now.pilot.pause()
        assert [message.turn_id for message in now.heard(Transcript.NeedEarlier)] == [10]
        before = now.rows()
        now.talk.put_before([answer(number, LONG) for number in range(5, 10)], more=False)
        assert await now.said() == before
        now.talk.go_to(0)
        await now.pilot.pause()
        assert len(now.heard(Transcript.NeedEarlier)) == 1


async def test_a_turn_can_be_shown_added_and_taken_out() -> None:
    async with stage(*[answer(number, LONG) for number in range(30)]) as now:
        now.talk.show_turn(7)
        assert now.talk.cursor_turn == 7
        assert now.rows()[0] == "  qwen3:8b  14:02"
        assert now.rows()[1].endswith("Paragraph 0 of the answer.")
        now.talk.update_turn(question(99, "A new one"))
        now.talk.remove_turn(29)
        now.talk.remove_turn(29)
        now.talk.follow()
        rows = await now.said()
        assert rows[-2] == "  A new one"
        assert "  Paragraph 39 of the answer." in rows


async def test_going_to_the_turn_before_shows_whose_it_is() -> None:
    async with stage(*[answer(number, LONG) for number in range(4)]) as now:
        now.talk.action_turn(-1)
        now.talk.action_turn(-1)
        assert (await now.said())[0] == "  qwen3:8b  14:02"


async def test_the_cursor_goes_over_blocks_code_and_turns() -> None:
    text = "# Title\n\nText.\n\n- one\n- two\n\n```sh\nls\n```\n\nEnd.\n"
    async with stage(question(1), answer(2, text, "hm"), question(3), size=(62, 34)) as now:
        now.talk.focus()
        now.talk.action_turn(1)
        assert now.talk.cursor_turn == 1
        now.talk.action_turn(1)
        now.talk.action_block(1)
        await now.pilot.pause()
        bars = [row for row in now.rows() if row.startswith("▌")]
        assert bars == ["▌ Title"]
        now.talk.action_block(1)
        now.talk.action_block(1)
        await now.pilot.pause()
        assert [row for row in now.rows() if row.startswith("▌")] == ["▌ • one", "▌ • two"]
        now.talk.action_fence(1)
        assert now.talk.current_block_source() == "ls\n"
        now.talk.action_fence(1)
        now.talk.action_turn(1)
        assert now.talk.current_block_source() == "Why is the sky blue?"
        now.talk.action_fence(-1)
        assert now.talk.current_block_source() == "ls\n"
        now.talk.action_block(-1)
        assert now.talk.current_block_source() == "- one\n- two"


async def test_copies_are_asked_for_as_source() -> None:
    text = "Text **bold**.\n\n```sh\nls\n```\n"
    async with stage(question(1), answer(2, text)) as now:
        now.talk.action_copy("block")
        now.talk.action_fence(1)
        now.talk.action_copy("block")
        now.talk.action_copy("answer")
        now.talk.action_copy("all")
        await now.pilot.pause()
        copied = [(message.what, message.text) for message in now.heard(Transcript.CopyRequested)]
        assert copied == [
            ("answer", text),
            ("block", "ls\n"),
            ("answer", text),
            ("all", f"## You\n\nWhy is the sky blue?\n\n## qwen3:8b\n\n{text}"),
        ]


async def test_the_hint_beside_code_copies_it_and_links_are_handed_up() -> None:
    text = "See [the manual](https://m.example).\n\n```sh\nls\n```\n"
    async with stage(answer(1, text)) as now:
        await now.pilot.click(now.talk, offset=(8, 1))
        await now.pilot.click(now.talk, offset=(now.talk.size.width - 3, 3))
        await now.pilot.pause()
        assert [message.target for message in now.heard(Transcript.LinkOpened)] == ["https://m.example"]
        assert [message.text for message in now.heard(Transcript.CopyRequested)] == ["ls\n"]
        now.talk.action_turn(-1)
        now.talk.action_block(1)
        now.talk.action_turn(-1)
        now.talk._cursor = now.talk.stack.block(0).stops()[0]
        now.talk.action_open()
        await now.pilot.pause()
        assert len(now.heard(Transcript.LinkOpened)) == 2


async def test_a_selection_by_mouse_is_source_text() -> None:
    async with stage(answer(1, "A **bold** word.\n\n- item\n")) as now:
        await now.pilot.mouse_down(now.talk, offset=(4, 1))
        await now.pilot.hover(now.talk, offset=(40, 3))
        await now.pilot.mouse_up(now.talk, offset=(40, 3))
        await now.pilot.pause()
        assert now.app.screen.get_selected_text() == "**bold** word.\n\n- item"
        styled = now.talk.render_lines(now.talk.size.region)[1]
        plain = now.talk._paint_with().strip(now.talk.stack.rows(1, 2)[0], thumb=False)
        assert styled != plain
        await now.pilot.click(now.talk, offset=(30, 10))
        await now.pilot.pause()
        assert not now.talk.has_selection


async def test_a_double_click_selects_the_block() -> None:
    async with stage(answer(1, "One.\n\nTwo has **words**.\n\nThree.")) as now:
        await now.pilot.click(now.talk, offset=(6, 3), times=2)
        await now.pilot.pause()
        assert now.app.screen.get_selected_text() == "Two has **words**."


async def test_the_keyboard_selects_rows() -> None:
    async with stage(answer(1, "One.\n\nTwo.\n\nThree.")) as now:
        now.talk.go_to(0)
        now.talk._cursor = now.talk.stack.block(0).stops()[0]
        now.talk.action_select(1)
        now.talk.action_select(1)
        await now.pilot.pause()
        now.talk.action_select(1)
        await now.pilot.pause()
        assert (now.app.screen.get_selected_text() or "").startswith("One.\n\nTwo.")


async def test_a_selection_stays_on_its_words_when_rows_come_above() -> None:
    async with stage(answer(1, "", THOUGHTS, "thinking"), answer(2, "Chosen words.")) as now:
        row = now.rows().index("  Chosen words.")
        await now.pilot.mouse_down(now.talk, offset=(2, row))
        await now.pilot.hover(now.talk, offset=(7, row))
        await now.pilot.mouse_up(now.talk, offset=(7, row))
        await now.pilot.pause()
        now.talk.set_mode("open")
        await now.said()
        assert now.app.screen.get_selected_text() == "Chosen"


async def test_words_are_found_marked_and_gone_through() -> None:
    async with stage(question(1, "sky"), answer(2, LONG + "\n\nThe sky."), answer(3, "x", "the sky?")) as now:
        now.talk.go_to(0)
        assert now.talk.find("SKY") == 3
        await now.pilot.pause()
        styles = [segment.style for segment in now.talk.render_lines(now.talk.size.region)[1]]
        painter = now.talk._paint_with()
        assert painter._palette[CURRENT] in styles
        now.talk.action_hit(1)
        assert "  The sky." in await now.said()
        now.talk.action_hit(1)
        assert "    the sky?" in await now.said()
        now.talk.action_hit(1)
        assert now.talk.top == 0
        assert painter._palette[FOUND] != painter._palette[CURRENT]
        assert now.talk.find("") == 0


async def test_another_theme_repaints_without_laying_out() -> None:
    async with stage(answer(1, "Some **words**.")) as now:
        line = now.talk.stack.rows(1, 2)[0]
        before = now.talk.render_lines(now.talk.size.region)[1]
        now.app.theme = "textual-light"
        await now.pilot.pause()
        assert now.talk.stack.rows(1, 2)[0] is line
        assert now.talk.render_lines(now.talk.size.region)[1] != before


async def test_ascii_signs_are_drawn_when_asked_for() -> None:
    async with stage() as now:
        now.talk.use_ascii(plain=True)
        now.talk.load([answer(1, "- a\n\n---\n\n> q", "hm")])
        said = "".join(await now.said())
        assert said.isascii()
        assert "> Thought" in said


async def test_an_answer_that_fails_says_so_and_keeps_its_text() -> None:
    async with stage(answer(1, "Half a sent", phase="answering")) as now:
        failed = msgspec.structs.replace(
            answer(1, "Half a sent"), notices=(Notice("The server went away. r tries again.", "error"),)
        )
        now.talk.update_turn(failed)
        rows = await now.said()
        assert rows[1:4] == ["  Half a sent", "", "  ✗ The server went away. r tries again."]


async def test_hostile_documents_reach_the_screen_harmless() -> None:
    turns = [answer(number, text, text) for number, text in enumerate(DOCUMENTS.values())]
    async with stage(*turns) as now:
        now.talk.set_mode("open")
        for top in range(0, now.talk.stack.height, 20):
            now.talk.go_to(top)
            for row in now.rows():
                assert not [character for character in row if not character.isprintable()]


async def test_an_empty_conversation_is_an_empty_page() -> None:
    async with stage() as now:
        assert set(now.rows()) == {""}
        for action in (
            now.talk.action_block,
            now.talk.action_turn,
            now.talk.action_fence,
            now.talk.action_hit,
        ):
            action(1)
        now.talk.action_open()
        now.talk.action_think()
        now.talk.action_copy("all")
        now.talk.page(1)
        assert now.talk.find("x") == 0
        assert now.heard(Transcript.CopyRequested) == []
