"""Text from outside made harmless: never a terminal control sequence, never an invisible trick.

Models, documents, file names, servers and configuration are data. What is stored stays as it came;
what is shown or printed passes here once. The mapping works character by character, so a sequence
torn across two chunks of a stream is as harmless as a whole one.
"""

from __future__ import annotations

import re

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def _table() -> dict[int, str | None]:
    table: dict[int, str | None] = {code: chr(0x2400 + code) for code in range(0x20)}
    del table[ord("\n")], table[ord("\t")]
    table[ord("\r")] = None  # the other half of a Windows line end
    table[0x7F] = "\N{SYMBOL FOR DELETE}"
    for start, end in (
        (0x80, 0x9F),  # C1: some terminals obey them like ESC
        (0x202A, 0x202E),  # bidirectional embeddings and overrides
        (0x2066, 0x2069),  # bidirectional isolates
        (0xD800, 0xDFFF),  # lone surrogates: they cannot even be encoded
        (0xFFF9, 0xFFFB),  # interlinear annotation
        (0xE0000, 0xE007F),  # invisible tag characters
    ):
        table.update(dict.fromkeys(range(start, end + 1), _REPLACEMENT))
    table[0x85] = table[0x2028] = table[0x2029] = "\n"
    return table


_TABLE = _table()
# Ranges, not single characters: the compiled class is what every shown string is scanned with.
_SUSPECT = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_SUSPECT_ASCII = re.compile("[\x00-\x08\x0b-\x1f\x7f]")


def harmless(text: str) -> str:
    """Return *text* with every control character shown instead of obeyed; newlines and tabs stay."""
    suspect = _SUSPECT_ASCII if text.isascii() else _SUSPECT
    return text.translate(_TABLE) if suspect.search(text) else text


def one_line(text: str, limit: int = 500) -> str:
    """Return *text* as one harmless line of at most *limit* characters: for names, errors and titles."""
    text = text.lstrip()
    start = text[: limit * 4]  # a name of ten megabytes is not worth looking at as a whole
    line = " ".join(harmless(start).split())
    if len(line) <= limit and len(start) == len(text):
        return line
    return line[: limit - 1] + "…"
