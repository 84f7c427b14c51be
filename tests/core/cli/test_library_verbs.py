"""Documents from the command line: read, found, asked about, and taken out again."""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.cli.exits import DONE, FAILED, REFUSED, USAGE
from core.simulator import INSTANT, Setup, Simulator
from tests.core.cli.running import Ended, leitstand
from tests.core.cli.simulated import simulated
from tests.core.models.workshop import embedder, sized
from tests.core.retrieval.making import docx, paragraph

MANUAL = "# Pump P-3\n\nThe pump is lubricated with grease every three months.\n"
LEASE = "Die Kündigungsfrist beträgt drei Monate zum Quartalsende.\n"


@pytest.fixture
def address() -> Iterator[str]:
    simulator = Simulator(Setup(installed=(sized("tiny", 1), embedder())), pace=INSTANT)
    with simulated(simulator) as found:
        yield found


class Desk:
    def __init__(self, home: Path, address: str) -> None:
        self.home = home
        self.address = address
        self.documents = home / "documents"
        self.documents.mkdir()

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.documents / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def __call__(self, *argv: str) -> Ended:
        return leitstand("--host", self.address, *argv, home=self.home)

    def lines(self, *argv: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self(*argv, "--json").out.splitlines()]


@pytest.fixture
def desk(tmp_path: Path, address: str) -> Desk:
    return Desk(tmp_path, address)


def test_documents_are_read_found_asked_about_and_taken_out(desk: Desk) -> None:
    manual = desk.write("pump.md", MANUAL)
    desk.write("lease.txt", LEASE)
    desk.write("bad.pdf", b"%PDF-1.4 nothing")
    *steps, last = desk.lines("ingest", str(desk.documents), "--space", "papers")
    assert last["done"] is True
    assert (last["documents"], last["added"], last["failed"]) == (3, 2, 1)
    [failed] = [step for step in steps if "error" in step]
    assert failed["document"].endswith("bad.pdf")
    assert "PDF" in failed["error"]

    [space] = desk("spaces", "--json").json
    assert (space["name"], space["documents"], space["failed"]) == ("papers", 3, 1)
    assert space["embedded"] == space["chunks"] == 2

    [best, *_] = desk("search", "Kündigungsfrist", "--space", "papers", "--json").json
    assert best["document"].endswith("lease.txt")
    assert best["text"] == LEASE.strip()
    assert (best["page"], best["line"]) == (None, 1)
    assert 0 < best["score"] <= 1
    assert 0 < best["cosine"] < 1
    assert best["bm25"] > 0

    answer = desk.lines("ask", "--space", "papers", "How often is the pump lubricated?")[-1]
    assert answer["done"] is True
    assert any(source["document"] == str(manual) for source in answer["sources"])
    assert answer["spaces"] == [{"space": "papers", "percent": 100.0, "searched": True}]

    assert desk("sources", "remove", str(manual), "--space", "papers").code == DONE
    names = {Path(one["document"]).name: one["state"] for one in desk("sources", "--json").json}
    assert names == {"lease.txt": "ready", "bad.pdf": "failed"}


@pytest.mark.parametrize(("text", "sentence"), [(" \n", "Nothing came in."), ("x" * 101, "too long")])
def test_standard_input_of_no_use_makes_no_space(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, text: str, sentence: str
) -> None:
    monkeypatch.setattr("core.cli.library_verbs.MOST_TEXT", 100)
    rest = io.StringIO(text + "y" * 1000)
    monkeypatch.setattr("sys.stdin", rest if len(text) > 100 else io.StringIO(text))
    ended = desk("ingest", "-", "--space", "notes")
    assert (ended.code, sentence in ended.err) == (USAGE, True)
    assert rest.tell() <= 101, "what never ends is not waited for"
    assert desk("spaces", "--json").json == []


def test_standard_input_becomes_a_document(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("The bicycle is yellow."))
    assert desk("ingest", "-", "--space", "notes", "--name", "bike").code == DONE
    [found] = desk("search", "bicycle", "--json").json
    assert (found["score"], found["cosine"] is None) == (1.0, False)
    assert (found["document"], found["text"]) == ("bike", "The bicycle is yellow.")


def test_it_is_said_for_people_too(desk: Desk) -> None:
    desk.write("pump.md", MANUAL)
    told = desk("ingest", str(desk.documents), "--space", "papers")
    assert "papers done  1 read" in told.out
    assert "1 chunk" in desk("spaces").out
    found = desk("search", "pump", "--explain").out
    assert "1. Pump P-3" in found
    nonsense = desk("search", "quarterly xylophone").out
    assert re.search(r"1\. Pump P-3.*  near 0\.[0-5]", nonsense), nonsense
    assert "1.00" not in nonsense
    assert "papers  100 %" in found
    assert "pump.md" in desk("sources").out
    assert "unchanged" in desk("ingest", "--space", "papers").out
    assert "papers done  its index is built anew" in desk("reindex", "--space", "papers").out
    assert "papers done  its index is cleaned up" in desk("optimize", "--space", "papers").out
    purged = desk("optimize", "--space", "papers", "--purge").out
    assert "papers done  what was deleted is overwritten" in purged


def test_a_space_is_renamed_described_and_coloured(desk: Desk) -> None:
    assert desk("spaces", "create", "papers").code == DONE
    changed = desk(
        *("spaces", "change", "Papers", "--rename", "leases", "--description", "all of them"),
        *("--colour", "teal", "--language", "german", "--json"),
    ).json
    words = ("name", "description", "colour", "language")
    assert [changed[word] for word in words] == ["leases", "all of them", "teal", "german"]
    back = desk("spaces", "change", "leases", "--colour", "none", "--language", "auto", "--json").json
    assert [back[word] for word in words] == ["leases", "all of them", "", ""]
    for wrong in ((), ("--colour", "mauve"), ("--rename", "auto"), ("--rename", "  ")):
        assert desk("spaces", "change", "leases", *wrong).code == USAGE
    assert desk("spaces", "change", "papers", "--rename", "x").code == FAILED
    assert "0 B" in desk("spaces").out


def test_whoever_gives_a_space_another_model_is_told_to_reindex_it(desk: Desk) -> None:
    desk.write("pump.md", MANUAL)
    assert desk("ingest", str(desk.documents), "--space", "our papers").code == DONE
    told = desk("spaces", "change", "our papers", "--model", "other-vectors").out
    assert "re-index it" in told
    assert "leitstand reindex --space 'our papers'" in told
    assert "reindex" not in desk("spaces", "change", "our papers", "--model", "vectors").out


def test_a_space_is_made_deleted_and_taken_back(desk: Desk) -> None:
    assert desk("spaces", "create", "papers", "--description", "all of them").code == DONE
    assert desk("spaces", "delete", "Papers").code == DONE
    assert desk("spaces", "--json").json == []
    assert desk("spaces", "restore", "papers").code == DONE
    assert [space["name"] for space in desk("spaces", "--json").json] == ["papers"]


def test_a_folder_in_which_nothing_can_be_read_is_a_failure(desk: Desk) -> None:
    desk.write("bad.pdf", b"%PDF-1.4 nothing")
    assert desk("ingest", str(desk.documents), "--space", "papers").code == FAILED
    again = desk("ingest", str(desk.documents), "--space", "papers")
    assert again.code == FAILED, "that it is as it was makes it no better"
    assert "1 not read" in again.out
    assert "unchanged" not in again.out
    assert "`leitstand sources --failed`" in again.out + again.err
    desk.write("good.md", b"# Good\n\nThis one can be read.\n")
    some = desk("ingest", str(desk.documents), "--space", "papers")
    assert (some.code, "1 read, 1 not read" in some.out) == (DONE, True)


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (("ingest", "."), "Which space?"),
        (("ingest", "/nowhere/at/all", "--space", "a"), "is not there"),
        (("ask", "--space", "auto", "--space", "a", "x"), "stand alone"),
    ],
)
def test_wrong_usage_is_said(desk: Desk, argv: tuple[str, ...], sentence: str) -> None:
    ended = desk(*argv)
    assert ended.code == USAGE
    assert sentence in ended.err


def test_a_space_that_is_not_there_is_said(desk: Desk) -> None:
    for argv in (("search", "x", "--space", "b"), ("ask", "--space", "b", "x"), ("reindex", "--space", "b")):
        ended = desk(*argv)
        assert ended.code == FAILED
        assert "There is no space b." in ended.err


LEASE_DAY, PUMP_DAY = 1_700_000_000, 1_750_000_000
"""In November 2023, and in June 2025."""


def filled(desk: Desk) -> None:
    os.utime(desk.write("pump.md", MANUAL), (PUMP_DAY, PUMP_DAY))
    os.utime(desk.write("lease.txt", LEASE), (LEASE_DAY, LEASE_DAY))
    assert desk("ingest", str(desk.documents), "--space", "papers").code == DONE


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ((), {"pump.md", "lease.txt"}),
        (("--type", "md"), {"pump.md"}),
        (("--type", "pdf,text"), {"lease.txt"}),
        (("--type", "pdf", "--type", "markdown"), {"pump.md"}),
        (("--document", "Pump"), {"pump.md"}),
        (("--document", "lease", "--document", "pump.md"), {"pump.md", "lease.txt"}),
        (("--since", "2025-06"), {"pump.md"}),
        (("--since", "2023", "--until", "2024"), {"lease.txt"}),
        (("--document", "papers"), {"pump.md", "lease.txt"}),
        (("--type", "pdf"), set()),
        (("--since", "7d"), set()),
    ],
)
def test_a_search_keeps_to_some_documents(desk: Desk, options: tuple[str, ...], found: set[str]) -> None:
    filled(desk)
    told = desk("search", "three months drei Monate", *options, "--explain", "--json").json
    assert {Path(one["document"]).name for one in told["passages"]} == found
    if options:
        assert told["inspection"]["documents"] == len(found)
        assert told["inspection"]["narrow"]
    else:
        assert "documents" not in told["inspection"]
    if not found:
        assert any(note.startswith("No document is let through: ") for note in told["notes"])


def test_what_a_search_kept_to_is_said_and_what_it_cannot_keep_to_is_refused(desk: Desk) -> None:
    filled(desk)
    [pump, lease] = sorted(desk("sources", "--json").json, key=lambda one: one["title"] != "Pump P-3")
    by_number = desk("search", "three months", "--document", pump["id"], "--json").json
    assert {one["document"] for one in by_number} == {pump["document"]}
    by_path = desk("search", "three months", "--document", lease["document"], "--json").json
    assert {one["document"] for one in by_path} == {lease["document"]}
    explained = desk("search", "pump", "--type", "md", "--since", "2025-06-01", "--explain").out
    assert "Kept to 1 document  Markdown · since 2025-06-01" in explained
    nothing = desk("search", "pump", "--type", "pdf")
    assert (nothing.code, nothing.out) == (DONE, "")
    assert "No document is let through: PDF." in nothing.err
    for words, code, said in (
        (("--document", "xylophone"), FAILED, "No document is called “xylophone”."),
        (("--document", "999"), FAILED, "There is no document 999 there."),
        (("--type", "spell"), USAGE, "No type of document is called 'spell'."),
        (("--since", "soon"), USAGE, "'soon' is no day."),
        (("--until", "2026-02-30"), USAGE, "'2026-02-30' is no day."),
    ):
        refused = desk("search", "pump", *words)
        assert (refused.code, said in refused.err) == (code, True), refused.err


def test_a_question_keeps_to_some_documents_and_its_chat_does_until_spaces_are_named_anew(desk: Desk) -> None:
    filled(desk)
    first = desk.lines("ask", "--type", "text", "How often is the pump lubricated, every three months?")[-1]
    assert {Path(one["document"]).name for one in first["sources"]} <= {"lease.txt"}
    assert first["only"] == {"types": ["text"]}
    chat = str(first["chat"])
    again = desk.lines("ask", "--chat", chat, "How often is the pump lubricated, every three months?")[-1]
    assert again["only"] == {"types": ["text"]}
    other = desk.lines(
        "ask", "--chat", chat, "--space", "papers", "How often is the pump lubricated with grease?"
    )[-1]
    assert "only" not in other
    assert {Path(one["document"]).name for one in other["sources"]} >= {"pump.md"}
    named = desk.lines("ask", "--document", "lease", "Sum up what it says, please.")[-1]
    assert [Path(one["document"]).name for one in named["sources"]] == ["lease.txt"]
    assert desk("ask", "--space", "none", "--type", "md", "hello").code == USAGE
    refused = desk("ask", "--document", "xylophone", "What does it say?")
    assert (refused.code, "No document is called “xylophone”." in refused.err) == (FAILED, True)


def test_names_of_documents_spaces_and_types_are_completed(desk: Desk) -> None:
    filled(desk)
    for words, offered in (
        (("search", "--document", "p"), "pump.md\tPump P-3\n"),
        (("search", "--space", ""), "papers\n"),
        (("ask", "--type", "m"), "mail\tmail\nmarkdown\tMarkdown\n"),
    ):
        assert leitstand("__complete", *words, home=desk.home).out == offered


def test_a_model_puts_passages_in_order_for_once_or_whenever_the_settings_say_so(desk: Desk) -> None:
    filled(desk)

    def told(*options: str) -> dict[str, Any]:
        return dict(desk("search", "three months drei Monate", *options, "--explain", "--json").json)

    assert "reranked" not in told()["inspection"]
    once = told("--rerank", "tiny")
    assert once["inspection"]["reranked"]["order"] == [1, 2]
    assert (
        "Reranked by tiny  places before: 1 2"
        in desk("search", "three months drei Monate", "--rerank", "tiny", "--explain").out
    )
    nobody = desk("search", "three months drei Monate", "--rerank", "nobody")
    assert (nobody.code, "Not reranked by nobody: " in nobody.err) == (DONE, True)
    assert "1. " in nobody.out
    assert desk("config", "set", "library.rerank", "tiny").code == DONE
    assert told()["inspection"]["reranked"]["model"] == "tiny"
    assert "reranked" not in told("--rerank", "none")["inspection"]


def test_a_model_that_cannot_make_vectors_changes_nothing_about_a_space(desk: Desk) -> None:
    filled(desk)
    for wrong, said in (("nobody", "nobody"), ("tiny", "tiny makes no vectors.")):
        refused = desk("reindex", "--space", "papers", "--model", wrong)
        assert refused.code != DONE
        assert said in refused.err
    [space] = desk("spaces", "--json").json
    assert (space["model"], space["stale"], space["note"]) == ("", False, "")
    assert desk("reindex", "--space", "papers", "--model", "vectors").code == DONE


def test_a_file_that_cannot_be_sent_along_is_read_and_asked_by_its_chat_alone(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.chat.attachments.MOST_TEXT", 2_000)
    letter = desk.write("letter.docx", docx(paragraph("The garage code is seven four one one.")))
    long = desk.write("long.txt", "The cellar code is two two. " + "Nothing else is said here. " * 100)
    told = desk.lines("ask", "What is the garage code?", "--file", str(letter), "--json")
    assert [set(line) for line in told[:-1]] == [{"part", "text"}] * (len(told) - 1), "no word of reading it"
    answer = told[-1]
    assert [Path(one["document"]).name for one in answer["sources"]] == ["letter.docx"]
    other = desk.lines("ask", "What is the garage code?")[-1]
    assert other["sources"] == []
    again = desk.lines("ask", "What is the cellar code?", "--chat", str(answer["chat"]), "--file", str(long))[
        -1
    ]
    assert "long.txt" in {Path(one["document"]).name for one in again["sources"]}

    broken = desk.write("broken.pdf", b"%PDF-1.4 nothing")
    refused = desk("ask", "What is in it?", "--file", str(broken))
    assert (refused.code, refused.out) == (REFUSED, "")
    assert "broken.pdf cannot be asked about: " in refused.err
    assert desk("ask", "What is in it?", "--file", str(desk.documents / "none.txt")).code == FAILED
    assert len(desk("chats", "list", "--json").json) == 2, "a question that was not asked leaves no chat"


def test_while_the_server_is_away_words_are_found_and_it_is_said(desk: Desk) -> None:
    filled(desk)
    desk.address = "127.0.0.1:9"
    found = desk("search", "drei Monate", "--type", "txt", "--rerank", "tiny")
    assert found.code == DONE
    assert "1. lease" in found.out
    assert "Searched by words only: " in found.err
    assert desk("ingest", str(desk.documents), "--space", "others").code == DONE
    [hit] = desk("search", "grease", "--space", "others", "--json").json
    assert hit["cosine"] is None
