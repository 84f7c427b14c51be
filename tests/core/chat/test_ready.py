from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.chat.ready import EXAMPLE, Gap, ReadyPrompt, built_in, load
from core.errors import ConfigError
from tests.core.chat.house import House

KINDS = 10


def test_every_kind_of_prompt_is_there_in_both_languages() -> None:
    found = built_in()
    assert Counter(prompt.language for prompt in found) == {"en": KINDS, "de": KINDS}
    assert len({prompt.name for prompt in found}) == 2 * KINDS
    assert all(prompt.about and prompt.main for prompt in found)


@pytest.mark.parametrize("prompt", built_in(), ids=lambda prompt: prompt.name)
def test_what_is_worked_on_comes_last_and_everything_is_filled(prompt: ReadyPrompt) -> None:
    assert prompt.text.rstrip().endswith(f"{{{{{prompt.main}}}}}")
    said = prompt.filled({gap.name: f"<{gap.name}>" for gap in prompt.gaps})
    assert all(f"<{gap.name}>" in said for gap in prompt.gaps)
    assert "{{" not in said
    assert "\\" not in said
    assert all(len(line) > 1 for line in said.splitlines() if line)


def test_a_gap_without_words_gets_its_default() -> None:
    prompt = ReadyPrompt(name="x", text="In {{ length = two lines }}: {{text}} ({{length}})")
    assert prompt.gaps == (Gap("length", "two lines"), Gap("text"))
    assert prompt.main == "text"
    assert prompt.filled({"text": "abc", "length": "  "}) == "In two lines: abc (two lines)"


@given(text=st.text(), other=st.text())
def test_what_is_filled_in_is_never_taken_for_a_gap(text: str, other: str) -> None:
    prompt = ReadyPrompt(name="x", text="[{{a}}|{{b=d}}]")
    said = prompt.filled({"a": "{{b}}" + text, "b": other})
    assert said == f"[{('{{b}}' + text).strip()}|{other.strip() or 'd'}]"


def test_ones_own_come_first_and_take_the_place_of_others(tmp_path: Path) -> None:
    path = tmp_path / "prompts.toml"
    assert load(path) == built_in()
    path.write_text(EXAMPLE + '\n[[prompt]]\nname = "summary"\ntext = "Mine: {{text}}"\n')
    own, mine, *rest = load(path)
    assert (own.name, own.own, own.main) == ("Standup", True, "notes")
    assert mine.text == "Mine: {{text}}"
    assert "Summary" not in {prompt.name for prompt in rest}
    assert len(rest) == 2 * KINDS - 1


@pytest.mark.parametrize(
    "text",
    ["prompt = 7", "[[prompt]]\n", '[[prompt]]\nname = "A"\ntext = " "\n', "[[", "\udcff", "x" * (2**20 + 1)],
)
def test_a_file_with_a_fault_is_a_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "prompts.toml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert caught.value.message.endswith(".")


async def test_the_verb_offers_them(house: House) -> None:
    assert await house.chat.prompts() == built_in()
