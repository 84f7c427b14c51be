from typing import Annotated, Any

import msgspec
import pytest

from core.config.fields import Section, about, flatten, sections
from core.config.schema import Config, read, settings, table
from core.config.types import ConfigChanged, Problem, Setting, SettingState
from core.config.values import check


@pytest.mark.parametrize("setting", settings(), ids=lambda setting: setting.path)
def test_every_setting_is_named_explained_and_right_by_default(setting: Setting) -> None:
    assert setting.title
    assert len(setting.title) <= 24, "titles stand in the left column of a form at 80 columns"
    assert setting.description.endswith((".", '"'))
    assert setting.description.count("\n") == 0
    check(setting, setting.default)
    assert read(Config(), setting.path) == setting.default
    assert setting.kind != "choice" or setting.default in setting.choices


def test_a_setting_travels_as_data() -> None:
    states = [SettingState(setting, setting.default, "default") for setting in settings()]
    assert msgspec.json.decode(msgspec.json.encode(states), type=list[SettingState]) == states
    assert all(state.is_default for state in states)


class Tiers(Section, frozen=True):
    """Which model is for what."""

    fast: Annotated[str, about("Fast", "The small one.")] = "small"


class Router(Section, frozen=True):
    """Where questions go."""

    models: Annotated[tuple[str, ...], about("Models", "Which may be asked.")] = ("a", "b")
    token: Annotated[str, about("Token", "The password.", secret=True)] = ""
    limit: Annotated[int, about("Limit", "How many.", ge=1)] = 3
    share: Annotated[float, about("Share", "How much.", le=1)] = 0.5
    tiers: Tiers = Tiers()


class Bigger(Section, frozen=True):
    """A table with a section more."""

    router: Router = Router()


def test_a_new_section_is_one_field() -> None:
    found = {path: setting for path, (setting, _) in flatten(Bigger).items()}
    assert list(found) == [
        "router.models",
        "router.token",
        "router.limit",
        "router.share",
        "router.tiers.fast",
    ]
    assert found["router.models"].kind == "list"
    assert found["router.models"].default == ["a", "b"]
    assert found["router.token"].secret
    assert found["router.limit"].expects == "a whole number, 1 or more"
    assert found["router.share"].expects == "a number, at most 1"
    assert found["router.tiers.fast"].section == "router.tiers"
    assert sections(Bigger) == {
        "router": "Where questions go.",
        "router.tiers": "Which model is for what.",
    }


class Unexplained(Section, frozen=True):
    """A mistake."""

    plain: int = 3


class Strange(Section, frozen=True):
    """Another mistake."""

    strange: Annotated[bytes, about("Strange", "Not a setting.")] = b""


@pytest.mark.parametrize("section", [Unexplained, Strange])
def test_a_field_that_cannot_be_a_setting_is_refused_at_once(section: type[msgspec.Struct]) -> None:
    with pytest.raises(TypeError):
        flatten(section)


@pytest.mark.parametrize(
    ("kind", "more", "expected"),
    [
        ("choice", {"choices": ("one",)}, "one"),
        ("choice", {"choices": ("a", "b", "c")}, "a, b or c"),
        ("switch", {}, "true or false"),
        (
            "integer",
            {"minimum": 1, "maximum": 60, "unit": "per second"},
            "a whole number from 1 to 60 per second",
        ),
        ("number", {}, "a number"),
        ("text", {}, "one line of text"),
        ("list", {}, "a list of texts"),
        ("map", {}, "a table of texts"),
    ],
)
def test_what_a_setting_expects_ends_a_sentence(kind: Any, more: dict[str, Any], expected: str) -> None:
    assert Setting("x", kind, "X", "An x.", "", **more).expects == expected


def test_changes_that_nobody_read_keep_every_key_and_the_newest_problems() -> None:
    problem = Problem("ui.bell", 3, "Wrong.")
    merged = ConfigChanged(("b", "a"), (problem,)).merge(ConfigChanged(("c", "a")))
    assert merged == ConfigChanged(("a", "b", "c"))


def test_the_table_and_the_structs_are_the_same() -> None:
    def leaves(value: msgspec.Struct, prefix: str = "") -> list[str]:
        found: list[str] = []
        for name in value.__struct_fields__:
            inside = getattr(value, name)
            found += (
                leaves(inside, f"{prefix}{name}.") if isinstance(inside, msgspec.Struct) else [prefix + name]
            )
        return found

    assert list(table()) == leaves(Config())


def test_choices_are_those_of_the_type() -> None:
    theme = table()["ui.theme"][0]
    assert theme.choices == ("leitstand-dark", "leitstand-light", "leitstand-contrast", "leitstand-16")
