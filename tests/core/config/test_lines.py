import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.config.lines import locate, nearest, room_for
from core.config.types import Keys

CROWDED = '''\
# = 1
a = 1
"q.x" = { b = 2, c = [1, { d = "}]" }] } # hi = 3
[ui] # [no]
theme = """x
y = 3 \\"""
"""
x.y."z\\u0041" = [ # [no]
  "a]", \'b\',
  [1, 2],
]
[[t.u]]
when = 1979-05-27 07:32:00
[[t.u]]
raw = \'\'\'it's\'\'\'\'
e = ""
[ "server" . 'more' ]
  url = """"quoted""""
last = 5'''


def test_every_key_of_a_crowded_file_has_its_line() -> None:
    tomllib.loads(CROWDED)
    assert locate(CROWDED) == {
        ("a",): 2,
        ("q.x",): 3,
        ("q.x", "b"): 3,
        ("q.x", "c"): 3,
        ("q.x", "c", "d"): 3,
        ("ui",): 4,
        ("ui", "theme"): 5,
        ("ui", "x"): 8,
        ("ui", "x", "y"): 8,
        ("ui", "x", "y", "zA"): 8,
        ("t",): 12,
        ("t", "u"): 12,
        ("t", "u", "when"): 13,
        ("t", "u", "raw"): 15,
        ("t", "u", "e"): 16,
        ("server",): 17,
        ("server", "more"): 17,
        ("server", "more", "url"): 18,
        ("server", "more", "last"): 19,
    }


def test_windows_line_ends_count_as_one() -> None:
    assert locate("[ui]\r\n# x\r\ntheme = 3\r\n")["ui", "theme"] == 3


def test_the_nearest_line_is_that_of_the_table_around_it() -> None:
    found: dict[Keys, int] = {("ui",): 4}
    assert nearest(found, ("ui", "theme")) == 4
    assert nearest(found, ("log", "level")) is None


VALUES = st.sampled_from(
    [
        "1",
        "-1.5e3",
        "true",
        "1979-05-27T07:32:00Z",
        '""',
        '"[x] = 1 # y"',
        "'\\'",
        '"a\\"b"',
        '"""\n[ui]\nx = 1\n"""',
        "'''\n# a\n'''",
        '""""a"""""',
        "[]",
        '[\n  1, # ]\n  "]",\n]',
        "[[1], ['a\\']]",
        "{}",
        "{ in-side = 1, 'and' = [ { deep = 2 } ] }",
    ]
)
NAMES = st.lists(
    st.sampled_from(["a", "b-c", "1", '"d.e"', "'f g'", '"\\u00e9"', '"="', '"[h]"']), min_size=1, max_size=3
)
BLANK = st.sampled_from(["", "\n", "# x = 1\n", "  \t\n", "#[a]\n"])


def unquoted(name: str) -> str:
    value: Any = tomllib.loads(f"x = {name}")["x"] if name[0] in "\"'" else name
    assert isinstance(value, str)
    return value


@given(st.lists(st.tuples(st.booleans(), NAMES, VALUES, BLANK), max_size=12))
@settings(deadline=None)
def test_a_key_is_found_wherever_and_however_it_stands(parts: list[tuple[bool, list[str], str, str]]) -> None:
    text = ""
    table: Keys = ()
    written: dict[Keys, int] = {}
    for number, (is_header, names, value, blank) in enumerate(parts):
        unique = [f"k{number}", *names]
        text += blank
        line = text.count("\n") + 1
        if is_header:
            text += f"[ {' . '.join(unique)} ]\n"
            table = tuple(map(unquoted, unique))
            written[table] = line
        else:
            text += f"{'.'.join(unique)} = {value}\n"
            written[(*table, *map(unquoted, unique))] = line
    tomllib.loads(text)
    found = locate(text)
    assert {keys: found.get(keys) for keys in written} == written


@given(st.text(alphabet="[]{}\"'=.,#\\\n\r\tab1 ", max_size=60))
@settings(deadline=None)
def test_text_that_is_no_toml_loses_the_scanner_without_a_fault(text: str) -> None:
    locate(text)
    room_for(text, ("a",), "b")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("[ui]\ntheme = 1\n>[log]\n", "after the last key", id="last key"),
        pytest.param("[ui]\ntheme = 1 # mine\n>\n# The log\n[log]\n", "not among the next words", id="words"),
        pytest.param("[ui]\n# about it\n>\n# more\n[log]\n", "below what the header says", id="header"),
        pytest.param(
            "[ui]\n# Bell.\n#bell = false\n>\n# Glyphs.\n#glyphs = 1\n", "at its example", id="example"
        ),
        pytest.param("[a]\nx = 1\n\n[ui] # last>", "at the end", id="end"),
        pytest.param("[ui]\nx = '''\n#bell = 1\n'''\n>[log]\n", "a long text is no comment", id="long text"),
        pytest.param("[log]\n#bell = 1\n[ui]\nx = [\n1,\n]\n>", "another table's comment", id="other table"),
        pytest.param("[ui.more]\nx = 1\n[ui]\n>[ui.rest]\ny = 1\n", "the table itself", id="sub tables"),
    ],
)
def test_a_new_key_has_its_place(text: str, expected: str) -> None:
    plain = text.replace(">", "")
    assert room_for(plain, ("ui",), "bell") == text.index(">"), expected


@pytest.mark.parametrize(
    "text", ["", "ui.theme = 1\n", "ui = {}\n", "[ui.more]\nx = 1\n", "[[ui]]\n = broken"]
)
def test_a_table_without_a_header_has_no_room(text: str) -> None:
    assert room_for(text, ("ui",), "bell") is None
