from __future__ import annotations

from pathlib import Path

import pytest

from core.chat.personas import BUILT_IN, load
from core.chat.types import Persona
from core.errors import ConfigError, LeitstandError, NotFound, Refused
from core.simulator import Script
from tests.core.chat.house import House


def test_some_are_there_from_the_start() -> None:
    assert load(None) == BUILT_IN
    assert len({persona.name for persona in BUILT_IN}) == len(BUILT_IN) >= 4


def test_a_file_adds_some_and_replaces_those_of_the_same_name(tmp_path: Path) -> None:
    path = tmp_path / "personas.toml"
    assert load(path) == BUILT_IN
    path.write_text('[[persona]]\nname = "teacher"\nsystem = "Mine."\n[[persona]]\nname = "Cook"\n')
    found = {persona.name: persona.system for persona in load(path)}
    assert found["teacher"] == "Mine."
    assert "Teacher" not in found
    assert "Cook" in found


@pytest.mark.parametrize(
    "text",
    [
        "persona = 7",
        "[[persona]]\n",
        '[[persona]]\nname = " "\n',
        '[[persona]]\nname = "A"\ncolour = "purple"\n',
        '[[persona]]\nname = "A"\noptions = { warmth = 1 }\n',
        "[[persona\n",
        "\udcff",
        "x" * (2**20 + 1),
    ],
)
def test_a_file_with_a_fault_is_a_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "personas.toml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ConfigError) as refused:
        load(path)
    assert refused.value.message.endswith(".")


COOK = Persona(
    name="Cook", icon="c", system="You cook.\nSay “done” at the end.", model="toy", colour="red",
    options={"temperature": 0.2}, questions=("What is for dinner?",),
)  # fmt: skip


async def test_a_persona_is_made_changed_deleted_and_taken_back(house: House) -> None:
    assert (await house.chat.save_persona(COOK)).own
    found = {one.name: one for one in await house.chat.personas()}
    assert found["Cook"].system == COOK.system
    assert found["Cook"].options == COOK.options
    changed = Persona(name="Chef", system="Be brief.")
    await house.chat.save_persona(changed, replacing="cook")
    mine = [one for one in await house.chat.personas() if one.own]
    assert [(one.name, one.system, one.model) for one in mine] == [("Chef", "Be brief.", "")]
    gone = await house.chat.delete_persona("chef")
    assert not [one for one in await house.chat.personas() if one.own]
    await house.chat.save_persona(gone)
    assert [one.name for one in await house.chat.personas() if one.own] == ["Chef"]


async def test_one_that_comes_with_leitstand_is_changed_by_one_of_ones_own(house: House) -> None:
    await house.chat.save_persona(Persona(name="Teacher", system="Mine."), replacing="Teacher")
    assert [one.system for one in await house.chat.personas() if one.name == "Teacher"] == ["Mine."]
    await house.chat.delete_persona("Teacher")
    [back] = [one for one in await house.chat.personas() if one.name == "Teacher"]
    assert not back.own


@pytest.mark.parametrize(
    ("persona", "replacing"),
    [
        (Persona(name=" "), ""),
        (Persona(name="Cook"), ""),
        (Persona(name="COOK"), "Chef"),
        (Persona(name="A", colour="purple"), ""),  # type: ignore[arg-type]  # from another face
        (Persona(name="A", options={"temperature": "hot"}), ""),
    ],
)
async def test_a_persona_that_cannot_be_is_refused_and_the_file_stays(
    house: House, persona: Persona, replacing: str
) -> None:
    await house.chat.save_persona(COOK)
    before = await house.chat.own_file("personas", "Cook")
    with pytest.raises(LeitstandError):
        await house.chat.save_persona(persona, replacing=replacing)
    assert await house.chat.own_file("personas", "Cook") == before


async def test_only_ones_own_can_be_deleted(house: House) -> None:
    with pytest.raises(Refused, match="comes with Leitstand"):
        await house.chat.delete_persona("Teacher")
    with pytest.raises(NotFound):
        await house.chat.delete_persona("Nobody")


async def test_a_persona_brings_its_options_and_takes_them_along(house: House) -> None:
    await house.chat.save_persona(COOK)
    chat = await house.chat.create(persona="Cook")
    assert chat.options == {"temperature": 0.2}
    await house.chat.set_options(chat.id, options={"temperature": 0.2, "seed": 3})
    chat = await house.chat.set_options(chat.id, persona="Teacher")
    assert chat.options == {"seed": 3}
    chat = await house.chat.set_options(chat.id, persona="cook")
    assert chat.options == {"seed": 3, "temperature": 0.2}
    house.next(Script.saying("Soup."))
    await house.ended((await house.chat.send(chat.id, "What?")).answer)
    assert house.asked()[-1]["options"]["temperature"] == 0.2
    assert house.asked()[-1]["messages"][0]["content"] == COOK.system
