from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.chat import own
from core.config.entries import put, take
from core.errors import ConfigError, NotFound

FILE = """\
# Mine.
[[persona]]
name = "One"      # the first
system = "Be one."

# The second is better.
[[persona]]
name = "Two"
system = \"\"\"
Be two.
Always.\"\"\"
"""


def test_an_entry_is_changed_and_every_comment_stays() -> None:
    new = put(FILE, "persona", "one", {"name": "One", "system": "Be\nlines.", "options": {"seed": 7}})
    assert "# the first" in new
    assert "# The second is better." in new
    assert "Be two.\nAlways." in new
    assert new.index("seed") < new.index("# The second")
    first, second = tomllib.loads(new)["persona"]
    assert first == {"name": "One", "system": "Be\nlines.", "options": {"seed": 7}}
    assert second["name"] == "Two"


def test_what_is_empty_leaves_the_entry() -> None:
    new = put(FILE, "persona", "Two", {"name": "Second", "system": "", "options": {}})
    assert tomllib.loads(new)["persona"][1] == {"name": "Second"}


def test_an_entry_is_taken_out_alone() -> None:
    left = take(FILE, "persona", "One")
    assert [one["name"] for one in tomllib.loads(left)["persona"]] == ["Two"]
    assert left.startswith("# Mine.\n# The second is better.\n[[persona]]")
    assert "persona" not in tomllib.loads(take(take(FILE, "persona", "One"), "persona", "two"))


def test_a_file_written_in_another_way_is_left_to_its_owner() -> None:
    text = 'persona = [{ name = "One", system = "x" }]\n'
    try:
        new = put(text, "persona", "One", {"system": "y"})
    except ConfigError:
        return
    assert tomllib.loads(new)["persona"] == [{"name": "One", "system": "y"}]


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.text(
    "\\\\\"'\\n\\r\\t #ab", max_size=8
)
VALUES = st.fixed_dictionaries(
    {"name": st.just("One"), "system": TEXT, "questions": st.lists(TEXT, max_size=3)},
    optional={"options": st.dictionaries(st.sampled_from(["seed", "top_k"]), st.integers(1, 9))},
)


def _kept(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value}


@given(VALUES)
def test_every_text_is_read_as_it_was_written(values: dict[str, Any]) -> None:
    assert tomllib.loads(own.entry("persona", values))["persona"] == [_kept(values)]


@given(VALUES)
def test_every_text_can_take_the_place_of_another(values: dict[str, Any]) -> None:
    new = tomllib.loads(put(FILE, "persona", "One", values))
    assert new["persona"][0] == {"system": "Be one."} | _kept(values) if values["system"] else _kept(values)


@pytest.mark.parametrize("name", ["", "Three"])
def test_nobody_of_that_name_changes_nothing(name: str) -> None:
    with pytest.raises(NotFound):
        take(FILE, "persona", name)
