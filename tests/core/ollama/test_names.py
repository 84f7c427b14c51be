from __future__ import annotations

import pytest

from core.errors import UsageError
from core.ollama.names import parse, same


@pytest.mark.parametrize(
    ("text", "shown", "key"),
    [
        ("llama3.2", "llama3.2:latest", "registry.ollama.ai/library/llama3.2:latest"),
        ("  llama3.2:3b ", "llama3.2:3b", "registry.ollama.ai/library/llama3.2:3b"),
        ("library/llama3.2", "llama3.2:latest", "registry.ollama.ai/library/llama3.2:latest"),
        ("Me/Mine:V1", "Me/Mine:V1", "registry.ollama.ai/me/mine:v1"),
        ("registry.ollama.ai/library/x:1", "x:1", "registry.ollama.ai/library/x:1"),
        ("hf.co/user/repo:Q4_K_M", "hf.co/user/repo:Q4_K_M", "hf.co/user/repo:q4_k_m"),
        ("localhost:5000/ns/m", "localhost:5000/ns/m:latest", "localhost:5000/ns/m:latest"),
        ("http://localhost:5000/ns/m:t", "localhost:5000/ns/m:t", "localhost:5000/ns/m:t"),
        ("hf.co/library/m", "hf.co/library/m:latest", "hf.co/library/m:latest"),
        ("_m:_t", "_m:_t", "registry.ollama.ai/library/_m:_t"),
        ("a" * 80, "a" * 80 + ":latest", "registry.ollama.ai/library/" + "a" * 80 + ":latest"),
    ],
)
def test_names_are_completed_as_the_server_does(text: str, shown: str, key: str) -> None:
    name = parse(text)
    assert (name.shown, name.key) == (shown, key)
    assert parse(name.shown).key == key


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x:",
        ":latest",
        "a b",
        "a/b/c/d",
        "/m",
        "ns/",
        "//m",
        "m@sha256:abc",
        "-m",
        ".m",
        "m:-t",
        "n.s/m",
        "a" * 81,
        "m:" + "t" * 81,
        "h" * 351 + "/n/m",
        "ü",
        "m\x1b[31m",
        "[red]m",
    ],
)
def test_what_the_server_would_refuse_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert caught.value.message.isprintable()


def test_names_are_equal_regardless_of_case_and_defaults() -> None:
    assert same("TOY", "toy:LATEST")
    assert same("library/toy", "registry.ollama.ai/library/toy:latest")
    assert not same("toy:1", "toy")
    assert not same("hf.co/a/toy", "a/toy")
    assert same("not a name", "not a name")
    assert not same("not a name", "toy")


@pytest.mark.parametrize(
    ("text", "cloud"),
    [("gpt-oss:cloud", True), ("gpt-oss:120b-cloud", True), ("cloud:1b", False), ("x:cloudy", False)],
)
def test_cloud_models_are_told_by_their_tag(text: str, cloud: bool) -> None:
    assert parse(text).cloud is cloud
