import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.config.schema import table
from core.config.types import Setting
from core.config.values import LONGEST, check, find, meant, parse, quoted
from core.errors import ConfigError, NotFound
from core.guard import one_line


def setting(path: str) -> Setting:
    return table()[path][0]


@pytest.mark.parametrize(
    ("path", "text", "value"),
    [
        ("ui.bell", "on", True),
        ("ui.bell", " Yes ", True),
        ("ui.bell", "1", True),
        ("ui.bell", "TRUE", True),
        ("ui.bell", "off", False),
        ("ui.bell", "no", False),
        ("ui.bell", "0", False),
        ("ui.frames_ssh", " 12 ", 12),
        ("server.check_every", "2.5", 2.5),
        ("server.check_every", "30", 30.0),
        ("ui.theme", "Leitstand-Light ", "leitstand-light"),
        ("ui.colours", "256", "256"),
        ("server.url", "http://gpubox:11434", "http://gpubox:11434"),
        ("server.url", "", ""),
        ("ui.start_screen", "true", "true"),
    ],
)
def test_typed_text_becomes_the_settings_type(path: str, text: str, value: object) -> None:
    found = check(setting(path), parse(setting(path), text))
    assert found == value
    assert type(found) is type(value)


def test_a_list_is_typed_with_commas() -> None:
    names = Setting("names", "list", "Names", "Some names.", [])
    assert parse(names, "a, b c ,,") == ["a", "b c"]
    assert parse(names, "") == []


@pytest.mark.parametrize(
    ("path", "text", "sentence", "hint"),
    [
        ("ui.bell", "maybe", 'ui.bell is "maybe"; it must be true or false.', ""),
        ("ui.bell", "", 'ui.bell is ""; it must be true or false.', ""),
        (
            "ui.frames_ssh",
            "61",
            "ui.frames_ssh is 61; it must be a whole number from 1 to 60 per second.",
            "",
        ),
        (
            "ui.frames_ssh",
            "ten",
            'ui.frames_ssh is "ten"; it must be a whole number from 1 to 60 per second.',
            "",
        ),
        (
            "ui.frames_ssh",
            "1.5",
            "ui.frames_ssh is 1.5; it must be a whole number from 1 to 60 per second.",
            "",
        ),
        (
            "server.check_every",
            "nan",
            "server.check_every is nan; it must be a number from 1 to 3600 seconds.",
            "",
        ),
        (
            "ui.theme",
            "leitstand-lite",
            (
                'ui.theme is "leitstand-lite"; '
                "it must be leitstand-dark, leitstand-light, leitstand-contrast or leitstand-16."
            ),
            "Did you mean leitstand-light?",
        ),
        (
            "server.url",
            "a\nb",
            "server.url has line breaks or control characters; it must be one line of text.",
            "",
        ),
        (
            "server.url",
            "x" * (LONGEST + 1),
            "server.url has 1001 characters; it must be one line of at most 1000 characters.",
            "",
        ),
    ],
)
def test_a_wrong_value_is_named_with_what_it_must_be(path: str, text: str, sentence: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check(setting(path), parse(setting(path), text))
    assert (caught.value.message, caught.value.hint) == (sentence, hint)


@pytest.mark.parametrize("text", ["\x1b]52;c;aGk=\x07", "a\x9bb", "a\u202eb", "a\x00", "a\u2028b"])
def test_a_text_with_control_characters_is_refused_and_never_repeated(text: str) -> None:
    for path, entry in (("server.url", ""), ("keys", "palette")):
        with pytest.raises(ConfigError) as caught:
            check(setting(path), text, entry)
        assert caught.value.message == one_line(caught.value.message)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (True, "true"),
        ("[red]x[/]", '"[red]x[/]"'),
        ("a\x1b[31m\nb", '"a␛[31m b"'),
        ("x" * 100, '"' + "x" * 59 + '…"'),
        pytest.param(10**5000, "a number beyond all measure", id="huge"),
        (-3, "-3"),
        (1.5, "1.5"),
        ({"a": 1}, "a table"),
        ([1], "a list"),
        (datetime.date(2026, 1, 1), "a date or a time"),
    ],
)
def test_values_are_quoted_short_and_harmless(raw: object, shown: str) -> None:
    assert quoted(setting("server.url"), raw) == shown


def test_a_secret_is_never_quoted() -> None:
    secret = Setting("api.token", "text", "Token", "The password.", "", secret=True)
    assert "hunter2" not in quoted(secret, "hunter2")


@pytest.mark.parametrize(
    ("path", "expected"),
    [("ui.theme", ("ui.theme", "")), ("keys", ("keys", "")), ("keys.chat.new", ("keys", "chat.new"))],
)
def test_a_path_finds_its_setting(path: str, expected: tuple[str, str]) -> None:
    found, entry = find(path)
    assert (found.path, entry) == expected


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("ui.thme", "Did you mean ui.theme?"),
        ("theme", "Did you mean ui.theme?"),
        ("server.theme", "Did you mean ui.theme?"),
        ("keys.", "Did you mean keys?"),
        ("UI.bell", "Did you mean ui.bell?"),
        ("zzzzzz", ""),
        ("", ""),
        ("x" * 100_000, ""),
    ],
)
def test_an_unknown_path_is_not_found_and_the_nearest_is_offered(path: str, hint: str) -> None:
    with pytest.raises(NotFound) as caught:
        find(path)
    assert caught.value.hint == hint
    assert len(caught.value.message) < 200


def test_nothing_is_offered_when_nothing_is_near() -> None:
    assert meant("qqq", ["ui.theme"]) == ""


JUNK: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=10**400)
    | st.floats()
    | st.text()
    | st.datetimes()
    | st.times(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(list(table())), JUNK)
@settings(deadline=None)
def test_any_value_is_taken_or_refused_in_words(path: str, raw: Any) -> None:
    sentence = ""
    try:
        check(setting(path), raw)
    except ConfigError as error:
        sentence = error.message
    assert not sentence or (sentence.startswith(path) and sentence.endswith("."))
    assert sentence == one_line(sentence)


@given(st.sampled_from(list(table())), st.text())
@settings(deadline=None)
def test_any_typed_text_is_read(path: str, text: str) -> None:
    if setting(path).kind != "map":
        parse(setting(path), text)
