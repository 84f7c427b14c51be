"""The library page: spaces, what is in them, and what is found."""

from __future__ import annotations

import msgspec
import pytest

from core.simulator import Script
from tests.core.retrieval.making import docx, paragraph
from tests.pictures import assert_picture, screen_text
from tests.tui.bookcase import filled, quiet, shelf, timeless
from tests.tui.conftest import NARROW, WIDE, OpenShell, Shell, both_ways
from tests.waiting import until
from tui.app import LeitstandApp
from tui.modals.find import Find
from tui.modals.inspect import Inspect
from tui.modals.passage import Reading
from tui.screens.library import LibraryScreen
from tui.widgets.detail import Detail
from tui.widgets.row_list import RowList

SIZES = pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the person was told in passing; windows for it are not opened in tests."""
    words: list[str] = []
    monkeypatch.setattr(LeitstandApp, "toast", lambda app, level, text, hint="": words.append(text))
    return words


def page_of(here: Shell) -> LibraryScreen:
    screen = here.app.screen_stack[0]
    assert isinstance(screen, LibraryScreen)
    return screen


async def shows(here: Shell, *words: str) -> str:
    await until(lambda: all(word in screen_text(here.app) for word in words))
    await here.pilot.pause()
    return screen_text(here.app)


async def searched(here: Shell, words: str) -> None:
    """Wait until what was typed last is what was searched for."""
    find = here.app.screen
    assert isinstance(find, Find)
    await until(lambda: find._asked == words)
    await here.pilot.pause()


async def to_documents(here: Shell, count: int = 4) -> None:
    """Go among the documents, once they are listed."""
    await until(lambda: len(page_of(here).documents.rows) == count)
    await here.pilot.pause()
    await here.pilot.press("tab")
    await until(lambda: page_of(here).documents.has_focus)


@SIZES
async def test_an_empty_library_says_what_it_is_and_how_to_begin(
    shell: OpenShell, size: tuple[int, int]
) -> None:
    async with shell("library", size) as here:
        text = await shows(here, "No space yet.", "n makes the first.")
        assert "names them in its answer as [1], [2]" in " ".join(text.split())
        assert "Everything stays on this machine." in text
        assert_picture(here.app, "library-empty")


@SIZES
async def test_the_library_waits_for_the_engine(shell: OpenShell, size: tuple[int, int]) -> None:
    async with shell("library", size, held=True) as here:
        await shows(here, "Reading the library…")
        assert_picture(here.app, "library-loading")


@both_ways
async def test_a_space_is_made_renamed_described_and_coloured(shell: OpenShell) -> None:
    async with shell("library") as here:
        await shows(here, "No space yet.")
        await here.pilot.press("n", *"manuals", "enter")
        await shows(here, "manuals", "1 space")
        await here.pilot.press("e", *[*["backspace"] * 7, *"handbooks"], "enter")
        await shows(here, "Describe it")
        await here.pilot.press(*"pumps", "enter")
        await shows(here, "handbooks   pumps")
        await here.pilot.press("c", *"orange")
        await shows(here, "Colour of the space", "● orange")
        await here.pilot.press("enter")
        await until(lambda: page_of(here).space is not None)
        await here.pilot.pause()
        (space,) = await here.engine.library.spaces()
        assert (space.name, space.description, space.colour) == ("handbooks", "pumps", "orange")


@both_ways
async def test_folders_are_looked_through_again_by_themselves_until_that_is_taken_back(
    shell: OpenShell, said: list[str]
) -> None:
    async with shell("library") as here:
        space = await filled(here)
        await until(lambda: page_of(here).space is not None)
        await here.pilot.press("W")
        await shows(here, "looked through again by itself")
        await until(lambda: said == ["What changes is read by itself from now on, within 1 m 00 s."])
        await settled(here, space.id, 4)
        (here.home / "shelf" / "new.md").write_text("# New\n\nIt came later.")
        await settled(here, space.id, 5)
        await here.pilot.press("W")
        await until(lambda: said[1:] == ["What changes is no longer read by itself."])
        assert (await here.engine.library.space(space.id)).watched == ()


async def test_a_name_that_is_taken_is_said_in_the_dialog(shell: OpenShell) -> None:
    async with shell("library") as here:
        await here.engine.library.create_space("manuals")
        await shows(here, "manuals")
        await here.pilot.press("n", *"Manuals", "enter")
        await shows(here, "New space", "manuals")
        assert len(await here.engine.library.spaces()) == 1
        await here.pilot.press("escape")


async def test_a_deleted_space_comes_back(shell: OpenShell, said: list[str]) -> None:
    async with shell("library") as here:
        await here.engine.library.create_space("contracts")
        await here.engine.library.create_space("manuals")
        await shows(here, "contracts", "2 spaces")
        await here.pilot.press("x")
        await shows(here, "Delete contracts?", "u takes it back.")
        await here.pilot.press("y")
        await until(lambda: "contracts" not in screen_text(here.app))
        await here.pilot.press("u")
        await shows(here, "contracts", "2 spaces")
        assert said == ["Deleted contracts.", "It is back."]
        # Also one of an earlier day, which this page did not delete itself.
        await here.engine.library.delete_space((await here.engine.library.spaces())[1].id)
        await until(lambda: "manuals" not in screen_text(here.app))
        await here.pilot.press("u")
        await shows(here, "manuals")
        await here.pilot.press("u")
        assert said[-1] == "Nothing was deleted."


async def test_what_a_name_holds_is_never_obeyed(shell: OpenShell) -> None:
    async with shell("library") as here:
        await here.engine.library.create_space("[red]x[/] \x1b[2Jy", description="[link=a]b")
        text = await shows(here, "[red]x[/]", "[link=a]b")
        assert "\x1b" not in text


@SIZES
async def test_documents_stand_beside_their_space_with_what_could_not_be_read(
    shell: OpenShell, size: tuple[int, int]
) -> None:
    async with shell("library", size) as here:
        space = await filled(here)
        assert (space.documents, space.failed) == (4, 1)
        await shows(here, "manuals", "1 document not readable")
        await to_documents(here)
        text = await shows(here, "Pump manual", "Lease", "prices.csv", "not readable")
        assert "✗" in text
        await here.pilot.press("w")
        await until(lambda: len(page_of(here).documents.rows) == 1)
        text = await shows(here, "It is damaged", "only those not readable")
        page_of(here)._explain()
        assert_picture(here.app, "library-failed")
        await here.pilot.press("escape")
        await until(lambda: len(page_of(here).documents.rows) == 4)
        await shows(here, "Pump manual")
        assert_picture(here.app, "library")


async def test_documents_are_filtered_by_words_and_shown_again(shell: OpenShell) -> None:
    async with shell("library") as here:
        await filled(here)
        await shows(here, "Lease")
        await here.pilot.press("f", *"pump")
        await until(lambda: len(page_of(here).documents.rows) == 1)
        await here.pilot.press("enter")
        assert page_of(here).documents.has_focus
        await shows(here, "named like pump")
        await here.pilot.press("escape")
        await until(lambda: len(page_of(here).documents.rows) == 4)
        await here.pilot.press("escape")
        assert page_of(here).spaces.has_focus


@SIZES
async def test_small_words_in_the_line_keep_a_search_to_some_documents_and_it_is_said(
    shell: OpenShell, size: tuple[int, int]
) -> None:
    async with shell("library", size) as here:
        await filled(here)
        await shows(here, "manuals")
        await here.pilot.press("slash")
        await shows(here, "type:pdf", "in:handbook", "since:2026-01")
        assert_picture(here.app, "library-search-empty")
        await here.pilot.press(*"type:md oil")
        await here.clock.advance(1)
        text = await shows(here, "[1]", "Pump manual", "only Markdown", "2 documents")
        assert "prices" not in text
        await here.pilot.press(*" in:lease notice")
        await here.clock.advance(1)
        await searched(here, "oil notice")
        await shows(here, "[1]", "Lease", "only Markdown · in lease", "1 document")
        assert_picture(here.app, "library-search-some")
        await here.pilot.press("alt+i")
        await shows(here, "How it was found", "only      Markdown · in lease   1 document")
        await here.pilot.press("escape")
        for line, said in (
            ("type:pdf oil", "No document is let through: PDF."),
            ("in:xylophone oil", "No document is called “xylophone”."),
            ("type:md", "Now what to look for in them."),
            ("type:spell mineral oil", "Pump manual"),
        ):
            await here.pilot.press("ctrl+u", *line)
            await here.clock.advance(1)
            await shows(here, said)


@SIZES
async def test_a_model_puts_passages_in_order_once_nobody_types_and_both_orders_are_told(
    shell: OpenShell, size: tuple[int, int]
) -> None:
    async with shell("library", size, config='[library]\nrerank = "llama3.2:3b"\n') as here:
        await filled(here)
        await shows(here, "manuals")
        await here.pilot.press("slash", *"oil and filter")
        await here.clock.advance(1)
        await searched(here, "oil and filter")
        await shows(here, "[1]", "[2]")
        [first, second] = [row.title for row in here.app.screen.query_one(RowList).rows]
        script = here.simulator.next(Script(), route="chat")
        await shows(here, "llama3.2:3b puts them in order…")
        await script.say('{"order": [2, 1]}')
        await script.finish()
        text = await shows(here, "in the order of llama3.2:3b")
        assert [row.title for row in here.app.screen.query_one(RowList).rows] == [second, first]
        await quiet(here)
        await here.pilot.press("alt+i")
        text = await shows(here, "How it was found", "reranked  by llama3.2:3b   places before: 2 1")
        assert all(f"was {place}." in text for place in (1, 2))
        timeless(here)
        assert_picture(here.app, "library-reranked")


@both_ways
async def test_who_chooses_among_passages_has_them_stay_where_they_are(shell: OpenShell) -> None:
    async with shell("library", config='[library]\nrerank = "llama3.2:3b"\n') as here:
        await filled(here)
        await shows(here, "manuals")
        await here.pilot.press("slash", *"oil and filter")
        await here.clock.advance(1)
        await searched(here, "oil and filter")
        await shows(here, "[1]", "[2]")
        await here.pilot.press("down")
        find = here.app.screen
        assert isinstance(find, Find)
        find._order()  # as its timer does
        await here.pilot.pause()
        assert not any(one.path == "/api/chat" for one in here.simulator.requests)
        assert "[1]" in screen_text(here.app)


@SIZES
async def test_a_search_shows_passages_while_it_is_typed_and_opens_one_where_it_stands(
    shell: OpenShell, size: tuple[int, int]
) -> None:
    async with shell("library", size) as here:
        await filled(here)
        await shows(here, "manuals")
        await here.pilot.press("slash")
        await shows(here, "Ask as you would ask somebody.")
        await here.pilot.press(*"mineral oil")
        await here.clock.advance(1)
        window = here.app.screen
        assert isinstance(window, Find)
        await until(lambda: window._asked == "mineral oil")
        await searched(here, "mineral oil")
        text = await shows(here, "[1]", "Pump manual", "in manuals", "near 0.")
        assert "1.00" not in text
        assert_picture(here.app, "library-search")
        await here.pilot.press("alt+i")
        text = await shows(here, "How it was found", "asked", "mineral oil", "score")
        # Every candidate keeps to its line, also beside a scroll bar.
        inspect = here.app.screen
        assert isinstance(inspect, Inspect)
        inspect._found = msgspec.structs.replace(inspect._found, candidates=inspect._found.candidates * 12)
        inspect._say()
        await here.pilot.pause()
        said = inspect.query_one(Detail)
        assert said.size.height == len(inspect._lines(said.content_size.width)) > inspect.size.height
        await here.pilot.press("escape", "enter")
        text = await shows(here, "Pump manual", "two litres of mineral oil", "lines ")
        assert "The filter is changed" in text
        found = here.app.screen.query(".-found")
        assert "mineral oil" in str(found.first(Detail).content)
        assert_picture(here.app, "library-passage")
        await here.pilot.press("escape", "tab")
        await shows(here, "in every space")


async def test_a_folder_is_added_with_its_name_completed(shell: OpenShell) -> None:
    async with shell("library") as here:
        folder = shelf(here.home)
        space = await here.engine.library.create_space("manuals")
        await shows(here, "Nothing is in it yet.", "a reads a file")
        await here.pilot.press("a")
        await shows(here, "Read into manuals")
        await here.pilot.press(*str(folder.parent / "she"))
        await shows(here, "shelf/", "folder")
        await here.pilot.press("tab", "enter")
        for _ in range(200):
            await here.clock.advance(0.5)
            await here.pilot.pause()
            if (await here.engine.library.space(space.id)).documents == 4:
                break
        await shows(here, "Pump manual")


@SIZES
async def test_a_path_that_is_not_there_is_said(shell: OpenShell, size: tuple[int, int]) -> None:
    async with shell("library", size) as here:
        await here.engine.library.create_space("manuals")
        await shows(here, "manuals", "empty", "a reads a file or a whole folder into it.")
        await here.pilot.press("a", "enter")
        await shows(here, "Read into manuals")
        await here.pilot.press(*"/nowhere/at/all", "enter")
        await shows(here, "is not there")
        assert_picture(here.app, "library-add")
        await here.pilot.press("escape")
        assert await here.engine.library.ingests() == ()


async def test_a_document_is_taken_out_and_read_again(shell: OpenShell, said: list[str]) -> None:
    async with shell("library") as here:
        space = await filled(here)
        await to_documents(here)
        await shows(here, "Lease")
        page_of(here).documents.select(
            next(row.id for row in page_of(here).documents.rows if row.title == "Lease")
        )
        await here.pilot.press("x")
        await shows(here, "Take Lease out of the library?", "Its file stays where it is.")
        await here.pilot.press("y")
        await until(lambda: all(row.title != "Lease" for row in page_of(here).documents.rows))
        await here.pilot.press("u")
        for _ in range(200):
            await here.clock.advance(0.5)
            await here.pilot.pause()
            if (await here.engine.library.space(space.id)).documents == 4:
                break
        await until(lambda: any(row.title == "Lease" for row in page_of(here).documents.rows))
        assert said[-2:] == ["Taken out: Lease.", "It is read again."]


async def test_in_a_very_low_window_the_documents_have_every_line(shell: OpenShell) -> None:
    async with shell("library", (40, 10)) as here:
        await filled(here)
        await to_documents(here)
        text = await shows(here, "broken.docx", "Lease", "Pump manual", "prices")
        assert "not readable" not in text.splitlines()[-3]
        await here.pilot.press("escape")
        await shows(here, "manuals", "1 document not readable")


@both_ways
async def test_marked_documents_are_taken_out_together_and_read_again_together(
    shell: OpenShell, said: list[str]
) -> None:
    async with shell("library") as here:
        space = await filled(here)
        await to_documents(here)
        await here.pilot.press("home", "space", "space")
        text = await shows(here, "2 documents marked", "erases them for good")
        assert text.count("●") >= 2
        assert_picture(here.app, "library-marked")
        await here.pilot.press("x")
        await shows(here, "Take 2 documents out of the library?", "added by name.")
        await here.pilot.press("y")
        await until(lambda: len(page_of(here).documents.rows) == 2 and said)
        assert page_of(here).shelf.marked == {}
        await here.pilot.press("u")
        await settled(here, space.id, 4)
        assert said == ["Taken out: 2 documents.", "They are read again."]
        assert (await here.engine.library.space(space.id)).roots == (str(here.home / "shelf"),)


async def settled(here: Shell, space: int, documents: int) -> None:
    """Let time pass until a space has so many documents and nothing works on it."""
    for _ in range(200):
        now = await here.engine.library.space(space)
        if now.documents == documents and now.job is None and not now.waiting:
            return
        await here.clock.advance(0.5)
        await here.pilot.pause()
    raise AssertionError(f"{now}")


@both_ways
async def test_a_pasted_text_that_was_taken_out_is_taken_back_word_by_word(
    shell: OpenShell, said: list[str]
) -> None:
    async with shell("library") as here:
        space = await here.engine.library.create_space("notes")
        words = "The spare key lies under the third pot.\n\nNobody else knows."
        await here.engine.library.ingest_text(space.id, "keys", words)
        await settled(here, space.id, 1)
        await to_documents(here, 1)
        await here.pilot.press("x")
        await shows(here, "Take keys out of the library?", "It was pasted")
        await here.pilot.press("y")
        await until(lambda: said == ["Taken out: keys."])
        assert (await here.engine.library.documents(space.id)).total == 0
        await here.pilot.press("u")
        await until(lambda: said[-1] == "It is read again.")
        await settled(here, space.id, 1)
        (back,) = (await here.engine.library.documents(space.id)).documents
        assert (back.source, back.kind, back.state) == ("keys", "text", "ready")
        assert await here.engine.library.kept_text(back.id) == words


@both_ways
async def test_documents_are_erased_for_good_after_a_question(shell: OpenShell, said: list[str]) -> None:
    async with shell("library") as here:
        await filled(here)
        await to_documents(here)
        await here.pilot.press("asterisk")
        await shows(here, "4 documents marked", "1 not readable")
        await here.pilot.press("escape")
        await until(lambda: not page_of(here).shelf.marked)
        page_of(here).documents.select(
            next(row.id for row in page_of(here).documents.rows if row.title == "Lease")
        )
        await here.pilot.press("X")
        await shows(here, "Erase Lease for good?", "overwritten")
        await here.pilot.press("y")
        await until(lambda: said[-1:] == ["Erased: Lease."])
        await until(lambda: len(page_of(here).documents.rows) == 3)
        for file in (here.home / "library").rglob("*"):
            assert not file.is_file() or b"notice period" not in file.read_bytes(), file
        await here.pilot.press("u")
        assert said[-1] == "Nothing was deleted."


async def test_a_document_that_could_not_be_read_is_read_again(shell: OpenShell, said: list[str]) -> None:
    async with shell("library") as here:
        space = await filled(here)
        (here.home / "shelf" / "broken.docx").write_bytes(docx(paragraph("It was mended.")))
        await to_documents(here)
        await here.pilot.press("w")
        await until(lambda: len(page_of(here).documents.rows) == 1)
        await shows(here, "reads it again")
        await here.pilot.press("r")
        await until(lambda: said == ["Reading broken.docx again."])
        await settled(here, space.id, 4)
        assert (await here.engine.library.space(space.id)).failed == 0


@both_ways
async def test_the_list_of_documents_is_narrowed_down_and_widened_again(shell: OpenShell) -> None:
    async with shell("library") as here:
        await filled(here)
        await to_documents(here)
        await here.pilot.press("f", *"pump")
        await until(lambda: [row.title for row in page_of(here).documents.rows] == ["Pump manual"])
        await here.pilot.press("enter", "escape")
        await until(lambda: len(page_of(here).documents.rows) == 4)
        await here.pilot.press("w")
        await until(lambda: [row.state for row in page_of(here).documents.rows] == ["failed"])
        await here.pilot.press("w")
        await until(lambda: len(page_of(here).documents.rows) == 4)


async def test_more_documents_than_a_page_are_all_listed_and_the_last_one_is_one_key_away(
    shell: OpenShell,
) -> None:
    async with shell("library") as here:
        space = await here.engine.library.create_space("many")
        async with here.engine.store.write() as tx:
            await tx.many(
                "INSERT INTO document (space_id, kind, source, title, state, created, updated) "
                "VALUES (?, 'file', ?, ?, 'ready', 0, 0)",
                [(space.id, f"/notes/{n:05}.md", f"note {n:05}") for n in range(1_200)],
            )
        await page_of(here).resync()
        await until(lambda: len(page_of(here).documents.rows) == 1_200)
        await here.pilot.pause()
        await here.pilot.press("tab", "end")
        await shows(here, "note 01199")
        await here.pilot.press("asterisk")
        await shows(here, "1 200 documents marked")
        # What is narrowed down keeps the marks of what it hides, and the cursor stays with its document.
        await here.pilot.press("f", *"0042.")
        await until(lambda: len(page_of(here).documents.rows) == 1)
        assert len(page_of(here).shelf.marked) == 1_200
        await here.pilot.press("enter", "escape", "escape")
        await until(lambda: len(page_of(here).documents.rows) == 1_200)


@both_ways
async def test_a_document_is_read_from_its_beginning(shell: OpenShell) -> None:
    async with shell("library") as here:
        await filled(here)
        await to_documents(here)
        await shows(here, "Pump manual")
        page_of(here).documents.select(
            next(row.id for row in page_of(here).documents.rows if row.title == "Pump manual")
        )
        await here.pilot.press("enter")
        await shows(here, "Nobody works on the pump", "pump.md")
        await here.pilot.press("escape", "slash")
        await shows(here, "Ask as you would ask somebody.")
        await here.pilot.press(*"mineral oil")
        await here.clock.advance(1)
        await shows(here, "[1]", "Pump manual")
        await here.pilot.press("alt+i")
        await shows(here, "How it was found", "passages")


async def test_a_passage_far_below_the_head_of_its_section_is_scrolled_to(shell: OpenShell) -> None:
    async with shell("library", NARROW) as here:
        folder = here.home / "long"
        folder.mkdir()
        before = "\n\n".join(f"Line {number} says that nothing happened there." for number in range(40))
        (folder / "log.md").write_text(f"# Log\n\n{before}\n\nThe heron came to the pond.\n")
        space = await here.engine.library.create_space("logs")
        await here.engine.library.ingest(space.id, (str(folder),))
        await settled(here, space.id, 1)
        (passage,) = (await here.engine.library.search("heron", spaces=(space.id,), limit=1)).passages
        await here.app.push_screen(Reading.at(passage, "Where did the heron come to?"))
        text = await shows(here, "The heron came to the pond.", "Line 39 says")
        assert "Line 1 says" not in text


@SIZES
@both_ways
async def test_another_embedding_model_is_chosen_and_the_space_is_embedded_again(
    shell: OpenShell, size: tuple[int, int]
) -> None:
    async with shell("library", size) as here:
        await here.engine.downloads.pull("all-minilm:latest")
        space = await filled(here)
        await until(lambda: page_of(here).space is not None)

        async def there() -> bool:
            await here.clock.advance(1)
            found = await here.engine.models.list()
            return any(model.name == "all-minilm:latest" and model.installed for model in found)

        while not await there():
            await here.pilot.pause()
        await here.pilot.press("m")
        await shows(here, "Embedding model of the space", "as in the settings", "all-minilm:latest")
        await here.pilot.press(*"minilm", "enter")
        text = await shows(here, "Re-index manuals?", "embedded again", "its model changed: re-index it")
        assert "re-indexes it; until then it is searched as it is" in text
        assert "R re-index" in text.splitlines()[-1]
        await here.pilot.press("y")
        for _ in range(400):
            now = await here.engine.library.space(space.id)
            if now.made_by == "all-minilm:latest" and now.job is None:
                break
            await here.clock.advance(0.5)
            await here.pilot.pause()
        assert (now.made_by, now.embedded, now.stale) == ("all-minilm:latest", now.chunks, False)
