from __future__ import annotations

import re

import pytest

from core import errors
from core.errors import BY_CODE, ContextExceeded, LeitstandError, ModelNotFound, from_code

# Scripts and attached clients depend on these words: lines may be added, never changed.
CODES = [
    "bad_reply",
    "bad_request",
    "cancelled",
    "cannot_think",
    "config",
    "connection_lost",
    "context_exceeded",
    "data_busy",
    "data_directory",
    "disk_full",
    "error",
    "load_failed",
    "model_not_found",
    "needs_sign_in",
    "not_capable",
    "not_enough_memory",
    "not_found",
    "not_in_registry",
    "not_ollama",
    "out_of_memory",
    "permission",
    "refused",
    "runner_crashed",
    "server",
    "server_busy",
    "server_unavailable",
    "store",
    "store_damaged",
    "store_newer",
    "stream_cut",
    "timeout",
    "unreadable",
    "usage",
    "wrong_version",
]


def _classes() -> list[type[LeitstandError]]:
    found = [value for value in vars(errors).values() if isinstance(value, type)]
    return [value for value in found if issubclass(value, LeitstandError)]


def test_the_codes_are_the_ones_that_were_promised() -> None:
    assert sorted(BY_CODE) == CODES


def test_no_two_classes_share_a_code() -> None:
    classes = _classes()
    assert len({each.code for each in classes}) == len(classes) == len(BY_CODE)


@pytest.mark.parametrize("code", CODES)
def test_an_error_that_travelled_as_text_comes_out_as_the_same_class(code: str) -> None:
    sent = BY_CODE[code]("It did not work.", "Do this.")
    received = from_code(sent.code, sent.message, sent.hint)
    assert type(received) is type(sent)
    assert (received.message, received.hint, str(received)) == ("It did not work.", "Do this.", sent.message)


def test_the_tree_at_the_top_of_the_file_names_every_class_with_its_code() -> None:
    drawn = set(re.findall(r"── (\w+) +(\w+)", errors.__doc__ or ""))
    assert drawn == {(each.__name__, each.code) for each in _classes()} - {("LeitstandError", "error")}


def test_a_code_from_a_newer_version_is_still_an_error_with_its_text() -> None:
    received = from_code("from_the_future", "Something new.", "Update.")
    assert type(received) is LeitstandError
    assert (received.message, received.hint) == ("Something new.", "Update.")


def test_a_hint_of_its_own_goes_before_the_class_hint() -> None:
    assert ModelNotFound("No such model.").hint == ModelNotFound.default_hint != ""
    assert ModelNotFound("No such model.", "Look again.").hint == "Look again."


def test_an_error_can_carry_its_numbers() -> None:
    error = ContextExceeded("Too long.", prompt_tokens=9000, window=4096)
    assert (error.prompt_tokens, error.window) == (9000, 4096)


@pytest.mark.parametrize("each", _classes(), ids=lambda each: each.code)
def test_a_class_hint_is_a_sentence(each: type[LeitstandError]) -> None:
    assert each.default_hint == "" or (each.default_hint[0].isupper() and each.default_hint.endswith("."))
