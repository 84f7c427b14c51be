from __future__ import annotations

from tests.tui.render.documents import fresh, rows
from tui.render.code import warm
from tui.render.leaf import Kind
from tui.render.markdown import Document
from tui.render.palette import Role

PYTHON = "```python\ndef f(x):\n    return 'a'  # why\n```\n"


def roles(document: Document, row: int) -> dict[str, Role]:
    return {text.strip(): Role(style & 31) for text, style, _, _ in rows(document)[row].runs if text.strip()}


def test_code_has_colours_for_what_it_means() -> None:
    document = fresh(PYTHON, 60)
    assert roles(document, 1)["def"] is Role.KEYWORD
    assert roles(document, 1)["f"] is Role.FUNCTION
    assert roles(document, 2)["'a'"] is Role.STRING
    assert roles(document, 2)["# why"] is Role.COMMENT


def test_an_unknown_language_and_a_broken_program_are_plain_or_coloured_but_complete() -> None:
    for info in ("", "no-such-language", "python", "html", "diff", "brainfuck"):
        text = f"```{info}\n<a b='\n+x\n\tdef (\n\x1b[31m\n```"
        shown = [line.text for line in rows(fresh(text, 60))][1:]
        assert shown == ["  <a b='", "  +x", "      def (", "  ␛[31m"]


def test_a_line_that_is_still_arriving_is_plain() -> None:
    document = Document()
    document.resize(60)
    document.append("```python\ndef f(): pass\nreturn")
    document.flush()
    assert roles(document, 1)["def"] is Role.KEYWORD
    assert roles(document, 2) == {"return": Role.CODE}
    document.append(" 1\nx")
    document.flush()
    assert roles(document, 2)["return"] is Role.KEYWORD


def test_a_string_over_many_lines_is_coloured_right_once_the_code_has_ended() -> None:
    body = "".join(f"word {number} def\n" for number in range(30))
    document = fresh(f'```python\nx = """\n{body}"""\n```\n', 60)
    assert set(roles(document, 20).values()) == {Role.STRING}


def test_a_wide_line_is_folded_and_marked() -> None:
    shown = [line.text for line in rows(fresh("```\n" + "x" * 25 + "\n```", 12))]
    assert shown == ["      y copy", "  " + "x" * 10, "↳ " + "x" * 10, "↳ " + "x" * 5]


def test_the_label_gives_way_when_it_does_not_fit() -> None:
    drawn = rows(fresh("```a-very-long-language\nx\n```", 22))
    assert drawn[0].text == "a-very-long-language"


def test_tabs_in_code_stay_tabs_in_the_source() -> None:
    document = fresh("1. x\n\n   ```make\n   all:\n   \tgcc\n   ```\n", 40)
    fence = next(leaf for leaf in document.leaves if leaf.kind is Kind.FENCE)
    assert [line for _, line in fence.lines] == ["all:", "\tgcc"]


def test_colouring_can_be_loaded_ahead() -> None:
    warm()
