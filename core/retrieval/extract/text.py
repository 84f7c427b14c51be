"""Bytes to text, and text made fit for an index, a prompt and a terminal.

What is stored in a space is shown, embedded and put before a model: so it carries no control sequence,
nothing invisible, and no word that a chat template would take for its own.
"""

from __future__ import annotations

import codecs
import re
import unicodedata

from core.errors import Unreadable

_ESCAPES = re.compile(
    "\x1b\\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor movements
    "|\x1b[\\]PX^_][^\x07\x1b\x9c]{0,4096}(?:\x07|\x1b\\\\|\x9c)?"  # OSC, DCS: titles, links, clipboards
    "|\x1b[ -/]*[0-~]?"
)
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
    # Joiners shape letters of many scripts and emoji; between Latin letters they only hide.
    "|(?<![^\x00-\xff])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\xff])"
)
_SUSPECT = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufeff\uffa0\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)
_PLAIN = bytes([9, 10, *range(32, 127)])
_NEWLINES = re.compile("\r\n|[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")

_TEMPLATE = re.compile(
    "<[|｜][^<>|｜\\s]{1,40}[|｜]>"  # <|im_start|>, <|eot_id|>, <｜User｜>
    "|</?(?:start_of_turn|end_of_turn|bos|eos|s|unk|pad|think|tool_call|tool_response)>"
    r"|\[/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\]"
    "|<</?SYS>>"
)
_SUSPECT_TEMPLATE = re.compile("<[|｜/<]|</?[a-z_]+>|\\[/?[A-Z_]+\\]")
_ALIKE = str.maketrans("<>[]", "‹›⁅⁆")


def clean(text: str) -> str:
    """Return *text* harmless and in one form: `<|im_start|>` becomes `‹|im_start|›`; what is read stays."""
    # Most texts are plain, and that is seen twenty times as quickly.
    if text.encode().translate(None, _PLAIN) if text.isascii() else _SUSPECT.search(text):
        text = _NEWLINES.sub("\n", text)
        if "\x1b" in text:
            text = _ESCAPES.sub("", text)
        text = _INVISIBLE.sub("", text)
    if not text.isascii() and not unicodedata.is_normalized("NFC", text):
        text = unicodedata.normalize("NFC", text)
    if ("<" in text or "[" in text) and _SUSPECT_TEMPLATE.search(text):
        text = _TEMPLATE.sub(_disarm, text)
    return text


def _disarm(found: re.Match[str]) -> str:
    """The same word in brackets that only look like those that mean something."""
    return found.group().translate(_ALIKE)


_MARKS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def decode(data: bytes) -> tuple[str, str]:
    """The text of a file and a note about its encoding, empty when there is nothing to say."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _lenient(data[len(mark) :], encoding)
    start = data[:4096]
    if b"\0" in start:
        return _lenient(data, _wide(start))
    if _strange(start) * 50 > len(start):
        raise _binary()
    try:
        return data.decode("utf-8"), ""
    except UnicodeDecodeError:
        pass
    text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    # Torn characters in a text that otherwise uses UTF-8 do not make it another encoding: in those of one
    # byte a letter next to none of them would come out whole.
    sound = sum(len(run) for run in re.findall("[^\x00-\x7f\ufffd]+", text))
    if broken <= sound:
        return text, _broken(broken)
    return data.decode("cp1252", "replace"), ""


_STRANGE = bytes([*range(7), *range(14, 27), 28, 29, 30, 31, 127])
"""Control characters that no text holds; coloured ones and logs hold ESC, BEL and backspace."""


def _strange(data: bytes) -> int:
    return len(data) - len(data.translate(None, _STRANGE))


def _wide(start: bytes) -> str:
    """Which of the two-byte encodings begins without a mark; a text holds no other zeros."""
    low, high = start[0::2], start[1::2]
    half = max(1, len(start) // 2)
    for letters, zeros, encoding in ((low, high, "utf-16-le"), (high, low, "utf-16-be")):
        if len(start) >= 4 and zeros.count(0) > half * 0.4 and _strange(letters) * 50 <= half:
            return encoding
    raise _binary()


def _binary() -> Unreadable:
    return Unreadable(
        "It is not a text: it holds binary data.", "Add documents and texts, not programs or data."
    )


def _lenient(data: bytes, encoding: str) -> tuple[str, str]:
    text = data.decode(encoding, "replace")
    return text, _broken(text.count("\ufffd"))


def _broken(count: int) -> str:
    if not count:
        return ""
    return f"{count} damaged {'character' if count == 1 else 'characters'} could not be read."
