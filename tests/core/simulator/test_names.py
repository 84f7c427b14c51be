from __future__ import annotations

import pytest

from core.simulator.names import parse

GOOD = [
    ("llama3.2", "registry.ollama.ai/library/llama3.2:latest", "llama3.2:latest"),
    (" llama3.2:3b ", "registry.ollama.ai/library/llama3.2:3b", "llama3.2:3b"),
    ("crew/pirate:v2", "registry.ollama.ai/crew/pirate:v2", "crew/pirate:v2"),
    ("hf.co/user/repo:Q4_K_M", "hf.co/user/repo:Q4_K_M", "hf.co/user/repo:Q4_K_M"),
    ("https://registry.ollama.ai/library/toy", "registry.ollama.ai/library/toy:latest", "toy:latest"),
    ("localhost:5000/ns/toy", "localhost:5000/ns/toy:latest", "localhost:5000/ns/toy:latest"),
    ("_x", "registry.ollama.ai/library/_x:latest", "_x:latest"),
    ("a" * 80, f"registry.ollama.ai/library/{'a' * 80}:latest", f"{'a' * 80}:latest"),
]
BAD = [
    "",
    " ",
    "a b",
    "x:",
    ":latest",
    "a/b/c/d",
    "toy@sha256:abc",
    "a" * 81,
    "-x",
    "n.s/toy",
    "x:a:b",
    "/x",
    "x/",
]


@pytest.mark.parametrize(("text", "full", "shown"), GOOD)
def test_a_name_is_completed_and_shown_short(text: str, full: str, shown: str) -> None:
    name = parse(text)
    assert name
    assert name.full == full
    assert name.shown == shown


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_name_is_refused(text: str) -> None:
    assert parse(text) is None


def test_case_does_not_matter_for_looking_up() -> None:
    one, other = parse("TOY"), parse("Toy:LATEST")
    assert one
    assert other
    assert one.key == other.key
