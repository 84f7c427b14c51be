from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.cli.arguments import Argument, Parsed, Verb, flags, parse, port, topic
from core.errors import UsageError

GLOBALS = (
    Argument("--data", "Where.", "DIR"),
    Argument("--host", "Server.", "URL"),
    Argument("--plain-output", "Plain."),
)
VERBS = (
    Verb("status", "", "", "", (Argument("--format", "", "TEXT"), Argument("--oneline", ""))),
    Verb("config get", "", "", "", (Argument("KEY", "A key."),)),
    Verb("config set", "", "", "", (Argument("KEY", "A key."), Argument("VALUE", "A value."))),
    Verb("backup", "", "", "", (Argument("FILE", "A file.", optional=True),)),
    Verb("backup verify", "", "", ""),
    Verb("pull", "", "", "", (Argument("NAME", "A model.", many=True),)),
    Verb("gauges", "", "", "", (Argument("KIND", "What.", choices=("csv", "table")),)),
    Verb(
        "simulate",
        "",
        "",
        "",
        (Argument("--port", "Port.", "N", port, default=11434), Argument("--host", "", "A", default="::1")),
    ),
)


def read(*argv: str) -> Parsed:
    return parse(argv, VERBS, GLOBALS)


@pytest.mark.parametrize(
    ("argv", "verb", "values"),
    [
        ((), None, {"data": None, "plain_output": False}),
        (("--data", "x"), None, {"data": "x"}),
        (("--data=x",), None, {"data": "x"}),
        (("--data=", "status"), "status", {"data": ""}),
        (("--data", "x", "status"), "status", {"data": "x"}),
        (("status", "--data", "x"), "status", {"data": "x"}),
        (("status", "--oneline", "--plain-output"), "status", {"oneline": True, "plain_output": True}),
        (("status", "--format", "{a} b"), "status", {"format": "{a} b"}),
        (("status", "--format=-x"), "status", {"format": "-x"}),
        (("config", "get", "a.b"), "config get", {"key": "a.b"}),
        (("config", "--data", "x", "get", "a.b"), "config get", {"key": "a.b", "data": "x"}),
        (("config", "set", "a", "-5"), "config set", {"value": "-5"}),
        (("config", "set", "a", "--", "--b"), "config set", {"value": "--b"}),
        (("config", "set", "a", ""), "config set", {"value": ""}),
        (("config", "set", "a", "-"), "config set", {"value": "-"}),
        (("backup",), "backup", {"file": None}),
        (("backup", "here"), "backup", {"file": "here"}),
        (("backup", "verify"), "backup verify", {}),
        (("pull", "a", "b"), "pull", {"name": ("a", "b")}),
        (("gauges", "csv"), "gauges", {"kind": "csv"}),
        (("simulate",), "simulate", {"port": 11434, "host": "::1"}),
        (("simulate", "--port", "0", "--host", "x"), "simulate", {"port": 0, "host": "x"}),
        (("--host", "before", "simulate"), "simulate", {"host": "before"}),
    ],
)
def test_a_command_line_means(argv: tuple[str, ...], verb: str | None, values: dict[str, Any]) -> None:
    parsed = read(*argv)
    assert (parsed.verb.name if parsed.verb else None) == verb
    assert {name: parsed.values[name] for name in values} == values


@pytest.mark.parametrize(
    ("argv", "message", "hint"),
    [
        (("--dta", "x"), "leitstand has no option --dta.", "Did you mean --data?"),
        (("-x",), "leitstand has no option -x.", "See `leitstand --help`."),
        (("status", "--onelin"), "leitstand status has no option --onelin.", "Did you mean --oneline?"),
        (("--oneline", "status"), "leitstand has no option --oneline.", "See `leitstand --help`."),
        (
            ("--data",),
            "--data needs a value: --data DIR.",
            "A value that begins with a dash is written --data=VALUE.",
        ),
        (("--data", "--plain-output"), "--data needs a value: --data DIR.", None),
        (("--plain-output=yes",), "--plain-output takes no value.", None),
        (("statsu",), "leitstand has no verb 'statsu'.", "Did you mean status?"),
        (("config", "gt"), "leitstand config has no verb 'gt'.", "Did you mean get?"),
        (("config", "zzz"), "leitstand config has no verb 'zzz'.", "It has: get, set."),
        (("config", "get"), "leitstand config get needs KEY: A key.", None),
        (
            ("status", "x"),
            "leitstand status does not know what to do with 'x'.",
            "See `leitstand status --help`.",
        ),
        (("pull",), "leitstand pull needs NAME: A model.", None),
        (("gauges", "svg"), "KIND cannot be 'svg'.", "It can be: csv, table."),
        (("simulate", "--port", "x"), "'x' is not a whole number.", None),
        (("simulate", "--port", "65536"), "65536 is not a port: ports go from 0 to 65535.", None),
        (("simulate", "--port", "-1"), "-1 is not a port: ports go from 0 to 65535.", None),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(argv: tuple[str, ...], message: str, hint: str | None) -> None:
    with pytest.raises(UsageError) as raised:
        read(*argv)
    assert raised.value.message == message
    assert hint is None or raised.value.hint == hint


def test_a_group_without_its_second_word_is_known_as_such() -> None:
    parsed = read("config")
    assert parsed.verb is None
    assert parsed.words == ("config",)


@pytest.mark.parametrize(
    ("argv", "wanted"),
    [
        (("--help",), ""),
        (("config", "--help"), "config"),
        (("config", "set", "--help"), "config set"),
        (("--help", "config", "set"), "config set"),
        (("--data", "status", "config", "--help"), "config"),
    ],
)
def test_help_is_for_the_words_that_are_there(argv: tuple[str, ...], wanted: str) -> None:
    help_ = Argument("--help", "Help.")
    assert topic(argv, VERBS, (*GLOBALS, help_)) == wanted


def test_help_for_a_verb_nobody_knows_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match="no verb 'statsu'"):
        topic(("statsu",), VERBS, GLOBALS)


def test_words_after_two_dashes_are_no_flags() -> None:
    assert list(flags(["a", "--b", "--", "--json"])) == ["a", "--b"]


@given(
    st.lists(
        st.one_of(
            st.text(max_size=8),
            st.sampled_from(["config", "get", "set", "pull", "--", "--data", "--data=1", "-5"]),
        )
    )
)
def test_no_command_line_breaks_it(argv: list[str]) -> None:
    try:
        parsed = read(*argv)
    except UsageError:
        return
    wanted = parsed.verb.arguments if parsed.verb else GLOBALS
    assert all(argument.key in parsed.values for argument in wanted)
