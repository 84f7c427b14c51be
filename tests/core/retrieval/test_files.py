"""Walking through folders: what is found, what is passed over and why, and how quick a second look is."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import UsageError
from core.retrieval.files import Found, Rules, digest, walk
from core.retrieval.ignore import Patterns
from core.retrieval.ingest import absolute
from core.retrieval.scan import look
from tests.lowly import said_by_a_lowly


def make(root: Path, *names: str) -> None:
    for name in names:
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"text of {name}")


def names(root: Path, found: list[Found]) -> list[str]:
    return [str(one.path.relative_to(root)) for one in found if not one.reason]


def reasons(found: list[Found]) -> dict[str, str]:
    return {one.path.name: one.reason for one in found if one.reason}


def test_folders_are_walked_in_order_without_what_nobody_asks_about(tmp_path: Path) -> None:
    make(
        tmp_path,
        "b.md",
        "a/x.txt",
        "a/.hidden.md",
        ".git/config",
        "node_modules/x/readme.md",
        "a/__pycache__/x.py",
        "z.py",
        "lib.min.js",
    )
    assert names(tmp_path, list(walk([tmp_path]))) == ["a/x.txt", "b.md", "z.py"]
    assert "a/.hidden.md" in names(tmp_path, list(walk([tmp_path], Rules(hidden=True))))


def test_what_is_found_says_what_it_is(tmp_path: Path) -> None:
    make(tmp_path, "b.md", "Makefile", "data.xyz")
    os.utime(tmp_path / "b.md", (5, 1234.5))
    assert list(walk([tmp_path / "b.md"])) == [Found(tmp_path / "b.md", 12, 1234.5, "markdown")]
    assert {one.path.name: one.media for one in walk([tmp_path])} == {
        "Makefile": "code",
        "b.md": "markdown",
        "data.xyz": "",
    }


def test_ignore_files_hold_in_their_folder_and_below(tmp_path: Path) -> None:
    make(
        tmp_path,
        "a.md",
        "a.log",
        "out/x.md",
        "sub/a.log",
        "sub/keep.log",
        "sub/deep/old.md",
        "sub/deep/new.md",
        "old.md",
    )
    (tmp_path / ".gitignore").write_text("*.log\n/out\n# a remark\n\n")
    (tmp_path / "sub" / ".leitstandignore").write_text("!keep.log\ndeep/old.md\n")
    assert names(tmp_path, list(walk([tmp_path]))) == ["a.md", "old.md", "sub/deep/new.md", "sub/keep.log"]


def test_what_is_passed_over_is_told(tmp_path: Path) -> None:
    make(tmp_path, "photo.png", "fine.md")
    (tmp_path / "empty.md").touch()
    os.mkfifo(tmp_path / "pipe.md")
    said = reasons(list(walk([tmp_path, tmp_path / "gone"])))
    assert said == {
        "photo.png": "It is no document by its name.",
        "empty.md": "It is empty.",
        "pipe.md": "It is a device or a pipe, not a document.",
        "gone": "It is not there, or may not be seen by this user.",
    }
    with (tmp_path / "big.md").open("wb") as file:
        file.truncate(60 * 2**20)
    assert reasons(list(walk([tmp_path])))["big.md"] == "It has 60 MB, and 50 MB is the most. Split it."


def test_a_name_that_cannot_be_written_down_is_told_and_the_rest_is_read(tmp_path: Path) -> None:
    make(tmp_path, "a.md", "z.md")
    try:
        for name in (b"caf\xe9.md", b"caf\xe9.png"):
            open(os.fsencode(tmp_path) + b"/" + name, "wb").close()  # noqa: PTH123 - a Path has no such names
        os.mkdir(os.fsencode(tmp_path) + b"/\xfcber")  # noqa: PTH102 - as above
    except OSError:
        pytest.skip("this file system has no such names")
    scan = look([tmp_path], {}, walk, digest, now=0.0)
    assert [(one.source.removeprefix(f"{tmp_path}/"), one.reason) for one in scan.todo] == [
        ("a.md", ""),
        ("caf\\xe9.md", "Its name is not in UTF-8. Rename it."),
        ("z.md", ""),
        ("\\xfcber", "Its name is not in UTF-8. Rename it."),
    ]
    with pytest.raises(UsageError, match=r"caf\\xe9\.md has a name that is not in UTF-8"):
        absolute([os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.md")])


def test_a_file_that_was_named_is_read_whatever_it_is_called(tmp_path: Path) -> None:
    make(tmp_path, ".secret.md", "photo.png")
    assert [one.reason for one in walk([tmp_path / ".secret.md", tmp_path / "photo.png"])] == ["", ""]


def test_links_out_of_the_folder_are_refused_and_those_inside_give_nothing_twice(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    make(root, "a.md", "sub/b.md")
    make(outside, "secret.md")
    (root / "leak.md").symlink_to(outside / "secret.md")
    (root / "leaks").symlink_to(outside)
    (root / "sneaky").symlink_to("../outside/secret.md")
    (root / "loop").symlink_to(root)
    (root / "again.md").symlink_to(root / "sub/b.md")
    (root / "nowhere.md").symlink_to(root / "gone.md")
    (root / "itself.md").symlink_to("itself.md")
    (root / "there.md").symlink_to("back.md")
    (root / "back.md").symlink_to("there.md")
    found = list(walk([root]))
    assert sorted(one.path.resolve().name for one in found if not one.reason) == ["a.md", "b.md"]
    assert reasons(found) == {
        "leak.md": "It is a link that leads out of the folder.",
        "leaks": "It is a link that leads out of the folder.",
        "sneaky": "It is a link that leads out of the folder.",
        "nowhere.md": "It is a link that leads nowhere.",
        "itself.md": "It is a link that leads in a circle.",
        "there.md": "It is a link that leads in a circle.",
        "back.md": "It is a link that leads in a circle.",
    }


def test_what_leads_in_a_circle_is_named_among_what_could_not_be_read(tmp_path: Path) -> None:
    make(tmp_path, "a.md")
    (tmp_path / "l1.md").symlink_to("l1.md")
    scan = look([tmp_path], {}, walk, digest, now=0.0)
    assert [(Path(one.source).name, one.reason) for one in scan.todo] == [
        ("a.md", ""),
        ("l1.md", "It is a link that leads in a circle."),
    ]
    assert not scan.missing


def test_roots_that_overlap_give_every_file_once(tmp_path: Path) -> None:
    make(tmp_path, "a/x.md", "a/b/y.md")
    found = list(walk([tmp_path / "a" / "b", tmp_path, tmp_path / "a" / "x.md", str(tmp_path)]))
    assert sorted(one.path.name for one in found) == ["x.md", "y.md"]


def test_what_may_not_be_opened_is_named_with_its_reason_until_it_may_be(tmp_path: Path) -> None:
    said = said_by_a_lowly("tests.core.retrieval.closed_doors", str(tmp_path))
    closed, still_closed, opened, closed_again = json.loads(said)
    everything = ["closed.md", "listed/inside.md", "open.md", "shut/inside.md"]
    for found in (closed, still_closed):
        assert (found["job"], found["read"]) == ("done", ["open.md"])
        assert found["not read"] == {
            "closed.md": "It cannot be read: Permission denied.",
            "listed/inside.md": "It cannot be looked at: Permission denied.",
            "shut": "The folder cannot be opened: Permission denied.",
            "way.md": "It is a link to where this user may not look.",
        }
        assert found["failed"] == 4, "what is still closed is not called unchanged"
    assert (opened["read"], opened["not read"]) == (everything, {})
    assert closed_again["read"] == everything, "what was read stays when its folder is closed"
    assert set(closed_again["not read"]) == {"shut", "way.md"}


def test_a_closed_folder_is_named_among_what_could_not_be_read(tmp_path: Path) -> None:
    make(tmp_path, "a.md", "closed/x.md")
    closed = Found(tmp_path / "closed", reason="The folder cannot be opened: Permission denied.")
    scan = look([tmp_path], {}, lambda _: [closed], digest, now=0.0)
    assert [(one.source, one.reason) for one in scan.todo] == [(str(closed.path), closed.reason)]
    assert scan.missing == [str(closed.path)], "what is known below it is not gone"


def test_the_digest_is_that_of_the_content(tmp_path: Path) -> None:
    make(tmp_path, "a.md", "b.md")
    before = digest(tmp_path / "a.md")
    assert before != digest(tmp_path / "b.md")
    (tmp_path / "b.md").write_text("text of a.md")
    assert digest(tmp_path / "b.md") == before


MATCHES = [
    ("*.log", "a/b.log", False, True),
    ("*.log", "a/b.login", False, None),
    ("build/", "a/build", True, True),
    ("build/", "a/build", False, None),
    ("/top", "top", False, True),
    ("/top", "a/top", False, None),
    ("a/b", "a/b", False, True),
    ("a/b", "c/a/b", False, None),
    ("**/b", "x/y/b", False, True),
    ("a/**/b", "a/b", False, True),
    ("a/**/b", "a/x/y/b", False, True),
    ("a/**", "a/x/y", False, True),
    ("a/**", "a", True, None),
    ("!x.md", "x.md", False, False),
    ("\\!x.md", "!x.md", False, True),
    ("\\#x", "#x", False, True),
    ("file[0-9].md", "file7.md", False, True),
    ("file[!0-9].md", "file7.md", False, None),
    ("a?c", "abc", False, True),
    ("a?c", "a/c", False, None),
    ("trailing\\ ", "trailing ", False, True),
    ("spaces   ", "spaces", False, True),
    ("[", "[", False, True),
]


@pytest.mark.parametrize(("pattern", "path", "is_folder", "verdict"), MATCHES)
def test_patterns_mean_what_they_mean_to_git(
    pattern: str, path: str, is_folder: bool, verdict: bool | None
) -> None:
    assert Patterns.of([pattern]).verdict(path, path.rpartition("/")[2], is_folder=is_folder) is verdict


def test_of_several_patterns_the_last_decides() -> None:
    patterns = Patterns.of(["*.md", "!readme.md", "docs/readme.md"])
    assert patterns.verdict("a.md", "a.md", is_folder=False) is True
    assert patterns.verdict("readme.md", "readme.md", is_folder=False) is False
    assert patterns.verdict("docs/readme.md", "readme.md", is_folder=False) is True


@settings(deadline=None)
@given(st.lists(st.text(max_size=20), max_size=8), st.text(min_size=1, max_size=20))
def test_no_pattern_breaks_the_walk(lines: list[str], name: str) -> None:
    assert Patterns.of(lines).verdict(name, name.rpartition("/")[2], is_folder=False) in (True, False, None)


def test_thousands_of_files_are_looked_over_in_a_moment(tmp_path: Path) -> None:
    for folder in range(20):
        place = tmp_path / f"folder{folder}"
        place.mkdir()
        (place / ".gitignore").write_text("*.log\n!keep.log\nbuild/\n")
        for number in range(100):
            (place / f"note{number}.md").write_bytes(b"x")
    began = time.process_time()
    found = list(walk([tmp_path]))
    assert len(found) == 2_000
    assert time.process_time() - began < 0.5  # ten thousand may take three seconds with everything around it
