from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.chat.think import TAGS, Moved, Piece, ThinkParser


def texts(pieces: list[Piece]) -> tuple[str, str]:
    """What is left as thinking and as answer when everything was done."""
    kept = {"thinking": "", "answer": ""}
    for piece in pieces:
        if isinstance(piece, Moved):
            other = "answer" if piece.part == "thinking" else "thinking"
            at = len(kept[other]) - piece.length
            assert at >= 0
            kept[piece.part] += piece.lead + kept[other][at:]
            kept[other] = kept[other][:at]
        else:
            assert piece.text
            kept[piece.part] += piece.text
    return kept["thinking"], kept["answer"]


def parsed(*fragments: str) -> tuple[str, str]:
    parser = ThinkParser()
    pieces = [piece for fragment in fragments for piece in parser.feed(fragment)]
    return texts(pieces + parser.finish())


CASES = {
    "no thinking at all": ("Hello.", "", "Hello."),
    "blanks before an answer stay": ("\n  Hello ", "", "\n  Hello "),
    "thinking, then an answer": ("<think>a</think>b", "a", "b"),
    "blanks before the tag go": (" \n<think>a</think>b", "a", "b"),
    "blanks after both tags go, blanks before the close stay": (
        "<think>\n\n a \n</think>\n\n b \n",
        "a \n",
        "b \n",
    ),
    "nothing was thought": ("<think>\n\n</think>\n\nb", "", "b"),
    "never closed": ("<think>a b c", "a b c", ""),
    "closed with half a tag": ("<think>a</thi", "a</thi", ""),
    "half a tag is all there is": ("<thi", "", "<thi"),
    "almost a tag": ("<thin>a</thin>", "", "<thin>a</thin>"),
    "only closed": ("I wonder.\n</think>\n\nb", "I wonder.\n", "b"),
    "only closed, at once": ("</think>\nb", "", "b"),
    "closed twice": ("<think>a</think>b</think>c", "a", "bc"),
    "opened twice": ("<think>a<think>b</think>c", "ab", "c"),
    "another tag's close": ("<think>a</thinking>b", "a", "b"),
    "thinking again in the middle": ("<think>a</think>b\n<think>c</think>\nd", "ac", "b\nd"),
    "a tag in the middle, closed": ("b <think>a</think> c", "a", "b c"),
    "a tag in the middle that is only spoken of": (
        "The <think> tag opens.",
        "",
        "The `<think>` tag opens.",
    ),
    "the last word is a tag": ("It begins with <think>", "", "It begins with `<think>`"),
    "a tag in code is quoted": (
        "Write `<think>` and `</think>` here.",
        "",
        "Write `<think>` and `</think>` here.",
    ),
    "a tag in a fence is quoted": (
        "```xml\n<think>\n</think>\n```\nb<think>a</think>",
        "a",
        "```xml\n<think>\n</think>\n```\nb",
    ),
    "a tag in a fence of tildes": ("~~~\n</think>\n~~~\nb", "", "~~~\n</think>\n~~~\nb"),
    "backticks on one line are no fence": ("```x``` b</think>c", "```x``` b", "c"),
    "an open backtick ends with its line": ("it`s\nb</think>c", "it`s\nb", "c"),
    "tags in the code of thinking close it": ("<think>`</think>`b", "`", "`b"),
    "Magistral's tags": ("[THINK]a[/THINK]b", "a", "b"),
    "Seed's tags": ("<seed:think>a</seed:think>b", "a", "b"),
    "Command's tags": ("<|START_THINKING|>a<|END_THINKING|>b", "a", "b"),
    "long tags": ("<thinking>a</thinking>b", "a", "b"),
    "comparisons are not tags": ("1 < 2 and [x]", "", "1 < 2 and [x]"),
}


@pytest.mark.parametrize(("text", "thinking", "answer"), CASES.values(), ids=CASES)
def test_thinking_and_answer_are_told_apart(text: str, thinking: str, answer: str) -> None:
    assert parsed(text) == (thinking, answer)


@pytest.mark.parametrize("text", [case[0] for case in CASES.values()], ids=CASES)
def test_a_text_torn_into_single_characters_means_the_same(text: str) -> None:
    assert parsed(*text) == parsed(text)


@pytest.mark.parametrize(("opening", "closing"), TAGS)
def test_every_pair_of_tags_is_understood(opening: str, closing: str) -> None:
    assert parsed(f"{opening}a{closing}b") == ("a", "b")
    assert parsed(f"a{closing}b") == ("a", "b")


def test_the_field_is_thinking_and_the_text_is_the_answer() -> None:
    parser = ThinkParser()
    pieces = parser.feed(thinking="I won") + parser.feed(thinking="der") + parser.feed("b")
    assert texts(pieces + parser.finish()) == ("I wonder", "b")


def test_after_the_field_a_lone_close_tag_only_goes_away() -> None:
    parser = ThinkParser()
    pieces = parser.feed(thinking="a") + parser.feed("b</think>c")
    assert texts(pieces + parser.finish()) == ("a", "bc")


def test_tags_in_the_field_go_away_however_they_are_torn() -> None:
    whole, torn = ThinkParser(), ThinkParser()
    text = "<think>a < b</think>c</thi"
    pieces = [piece for char in text for piece in torn.feed(thinking=char)]
    assert texts(pieces + torn.finish()) == ("a < bc</thi", "")
    assert texts(whole.feed(thinking=text) + whole.finish()) == ("a < bc</thi", "")


def test_text_is_handed_on_as_it_comes() -> None:
    parser = ThinkParser()
    assert parser.feed("<think>") == []
    assert texts(parser.feed("a")) == ("a", "")
    assert texts(parser.feed("</think>\n")) == ("", "")
    assert texts(parser.feed("\n b")) == ("", "b")
    assert texts(parser.feed(" c <")) == ("", " c ")
    assert texts(parser.feed("d")) == ("", "<d")


BITS = st.sampled_from(
    [
        *(tag for pair in TAGS[:3] for tag in pair),
        "<", "</", "<th", "nk>", "ink>", "[", "`", "``", "```", "~~~", "~", "\n", " ", "    ", "a", "b c",
        "<think", "é", "🙂",
    ]
)  # fmt: skip
DOCUMENTS = st.lists(BITS, max_size=24).map("".join)


@given(DOCUMENTS, st.data())
def test_any_fragmentation_gives_the_same_two_texts(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=12)))
    ends = [*cuts, len(text)]
    fragments = [text[start:end] for start, end in zip([0, *cuts], ends, strict=True)]
    assert parsed(*fragments) == parsed(text) == parsed(*text)


@given(DOCUMENTS)
def test_no_word_is_lost(text: str) -> None:
    def words(found: str) -> str:
        for tag in (tag for pair in TAGS for tag in pair):
            found = found.replace(tag, "")
        return "".join(sorted(char for char in found if char in "abcé🙂"))

    assert words("".join(parsed(text))) == words(text)


@given(st.lists(st.sampled_from([*(tag for pair in TAGS for tag in pair), "a", "\n", " "])).map("".join))
def test_outside_of_code_no_raw_tag_comes_through(text: str) -> None:
    thinking, answer = parsed(text)
    for tag in (tag for pair in TAGS for tag in pair):
        assert tag not in thinking
        assert tag not in answer.replace(f"`{tag}`", "")
