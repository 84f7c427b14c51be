"""Documents of every shape a model writes, broken ones included, and how to read what was laid out."""

from __future__ import annotations

from hypothesis import strategies as st

from tui.render.leaf import Line
from tui.render.markdown import Document
from tui.render.palette import PAINTED, link_of

WHOLE = 1 << 20

DOCUMENTS: dict[str, str] = {
    "prose": "A line of words.\nThe same paragraph, **bold** and *soft* and `code`.\n\nAnother one.\n",
    "headings": "# One\n\n## Two ##\n\nThree\n===\n\nFour\n---\n\n###### Six\n#no heading\n",
    "list": "- one\n- two\n  its second line\n\n  a paragraph\n- three\n\n1. first\n2. second\n10. third\n",
    "nested lists": "- a\n  - b\n    - c\n      1. d\n      2. e\n  - f\n- g\n    - h\n",
    "empty items": "-\n- \n  late\n1.\n2. x\n-\n\n  outside\n",
    "quotes": "> said\n> again\nlazily\n>\n> > deeper\n> - a list\n>   in it\n\nout\n",
    "fence": "Before\n```python\ndef f(x):\n\treturn 'a' # note\n\n```\nAfter\n",
    "open fence": "~~~\nnever closed\n```\nstill in it",
    "fence in a list": "1. Do this:\n   ```bash\n   ls -l\n   ```\n2. Then that\n",
    "long string": '```python\nx = """one\ntwo # not a comment\nthree"""\ny = 1\n```\n',
    "indented code": "text\n\n    code\n\n    more\n\n  text\n",
    "table": "| Name | Size |\n|:--|--:|\n| a `x\\|y` | 1 |\n| **b** | 22 |\n| short |\nno pipes\n\nend\n",
    "wide table": "|"
    + "".join(f" column {n} |" for n in range(12))
    + "\n"
    + "|---" * 12
    + "|\n"
    + "| cell " * 12
    + "|\n",
    "table after text": "Look:\na | b\n--|--\n1 | 2\n",
    "no table": "a | b\n--|\nc\n",
    "rules": "---\n***\n_ _ _\ntext\n***\n",
    "links": "[a](https://x.example/p 'title') [b][ref] [ref] [c][] <https://auto.example>"
    " https://bare.example/a_b.\n\n[ref]: https://late.example\n[C]: <other>\n",
    "bad links": '[a](javascript:alert(1)) [b](  [c](<d [e] ![alt](pic.png "t") [f](g(h)i)\n',
    "footnotes": "Text[^1] and[^long].\n\n[^1]: The first\n    goes on.\n[^long]: The second.\n",
    "emphasis": "***both*** **a*b*c** _x_y_ __z__ ~~gone~~ ~one~ 2 * 3 **open\n\n*closed* `` a`b `` `open\n",
    "breaks": "one  \ntwo\\\nthree<br>four\nfive &amp; six &lt;b&gt; &nope; &#10;\n",
    "html": "<think>hidden?</think>\n<div>\n**x**\n</div>\nList<String>\n",
    "windows": "one\r\ntwo\r\n\r\n- a\r\n- b\r\n\r\n```\r\ncode\r\n```\r\n",
    "old mac": "one\rtwo\r\r- a\r",
    "tabs": "-\ta\n\n\tb\n\n1.\tc\n\n\t\tcode\n>\tquoted\n",
    "wide": "日本語の長い文章が折り返されるところを見る。次の行も。\n\n- 한국어 목록\n- 中文（括號）\n",
    "right to left": "שלום עולם, זה **טקסט** מימין לשמאל.\n\nمرحبا بالعالم\n",
    "emoji": "❤\ufe0f ⚠\ufe0f 👍\U0001f3fd 👩\u200d👩\u200d👧 🇩🇪 1\ufe0f\u20e3 e\u0301 zero\u200bwidth\n",
    "zalgo": "a" + "\u0301" * 40 + "b\n",
    "long word": "x" * 700 + " and " + "y" * 90 + "\n",
    "hostile": "\x1b[31mred\x1b]52;c;AAAA\x07 \x9b2J \u202eevil\u202c [bold]markup[/] [/x] \x00"
    " \u2028line\x85\n",
    "hostile entity": "&#27;[2J &#x202e; `&#27;`\n",
    "deep": "> " * 40 + "deep\n" + "- " * 40 + "deeper\n",
    "blank": "\n\n   \n\t\n",
    "nothing": "",
}

_BLOCKS = ["- ", "* ", "+ ", "1. ", "2) ", "10. ", "> ", ">", "    ", "  ", " ", "   ", "\t", "# ", "## x ##"]
_LINES = [
    "---",
    "===",
    "```",
    "~~~",
    "```py\n",
    "def f(x): # c",
    "foo ",
    "bar baz",
    "a | b",
    "|---|---|",
    "-|-",
]
_ENDS = ["\n", "\n", "\n", "\n\n", "\r\n", "\r", "foo\\", "-", "***", "1", "| c | d |", "word " * 12]
_SPANS = ["**bold** ", "[a]", "[a][b]", "`co", "`", "**", "_x_", "~~", "![", "](", ")", "&amp;", "<br>"]
_OTHERS = ["[a]: /u", "[b]: <x> 'ti'", "[^1]", "[^1]: note ", "https://x.y/z. ", "\x1b[31m"]
_WIDE = ["日本語", "❤\ufe0f", "👩\u200d👩\u200d👧", "👩", "\u200d", "🇩", "🇪", "\u0301", "👍\U0001f3fd"]
_RIGHT_TO_LEFT = ["שלום ", "עולם, **טקסט** ", "مرحبا ", "\u200f", "בא [א] "]
_TORN = ["``", "````", "```` md\n", "~~~\n", "   ```\n", "[^1]:", "    more of the note\n", "[^long] "]
_TABLES = [
    "| 日本 | שלום |\n",
    "|:-:|--:|\n",
    "| a \\| b |\n",
    "|" + " cell |" * 20 + "\n",
    "|" + "---|" * 20 + "\n",
]
PIECES = st.sampled_from(
    [*_BLOCKS, *_LINES, *_ENDS, *_SPANS, *_OTHERS, *_WIDE, *_RIGHT_TO_LEFT, *_TORN, *_TABLES]
)
TEXTS = st.lists(PIECES, max_size=80).map("".join)

Cells = list[tuple[str, int, str, int, int]]


def fresh(text: str, width: int, *, plain: bool = False) -> Document:
    """Lay out a whole text at once."""
    document = Document(hint="y copy", plain=plain)
    document.resize(width)
    document.append(text)
    document.finish()
    document.flush()
    document.settle(0, WHOLE)
    return document


def rows(document: Document) -> list[Line]:
    """Return all rows."""
    return document.rows(0, WHOLE)


def shown(document: Document) -> list[str]:
    """Return all rows as text."""
    return [line.text for line in rows(document)]


def cells(document: Document) -> list[Cells]:
    """Return every character with its style, the address behind it and its place in the source."""
    result: list[Cells] = []
    for number, line in enumerate(rows(document)):
        leaf = document.leaves[document.leaf_at(number)]
        row: Cells = []
        for text, style, start, end in line.runs:
            address = document.target(leaf, link_of(style)) if link_of(style) else ""
            same = end - start == len(text)
            for index, character in enumerate(text):
                place = (start + index, start + index + 1) if same else (start, end)
                row.append((character, style & PAINTED, address, *place))
        result.append(row)
    return result


def painted(document: Document) -> list[list[tuple[str, int]]]:
    """Return what a painter sees of every row."""
    return [[(text, style & PAINTED) for text, style, _, _ in line.runs] for line in rows(document)]
